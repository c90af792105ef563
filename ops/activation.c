/* Activations whose public face or gradient is more than its row in pointwise.def. */
#include <math.h>
#include <string.h>

#include "ops/ops_internal.h"

/* One operand and options of numbers. */
#define NUMBERS(...) ((const torch_Scalar[]){__VA_ARGS__})
#define NUMBER(v) torch_scalar_double(v)

static bool is_integral(const Tensor *x)
{
    return !torch_dtype_is_floating_point(torch_dtype_of(x));
}

/* ---- gradients --------------------------------------------------------------------------------------------------- */

Tensor *cer_slope(const cer_Op *op, const cer_Node *n, Tensor *g, torch_Scalar x)
{
    torch_Scalar in[2] = {torch_scalar_tensor(g), x};
    return cer_call(op, in, 2, cer_attrs(n));
}

Tensor *cer_inside(Tensor *g, torch_Scalar x, double bound)
{
    torch_Scalar in[2] = {torch_scalar_tensor(g), x};
    return cer_call(&cer_op_hardtanh_backward, in, 2, NUMBERS(NUMBER(-bound), NUMBER(bound)));
}

/* s + x s (1 - s), in ops that can be differentiated again where that may be wanted: PyTorch's node has no formula. */
Tensor *cer_silu_vjp(Tensor *g, Tensor *x)
{
    if (!torch_is_grad_enabled()) return cer_call2(&cer_op_silu_backward, g, x, NULL);
    Tensor *s = torch_sigmoid(x);
    return torch_mul(torch_mul(g, s), torch_add(torch_mul(x, torch_sub(1, s)), 1));
}

/* t + x s (1 - t^2), t = tanh(log(1 + e^x)) */
Tensor *cer_mish_vjp(Tensor *g, Tensor *x)
{
    if (!torch_is_grad_enabled()) return cer_call2(&cer_op_mish_backward, g, x, NULL);
    Tensor *s = torch_sigmoid(x), *t = torch_tanh(F_softplus(x));
    return torch_mul(g, torch_add(t, torch_mul(torch_mul(x, s), torch_sub(1, torch_mul(t, t)))));
}

/* (2 - x^2) e^(-x^2 / 2) / sqrt(2 pi) */
Tensor *cer_gelu_curve(Tensor *g, torch_Scalar x)
{
    Tensor *square = torch_mul(x, x);
    Tensor *density = torch_mul(torch_exp(torch_mul(square, -0.5)), 0x1.9884533d43651p-2);
    return torch_mul(g, torch_mul(density, torch_sub(2, square)));
}

/* The second derivative of x s(v(x)): s (1 - s) (2 v' + x ((1 - 2 s) v'^2 + v'')) */
Tensor *cer_gelu_tanh_curve(Tensor *g, torch_Scalar x)
{
    const double c = 0x1.9884533d43651p+0, k = 0.044715;
    Tensor *square = torch_mul(x, x);
    Tensor *s = torch_sigmoid(torch_mul(torch_mul(x, c), torch_add(torch_mul(square, k), 1)));
    Tensor *v1 = torch_mul(torch_add(torch_mul(square, 3 * k), 1), c), *v2 = torch_mul(x, 6 * c * k);
    Tensor *bend = torch_add(torch_mul(torch_sub(1, torch_mul(s, 2)), torch_mul(v1, v1)), v2);
    Tensor *curve = torch_add(torch_mul(v1, 2), torch_mul(x, bend));
    return torch_mul(g, torch_mul(torch_mul(s, torch_sub(1, s)), curve));
}

Tensor *cer_softplus_curve(Tensor *g, torch_Scalar x, torch_Scalar beta, torch_Scalar threshold)
{
    Tensor *scaled = torch_mul(x, beta);
    Tensor *curve = torch_mul(cer_sigmoid_backward(g, torch_sigmoid(scaled)), beta);
    return torch_mul(curve, torch_lt(scaled, threshold));
}

