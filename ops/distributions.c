/* More distributions, with PyTorch's draws: exponential_, geometric_, cauchy_ and log_normal_ in place; bernoulli and poisson with a
 * tensor of parameters; normal with tensors for mean and standard deviation. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/generator.h"
#include "core/impl.h"
#include "core/repr.h"
#include "ops/ops_internal.h"

static bool not_implemented(const char *op, const char *kernel, const Tensor *t)
{
    return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", kernel, cer_type_name(t->dtype));
}

typedef char Number[CER_NUMBER_BYTES];
static const char *number(double value, Number text) /* as C++ streams write it */
{
    cer_number_text(value, 'g', 6, text);
    return text;
}

static void no_gradient(cer_Node *n, Tensor *const *g, Tensor **in) /* zeros, as PyTorch's formulas say */
{
    (void)g;
    for (int64_t i = 0; i < cer_n_inputs(n); i++) {
        if (!cer_needs(n, i)) continue;
        torch_Size s = cer_input_size(n, i);
        in[i] = cer_zeros(cer_input_dtype(n, i), s.ndim, s.dim);
    }
}

/* ---- in place: a uniform or normal number per element, turned ---------------------------------------------------- */

enum { CHUNK = 256 };
typedef struct Distribution Distribution;
struct Distribution {
    torch_Generator *generator; /* not looked at after the call */
    double a, b;
    void (*draw)(const Distribution *d, double *x, int64_t n);
    cer_Loop cast;
};

static void draw_units(torch_Generator *g, double *x, int64_t n) /* cer_uniform_double, n <= CHUNK times */
{
    uint32_t word[2 * CHUNK];
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
    double buffer[CHUNK];
    char *ptr[2] = {data[0], (char *)buffer};
    const int64_t strides[2] = {stride[0], sizeof(double)};
    for (; n > 0; n -= CHUNK) {
        int64_t k = n < CHUNK ? n : CHUNK;
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
    return torch_dtype_is_floating_point(c->self->dtype) || not_implemented(c->op->name, kernel, c->self);
}

static bool exponential_shape(cer_Call *c)
{
    const Distribution *d = c->attrs;
    Number text;
    if (!(d->a >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "exponential_ expects lambda >= 0.0, but found lambda=%s",
                         number(d->a, text));
    return floating_or(c, "exponential_cpu");
}

static bool geometric_shape(cer_Call *c)
{
    const Distribution *d = c->attrs;
    Number text;
    if (!(d->a > 0 && d->a < 1))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "geometric_ expects p to be in (0, 1), but got p=%s",
                         number(d->a, text));
    return c->self->dtype != torch_bool || not_implemented(c->op->name, "geometric_cpu", c->self);
}

static bool cauchy_shape(cer_Call *c)
{
    return floating_or(c, "cauchy_cpu");
}

static bool log_normal_shape(cer_Call *c)
{
    const Distribution *d = c->attrs;
    Number text;
    if (!(d->b > 0))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "log_normal_ expects std > 0.0, but found std=%s",
                         number(d->b, text));
    return floating_or(c, "log_normal_cpu");
}

#define IN_PLACE(id, grad)                   \
    const cer_Op cer_op_##id##_ = {          \
        .name = #id "_",                     \
        .grad_name = grad,                   \
        .shape = id##_shape,                 \
        .kernel = fill_kernel,               \
        .vjp = no_gradient,                  \
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

/* ---- a parameter per element: bernoulli, poisson ----------------------------------------------------------------- */

/* Runs over out and the parameters in the order of out's memory; double parameters at a time, as converted from p. */
typedef struct Parameters {
    torch_Generator *generator;
    cer_Loop read, write; /* p -> double, double -> out */
    bool wide;            /* bernoulli: of float64 */
    bool poisson;
} Parameters;

/* Hoermann's transformed rejection for rates of 10 and more, else products of uniform numbers. */
static double poisson(torch_Generator *g, double rate)
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

