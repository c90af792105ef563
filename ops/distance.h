/* Between the files of cdist. Never installed. */
#ifndef CERILLA_OPS_DISTANCE_H
#define CERILLA_OPS_DISTANCE_H

#include "ops/linalg_internal.h"

typedef struct cer_CdistAttrs {
    double p;
    int64_t ndim, size[TORCH_MAX_DIM]; /* of the result; the operands have one batch dimension */
} cer_CdistAttrs;

bool cer_cdist_shape(cer_Call *c);
bool cer_cdist_kernel(cer_Call *c); /* any p, pair by pair: (b, n, k), (b, m, k) -> (b, n, m), both contiguous */
Tensor *cer_cdist_flat(Tensor *t, const Tensor *x, const Tensor *y); /* with one batch dimension */

#endif
