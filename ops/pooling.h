/* What the pools have in common (pooling.c). Not public. */
#ifndef CERILLA_OPS_POOLING_H
#define CERILLA_OPS_POOLING_H

#include "core/impl.h"
#include "ops/each.h"
#include "ops/ops_internal.h"
#include "ops/pool.h"

typedef struct cer_PoolAttrs {
    cer_Window window;
    int dims; /* the last dims dimensions are the plane */
} cer_PoolAttrs;

typedef struct cer_Pooling {            /* what the public functions have in common */
    const char *op, *type_op, *checker; /* checker: whose name PyTorch gives when there are no elements; NULL: op */
    int dims;
    int64_t kernel[3], stride[3], pad[3], dilation[3], out[3];
    bool ceil_mode;
} cer_Pooling;

/* Forms: output k as the input with another plane; output 0 with the window's smaller plane, and with its larger one. */
bool cer_pool_form(cer_Call *c, int k, torch_dtype dtype, const int64_t *plane);
bool cer_pooled_shape(cer_Call *c);
bool cer_unpooled_shape(cer_Call *c);

/* c's output from its first operand: planes of `small` elements put to their places in planes of `large`, or picked from there.
 * What is put leaves zeros elsewhere; where several go to one place the last one stays, or (ADD) they add up. */
enum { CER_PICK, CER_PUT, CER_PUT_ADD };
bool cer_pool_move(cer_Call *c, const Tensor *places, int64_t small, int64_t large, int how);

/* Public functions: they begin, read their options into p and check p against the input; each raises. */
bool cer_pool_begin(const char *op, const Tensor *x, Tensor **indices); /* *indices = NULL */
bool cer_pool_of_one(const char *op, const Tensor *x);                  /* is x (N, C, L) or (C, L)? */
bool cer_pool_sizes(cer_Pooling *p, const char *name, int64_t one, const F_Each *each, int64_t *out);
bool cer_pool_strides(cer_Pooling *p, int64_t one, const F_Each *each); /* the kernel's sizes unless given */
bool cer_pool_fits(cer_Pooling *p, const Tensor *x, bool average);      /* sets p->out */
bool cer_pool_type_fits(const cer_Pooling *p, const Tensor *x);
cer_PoolAttrs cer_pool_attrs(const cer_Pooling *p, const Tensor *x);

#endif