static void parameters_run(int64_t n, char *const *data, const int64_t *stride, const void *param)
{
    const Parameters *p = param;
    double buffer[CHUNK];
    char *in[2] = {(char *)buffer, data[1]}, *out[2] = {data[0], (char *)buffer};
    const int64_t in_stride[2] = {sizeof(double), stride[1]}, out_stride[2] = {stride[0], sizeof(double)};
    for (; n > 0; n -= CHUNK) {
        int64_t k = n < CHUNK ? n : CHUNK;
        p->read(k, in, in_stride, NULL);
        for (int64_t i = 0; i < k; i++) {
            if (p->poisson)
                buffer[i] = poisson(p->generator, buffer[i]);
            else if (p->wide)
                buffer[i] = cer_uniform_double(p->generator) < buffer[i];
            else
                buffer[i] = (float)(cer_random32(p->generator) & 0xffffff) * 0x1p-24f < (float)buffer[i];
        }
        p->write(k, out, out_stride, NULL);
        in[1] += k * stride[1];
        out[0] += k * stride[0];
    }
}

/* Are all parameters probabilities, or not negative? Looked at before anything is drawn. */
typedef struct Check {
    cer_Loop read;
    double top; /* probabilities: 1 */
    bool *bad;
} Check;

static void check_run(int64_t n, char *const *data, const int64_t *stride, const void *param)
{
    const Check *c = param;
    double buffer[CHUNK];
    char *in[2] = {(char *)buffer, data[0]};
    const int64_t strides[2] = {sizeof(double), stride[0]};
    for (; n > 0; n -= CHUNK) {
        int64_t k = n < CHUNK ? n : CHUNK;
        bool bad = false;
        c->read(k, in, strides, NULL);
        for (int64_t i = 0; i < k; i++) bad |= !(buffer[i] >= 0 && buffer[i] <= c->top);
        *c->bad |= bad;
        in[1] += k * stride[0];
    }
}

static bool any_beyond(const Tensor *t, double top)
{
    cer_Iterator it;
    bool bad = false;
    Check check = {cer_kernels()->cast[torch_float64][t->dtype], top, &bad};
    cer_iterator_init(&it, 1, t->ndim, t->shape, &t->data, (const int64_t *const[]){t->stride},
                      (const size_t[]){(size_t)cer_size_of(t->dtype)}, false);
    cer_iterator_run(&it, check_run, &check);
    return bad;
}

static bool draw_by(cer_Call *c, const Tensor *p, bool is_poisson)
{
    torch_Generator *const *generator = c->attrs;
    Tensor *out = c->out[0];
    int64_t stride[TORCH_MAX_DIM];
    cer_Iterator it;
    Parameters run = {.generator = cer_generator_lock(*generator),
                      .read = cer_kernels()->cast[torch_float64][p->dtype],
                      .write = cer_kernels()->cast[out->dtype][torch_float64],
                      .wide = p->dtype == torch_float64,
                      .poisson = is_poisson};
    cer_expand_strides(p, out->ndim, out->shape, stride);
    size_t size[2] = {(size_t)cer_size_of(out->dtype), (size_t)cer_size_of(p->dtype)};
    cer_iterator_init(&it, 2, out->ndim, out->shape, (char *const[]){out->data, p->data},
                      (const int64_t *const[]){out->stride, stride}, size, false);
    cer_iterator_run(&it, parameters_run, &run);
    cer_generator_unlock(run.generator);
    return true;
}

static bool good_probabilities(const char *op, const Tensor *self, const Tensor *p)
{
    if (self->dtype == torch_float16) return not_implemented(op, "bernoulli_tensor_cpu_self_", self);
    if (!torch_dtype_is_floating_point(p->dtype) || p->dtype == torch_float16)
        return not_implemented(op, "bernoulli_tensor_cpu_p_", p);
    return !any_beyond(p, 1) ||
           cer_raise(
               TORCH_RUNTIME_ERROR, op,
               "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If "
               "so, please report an enhancement request to PyTorch.)");
}

static bool bernoulli_shape(cer_Call *c)
{
    const Tensor *p = c->in[0].as.t;
    cer_form(&c->form[0], p->dtype, p->ndim, p->shape);
    if (!torch_dtype_is_floating_point(p->dtype)) return not_implemented("bernoulli", "bernoulli_tensor_cpu_p_", p);
    return good_probabilities("bernoulli", p, p);
}

