/* exponential_, geometric_, cauchy_ and log_normal_: a uniform or normal number per element, turned. */
#include <math.h>

#include "ops/draw.h"

typedef struct Distribution Distribution;
struct Distribution {
    torch_Generator *generator; /* not looked at after the call */
    double a, b;
    void (*draw)(const Distribution *d, double *x, int64_t n);
    cer_Loop cast;
};

static void draw_units(torch_Generator *g, double *x, int64_t n) /* cer_uniform_double, n <= CER_DRAWS times */
{
    uint32_t word[2 * CER_DRAWS];
    cer_random32_fill(g, word, 2 * n);
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = (uint64_t)word[2 * i] << 32 | word[2 * i + 1];
        x[i] = (double)(int64_t)(bits & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
    }
}

static void exponential(const Distribution *d, double *x, int64_t n)
{
    draw_units(d->generator, x, n);
    for (int64_t i = 0; i < n; i++) x[i] = -1.0 / d->a * log(1.0 - x[i]);
}

static void geometric(const Distribution *d, double *x, int64_t n)
{
    draw_units(d->generator, x, n);
    for (int64_t i = 0; i < n; i++) x[i] = ceil(log(x[i]) / log(1.0 - d->a));
}

static void cauchy(const Distribution *d, double *x, int64_t n)
{
    draw_units(d->generator, x, n);
    for (int64_t i = 0; i < n; i++) x[i] = fma(d->b, tan(3.14159265358979323846 * (x[i] - 0.5)), d->a);
}

static void log_normal(const Distribution *d, double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) x[i] = exp(fma(cer_normal_double(d->generator), d->b, d->a));
}

static void fill_run(int64_t n, char *const *data, const int64_t *stride, const void *param)
{
    const Distribution *d = param;
    double buffer[CER_DRAWS];
    char *ptr[2] = {data[0], (char *)buffer};
    const int64_t strides[2] = {stride[0], sizeof(double)};
    for (; n > 0; n -= CER_DRAWS) {
        int64_t k = n < CER_DRAWS ? n : CER_DRAWS;
        d->draw(d, buffer, k);
        d->cast(k, ptr, strides, NULL);
        ptr[0] += k * stride[0];
    }
}

static bool fill_kernel(cer_Call *c)
{
    Distribution d = *(const Distribution *)c->attrs;
    Tensor *t = c->self;
    cer_Iterator it;
    d.cast = cer_kernels()->cast[t->dtype][torch_float64];
    d.generator = cer_generator_lock(d.generator);
    cer_iterator_init(&it, 1, t->ndim, t->shape, &t->data, (const int64_t *const[]){t->stride},
                      (const size_t[]){(size_t)cer_size_of(t->dtype)}, false);
    cer_iterator_run(&it, fill_run, &d);
    cer_generator_unlock(d.generator);
    return true;
}

static bool floating_or(const cer_Call *c, const char *kernel)
{
    return torch_dtype_is_floating_point(c->self->dtype) || cer_not_implemented(c->op->name, kernel, c->self);
}

static bool exponential_shape(cer_Call *c)
{
    const Distribution *d = c->attrs;
    cer_Number text;
    if (!(d->a >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "exponential_ expects lambda >= 0.0, but found lambda=%s",
                         cer_number_as(d->a, text));
    return floating_or(c, "exponential_cpu");
}

static bool geometric_shape(cer_Call *c)
{
    const Distribution *d = c->attrs;
    cer_Number text;
    if (!(d->a > 0 && d->a < 1))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "geometric_ expects p to be in (0, 1), but got p=%s",
                         cer_number_as(d->a, text));
    return c->self->dtype != torch_bool || cer_not_implemented(c->op->name, "geometric_cpu", c->self);
}

static bool cauchy_shape(cer_Call *c)
{
    return floating_or(c, "cauchy_cpu");
}

static bool log_normal_shape(cer_Call *c)
{
    const Distribution *d = c->attrs;
    cer_Number text;
    if (!(d->b > 0))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "log_normal_ expects std > 0.0, but found std=%s",
                         cer_number_as(d->b, text));
    return floating_or(c, "log_normal_cpu");
}

#define IN_PLACE(id, grad)                   \
    const cer_Op cer_op_##id##_ = {          \
        .name = #id "_",                     \
        .grad_name = grad,                   \
        .shape = id##_shape,                 \
        .kernel = fill_kernel,               \
        .vjp = cer_no_old_value,             \
        .n_outputs = 1,                      \
        .flags = CER_INPLACE,                \
        .attrs_bytes = sizeof(Distribution), \
    };
IN_PLACE(exponential, "ExponentialBackward0")
IN_PLACE(geometric, "GeometricBackward0")
IN_PLACE(cauchy, "CauchyBackward0")
IN_PLACE(log_normal, "LogNormalBackward0")

Tensor *torch_exponential__generator(Tensor *x, double lambd, torch_Generator *g)
{
    return cer_call1(&cer_op_exponential_, x, &(Distribution){.generator = g, .a = lambd, .draw = exponential});
}

Tensor *torch_geometric__generator(Tensor *x, double p, torch_Generator *g)
{
    return cer_call1(&cer_op_geometric_, x, &(Distribution){.generator = g, .a = p, .draw = geometric});
}

Tensor *torch_cauchy__generator(Tensor *x, double median, double sigma, torch_Generator *g)
{
    return cer_call1(&cer_op_cauchy_, x, &(Distribution){.generator = g, .a = median, .b = sigma, .draw = cauchy});
}

Tensor *torch_log_normal__generator(Tensor *x, double mean, double std, torch_Generator *g)
{
    return cer_call1(&cer_op_log_normal_, x, &(Distribution){.generator = g, .a = mean, .b = std, .draw = log_normal});
}

Tensor *torch_exponential_(Tensor *x, double lambd)
{
    return torch_exponential__generator(x, lambd, NULL);
}

Tensor *torch_geometric_(Tensor *x, double p)
{
    return torch_geometric__generator(x, p, NULL);
}

Tensor *torch_cauchy_(Tensor *x, double median, double sigma)
{
    return torch_cauchy__generator(x, median, sigma, NULL);
}

Tensor *torch_log_normal_(Tensor *x, double mean, double std)
{
    return torch_log_normal__generator(x, mean, std, NULL);
}
