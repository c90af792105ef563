/* torch.nn.init. Bounds are computed in PyTorch's order of operations, so that draws agree to the last bit. */
#include <math.h>

#include "layer.h"

nn_InitUniformArgs nn_InitUniformArgs_defaults(void)
{
    return (nn_InitUniformArgs){.struct_size = sizeof(nn_InitUniformArgs), .b = 1};
}

nn_InitNormalArgs nn_InitNormalArgs_defaults(void)
{
    return (nn_InitNormalArgs){.struct_size = sizeof(nn_InitNormalArgs), .std = 1, .a = -2, .b = 2};
}

nn_InitGainArgs nn_InitGainArgs_defaults(void)
{
    return (nn_InitGainArgs){.struct_size = sizeof(nn_InitGainArgs), .gain = 1};
}

nn_InitKaimingArgs nn_InitKaimingArgs_defaults(void)
{
    return (nn_InitKaimingArgs){
        .struct_size = sizeof(nn_InitKaimingArgs), .mode = "fan_in", .nonlinearity = "leaky_relu"};
}

nn_InitDiracArgs nn_InitDiracArgs_defaults(void)
{
    return (nn_InitDiracArgs){.struct_size = sizeof(nn_InitDiracArgs), .groups = 1};
}

nn_InitSparseArgs nn_InitSparseArgs_defaults(void)
{
    return (nn_InitSparseArgs){.struct_size = sizeof(nn_InitSparseArgs), .std = 0.01};
}

/* ---- without recording, what is made on the way ends ------------------------------------------------------------- */

typedef struct Frame {
    int64_t scope;
    bool grad;
} Frame;

static Frame begin(void)
{
    Frame f = {torch_scope_push(), torch_set_grad_enabled(false)};
    return f;
}

static Tensor *end(Frame f, Tensor *t)
{
    torch_set_grad_enabled(f.grad);
    torch_scope_pop(f.scope);
    return cer_error_pending() ? NULL : t;
}

static Tensor *uniform(Tensor *t, double from, double to)
{
    Frame f = begin();
    torch_uniform_(t, from, to);
    return end(f, t);
}

static Tensor *normal(Tensor *t, double mean, double std)
{
    Frame f = begin();
    torch_normal_(t, mean, std);
    return end(f, t);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

Tensor *nn_init_constant_(Tensor *t, double value)
{
    Frame f = begin();
    torch_fill_(t, value);
    return end(f, t);
}

Tensor *nn_init_ones_(Tensor *t)
{
    return nn_init_constant_(t, 1);
}

Tensor *nn_init_zeros_(Tensor *t)
{
    return nn_init_constant_(t, 0);
}

Tensor *nn_init_eye_(Tensor *t)
{
    if (cer_error_pending() || !cer_usable(t, "eye_", 1)) return NULL;
    if (t->ndim != 2) return cer_raise(TORCH_VALUE_ERROR, "eye_", "Only tensors with 2 dimensions are supported"), NULL;
    Frame f = begin();
    torch_copy_(t, torch_eye_m(t->shape[0], t->shape[1]));
    return end(f, t);
}

Tensor *nn_init_dirac__args(const nn_InitDiracArgs *args)
{
    nn_InitDiracArgs a = nn_InitDiracArgs_defaults();
    cer_args(&a, sizeof a, args);
    Tensor *t = a.tensor;
    if (cer_error_pending() || !cer_usable(t, "dirac_", 1)) return NULL;
    if (t->ndim < 3 || t->ndim > 5)
        return cer_raise(TORCH_VALUE_ERROR, "dirac_", "Only tensors with 3, 4, or 5 dimensions are supported"), NULL;
    if (a.groups == 0) return cer_raise(TORCH_VALUE_ERROR, "dirac_", "integer division or modulo by zero"), NULL;
    if (a.groups != -1 && t->shape[0] % a.groups != 0)
        return cer_raise(TORCH_VALUE_ERROR, "dirac_", "dim 0 must be divisible by groups"), NULL;
    int64_t out = a.groups > 0 ? t->shape[0] / a.groups : 0, least = out < t->shape[1] ? out : t->shape[1];
    Frame f = begin();
    torch_zero_(t);
    for (int64_t k = 0; k < a.groups * least && !cer_error_pending(); k++) {
        int64_t scope = torch_scope_push(), d = k % least;
        Tensor *middle = torch_select(torch_select(t, 0, k / least * out + d), 0, d);
        for (int64_t i = 2; i < t->ndim; i++) middle = torch_select(middle, 0, t->shape[i] / 2);
        torch_fill_(middle, 1);
        torch_scope_pop(scope);
    }
    return end(f, t);
}

/* ---- plain draws ------------------------------------------------------------------------------------------------- */

Tensor *nn_init_uniform__args(const nn_InitUniformArgs *args)
{
    nn_InitUniformArgs a = nn_InitUniformArgs_defaults();
    cer_args(&a, sizeof a, args);
    return uniform(a.tensor, a.a, a.b);
}

Tensor *nn_init_normal__args(const nn_InitNormalArgs *args)
{
    nn_InitNormalArgs a = nn_InitNormalArgs_defaults();
    cer_args(&a, sizeof a, args);
    return normal(a.tensor, a.mean, a.std);
}

static double normal_cdf(double x)
{
    return (1 + erf(x / sqrt(2.0))) / 2;
}

Tensor *nn_init_trunc_normal__args(const nn_InitNormalArgs *args)
{
    nn_InitNormalArgs a = nn_InitNormalArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending() || !cer_usable(a.tensor, "trunc_normal_", 1)) return NULL;
    if (a.mean < a.a - 2 * a.std || a.mean > a.b + 2 * a.std)
        torch_warn("UserWarning", "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
                                  "The distribution of values may be incorrect.");
    if (a.std == 0) return cer_raise(TORCH_VALUE_ERROR, "trunc_normal_", "float division by zero"), NULL;
    double low = normal_cdf((a.a - a.mean) / a.std), high = normal_cdf((a.b - a.mean) / a.std);
    Frame f = begin();
    torch_uniform_(a.tensor, 2 * low - 1, 2 * high - 1);
    torch_erfinv_(a.tensor);
    torch_mul_(a.tensor, a.std * sqrt(2.0));
    torch_add_(a.tensor, a.mean);
    torch_clamp_(a.tensor, a.a, a.b);
    return end(f, a.tensor);
}

