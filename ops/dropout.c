/* torch.nn.functional: the dropouts, rrelu and gumbel_softmax. */
#include <math.h>
#include <string.h>

#include "core/generator.h"
#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- dropout: x noise / (1 - p) ---------------------------------------------------------------------------------- */

enum { ALPHA = 1, CHANNELS = 2, IN_PLACE = 4 }; /* saturate instead of zero; whole channels; x itself */

static bool probability(const char *op, const Tensor *x, double p)
{
    if (cer_error_pending() || !cer_usable(x, op, 1)) return false;
    return (p >= 0 && p <= 1) ||
           cer_raise(TORCH_VALUE_ERROR, op, "dropout probability has to be between 0 and 1, but got %s", torch_repr(p));
}

static Tensor *times(Tensor *x, Tensor *noise, int how)
{
    return how & IN_PLACE ? torch_mul_(x, noise) : torch_mul(x, noise);
}

static Tensor *noise_for(const char *op, Tensor *x, double p, int how)
{
    int64_t size[TORCH_MAX_DIM];
    if (!(how & CHANNELS)) return torch_bernoulli_(cer_empty(x->dtype, x->ndim, x->shape), 1 - p);
    if (x->ndim < 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Feature dropout requires at least 2 dimensions in the input"), NULL;
    for (int d = 0; d < x->ndim; d++) size[d] = d < 2 ? x->shape[d] : 1;
    return torch_bernoulli_(cer_empty(x->dtype, x->ndim, size), 1 - p);
}

static Tensor *drop(const char *op, Tensor *x, double p, bool training, int how)
{
    if (!probability(op, x, p)) return NULL;
    if (!training || p == 0 || x->numel == 0) return x;
    if (p == 1) return times(x, torch_zeros_n(0, NULL, x->dtype), how);
    Tensor *noise = noise_for(op, x, p, how), *shift = NULL;
    if (!noise) return NULL;
    if (!(how & ALPHA)) return times(x, torch_div_(noise, 1 - p), how);
    const double alpha = 1.7580993408473766; /* what SELU saturates to, negative */
    double a = 1 / sqrt((alpha * alpha * p + 1) * (1 - p));
    shift = torch_add_(torch_mul_(torch_add(noise, -1), alpha * a), alpha * a * p);
    Tensor *product = times(x, torch_mul_(noise, a), how);
    return how & IN_PLACE ? torch_add_(product, shift) : torch_add(product, shift);
}

Tensor *F_dropout(Tensor *x, double p, bool training)
{
    return drop("dropout", x, p, training, 0);
}

Tensor *F_dropout_(Tensor *x, double p, bool training)
{
    return drop("dropout", x, p, training, IN_PLACE);
}

Tensor *F_alpha_dropout(Tensor *x, double p, bool training)
{
    return drop("alpha_dropout", x, p, training, ALPHA);
}

Tensor *F_alpha_dropout_(Tensor *x, double p, bool training)
{
    return drop("alpha_dropout", x, p, training, ALPHA | IN_PLACE);
}

Tensor *F_feature_alpha_dropout(Tensor *x, double p, bool training)
{
    return drop("feature_alpha_dropout", x, p, training, ALPHA | CHANNELS);
}

/* Without a batch dimension x gets one. */
static Tensor *drop_channels(const char *op, Tensor *x, double p, bool training, int how, int ndim)
{
    if (x->ndim == ndim) return drop(op, x, p, training, how);
    Tensor *y = drop(op, torch_unsqueeze(x, 0), p, training, how);
    return how & IN_PLACE ? torch_squeeze_dim_(y, 0) : torch_squeeze_dim(y, 0);
}

static Tensor *drop1d(Tensor *x, double p, bool training, int how)
{
    if (!probability("dropout1d", x, p)) return NULL;
    if (x->ndim != 2 && x->ndim != 3)
        return cer_raise(TORCH_RUNTIME_ERROR, "dropout1d",
                         "dropout1d: Expected 2D or 3D input, but received a %dD input. Note that dropout1d exists to "
                         "provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an "
                         "optional batch dimension (i.e. 2D or 3D inputs).",
                         x->ndim),
               NULL;
    return drop_channels("dropout1d", x, p, training, how, 3);
}

static void warn_of_rank(const char *op, int ndim, int spatial)
{
    torch_warn(
        "UserWarning",
        "%s: Received a %d-D input to %s, which is deprecated and will result in an error in a future release. To "
        "retain the behavior and silence this warning, please use dropout instead. Note that %s exists to provide "
        "channel-wise dropout on inputs with %d spatial dimensions, a channel dimension, and an optional batch "
        "dimension (i.e. %dD or %dD inputs).",
        op, ndim, op, op, spatial, spatial + 1, spatial + 2);
}

static Tensor *drop2d(Tensor *x, double p, bool training, int how)
{
    if (!probability("dropout2d", x, p)) return NULL;
    if (x->ndim != 3 && x->ndim != 4) warn_of_rank("dropout2d", x->ndim, 2);
    if (x->ndim == 3)
        torch_warn(
            "UserWarning",
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is "
            "desired - input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will "
            "change in a future release to interpret the input as one without a batch dimension, i.e. shape (C, "
            "H, W). To maintain the 1D channel-wise dropout behavior, please switch to using dropout1d instead.");
    return drop("dropout2d", x, p, training, how);
}

static Tensor *drop3d(Tensor *x, double p, bool training, int how)
{
    if (!probability("dropout3d", x, p)) return NULL;
    if (x->ndim != 4 && x->ndim != 5) warn_of_rank("dropout3d", x->ndim, 3);
    return drop_channels("dropout3d", x, p, training, how, 5);
}

#define OF_CHANNELS(dims)                                          \
    Tensor *F_dropout##dims(Tensor *x, double p, bool training)    \
    {                                                              \
        return drop##dims(x, p, training, CHANNELS);               \
    }                                                              \
    Tensor *F_dropout##dims##_(Tensor *x, double p, bool training) \
    {                                                              \
        return drop##dims(x, p, training, CHANNELS | IN_PLACE);    \
    }
OF_CHANNELS(1d)
OF_CHANNELS(2d)
OF_CHANNELS(3d)

/* ---- rrelu: a leaky relu whose slope is drawn for each element up to 0 ------------------------------------------- */

typedef struct RreluAttrs {
    torch_Generator *generator;
    double lower, upper;
    bool training;
} RreluAttrs;

static bool rrelu_shape(cer_Call *c)
{
    const RreluAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    if (a->lower > a->upper && a->training)
        return cer_raise(TORCH_RUNTIME_ERROR, "rrelu", "Lower bound should be less than or equal to the upper bound");
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "rrelu", "\"%s\" not implemented for '%s'",
                         a->training ? "rrelu_with_noise_out_cpu" : "leaky_relu_cpu", cer_type_name(x->dtype));
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    cer_form(&c->form[1], x->dtype, x->ndim, x->shape);
    return true;
}

