/* x[i, j] by tensors, and its assignment. All index tensors are joined to one: positions in row order over the dimensions that
 * they are about. With it, x is a large tensor without these dimensions, and the result a small one with the index's in
 * their place:
 *
 *     x [2, 3, 4, 5], x[:, i, j] with i, j [7]     joint[k] = 4 i[k] + j[k]     result [2, 7, 5]
 *
 * Where the indexed dimensions do not follow each other, the index's come first. Not public. */
#ifndef CERILLA_OPS_ADVANCED_H
#define CERILLA_OPS_ADVANCED_H

#include "ops/index.h"
#include "ops/index_items.h"

typedef struct cer_IndexAttrs {
    torch_Size whole;              /* of x, for the way back */
    torch_Size part;               /* of the result */
    int64_t stride[TORCH_MAX_DIM]; /* of the result: laid out as PyTorch's iterator has it */
    uint32_t dims;                 /* bit d: dimension d of x is indexed */
    int64_t at, n;                 /* where in the result the index's dimensions begin, and how many */
    bool accumulate;
} cer_IndexAttrs;

/* Which dimension of x is dimension d of the result? -1: one of the index's. */
static inline int64_t cer_index_source_dim(const cer_IndexAttrs *a, int64_t d)
{
    if (d >= a->at && d < a->at + a->n) return -1;
    int64_t rest = d < a->at ? d : d - a->n, k = 0;
    while (a->dims >> k & 1 || rest-- > 0) k++;
    return k;
}

/* The joint index, and what a result by it is like. Everything is checked here: the ops themselves trust it. */
Tensor *cer_index_join(const char *op, Tensor *x, Tensor *const *index, int64_t n, cer_IndexAttrs *a);

#endif