Tensor *cer_elu_curve(Tensor *g, torch_Scalar x, const void *attrs)
{
    torch_Scalar in[2] = {torch_scalar_tensor(g), x};
    return torch_mul(cer_call(&cer_op_elu_backward, in, 2, attrs), torch_lt(x, 0));
}

Tensor *cer_prelu_backward(Tensor *g, torch_Scalar x, torch_Scalar weight)
{
    torch_Scalar in[3] = {torch_scalar_tensor(g), x, weight};
    return cer_call(&cer_op_prelu_backward, in, 3, NULL);
}

Tensor *cer_prelu_weight_backward(Tensor *g, torch_Scalar x)
{
    torch_Scalar in[2] = {torch_scalar_tensor(g), x};
    return cer_call(&cer_op_prelu_weight_backward, in, 2, NULL);
}

Tensor *cer_prelu_negative(Tensor *g, torch_Scalar x)
{
    return cer_where(TORCH_SCALAR(torch_gt(x, 0)), torch_scalar_int(0), TORCH_SCALAR(g));
}

/* ---- without options --------------------------------------------------------------------------------------------- */

#define PLAIN(name, op)                          \
    Tensor *F_##name(Tensor *x)                  \
    {                                            \
        return cer_call1(&cer_op_##op, x, NULL); \
    }
PLAIN(silu, silu)
PLAIN(silu_, silu_)
PLAIN(mish, mish)
PLAIN(mish_, mish_)
PLAIN(hardswish, hardswish)
PLAIN(hardswish_, hardswish_)
PLAIN(hardsigmoid, hardsigmoid)
PLAIN(hardsigmoid_, hardsigmoid_)
PLAIN(logsigmoid, log_sigmoid)

Tensor *F_relu_(Tensor *x)
{
    return torch_relu_(x);
}

Tensor *F_softsign(Tensor *x)
{
    return torch_div(x, torch_add(torch_abs(x), 1));
}

Tensor *F_tanhshrink(Tensor *x)
{
    return torch_sub(x, torch_tanh(x));
}

Tensor *F_gelu_args(const F_GeluArgs *a)
{
    if (cer_error_pending() || !cer_usable(a->input, "gelu", 1)) return NULL;
    bool formula = a->approximate && strcmp(a->approximate, "tanh") == 0;
    if (!formula && (!a->approximate || strcmp(a->approximate, "none") != 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "gelu", "approximate argument must be either none or tanh."), NULL;
    return cer_call1(formula ? &cer_op_gelu_tanh : &cer_op_gelu, a->input, NULL);
}

F_GeluArgs F_GeluArgs_defaults(void)
{
    return (F_GeluArgs){.struct_size = sizeof(F_GeluArgs), .approximate = "none"};
}

/* ---- softplus ---------------------------------------------------------------------------------------------------- */

Tensor *F_softplus_args(const F_SoftplusArgs *a)
{
    return cer_call1(&cer_op_softplus, a->input, NUMBERS(NUMBER(a->beta), NUMBER(a->threshold)));
}

F_SoftplusArgs F_SoftplusArgs_defaults(void)
{
    return (F_SoftplusArgs){.struct_size = sizeof(F_SoftplusArgs), .beta = 1, .threshold = 20};
}

/* ---- elu: alpha scale, scale, and what multiplies the input of the exponential ----------------------------------- */

static Tensor *elu(const cer_Op *op, Tensor *x, double negative, double positive, double input)
{
    return cer_call1(op, x, NUMBERS(NUMBER(negative), NUMBER(positive), NUMBER(input)));
}

Tensor *F_elu_args(const F_EluArgs *a)
{
    return elu(&cer_op_elu, a->input, a->alpha, 1, 1);
}

Tensor *F_elu__args(const F_EluArgs *a)
{
    return elu(&cer_op_elu_, a->input, a->alpha, 1, 1);
}

static Tensor *celu(const cer_Op *op, const F_EluArgs *a)
{
    if (cer_error_pending()) return NULL;
    if (a->alpha == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "celu", "ZeroDivisionError: alpha cannot be 0 for CELU"), NULL;
    return elu(op, a->input, a->alpha, 1, 1 / a->alpha);
}

Tensor *F_celu_args(const F_EluArgs *a)
{
    return celu(&cer_op_celu, a);
}

Tensor *F_celu__args(const F_EluArgs *a)
{
    return celu(&cer_op_celu_, a);
}

F_EluArgs F_EluArgs_defaults(void)
{
    return (F_EluArgs){.struct_size = sizeof(F_EluArgs), .alpha = 1};
}

static const double selu_alpha = 1.6732632423543772848170429916717, selu_scale = 1.0507009873554804934193349852946;

Tensor *F_selu(Tensor *x)
{
    return elu(&cer_op_elu, x, selu_alpha * selu_scale, selu_scale, 1);
}

Tensor *F_selu_(Tensor *x)
{
    return elu(&cer_op_elu_, x, selu_alpha * selu_scale, selu_scale, 1);
}

/* ---- leaky_relu, threshold --------------------------------------------------------------------------------------- */

Tensor *F_leaky_relu_args(const F_LeakyReluArgs *a)
{
    return cer_call1(&cer_op_leaky_relu, a->input, NUMBERS(NUMBER(a->negative_slope)));
}

Tensor *F_leaky_relu__args(const F_LeakyReluArgs *a)
{
    return cer_call1(&cer_op_leaky_relu_, a->input, NUMBERS(NUMBER(a->negative_slope)));
}

F_LeakyReluArgs F_LeakyReluArgs_defaults(void)
{
    return (F_LeakyReluArgs){.struct_size = sizeof(F_LeakyReluArgs), .negative_slope = 0.01};
}

static Tensor *threshold(const cer_Op *op, Tensor *x, torch_Scalar threshold, torch_Scalar value)
{
    torch_Scalar number[2] = {threshold, value};
    if (cer_error_pending()) return NULL;
    for (int i = 0; i < 2; i++)
        if (number[i].kind == TORCH_KIND_TENSOR || number[i].kind == TORCH_KIND_NONE)
            return cer_raise(TORCH_TYPE_ERROR, "threshold", "threshold(): argument '%s' (position %d) must be Number",
                             i ? "value" : "threshold", i + 2),
                   NULL;
    return cer_call1(op, x, number);
}

Tensor *F_threshold_Scalar(Tensor *x, torch_Scalar limit, torch_Scalar value)
{
    return threshold(&cer_op_threshold, x, limit, value);
}

Tensor *F_threshold__Scalar(Tensor *x, torch_Scalar limit, torch_Scalar value)
{
    return threshold(&cer_op_threshold_, x, limit, value);
}

/* ---- hardtanh, relu6 --------------------------------------------------------------------------------------------- */

static Tensor *hardtanh(const cer_Op *op, Tensor *x, double low, double high)
{
    if (cer_error_pending() || !cer_usable(x, "hardtanh", 1)) return NULL;
    if (torch_dtype_of(x) == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, "hardtanh", "Bool inputs not supported for hardtanh"), NULL;
    if (torch_dtype_of(x) == torch_uint8 && (low <= -1 || high <= -1))
        return cer_raise(TORCH_RUNTIME_ERROR, "hardtanh",
                         "cannot do hardtanh on an unsigned type with negative limits"),
               NULL;
    if (is_integral(x)) low = trunc(low), high = trunc(high);
    return cer_call1(op, x, NUMBERS(NUMBER(low), NUMBER(high)));
}

Tensor *F_hardtanh_args(const F_HardtanhArgs *a)
{
    return hardtanh(&cer_op_hardtanh, a->input, a->min_val, a->max_val);
}

Tensor *F_hardtanh__args(const F_HardtanhArgs *a)
{
    return hardtanh(&cer_op_hardtanh_, a->input, a->min_val, a->max_val);
}

F_HardtanhArgs F_HardtanhArgs_defaults(void)
{
    return (F_HardtanhArgs){.struct_size = sizeof(F_HardtanhArgs), .min_val = -1, .max_val = 1};
}

Tensor *F_relu6(Tensor *x)
{
    return hardtanh(&cer_op_hardtanh, x, 0, 6);
}

Tensor *F_relu6_(Tensor *x)
{
    return hardtanh(&cer_op_hardtanh_, x, 0, 6);
}

/* ---- shrinking --------------------------------------------------------------------------------------------------- */

Tensor *F_hardshrink_args(const F_ShrinkArgs *a)
{
    return cer_call1(&cer_op_hardshrink, a->input, NUMBERS(NUMBER(a->lambd)));
}

Tensor *F_softshrink_args(const F_ShrinkArgs *a)
{
    if (cer_error_pending()) return NULL;
    if (!(a->lambd >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "softshrink", "lambda must be greater or equal to 0, but found to be %g.",
                         a->lambd),
               NULL;
    return cer_call1(&cer_op_softshrink, a->input, NUMBERS(NUMBER(a->lambd)));
}

F_ShrinkArgs F_ShrinkArgs_defaults(void)
{
    return (F_ShrinkArgs){.struct_size = sizeof(F_ShrinkArgs), .lambd = 0.5};
}

/* ---- prelu ------------------------------------------------------------------------------------------------------- */

Tensor *F_prelu(Tensor *x, Tensor *weight)
{
    if (cer_error_pending() || !cer_usable(x, "prelu", 1) || !cer_usable(weight, "prelu", 2)) return NULL;
    if (torch_dtype_of(x) != torch_dtype_of(weight))
        return cer_raise(TORCH_RUNTIME_ERROR, "prelu", "Found dtype %s but expected %s",
                         cer_type_name(torch_dtype_of(weight)), cer_type_name(torch_dtype_of(x))),
               NULL;
    int64_t n = torch_numel(weight), ndim = torch_dim(x), channels = ndim > 1 ? torch_size(x, 1) : 1;
    if (torch_dim(weight) > 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "prelu",
                         "prelu: Expected `weight` to be a scalar or 1D tensor, but got ndim = %d",
                         (int)torch_dim(weight)),
               NULL;
    if (n != 1 && ndim == 0) return cer_raise(TORCH_RUNTIME_ERROR, "prelu", "Not allow zero-dim input tensor."), NULL;
    if (n != 1 && n != channels)
        return cer_raise(TORCH_RUNTIME_ERROR, "prelu",
                         "Mismatch of parameter numbers and input channel size. Found parameter numbers = %lld and "
                         "channel size = %lld.",
                         (long long)n, (long long)channels),
               NULL;
    int64_t shape[TORCH_MAX_DIM]; /* the weight's place is dimension 1 */
    for (int64_t d = 0; d < ndim; d++) shape[d] = d == 1 ? n : 1;
    return cer_call2(&cer_op_prelu, x, ndim ? torch_view_n(weight, ndim, shape) : torch_view_n(weight, 0, shape), NULL);
}

/* ---- glu --------------------------------------------------------------------------------------------------------- */

Tensor *F_glu_args(const F_GluArgs *a)
{
    int64_t dim;
    Tensor *x = a->input;
    if (cer_error_pending() || !cer_usable(x, "glu", 1)) return NULL;
    if (torch_dim(x) == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "glu", "glu does not support scalars because halving size must be even"),
               NULL;
    if (!cer_wrap_dim("glu", a->dim, torch_dim(x), &dim)) return NULL;
    int64_t size = torch_size(x, dim);
    if (size % 2)
        return cer_raise(TORCH_RUNTIME_ERROR, "glu", "Halving dimension must be even, but dimension %lld is size %lld",
                         (long long)dim, (long long)size),
               NULL;
    torch_TensorList half = torch_split_with_sizes(x, TORCH_DIMS(size / 2, size / 2), dim); /* sizes: 0 has halves */
    return half.length == 2 ? cer_call2(&cer_op_glu, half.tensor[0], half.tensor[1], NULL) : NULL;
}

F_GluArgs F_GluArgs_defaults(void)
{
    return (F_GluArgs){.struct_size = sizeof(F_GluArgs), .dim = -1};
}
