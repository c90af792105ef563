/* Walking tensors line by line along one dimension: what sort, topk and kthvalue do. */
#ifndef CERILLA_OPS_LINES_H
#define CERILLA_OPS_LINES_H

#include "core/impl.h"

typedef struct cer_Lines {
    const Tensor *in;
    Tensor *value, *index; /* with the same dimensions, but for the size of dim; kthvalue's may lack it */
    int64_t dim, n;
    int64_t in_stride, value_stride, index_stride; /* along dim, in bytes */
    bool wide;                                     /* of the pairs that are sorted */
    int key_bits;
    size_t pair;
} cer_Lines;

/* false: nothing to do */
bool cer_lines_begin(cer_Lines *l, const cer_Call *c, int64_t dim);
void cer_lines_walk(const cer_Lines *l,
                    void (*line)(const cer_Lines *l, const char *in, char *value, char *index, void *data), void *data);
Tensor *cer_put_along(Tensor *g, torch_Size size, int64_t dim,
                      Tensor *index); /* zeros, with g at index: their way back */

#endif
