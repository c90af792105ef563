/* F_rms_norm: over the last dimensions, by the root of the mean square. */
#include <math.h>

#include "ops/normalize.h"

F_RmsNormArgs F_RmsNormArgs_defaults(void)
{
    return (F_RmsNormArgs){.struct_size = sizeof(F_RmsNormArgs), .eps = TORCH_NAN};
}

Tensor *F_rms_norm_args(const F_RmsNormArgs *p)
{
    Tensor *x = p->input;
    if (!cer_norm_usable("rms_norm", x, p->weight, NULL)) return NULL;
    if (!cer_normalized_shape_fits("rms_norm", x, p->n_shape, p->normalized_shape, p->weight, NULL)) return NULL;
    int64_t dims[TORCH_MAX_DIM];
    for (int64_t i = 0; i < p->n_shape; i++) dims[i] = i - p->n_shape;
    double eps = !isnan(p->eps) ? p->eps : torch_finfo(x->dtype).eps;
    Tensor *mean = torch_mean(torch_mul(x, x), .dims = dims, .n_dims = p->n_shape, .keepdim = true);
    Tensor *y = torch_mul(x, torch_rsqrt(torch_add(mean, eps)));
    return p->weight ? torch_mul(y, p->weight) : y;
}
