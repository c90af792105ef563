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
TORCH_API Tensor *torch_sub_alpha_Scalar(torch_Scalar a, torch_Scalar b, torch_Scalar alpha);
TORCH_API Tensor *torch_rsub_Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_pow_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_float_power_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_floor_divide_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_remainder_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_fmod_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_div_mode_Scalar(torch_Scalar a, torch_Scalar b, const char *rounding_mode);
TORCH_API Tensor *torch_copysign_Scalar(torch_Scalar a, torch_Scalar b);
#define torch_add(a, b) torch_add_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a + b; of bools: or */
/* torch.add(a, b, alpha=alpha): a + alpha b */
#define torch_add_alpha(a, b, alpha) torch_add_alpha_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b), TORCH_SCALAR(alpha))
#define torch_sub(a, b) torch_sub_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a - b; not for bools */
/* torch.sub(a, b, alpha=alpha): a - alpha b */
#define torch_sub_alpha(a, b, alpha) torch_sub_alpha_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b), TORCH_SCALAR(alpha))
#define torch_rsub(x, other) torch_rsub_Scalar(x, TORCH_SCALAR(other))     /* other - x */
#define torch_mul(a, b) torch_mul_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a b; of bools: and */
#define torch_div(a, b) torch_div_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a / b, always floating */
/* a ** b. RuntimeError "Integers to negative integer powers are not allowed." */
#define torch_pow(a, b) torch_pow_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b))
#define torch_float_power(a, b) torch_float_power_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a ** b in float64 */
/* Python's a // b and a % b, which has the sign of b. Of integers: RuntimeError "ZeroDivisionError". No gradient of //. */
#define torch_floor_divide(a, b) torch_floor_divide_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b))
#define torch_remainder(a, b) torch_remainder_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b))
#define torch_fmod(a, b) torch_fmod_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* C's a % b, which has the sign of a */
/* torch.div(a, b, rounding_mode=mode): "floor", "trunc", or NULL for the true quotient */
#define torch_div_mode(a, b, mode) torch_div_mode_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b), mode)
#define torch_copysign(a, b) torch_copysign_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* |a| with the sign of b */
#define torch_subtract torch_sub
#define torch_multiply torch_mul
#define torch_divide torch_div
#define torch_true_divide torch_div

TORCH_API Tensor *torch_neg(Tensor *x);      /* -x; not for bools */
TORCH_API Tensor *torch_positive(Tensor *x); /* x itself; not for bools */
TORCH_API Tensor *torch_abs(Tensor *x);      /* |x| */
TORCH_API Tensor *torch_sign(Tensor *x);     /* -1, 0 or 1; of NaN 0 */
TORCH_API Tensor *torch_sgn(Tensor *x);      /* the same */
TORCH_API Tensor *torch_square(Tensor *x);   /* x^2 */
TORCH_API Tensor *torch_rsqrt(Tensor *x);    /* 1 / sqrt(x) */
TORCH_API Tensor *torch_deg2rad(Tensor *x);  /* x pi / 180 */
TORCH_API Tensor *torch_rad2deg(Tensor *x);  /* x 180 / pi */
#define torch_negative torch_neg
#define torch_absolute torch_abs
TORCH_API Tensor *torch_reciprocal(Tensor *x); /* 1 / x */
TORCH_API Tensor *torch_exp(Tensor *x);        /* e^x */
TORCH_API Tensor *torch_log(Tensor *x);        /* natural logarithm */
TORCH_API Tensor *torch_sqrt(Tensor *x);       /* square root */
TORCH_API Tensor *torch_tanh(Tensor *x);       /* hyperbolic tangent */
TORCH_API Tensor *torch_sigmoid(Tensor *x);    /* 1 / (1 + e^-x) */
TORCH_API Tensor *torch_relu(Tensor *x);       /* max(x, 0) */

TORCH_API Tensor *torch_ceil(Tensor *x);
TORCH_API Tensor *torch_floor(Tensor *x);
TORCH_API Tensor *torch_round(Tensor *x); /* to the nearest, halves to even */
TORCH_API Tensor *torch_round_decimals(Tensor *x, int64_t decimals);
TORCH_API Tensor *torch_trunc(Tensor *x); /* toward 0 */
TORCH_API Tensor *torch_frac(Tensor *x);  /* x - trunc(x) */
#define torch_fix torch_trunc