/* The slope of each of n elements: drawn up to 0, 1 above; each drawn number comes from two words. */
enum { RRELU_BLOCK = 256 };

static void draw_slopes(const RreluAttrs *a, torch_Generator *g, int64_t n, const double *value, double *slope)
{
    uint32_t word[2 * RRELU_BLOCK + 2];
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++) k += value[i] <= 0;
    cer_random32_fill(g, word, 2 * k);
    word[2 * k] = word[2 * k + 1] = 0; /* read behind the last, and not used */
    k = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = ((uint64_t)word[2 * k] << 32 | word[2 * k + 1]) & ((UINT64_C(1) << 53) - 1);
        double drawn = (double)(int64_t)bits * 0x1p-53 * (a->upper - a->lower) + a->lower;
        slope[i] = value[i] <= 0 ? drawn : 1;
        k += value[i] <= 0;
    }
}

#define RRELU(T)                                                                                        \
    static void rrelu_##T(const RreluAttrs *a, torch_Generator *g, int64_t n, T *x, T *slope)           \
    {                                                                                                   \
        double value[RRELU_BLOCK], r[RRELU_BLOCK];                                                      \
        T fixed = (T)((a->lower + a->upper) / 2);                                                       \
        for (int64_t i = 0; i < n && !a->training; i++) x[i] *= slope[i] = x[i] > 0 ? 1 : fixed;        \
        for (int64_t i = 0; i < n && a->training; i += RRELU_BLOCK) {                                   \
            int64_t here = n - i < RRELU_BLOCK ? n - i : RRELU_BLOCK;                                   \
            for (int64_t k = 0; k < here; k++) value[k] = (double)x[i + k];                             \
            draw_slopes(a, g, here, value, r);                                                          \
            for (int64_t k = 0; k < here; k++) x[i + k] = (T)(value[k] * r[k]), slope[i + k] = (T)r[k]; \
        }                                                                                               \
    }
