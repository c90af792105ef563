/* A vector of indices along one dimension: what index_select, index_add, index_copy and index_fill share. Not public. */
#ifndef CERILLA_OPS_SLICES_H
#define CERILLA_OPS_SLICES_H

#include "ops/gather.h"
#include "ops/moves.h"

typedef struct cer_SliceAttrs {
    int64_t dim;
    torch_Scalar alpha; /* index_add */
} cer_SliceAttrs;

static inline int64_t cer_size_at(const Tensor *t, int64_t d) /* a 0-d tensor counts as one dimension of size 1 */
{
    return d < t->ndim ? t->shape[d] : 1;
}

static inline bool cer_is_index(const Tensor *index) /* int32 or int64 */
{
    return index->dtype == torch_int64 || index->dtype == torch_int32;
}

/* Operands are there, dim is right: sets a->dim. Raises */
bool cer_slices_ready(const char *op, const Tensor *x, int64_t dim, const Tensor *index, cer_SliceAttrs *a);
bool cer_slices_in_range(const char *op, const Tensor *index, int64_t size); /* raises */
void cer_output_like_self(cer_Call *c);
Tensor *cer_slices_taken(cer_Node *n, Tensor *g); /* the slices of g, of the source's shape */

/* A record that writes slices of its first operand */
#define CER_SLICES(id, text, grad, which, saves_self, flags_)          \
    const cer_Op cer_op_##id = {.name = text,                          \
                                .grad_name = grad,                     \
                                .shape = which##_shape,                \
                                .kernel = which##_kernel,              \
                                .vjp = which##_vjp,                    \
                                .saves = {saves_self, 0, CER_SAVE(1)}, \
                                .n_outputs = 1,                        \
                                .flags = flags_,                       \
                                .attrs_bytes = sizeof(cer_SliceAttrs)};

#endif
