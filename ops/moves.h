/* What gather, scatter, index_select, x[i] and their kin have in common: a large tensor, of which an index names elements,
 * and a small one that takes them or gives them. */
#ifndef CERILLA_OPS_MOVES_H
#define CERILLA_OPS_MOVES_H

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct cer_Moves {
    int64_t ndim, shape[TORCH_MAX_DIM]; /* of what is walked */
    char *large, *small, *index;
    int64_t large_stride[TORCH_MAX_DIM]; /* in elements, like the others; 0 where the index decides */
    int64_t small_stride[TORCH_MAX_DIM], index_stride[TORCH_MAX_DIM];
    int64_t step; /* in large, for each unit of the index */
    uint8_t dtype;
    _Alignas(8) char number[8]; /* small, where it is a number: all its strides are 0 */
} cer_Moves;

/* An index of the shape of small, about dimension dim (gather), or of one dimension, small's dim (index_select). */
void cer_moves_along(cer_Moves *m, const Tensor *large, int64_t dim, const Tensor *index, const torch_Scalar *small);
void cer_moves_slices(cer_Moves *m, const Tensor *large, int64_t dim, const Tensor *index, const torch_Scalar *small);
void cer_pick(const cer_Moves *m);                             /* small = large[index] */
void cer_put(const cer_Moves *m, int how, const void *factor); /* large[index] = or += ... small; how: K_PUT... */
/* The same with indices along a dimension of that size, which are checked on the way: false where one is not in [0, size),
 * and nothing is raised. cer_put_checked() begins with a copy of self: out of place only. */
bool cer_pick_checked(const cer_Moves *m, int64_t size);
bool cer_put_checked(cer_Call *c, const cer_Moves *m, int64_t dim, int how, int64_t size);
bool cer_index_within(const Tensor *index, int64_t low, int64_t high, int64_t *wrong); /* all low <= i < high? */
/* Offsets in x's memory (in elements) of joint indices over the dimensions of the mask dims; negative ones from the end. */
Tensor *cer_offsets(const Tensor *x, uint32_t dims, const Tensor *joint);
/* t broadcast to a shape, in row order in memory: t itself where it is that already, else the pool's. */
Tensor *cer_in_rows(Tensor *t, int64_t ndim, const int64_t *shape);
void cer_start_from_self(cer_Call *c); /* out of place: the output begins as a copy of self. In place it is self */
bool cer_scatter_checks(const Tensor *x, int64_t dim, const Tensor *index, const Tensor *src); /* all but the range */
bool cer_scatter_in_range(const Tensor *x, int64_t dim, const Tensor *index);

Tensor *cer_as_long(Tensor *index); /* int32 indices as int64, without history */

#endif
