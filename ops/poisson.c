/* poisson: of a tensor of rates. */
#include <math.h>

#include "ops/draw.h"

/* Hoermann's transformed rejection for rates of 10 and more, else products of uniform numbers. */
static double poisson_draw(torch_Generator *g, double rate)
{
    double x = 0, product = 1;
    if (rate >= 10) {
        double root = sqrt(rate), logarithm = log(rate), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
        double inverse = 1.1239 + 1.1328 / (b - 3.4), accept = 0.9277 - 3.6224 / (b - 2);
        for (;;) {
            double u = cer_uniform_double(g) - 0.5, v = cer_uniform_double(g), us = 0.5 - fabs(u);
            double k = floor((2 * a / us + b) * u + rate + 0.43);
            if (us >= 0.07 && v <= accept) return k;
            if (k < 0 || (us < 0.013 && v > us)) continue;
            if (log(v) + log(inverse) - log(a / (us * us) + b) <= -rate + k * logarithm - lgamma(k + 1)) return k;
        }
    }
    if (rate == 0) return 0;
    for (double least = exp(-rate);; x++)
        if ((product *= cer_uniform_double(g)) <= least) return x;
}

static void poisson(torch_Generator *g, double *rate, int64_t n, bool wide)
{
    (void)wide;
    for (int64_t i = 0; i < n; i++) rate[i] = poisson_draw(g, rate[i]);
}

static bool poisson_shape(cer_Call *c)
{
    const Tensor *rate = c->in[0].as.t;
    cer_form(&c->form[0], rate->dtype, rate->ndim, rate->shape);
    if (!torch_dtype_is_floating_point(rate->dtype) || rate->dtype == torch_float16)
        return cer_not_implemented("poisson", "poisson_cpu", rate);
    return !cer_any_beyond(rate, (double)INFINITY) ||
           cer_raise(TORCH_RUNTIME_ERROR, "poisson", "invalid Poisson rate, expected rate to be non-negative");
}

static bool poisson_kernel(cer_Call *c)
{
    return cer_draw_by(c, c->in[0].as.t, poisson);
}

CER_DRAW_BY_TENSOR(poisson, "poisson", "PoissonBackward0", poisson_shape, poisson_kernel, 0)

Tensor *torch_poisson_generator(Tensor *rate, torch_Generator *g)
{
    return cer_call1(&cer_op_poisson, rate, &g);
}

Tensor *torch_poisson(Tensor *rate)
{
    return torch_poisson_generator(rate, NULL);
}