/* ---- of two tensors ---------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_maximum(Tensor *x, Tensor *other); /* a NaN wins; gradient shared evenly between equals */
TORCH_API Tensor *torch_minimum(Tensor *x, Tensor *other);
#define torch_max_other torch_maximum                   /* torch.max(x, other) */
#define torch_min_other torch_minimum                   /* torch.min(x, other) */
TORCH_API Tensor *torch_fmax(Tensor *x, Tensor *other); /* a NaN loses */
TORCH_API Tensor *torch_fmin(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_hypot(Tensor *x, Tensor *other); /* sqrt(x^2 + other^2) */
TORCH_API Tensor *torch_nextafter(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_heaviside(Tensor *x, Tensor *values); /* 0, values or 1: x negative, 0 or positive */
TORCH_API Tensor *torch_ldexp(Tensor *x, Tensor *other);      /* x 2^other */
TORCH_API Tensor *torch_gcd(Tensor *x, Tensor *other);        /* of integers */
TORCH_API Tensor *torch_lcm(Tensor *x, Tensor *other);

/* ---- of three ---------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_lerp_Scalar(Tensor *x, Tensor *end, torch_Scalar weight);
#define torch_lerp(x, end, weight) torch_lerp_Scalar(x, end, TORCH_SCALAR(weight)) /* x + weight (end - x) */
typedef struct torch_AddcArgs {
    size_t struct_size;
    Tensor *self, *tensor1, *tensor2;
    double value;
} torch_AddcArgs;
TORCH_API torch_AddcArgs torch_AddcArgs_defaults(void);
TORCH_API Tensor *torch_addcmul_args(const torch_AddcArgs *args);
TORCH_API Tensor *torch_addcdiv_args(const torch_AddcArgs *args);
#define TORCH_ADDC(...) (&(torch_AddcArgs){.value = 1, .struct_size = sizeof(torch_AddcArgs), .self = __VA_ARGS__})
#define torch_addcmul(...) torch_addcmul_args(TORCH_ADDC(__VA_ARGS__)) /* x + value tensor1 tensor2; .value = 1 */
#define torch_addcdiv(...) torch_addcdiv_args(TORCH_ADDC(__VA_ARGS__)) /* x + value tensor1 / tensor2 */
/* torch.where(condition, x, other): x where the condition (bool) is set, else other; tensors or numbers */
TORCH_API Tensor *torch_where_Scalar(Tensor *condition, torch_Scalar x, torch_Scalar other);
#define torch_where(condition, x, other) torch_where_Scalar(condition, TORCH_SCALAR(x), TORCH_SCALAR(other))
/* value where the mask (bool) is set, else x: a number or a 0-d tensor, in x's type */
TORCH_API Tensor *torch_masked_fill_Scalar(Tensor *x, Tensor *mask, torch_Scalar value);
#define torch_masked_fill(x, mask, value) torch_masked_fill_Scalar(x, mask, TORCH_SCALAR(value))

/* ---- bounds ------------------------------------------------------------------------------------------------------ */
/* Bounds of kind NONE do not bound. "torch.clamp: At least one of 'min' or 'max' must not be None" */
TORCH_API Tensor *torch_clamp_Scalar(Tensor *x, torch_Scalar min, torch_Scalar max);
TORCH_API Tensor *torch_clamp__Scalar(Tensor *x, torch_Scalar min, torch_Scalar max);
TORCH_API Tensor *torch_clamp_tensor(Tensor *x, Tensor *min,
                                     Tensor *max); /* torch.clamp with tensors; NULL: no bound */
TORCH_API Tensor *torch_clamp_tensor_(Tensor *x, Tensor *min, Tensor *max);
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
TORCH_API Tensor *torch_clamp__args(const torch_ClampArgs *args);
#define torch_clamp_(...)                 \
    torch_clamp__args(&(torch_ClampArgs){ \
        .min = TORCH_NAN, .max = TORCH_NAN, .struct_size = sizeof(torch_ClampArgs), .self = __VA_ARGS__})
#define torch_clip torch_clamp
#define torch_clip_ torch_clamp_
TORCH_API Tensor *torch_clamp_min_Scalar(torch_Scalar x, torch_Scalar min);
TORCH_API Tensor *torch_clamp_max_Scalar(torch_Scalar x, torch_Scalar max);
TORCH_API Tensor *torch_clamp_min__Scalar(Tensor *x, torch_Scalar min);
TORCH_API Tensor *torch_clamp_max__Scalar(Tensor *x, torch_Scalar max);
#define torch_clamp_min(x, min) torch_clamp_min_Scalar(TORCH_SCALAR(x), TORCH_SCALAR(min)) /* max(x, min) */
#define torch_clamp_max(x, max) torch_clamp_max_Scalar(TORCH_SCALAR(x), TORCH_SCALAR(max)) /* min(x, max) */
#define torch_clamp_min_(x, min) torch_clamp_min__Scalar(x, TORCH_SCALAR(min))
#define torch_clamp_max_(x, max) torch_clamp_max__Scalar(x, TORCH_SCALAR(max))
/* torch_nan_to_num(x, .nan = 0, .posinf = largest, .neginf = lowest) */
typedef struct torch_NanToNumArgs {
    size_t struct_size;
    Tensor *self;
    double nan, posinf, neginf; /* the infinities: NaN for the largest and the lowest finite number */
} torch_NanToNumArgs;
TORCH_API torch_NanToNumArgs torch_NanToNumArgs_defaults(void);
TORCH_API Tensor *torch_nan_to_num_args(const torch_NanToNumArgs *args);
TORCH_API Tensor *torch_nan_to_num__args(const torch_NanToNumArgs *args);
#define TORCH_NAN_TO_NUM(...) \
    (&(torch_NanToNumArgs){   \
        .posinf = TORCH_NAN, .neginf = TORCH_NAN, .struct_size = sizeof(torch_NanToNumArgs), .self = __VA_ARGS__})
#define torch_nan_to_num(...) torch_nan_to_num_args(TORCH_NAN_TO_NUM(__VA_ARGS__))
#define torch_nan_to_num_(...) torch_nan_to_num__args(TORCH_NAN_TO_NUM(__VA_ARGS__))

/* ---- in place ---------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_add__Scalar(Tensor *x, torch_Scalar other, torch_Scalar alpha);
TORCH_API Tensor *torch_sub__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_mul__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_div__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_sub_alpha__Scalar(Tensor *x, torch_Scalar other, torch_Scalar alpha);
TORCH_API Tensor *torch_pow__Scalar(Tensor *x, torch_Scalar exponent);
TORCH_API Tensor *torch_float_power__Scalar(Tensor *x, torch_Scalar exponent);
TORCH_API Tensor *torch_floor_divide__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_remainder__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_fmod__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_div_mode__Scalar(Tensor *x, torch_Scalar other, const char *rounding_mode);
TORCH_API Tensor *torch_copysign__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_lerp__Scalar(Tensor *x, Tensor *end, torch_Scalar weight);
TORCH_API Tensor *torch_addcmul__args(const torch_AddcArgs *args);
TORCH_API Tensor *torch_addcdiv__args(const torch_AddcArgs *args);
TORCH_API Tensor *torch_masked_fill__Scalar(Tensor *x, Tensor *mask, torch_Scalar value);
TORCH_API Tensor *torch_fill__Scalar(Tensor *x, torch_Scalar value);
#define torch_add_(x, other) torch_add__Scalar(x, TORCH_SCALAR(other), torch_scalar_none()) /* x += other */
/* x.add_(other, alpha=alpha) */
#define torch_add_alpha_(x, other, alpha) torch_add__Scalar(x, TORCH_SCALAR(other), TORCH_SCALAR(alpha))
#define torch_sub_(x, other) torch_sub__Scalar(x, TORCH_SCALAR(other)) /* x -= other */
#define torch_mul_(x, other) torch_mul__Scalar(x, TORCH_SCALAR(other)) /* x *= other */
#define torch_div_(x, other) torch_div__Scalar(x, TORCH_SCALAR(other)) /* x /= other */
/* x.sub_(other, alpha=alpha) */
#define torch_sub_alpha_(x, other, alpha) torch_sub_alpha__Scalar(x, TORCH_SCALAR(other), TORCH_SCALAR(alpha))
#define torch_pow_(x, exponent) torch_pow__Scalar(x, TORCH_SCALAR(exponent))
#define torch_float_power_(x, exponent) torch_float_power__Scalar(x, TORCH_SCALAR(exponent)) /* x is float64 */
#define torch_floor_divide_(x, other) torch_floor_divide__Scalar(x, TORCH_SCALAR(other))     /* x //= other */
#define torch_remainder_(x, other) torch_remainder__Scalar(x, TORCH_SCALAR(other))           /* x %= other */
#define torch_fmod_(x, other) torch_fmod__Scalar(x, TORCH_SCALAR(other))
#define torch_div_mode_(x, other, mode) torch_div_mode__Scalar(x, TORCH_SCALAR(other), mode)
#define torch_copysign_(x, other) torch_copysign__Scalar(x, TORCH_SCALAR(other))
#define torch_subtract_ torch_sub_
#define torch_multiply_ torch_mul_
#define torch_divide_ torch_div_
#define torch_true_divide_ torch_div_
#define torch_lerp_(x, end, weight) torch_lerp__Scalar(x, end, TORCH_SCALAR(weight))
#define torch_addcmul_(...) torch_addcmul__args(TORCH_ADDC(__VA_ARGS__)) /* x += value tensor1 tensor2 */
#define torch_addcdiv_(...) torch_addcdiv__args(TORCH_ADDC(__VA_ARGS__)) /* x += value tensor1 / tensor2 */
#define torch_masked_fill_(x, mask, value) torch_masked_fill__Scalar(x, mask, TORCH_SCALAR(value))
#define torch_fill_(x, value) torch_fill__Scalar(x, TORCH_SCALAR(value)) /* every element = value */
TORCH_API Tensor *torch_zero_(Tensor *x);                                /* every element = 0 */
TORCH_API Tensor *torch_copy_(Tensor *x, Tensor *source);                /* source is broadcast and cast to x */
TORCH_API Tensor *torch_neg_(Tensor *x);
TORCH_API Tensor *torch_abs_(Tensor *x);
TORCH_API Tensor *torch_sign_(Tensor *x);
TORCH_API Tensor *torch_sgn_(Tensor *x);
TORCH_API Tensor *torch_square_(Tensor *x);
TORCH_API Tensor *torch_reciprocal_(Tensor *x);
TORCH_API Tensor *torch_rsqrt_(Tensor *x);
TORCH_API Tensor *torch_deg2rad_(Tensor *x);
TORCH_API Tensor *torch_rad2deg_(Tensor *x);
#define torch_negative_ torch_neg_
#define torch_absolute_ torch_abs_
TORCH_API Tensor *torch_ceil_(Tensor *x);
TORCH_API Tensor *torch_floor_(Tensor *x);
TORCH_API Tensor *torch_round_(Tensor *x);
TORCH_API Tensor *torch_round_decimals_(Tensor *x, int64_t decimals);
TORCH_API Tensor *torch_trunc_(Tensor *x);
TORCH_API Tensor *torch_frac_(Tensor *x);
#define torch_fix_ torch_trunc_
TORCH_API Tensor *torch_hypot_(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_nextafter_(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_heaviside_(Tensor *x, Tensor *values);
TORCH_API Tensor *torch_ldexp_(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_gcd_(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_lcm_(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_log_(Tensor *x);
TORCH_API Tensor *torch_exp_(Tensor *x);
TORCH_API Tensor *torch_sqrt_(Tensor *x);
TORCH_API Tensor *torch_tanh_(Tensor *x);
TORCH_API Tensor *torch_sigmoid_(Tensor *x);
TORCH_API Tensor *torch_relu_(Tensor *x);

TORCH_END

#endif
