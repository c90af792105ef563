/* Sums and differences whose public face is more than a row of pointwise.def: numbers on the left, bools, alpha. */
#include "ops/ops_internal.h"

static bool is_bool(torch_Scalar s)
{
    return s.kind == TORCH_KIND_BOOL || (s.kind == TORCH_KIND_TENSOR && s.as.t && torch_dtype_of(s.as.t) == torch_bool);
}

static bool is_tensor(torch_Scalar s)
{
    return s.kind == TORCH_KIND_TENSOR;
}

static Tensor *binary(const cer_Op *op, torch_Scalar a, torch_Scalar b, const torch_Scalar *params)
{
    torch_Scalar in[2] = {a, b};
    return cer_call(op, in, 2, params);
}

/* ---- add, sub ---------------------------------------------------------------------------------------------------- */

/* A fractional alpha for integers is refused; alpha 1 is a plain sum. */
static bool alpha_fits(const char *op, torch_Scalar a, torch_Scalar b, torch_Scalar alpha)
{
    torch_Scalar in[2] = {a, b};
    for (int i = 0; i < 2; i++)
        if (is_tensor(in[i]) && !cer_usable(in[i].as.t, op, i + 1)) return false;
    torch_dtype type = cer_result_type(in, 2);
    if (alpha.kind == TORCH_KIND_BOOL && type != torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Boolean alpha only supported for Boolean results.");
    if (alpha.kind == TORCH_KIND_DOUBLE && !torch_dtype_is_floating_point(type))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "For integral input tensors, argument alpha must not be a floating point number.");
    return alpha.kind != TORCH_KIND_TENSOR && alpha.kind != TORCH_KIND_NONE
               ? true
               : cer_raise(TORCH_TYPE_ERROR, op, "%s(): argument 'alpha' must be Number", op);
}

Tensor *torch_add_alpha_Scalar(torch_Scalar a, torch_Scalar b, torch_Scalar alpha)
{
    if (cer_error_pending() || !alpha_fits("add", a, b, alpha)) return NULL;
    if (is_bool(a) && is_bool(b)) return torch_add(a, torch_mul(b, torch_scalar_bool(alpha.as.i != 0)));
    return binary(&cer_op_add_scaled, a, b, &alpha);
}

Tensor *torch_add__Scalar(Tensor *x, torch_Scalar other, torch_Scalar alpha)
{
    if (cer_error_pending()) return NULL;
    if (alpha.kind == TORCH_KIND_NONE) return binary(&cer_op_add_, torch_scalar_tensor(x), other, NULL);
    if (!alpha_fits("add_", torch_scalar_tensor(x), other, alpha)) return NULL;
    return binary(&cer_op_add_scaled_, torch_scalar_tensor(x), other, &alpha);
}

static bool subtractable(torch_Scalar a, torch_Scalar b)
{
    if (cer_error_pending()) return false;
    if (is_bool(a) && is_bool(b))
        return cer_raise(TORCH_RUNTIME_ERROR, "sub",
                         "Subtraction, the `-` operator, with two bool tensors is not supported. Use the "
                         "`^` or `logical_xor()` operator instead.");
    if (is_bool(a) || is_bool(b))
        return cer_raise(TORCH_RUNTIME_ERROR, "sub",
                         "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
                         "to invert a mask, use the `~` or `logical_not()` operator instead.");
    return true;
}

Tensor *torch_sub_Scalar(torch_Scalar a, torch_Scalar b)
{
    if (!subtractable(a, b)) return NULL;
    return !is_tensor(a) && is_tensor(b) ? binary(&cer_op_rsub, b, a, NULL) : binary(&cer_op_sub, a, b, NULL);
}

Tensor *torch_sub__Scalar(Tensor *x, torch_Scalar other)
{
    return subtractable(torch_scalar_tensor(x), other) ? binary(&cer_op_sub_, torch_scalar_tensor(x), other, NULL)
                                                       : NULL;
}

/* x - alpha other */
Tensor *torch_sub_alpha_Scalar(torch_Scalar a, torch_Scalar b, torch_Scalar alpha)
{
    if (!subtractable(a, b) || !alpha_fits("sub", a, b, alpha)) return NULL;
    return binary(&cer_op_sub_scaled, a, b, &alpha);
}

Tensor *torch_sub_alpha__Scalar(Tensor *x, torch_Scalar other, torch_Scalar alpha)
{
    torch_Scalar a = torch_scalar_tensor(x);
    if (!subtractable(a, other) || !alpha_fits("sub_", a, other, alpha)) return NULL;
    return binary(&cer_op_sub_scaled_, a, other, &alpha);
}

Tensor *torch_rsub_Scalar(Tensor *x, torch_Scalar other)
{
    torch_Scalar a = torch_scalar_tensor(x);
    return subtractable(a, other) ? binary(&cer_op_rsub, a, other, NULL) : NULL;
}

static Tensor *negated(const cer_Op *op, Tensor *x)
{
    if (cer_error_pending() || !cer_usable(x, "neg", 1)) return NULL;
    if (is_bool(torch_scalar_tensor(x)))
        return cer_raise(TORCH_RUNTIME_ERROR, "neg",
                         "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
                         "invert a mask, use the `~` or `logical_not()` operator instead."),
               NULL;
    return cer_call1(op, x, NULL);
}

Tensor *torch_neg(Tensor *x)
{
    return negated(&cer_op_neg, x);
}

Tensor *torch_neg_(Tensor *x)
{
    return negated(&cer_op_neg_, x);
}

Tensor *torch_positive(Tensor *x)
{
    if (cer_error_pending() || !cer_usable(x, "positive", 1)) return NULL;
    if (is_bool(torch_scalar_tensor(x)))
        return cer_raise(TORCH_RUNTIME_ERROR, "positive", "The `+` operator, on a bool tensor is not supported."), NULL;
    return x;
}

/* ---- relu -------------------------------------------------------------------------------------------------------- */

static Tensor *relu(const cer_Op *op, Tensor *x)
{
    if (cer_error_pending() || !cer_usable(x, "relu", 1)) return NULL;
    if (is_bool(torch_scalar_tensor(x)))
        return cer_raise(TORCH_RUNTIME_ERROR, "relu", "Boolean inputs not supported for relu"), NULL;
    return cer_call1(op, x, NULL);
}

Tensor *torch_relu(Tensor *x)
{
    return relu(&cer_op_relu, x);
}

Tensor *torch_relu_(Tensor *x)
{
    return relu(&cer_op_relu_, x);
}

/* ---- derivatives that are ops of their own ----------------------------------------------------------------------- */

Tensor *cer_tanh_backward(Tensor *g, Tensor *y)
{
    return cer_call2(&cer_op_tanh_backward, g, y, NULL);
}

Tensor *cer_sigmoid_backward(Tensor *g, Tensor *y)
{
    return cer_call2(&cer_op_sigmoid_backward, g, y, NULL);
}

Tensor *cer_relu_backward(Tensor *g, Tensor *y)
{
    return cer_call2(&cer_op_relu_backward, g, y, NULL);
}
