/* Pointwise functions: shapes broadcast; the formula stands behind each. */
#ifndef CERILLA_OPS_POINTWISE_H
#define CERILLA_OPS_POINTWISE_H

#include "../core/autograd.h"

TORCH_BEGIN

TORCH_API Tensor *torch_add_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_add_alpha_Scalar(torch_Scalar a, torch_Scalar b, torch_Scalar alpha);
TORCH_API Tensor *torch_sub_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_mul_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_div_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_pow_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_eq_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_ne_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_lt_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_le_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_gt_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_ge_Scalar(torch_Scalar a, torch_Scalar b);
#define torch_add(a, b) torch_add_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a + b; of bools: or */
/* torch.add(a, b, alpha=alpha): a + alpha b */
#define torch_add_alpha(a, b, alpha) torch_add_alpha_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b), TORCH_SCALAR(alpha))
#define torch_sub(a, b) torch_sub_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a - b; not for bools */
#define torch_mul(a, b) torch_mul_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a b; of bools: and */
#define torch_div(a, b) torch_div_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a / b, always floating */
/* a ** b. RuntimeError "Integers to negative integer powers are not allowed." */
#define torch_pow(a, b) torch_pow_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b))
#define torch_eq(a, b) torch_eq_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a == b, bool */
#define torch_ne(a, b) torch_ne_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a != b, bool */
#define torch_lt(a, b) torch_lt_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a < b, bool */
#define torch_le(a, b) torch_le_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a <= b, bool */
#define torch_gt(a, b) torch_gt_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a > b, bool */
#define torch_ge(a, b) torch_ge_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a >= b, bool */

TORCH_API Tensor *torch_neg(Tensor *x);        /* -x */
TORCH_API Tensor *torch_abs(Tensor *x);        /* |x| */
TORCH_API Tensor *torch_sign(Tensor *x);       /* -1, 0 or 1 */
TORCH_API Tensor *torch_reciprocal(Tensor *x); /* 1 / x */
TORCH_API Tensor *torch_exp(Tensor *x);        /* e^x */
TORCH_API Tensor *torch_log(Tensor *x);        /* natural logarithm */
TORCH_API Tensor *torch_sqrt(Tensor *x);       /* square root */
TORCH_API Tensor *torch_tanh(Tensor *x);       /* hyperbolic tangent */
TORCH_API Tensor *torch_sigmoid(Tensor *x);    /* 1 / (1 + e^-x) */
TORCH_API Tensor *torch_relu(Tensor *x);       /* max(x, 0) */
/* kind NONE: no bound. "At least one of 'min' or 'max' must not be None" */
TORCH_API Tensor *torch_clamp_Scalar(Tensor *x, torch_Scalar min, torch_Scalar max);
/* torch.clamp(x, min, max): min(max(x, lo), hi); torch_clamp(x, .min = 0), torch_clamp(x, -1, 1) */
typedef struct torch_ClampArgs {
    size_t struct_size;
    Tensor *self;
    double min, max; /* NaN: no bound */
} torch_ClampArgs;
TORCH_API torch_ClampArgs torch_ClampArgs_defaults(void);
TORCH_API Tensor *torch_clamp_args(const torch_ClampArgs *args);
#define torch_clamp(...)                 \
    torch_clamp_args(&(torch_ClampArgs){ \
        .min = TORCH_NAN, .max = TORCH_NAN, .struct_size = sizeof(torch_ClampArgs), .self = __VA_ARGS__})

/* ---- in place ---------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_add__Scalar(Tensor *x, torch_Scalar other, torch_Scalar alpha);
TORCH_API Tensor *torch_sub__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_mul__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_div__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_fill__Scalar(Tensor *x, torch_Scalar value);
#define torch_add_(x, other) torch_add__Scalar(x, TORCH_SCALAR(other), torch_scalar_none()) /* x += other */
/* x.add_(other, alpha=alpha) */
#define torch_add_alpha_(x, other, alpha) torch_add__Scalar(x, TORCH_SCALAR(other), TORCH_SCALAR(alpha))
#define torch_sub_(x, other) torch_sub__Scalar(x, TORCH_SCALAR(other))   /* x -= other */
#define torch_mul_(x, other) torch_mul__Scalar(x, TORCH_SCALAR(other))   /* x *= other */
#define torch_div_(x, other) torch_div__Scalar(x, TORCH_SCALAR(other))   /* x /= other */
#define torch_fill_(x, value) torch_fill__Scalar(x, TORCH_SCALAR(value)) /* every element = value */
TORCH_API Tensor *torch_zero_(Tensor *x);                                /* every element = 0 */
TORCH_API Tensor *torch_copy_(Tensor *x, Tensor *source);                /* source is broadcast and cast to x */
TORCH_API Tensor *torch_neg_(Tensor *x);
TORCH_API Tensor *torch_exp_(Tensor *x);
TORCH_API Tensor *torch_sqrt_(Tensor *x);
TORCH_API Tensor *torch_tanh_(Tensor *x);
TORCH_API Tensor *torch_sigmoid_(Tensor *x);
TORCH_API Tensor *torch_relu_(Tensor *x);

TORCH_END

#endif