static bool bernoulli_kernel(cer_Call *c)
{
    return draw_by(c, c->in[0].as.t, false);
}

static bool bernoulli__shape(cer_Call *c)
{
    const Tensor *self = c->self, *p = c->in[1].as.t;
    char have[160], want[160];
    int64_t stride[TORCH_MAX_DIM];
    if (p->ndim > self->ndim)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "bernoulli_",
            "expand(torch.%sTensor{%s}, size=%s): the number of sizes provided (%d) must be greater or equal to "
            "the number of dimensions in the tensor (%d)",
            cer_type_name(p->dtype), cer_shape_text(p->ndim, p->shape, have, sizeof have),
            cer_shape_text(self->ndim, self->shape, want, sizeof want), self->ndim, p->ndim);
    for (int d = self->ndim - 1, own = p->ndim - 1; own >= 0; d--, own--)
        if (p->shape[own] != 1 && p->shape[own] != self->shape[d])
            return cer_raise(
                TORCH_RUNTIME_ERROR, "bernoulli_",
                "The expanded size of the tensor (%lld) must match the existing size (%lld) at non-singleton "
                "dimension %d.  Target sizes: %s.  Tensor sizes: %s",
                (long long)self->shape[d], (long long)p->shape[own], d,
                cer_shape_text(self->ndim, self->shape, want, sizeof want),
                cer_shape_text(p->ndim, p->shape, have, sizeof have));
    (void)stride;
    return good_probabilities("bernoulli_", self, p);
}

static bool bernoulli__kernel(cer_Call *c)
{
    return draw_by(c, c->in[1].as.t, false);
}

static bool poisson_shape(cer_Call *c)
{
    const Tensor *rate = c->in[0].as.t;
    cer_form(&c->form[0], rate->dtype, rate->ndim, rate->shape);
    if (!torch_dtype_is_floating_point(rate->dtype) || rate->dtype == torch_float16)
        return not_implemented("poisson", "poisson_cpu", rate);
    return !any_beyond(rate, (double)INFINITY) ||
           cer_raise(TORCH_RUNTIME_ERROR, "poisson", "invalid Poisson rate, expected rate to be non-negative");
}

static bool poisson_kernel(cer_Call *c)
{
    return draw_by(c, c->in[0].as.t, true);
}

#define BY_TENSOR(id, text, grad, shape_, kernel_, flags_) \
    const cer_Op cer_op_##id = {.name = text,              \
                                .grad_name = grad,         \
                                .shape = shape_,           \
                                .kernel = kernel_,         \
                                .vjp = no_gradient,        \
                                .n_outputs = 1,            \
                                .flags = flags_,           \
                                .attrs_bytes = sizeof(torch_Generator *)};
BY_TENSOR(bernoulli, "bernoulli", "BernoulliBackward0", bernoulli_shape, bernoulli_kernel, 0)
BY_TENSOR(bernoulli__tensor, "bernoulli_", "BernoulliBackward1", bernoulli__shape, bernoulli__kernel, CER_INPLACE)
BY_TENSOR(poisson, "poisson", "PoissonBackward0", poisson_shape, poisson_kernel, 0)

Tensor *torch_bernoulli_generator(Tensor *p, torch_Generator *g)
{
    return cer_call1(&cer_op_bernoulli, p, &g);
}

Tensor *torch_bernoulli(Tensor *p)
{
    return torch_bernoulli_generator(p, NULL);
}

Tensor *torch_bernoulli_p(Tensor *x, double p)
{
    if (cer_error_pending() || !cer_usable(x, "bernoulli", 1)) return NULL;
    return torch_bernoulli_(cer_empty(x->dtype, x->ndim, x->shape), p);
}

Tensor *torch_bernoulli__tensor(Tensor *x, Tensor *p)
{
    torch_Generator *g = NULL;
    return cer_call2(&cer_op_bernoulli__tensor, x, p, &g);
}

Tensor *torch_poisson(Tensor *rate)
{
    torch_Generator *g = NULL;
    return cer_call1(&cer_op_poisson, rate, &g);
}