RRELU(float)
RRELU(double)

static bool rrelu_kernel(cer_Call *c) /* the second output is the slope of each element, 1 above 0 */
{
    const RreluAttrs *a = c->attrs;
    Tensor *out = c->out[0], *slope = c->out[1];
    cer_copy_elements(out, c->in[0].as.t, c->in[0].as.t->stride);
    torch_Generator *g = cer_generator_lock(a->generator);
    if (out->dtype == torch_float64)
        rrelu_double(a, g, out->numel, (double *)(void *)out->data, (double *)(void *)slope->data);
    else
        rrelu_float(a, g, out->numel, (float *)(void *)out->data, (float *)(void *)slope->data);
    cer_generator_unlock(g);
    return true;
}

static void rrelu_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = torch_mul(g[0], cer_saved_output(n, 1));
}

const cer_Op cer_op_rrelu = {.name = "rrelu",
                             .grad_name = "RreluWithNoiseBackward0",
                             .shape = rrelu_shape,
                             .kernel = rrelu_kernel,
                             .vjp = rrelu_vjp,
                             .saves = {CER_SAVE_OUTPUT(1)},
                             .n_outputs = 2,
                             .indices = 2,
                             .attrs_bytes = sizeof(RreluAttrs)};

F_RreluArgs F_RreluArgs_defaults(void)
{
    return (F_RreluArgs){.struct_size = sizeof(F_RreluArgs), .lower = 1.0 / 8, .upper = 1.0 / 3};
}

Tensor *F_rrelu_args(const F_RreluArgs *a)
{
    if (cer_error_pending() || !cer_usable(a->input, "rrelu", 1)) return NULL;
    if (!(a->lower <= a->upper))
        return cer_raise(TORCH_RUNTIME_ERROR, "rrelu", "Lower bound should be less than or equal to the upper bound"),
               NULL;
    return cer_call1(&cer_op_rrelu, a->input, &(RreluAttrs){NULL, a->lower, a->upper, a->training});
}

Tensor *F_rrelu__args(const F_RreluArgs *a)
{
    Tensor *y = F_rrelu_args(a);
    return y ? torch_copy_(a->input, y) : NULL;
}

/* ---- gumbel_softmax ---------------------------------------------------------------------------------------------- */

F_GumbelArgs F_GumbelArgs_defaults(void)
{
    return (F_GumbelArgs){.struct_size = sizeof(F_GumbelArgs), .tau = 1, .dim = -1};
}

Tensor *F_gumbel_softmax_args(const F_GumbelArgs *a)
{
    Tensor *x = a->logits, *index;
    if (cer_error_pending() || !cer_usable(x, "gumbel_softmax", 1)) return NULL;
    Tensor *gumbels = torch_neg(torch_log(torch_exponential_(cer_empty(x->dtype, x->ndim, x->shape), 1)));
    Tensor *soft = torch_softmax(torch_div(torch_add(x, gumbels), a->tau), a->dim);
    if (!a->hard || !torch_max_dim(soft, a->dim, true, &index)) return soft && !cer_error_pending() ? soft : NULL;
    Tensor *one_hot = torch_scatter_(cer_zeros(x->dtype, x->ndim, x->shape), a->dim, index, 1.0);
    return torch_add(torch_sub(one_hot, torch_detach(soft)), soft);
}
