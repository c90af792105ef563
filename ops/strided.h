/* Layouts: how a view's elements lie in memory; for views that may show one element several times, and their way back. */
#ifndef CERILLA_OPS_STRIDED_H
#define CERILLA_OPS_STRIDED_H

#include "core/impl.h"

typedef struct cer_Layout { /* strides and offset in elements */
    torch_Size size;
    int64_t stride[TORCH_MAX_DIM], offset;
} cer_Layout;

cer_Layout cer_layout_of(const Tensor *t);    /* its own, from its first element */
cer_Layout cer_layout_plain(torch_Size size); /* of a contiguous tensor */

bool cer_layout_overlaps(const cer_Layout *l); /* do two of its elements share memory? */

typedef struct cer_MoveAttrs { /* puts what has the layout `from` into empty memory and reads it in the layout `to` */
    cer_Layout from, to;
    int64_t extent;            /* of that memory, in elements */
    bool count_from, count_to; /* each element is shared out among those of this layout that show it */
} cer_MoveAttrs;

/* in[0] for node n: zeros of its input's sizes, contiguous, with g added where `view` lies in them. op: a ..._backward record
 * of strided.c */
void cer_layout_back(const cer_Op *op, cer_Node *n, Tensor *g, cer_Layout view, Tensor **in);

#endif
