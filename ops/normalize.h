/* Layer, batch and group norm are one computation: what its files share. Not public. */
#ifndef CERILLA_OPS_NORMALIZE_H
#define CERILLA_OPS_NORMALIZE_H

#include "core/impl.h"
#include "ops/norm.h"
#include "ops/ops_internal.h"

/* What is normalised together is a row. All three see contiguous x as (images, rows, run): layer norm as (1, rows, run), group
 * norm as (1, images * groups, run), batch norm as (images, channels, run), where a row is cut into one run an image. Weights
 * are one for each element of the run (layer norm) or for `share` neighbours, of `channels` in all. */
typedef struct cer_NormAttrs {
    double eps, momentum;
    int64_t images, rows, run;
    int64_t channels, share;
    bool batch;    /* is batch norm */
    bool training; /* by the moments of x, not the running ones */
} cer_NormAttrs;

enum { INPUT, WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, OPERANDS };
enum { MEAN = 1, RSTD = 2 }; /* outputs */

static inline const char *cer_at(const Tensor *t, int64_t element)
{
    return t ? t->data + element * cer_size_of(t->dtype) : NULL;
}

static inline double cer_get(const Tensor *t, int64_t i) /* of a vector */
{
    i *= t->stride[0];
    return t->dtype == torch_float64 ? ((const double *)(const void *)t->data)[i]
                                     : (double)((const float *)(const void *)t->data)[i];
}

static inline void cer_set(Tensor *t, int64_t i, double v)
{
    i *= t->stride[0];
    if (t->dtype == torch_float64)
        ((double *)(void *)t->data)[i] = v;
    else
        ((float *)(void *)t->data)[i] = (float)v;
}

void cer_norm_vjp(cer_Node *n, Tensor *const *g, Tensor **in);

/* For the public functions: mean and var are the running ones. NULL where an operand is left out */
Tensor *cer_norm_call(const cer_Op *op, Tensor *x, Tensor *weight, Tensor *bias, Tensor *mean, Tensor *var,
                      const cer_NormAttrs *a);
bool cer_norm_usable(const char *op, const Tensor *x, const Tensor *weight, const Tensor *bias);
/* layer_norm's complaints: x ends in that shape, weight and bias, where there, have it. */
bool cer_normalized_shape_fits(const char *op, const Tensor *x, int64_t n, const int64_t *shape, const Tensor *weight,
                               const Tensor *bias);
bool cer_norm_types_fit(const char *op, const char *kernel, const Tensor *x, const Tensor *const *others, int n);
bool cer_one_per_channel(const char *name, const Tensor *t, int64_t channels); /* t may be NULL */
Tensor *cer_batch_norm(Tensor *x, Tensor *mean, Tensor *var, Tensor *weight, Tensor *bias, bool training,
                       double momentum, double eps);

#endif
