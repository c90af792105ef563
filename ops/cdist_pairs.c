/* cdist for any p, pair by pair: the loops, which are ops too. */
#include <math.h>
#include <string.h>

#include "ops/distance.h"

/* Eight sums at a time, which the compiler turns into vectors. */
#define PARTS(type, value, combine)                              \
    do {                                                         \
        type part[8] = {0};                                      \
        int64_t l = 0;                                           \
        for (; l + 8 <= k; l += 8)                               \
            for (int q = 0; q < 8; q++) {                        \
                type d = a[l + q] - b[l + q], v = value;         \
                part[q] = combine(part[q], v);                   \
            }                                                    \
        for (; l < k; l++) {                                     \
            type d = a[l] - b[l], v = value;                     \
            part[0] = combine(part[0], v);                       \
        }                                                        \
        for (int q = 0; q < 8; q++) sum = combine(sum, part[q]); \
    } while (0)
#define ADDED(x, y) ((x) + (y))
#define LARGER(x, y) ((y) > (x) || (y) != (y) ? (y) : (x))

#define DISTANCES(type, ABS, POW, SQRT)                                                                              \
    static void distances_##type(int64_t n, int64_t m, int64_t k, double p, const type *x, const type *y, type *out) \
    {                                                                                                                \
        for (int64_t i = 0; i < n; i++)                                                                              \
            for (int64_t j = 0; j < m; j++) {                                                                        \
                const type *a = x + i * k, *b = y + j * k;                                                           \
                type sum = 0;                                                                                        \
                if (p == 0)                                                                                          \
                    PARTS(type, d != 0, ADDED);                                                                      \
                else if (p == 1)                                                                                     \
                    PARTS(type, ABS(d), ADDED);                                                                      \
                else if (p == 2)                                                                                     \
                    PARTS(type, d *d, ADDED);                                                                        \
                else if (isinf(p))                                                                                   \
                    PARTS(type, ABS(d), LARGER);                                                                     \
                else                                                                                                 \
                    PARTS(type, POW(ABS(d), (type)p), ADDED);                                                        \
                *out++ = p == 2 ? SQRT(sum) : p == 0 || p == 1 || isinf(p) ? sum : POW(sum, 1 / (type)p);            \
            }                                                                                                        \
    }
DISTANCES(float, fabsf, powf, sqrtf)
DISTANCES(double, fabs, pow, sqrt)

bool cer_cdist_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "cdist", "\"cdist\" not implemented for '%s'", cer_type_name(x->dtype));
    if (x->dtype != y->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "cdist", "expected scalar type %s but found %s", cer_type_name(x->dtype),
                         cer_type_name(y->dtype));
    const cer_CdistAttrs *a = c->attrs;
    return cer_form_checked(&c->form[0], "cdist", x->dtype, a->ndim, a->size);
}

bool cer_cdist_kernel(cer_Call *c)
{
    const cer_CdistAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    Tensor *out = c->out[0];
    int64_t n = x->shape[1], m = y->shape[1], k = x->shape[2];
    for (int64_t i = 0; i < x->shape[0]; i++) {
        if (x->dtype == torch_float64)
            distances_double(n, m, k, a->p, (const double *)(const void *)x->data + i * n * k,
                             (const double *)(const void *)y->data + i * m * k,
                             (double *)(void *)out->data + i * n * m);
        else
            distances_float(n, m, k, a->p, (const float *)(const void *)x->data + i * n * k,
                            (const float *)(const void *)y->data + i * m * k, (float *)(void *)out->data + i * n * m);
    }
    return true;
}

/* The gradient by x of the same, without a graph: no room is needed for all pairs at once. */
#define SLOPES(type, ABS, POW)                                                                                        \
    static void slopes_##type(int64_t n, int64_t m, int64_t k, double p, const type *x, const type *y, const type *g, \
                              const type *distance, type *out)                                                        \
    {                                                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                                               \
            for (int64_t j = 0; j < m; j++) {                                                                         \
                const type *a = x + i * k, *b = y + j * k, size = distance[i * m + j], up = g[i * m + j];             \
                type *to = out + i * k, by = p == 1 ? up : p == 2 ? up / size : up / POW(size, (type)p - 1);          \
                if (size == 0) continue;                                                                              \
                for (int64_t l = 0; l < k; l++) {                                                                     \
                    type d = a[l] - b[l], sign = (type)((d > 0) - (d < 0));                                           \
                    if (p == 2)                                                                                       \
                        to[l] += by * d;                                                                              \
                    else if (p == 1)                                                                                  \
                        to[l] += by * sign;                                                                           \
                    else if (isinf(p))                                                                                \
                        to[l] += ABS(d) == size ? up * sign : 0;                                                      \
                    else                                                                                              \
                        to[l] += by * sign * POW(ABS(d), (type)p - 1);                                                \
                }                                                                                                     \
            }                                                                                                         \
    }
SLOPES(float, fabsf, powf)
SLOPES(double, fabs, pow)

static bool backward_shape(cer_Call *c)
{
    const Tensor *x = c->in[1].as.t;
    cer_form(&c->form[0], x->dtype, 3, x->shape);
    return true;
}

static bool backward_kernel(cer_Call *c) /* g, x, y, distance: all contiguous, of one batch dimension */
{
    const cer_CdistAttrs *a = c->attrs;
    const Tensor *g = c->in[0].as.t, *x = c->in[1].as.t, *y = c->in[2].as.t, *distance = c->in[3].as.t;
    char *out = c->out[0]->data;
    int64_t n = x->shape[1], m = y->shape[1], k = x->shape[2], size = cer_size_of(x->dtype);
    memset(out, 0, (size_t)(x->numel * size));
    for (int64_t i = 0; i < x->shape[0]; i++) {
        const void *px = x->data + i * n * k * size, *py = y->data + i * m * k * size, *pg = g->data + i * n * m * size,
                   *pd = distance->data + i * n * m * size;
        void *to = out + i * n * k * size;
        if (x->dtype == torch_float64)
            slopes_double(n, m, k, a->p, px, py, pg, pd, to);
        else
            slopes_float(n, m, k, a->p, px, py, pg, pd, to);
    }
    return true;
}

const cer_Op cer_op_cdist_backward = {.name = "_cdist_backward",
                                      .shape = backward_shape,
                                      .kernel = backward_kernel,
                                      .n_outputs = 1,
                                      .flags = CER_NONDIFFERENTIABLE,
                                      .attrs_bytes = sizeof(cer_CdistAttrs)};