/* ---- draws by fans ----------------------------------------------------------------------------------------------- */

double nn_init_calculate_gain_param(const char *nonlinearity, double param)
{
    static const char *const linear[] = {"linear",           "conv1d",           "conv2d",           "conv3d",
                                         "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"};
    if (cer_error_pending()) return TORCH_NAN;
    const char *n = nonlinearity ? nonlinearity : "None";
    for (size_t i = 0; i < sizeof linear / sizeof *linear; i++)
        if (strcmp(n, linear[i]) == 0) return 1;
    if (strcmp(n, "tanh") == 0) return 5.0 / 3;
    if (strcmp(n, "relu") == 0) return sqrt(2.0);
    if (strcmp(n, "selu") == 0) return 3.0 / 4;
    double slope = isnan(param) ? 0.01 : param;
    if (strcmp(n, "leaky_relu") == 0) return sqrt(2.0 / (1 + slope * slope));
    cer_raise(TORCH_VALUE_ERROR, "calculate_gain", "Unsupported nonlinearity %s", n);
    return TORCH_NAN;
}

/* fan_in = in * kernel, fan_out = out * kernel of (out, in, *kernel) */
static bool fans(const Tensor *t, const char *op, double *in, double *out)
{
    if (t->ndim < 2)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
    double kernel = 1;
    for (int64_t i = 2; i < t->ndim; i++) kernel *= (double)t->shape[i];
    *in = (double)t->shape[1] * kernel;
    *out = (double)t->shape[0] * kernel;
    return true;
}

static bool xavier(const nn_InitGainArgs *args, const char *op, nn_InitGainArgs *a, double *std)
{
    double in, out;
    cer_args(a, sizeof *a, args);
    if (cer_error_pending() || !cer_usable(a->tensor, op, 1) || !fans(a->tensor, op, &in, &out)) return false;
    if (in + out == 0) return cer_raise(TORCH_VALUE_ERROR, op, "float division by zero");
    *std = a->gain * sqrt(2.0 / (in + out));
    return true;
}

Tensor *nn_init_xavier_uniform__args(const nn_InitGainArgs *args)
{
    nn_InitGainArgs a = nn_InitGainArgs_defaults();
    double std;
    if (!xavier(args, "xavier_uniform_", &a, &std)) return NULL;
    double bound = sqrt(3.0) * std;
    return uniform(a.tensor, -bound, bound);
}

Tensor *nn_init_xavier_normal__args(const nn_InitGainArgs *args)
{
    nn_InitGainArgs a = nn_InitGainArgs_defaults();
    double std;
    return xavier(args, "xavier_normal_", &a, &std) ? normal(a.tensor, 0, std) : NULL;
}

static bool same_lower(const char *text, const char *lower)
{
    for (; *text && *lower; text++, lower++)
        if ((*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text) != *lower) return false;
    return *text == *lower;
}

