/* Maps between planes that are separable: padding by reflection and the like, interpolation (resample.c). Not public. */
#ifndef CERILLA_OPS_RESAMPLE_H
#define CERILLA_OPS_RESAMPLE_H

#include "core/op.h"

enum { CER_REFLECT, CER_REPLICATE, CER_CIRCULAR, CER_NEAREST, CER_NEAREST_EXACT, CER_LINEAR, CER_CUBIC };

typedef struct cer_Resample {
    int kind, dims;        /* the last dims dimensions are the plane; of the arrays below the last dims elements */
    int64_t in[3], out[3]; /* sizes */
    int64_t before[3];     /* padding */
    double scale[3];       /* scale factors of the caller; 0: by the sizes */
    bool align_corners;
} cer_Resample;

Tensor *cer_resample(const cer_Op *op, Tensor *x, const cer_Resample *r);

#endif