/* ---- normal with tensors ----------------------------------------------------------------------------------------- */

static bool normal_shape(cer_Call *c)
{
    const torch_Scalar *mean = &c->in[0], *std = &c->in[1];
    const Tensor *first = mean->kind == TORCH_KIND_TENSOR ? mean->as.t : std->as.t;
    int64_t shape[TORCH_MAX_DIM], ndim = first->ndim;
    Number text;
    if (std->kind == TORCH_KIND_TENSOR && any_beyond(std->as.t, (double)INFINITY))
        return cer_raise(TORCH_RUNTIME_ERROR, "normal", "normal expects all elements of std >= 0.0");
    if (std->kind != TORCH_KIND_TENSOR && !(std->as.d >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "normal", "normal expects std >= 0.0, but found std %s",
                         number(std->as.d, text));
    memcpy(shape, first->shape, sizeof(int64_t) * first->ndim);
    if (std->kind == TORCH_KIND_TENSOR && first != std->as.t &&
        !cer_broadcast("normal", &ndim, shape, std->as.t->ndim, std->as.t->shape))
        return false;
    if (!torch_dtype_is_floating_point(first->dtype)) return not_implemented("normal", "normal_kernel_cpu", first);
    return cer_form_checked(&c->form[0], "normal", first->dtype, ndim, shape);
}

static bool normal_kernel(cer_Call *c) /* N(0, 1), times std, plus mean: three roundings */
{
    torch_Generator *const *generator = c->attrs;
    torch_Scalar mean = c->in[0], std = c->in[1];
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length;
    bool number_std = std.kind != TORCH_KIND_TENSOR;
    cer_fill_normal(*generator, out, 0, number_std ? std.as.d : 1);
    bool before = torch_set_grad_enabled(false), fine = true;
    if (!number_std) fine = torch_mul__Scalar(out, std) != NULL;
    fine = fine && torch_add__Scalar(out, mean, torch_scalar_none());
    torch_set_grad_enabled(before);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

BY_TENSOR(normal_mean, "normal", "NormalBackward1", normal_shape, normal_kernel, 0)
BY_TENSOR(normal_std, "normal", "NormalBackward2", normal_shape, normal_kernel, 0)
BY_TENSOR(normal_both, "normal", "NormalBackward3", normal_shape, normal_kernel, 0)

static torch_Scalar real(torch_Scalar s) /* numbers as doubles */
{
    return s.kind == TORCH_KIND_INT || s.kind == TORCH_KIND_BOOL ? torch_scalar_double((double)s.as.i) : s;
}

Tensor *torch_normal_Scalar(torch_Scalar mean, torch_Scalar std, torch_Generator *g)
{
    torch_Scalar in[2] = {real(mean), real(std)};
    bool tensor[2] = {mean.kind == TORCH_KIND_TENSOR, std.kind == TORCH_KIND_TENSOR};
    if (cer_error_pending()) return NULL;
    for (int i = 0; i < 2; i++)
        if (tensor[i] && !cer_usable(in[i].as.t, "normal", i + 1)) return NULL;
    if (!tensor[0] && !tensor[1])
        return cer_raise(TORCH_TYPE_ERROR, "normal",
                         "normal(): two numbers need a size: torch_normal_size(mean, std, 2, 3)"),
               NULL;
    return cer_call(!tensor[1] ? &cer_op_normal_mean : tensor[0] ? &cer_op_normal_both : &cer_op_normal_std, in, 2, &g);
}

Tensor *torch_normal_size_args(double mean, double std, const torch_FactoryArgs *a)
{
    Tensor *t = cer_factory("normal", a, torch_get_default_dtype());
    if (!t || !torch_normal__generator(t, mean, std, a->generator)) return NULL;
    return cer_factory_done(t, a);
}

/* ---- randint_like ------------------------------------------------------------------------------------------------ */

Tensor *torch_randint_like(Tensor *x, int64_t low, int64_t high)
{
    if (cer_error_pending() || !cer_usable(x, "randint_like", 1)) return NULL;
    return torch_random_(torch_empty_like(x), low, high);
}