/* False: an error, or nothing to draw. */
static bool kaiming(const nn_InitKaimingArgs *args, const char *op, nn_InitKaimingArgs *a, double *std)
{
    double in, out;
    cer_args(a, sizeof *a, args);
    if (cer_error_pending() || !cer_usable(a->tensor, op, 1)) return false;
    if (torch_numel(a->tensor) == 0)
        return torch_warn("UserWarning", "Initializing zero-element tensors is a no-op"), false;
    const char *mode = a->mode ? a->mode : "none";
    bool by_in = same_lower(mode, "fan_in");
    if (!by_in && !same_lower(mode, "fan_out"))
        return cer_raise(TORCH_VALUE_ERROR, op, "Mode %s not supported, please use one of ['fan_in', 'fan_out']", mode);
    if (!fans(a->tensor, op, &in, &out)) return false;
    double gain = nn_init_calculate_gain_param(a->nonlinearity, a->a);
    *std = gain / sqrt(by_in ? in : out);
    return !cer_error_pending();
}

Tensor *nn_init_kaiming_uniform__args(const nn_InitKaimingArgs *args)
{
    nn_InitKaimingArgs a = nn_InitKaimingArgs_defaults();
    double std;
    if (!kaiming(args, "kaiming_uniform_", &a, &std)) return cer_error_pending() ? NULL : a.tensor;
    double bound = sqrt(3.0) * std;
    return uniform(a.tensor, -bound, bound);
}

Tensor *nn_init_kaiming_normal__args(const nn_InitKaimingArgs *args)
{
    nn_InitKaimingArgs a = nn_InitKaimingArgs_defaults();
    double std;
    if (!kaiming(args, "kaiming_normal_", &a, &std)) return cer_error_pending() ? NULL : a.tensor;
    return normal(a.tensor, 0, std);
}

double cer_nn_bias_bound(const Tensor *weight)
{
    double in, out;
    return fans(weight, "bias", &in, &out) && in > 0 ? 1 / sqrt(in) : 0;
}

/* ---- matrices ---------------------------------------------------------------------------------------------------- */

/* Q of a tall normal matrix, with the signs of R's diagonal, so that it is uniform:
 * https://arxiv.org/pdf/math-ph/0609050.pdf */
Tensor *nn_init_orthogonal__args(const nn_InitGainArgs *args)
{
    nn_InitGainArgs a = nn_InitGainArgs_defaults();
    cer_args(&a, sizeof a, args);
    Tensor *t = a.tensor, *r = NULL;
    if (cer_error_pending() || !cer_usable(t, "orthogonal_", 1)) return NULL;
    if (t->ndim < 2)
        return cer_raise(TORCH_VALUE_ERROR, "orthogonal_", "Only tensors with 2 or more dimensions are supported"),
               NULL;
    if (torch_numel(t) == 0) return t;
    int64_t shape[2] = {t->shape[0], torch_numel(t) / t->shape[0]};
    bool wide = shape[0] < shape[1];
    Frame f = begin();
    Tensor *flat = torch_normal_(torch_empty_n(2, shape, t->dtype), 0, 1);
    Tensor *q = torch_linalg_qr(wide ? torch_t(flat) : flat, "reduced", &r);
    q = torch_mul(q, torch_sign(torch_diag(r, 0)));
    torch_copy_(torch_view_n(t, 2, shape), wide ? torch_t(q) : q);
    torch_mul_(t, a.gain);
    return end(f, t);
}

/* ceil(sparsity * rows), as the end of a slice */
static int64_t zeros_of(double sparsity, int64_t rows)
{
    double n = ceil(sparsity * (double)rows);
    if (n < 0) n += (double)rows;
    return n >= (double)rows ? rows : n > 0 ? (int64_t)n : 0;
}

Tensor *nn_init_sparse__args(const nn_InitSparseArgs *args)
{
    nn_InitSparseArgs a = nn_InitSparseArgs_defaults();
    cer_args(&a, sizeof a, args);
    Tensor *t = a.tensor;
    if (cer_error_pending() || !cer_usable(t, "sparse_", 1)) return NULL;
    if (t->ndim != 2)
        return cer_raise(TORCH_VALUE_ERROR, "sparse_", "Only tensors with 2 dimensions are supported"), NULL;
    int64_t rows = t->shape[0], zeros = zeros_of(a.sparsity, rows);
    Frame f = begin();
    torch_normal_(t, 0, a.std);
    for (int64_t j = 0; j < t->shape[1] && !cer_error_pending(); j++) {
        int64_t scope = torch_scope_push();
        torch_scatter_(torch_select(t, 1, j), 0, torch_narrow(torch_randperm(rows), 0, 0, zeros), 0);
        torch_scope_pop(scope);
    }
    return end(f, t);
}
