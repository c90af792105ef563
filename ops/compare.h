/* Comparison, logic and bits: shapes broadcast; the formula stands behind each. No gradients. */
#ifndef CERILLA_OPS_COMPARE_H
#define CERILLA_OPS_COMPARE_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- comparison: bool -------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_eq_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_ne_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_lt_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_le_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_gt_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_ge_Scalar(torch_Scalar a, torch_Scalar b);
#define torch_eq(a, b) torch_eq_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a == b */
#define torch_ne(a, b) torch_ne_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a != b */
#define torch_lt(a, b) torch_lt_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a < b */
#define torch_le(a, b) torch_le_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a <= b */
#define torch_gt(a, b) torch_gt_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a > b */
#define torch_ge(a, b) torch_ge_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a >= b */
#define torch_not_equal torch_ne
#define torch_less torch_lt
#define torch_less_equal torch_le
#define torch_greater torch_gt
#define torch_greater_equal torch_ge

/* in place: 0 or 1 in x's own type */
TORCH_API Tensor *torch_eq__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_ne__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_lt__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_le__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_gt__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_ge__Scalar(Tensor *x, torch_Scalar other);
#define torch_eq_(x, other) torch_eq__Scalar(x, TORCH_SCALAR(other)) /* x = x == other */
#define torch_ne_(x, other) torch_ne__Scalar(x, TORCH_SCALAR(other)) /* x = x != other */
#define torch_lt_(x, other) torch_lt__Scalar(x, TORCH_SCALAR(other)) /* x = x < other */
#define torch_le_(x, other) torch_le__Scalar(x, TORCH_SCALAR(other)) /* x = x <= other */
#define torch_gt_(x, other) torch_gt__Scalar(x, TORCH_SCALAR(other)) /* x = x > other */
#define torch_ge_(x, other) torch_ge__Scalar(x, TORCH_SCALAR(other)) /* x = x >= other */
#define torch_not_equal_ torch_ne_
#define torch_less_ torch_lt_
#define torch_less_equal_ torch_le_
#define torch_greater_ torch_gt_
#define torch_greater_equal_ torch_ge_

TORCH_API Tensor *torch_isnan(Tensor *x);
TORCH_API Tensor *torch_isinf(Tensor *x); /* of either sign */
TORCH_API Tensor *torch_isfinite(Tensor *x);
TORCH_API Tensor *torch_isposinf(Tensor *x);
TORCH_API Tensor *torch_isneginf(Tensor *x);
TORCH_API Tensor *torch_isreal(Tensor *x);  /* all true: there are no complex types */
TORCH_API Tensor *torch_signbit(Tensor *x); /* x < 0, also -0 */

/* The same size, and all elements equal (NaN is not). False also on error. */
TORCH_API bool torch_equal(Tensor *x, Tensor *other);
/* torch_isclose(x, other, .rtol = 1e-5, .atol = 1e-8, .equal_nan = false): |x - other| <= atol + rtol |other|, bool.
 * "Float did not match Double" */
typedef struct torch_CloseArgs {
    size_t struct_size;
    Tensor *self, *other;
    double rtol, atol;
    bool equal_nan; /* NaN is close to NaN */
} torch_CloseArgs;
TORCH_API torch_CloseArgs torch_CloseArgs_defaults(void);
TORCH_API Tensor *torch_isclose_args(const torch_CloseArgs *args);
TORCH_API bool torch_allclose_args(const torch_CloseArgs *args); /* are all? False also on error */
#define TORCH_CLOSE(...) \
    (&(torch_CloseArgs){.rtol = 1e-5, .atol = 1e-8, .struct_size = sizeof(torch_CloseArgs), .self = __VA_ARGS__})
#define torch_isclose(...) torch_isclose_args(TORCH_CLOSE(__VA_ARGS__))
#define torch_allclose(...) torch_allclose_args(TORCH_CLOSE(__VA_ARGS__))

/* Which elements are among the others: bool, of the size of the first. Tensors or numbers. */
TORCH_API Tensor *torch_isin_Scalar(torch_Scalar elements, torch_Scalar test_elements);
#define torch_isin(elements, test_elements) torch_isin_Scalar(TORCH_SCALAR(elements), TORCH_SCALAR(test_elements))

/* ---- logic: bool; what is not 0 is true -------------------------------------------------------------------------- */
TORCH_API Tensor *torch_logical_not(Tensor *x);
TORCH_API Tensor *torch_logical_and(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_logical_or(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_logical_xor(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_logical_not_(Tensor *x);
TORCH_API Tensor *torch_logical_and_(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_logical_or_(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_logical_xor_(Tensor *x, Tensor *other);

/* ---- bits: of integers and bool, Python's ~ & | ^ << >> ---------------------------------------------------------- */
TORCH_API Tensor *torch_bitwise_not(Tensor *x);
TORCH_API Tensor *torch_bitwise_not_(Tensor *x);
TORCH_API Tensor *torch_bitwise_and_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_bitwise_or_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_bitwise_xor_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_lshift_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_rshift_Scalar(torch_Scalar a, torch_Scalar b);
#define torch_bitwise_and(a, b) torch_bitwise_and_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a & b */
#define torch_bitwise_or(a, b) torch_bitwise_or_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b))   /* a | b */
#define torch_bitwise_xor(a, b) torch_bitwise_xor_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a ^ b */
#define torch_lshift(a, b) torch_lshift_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b))           /* a << b; not of bools */
#define torch_rshift(a, b) torch_rshift_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b))           /* a >> b; not of bools */
TORCH_API Tensor *torch_bitwise_and__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_bitwise_or__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_bitwise_xor__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_lshift__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_rshift__Scalar(Tensor *x, torch_Scalar other);
#define torch_bitwise_and_(x, other) torch_bitwise_and__Scalar(x, TORCH_SCALAR(other)) /* x &= other */
#define torch_bitwise_or_(x, other) torch_bitwise_or__Scalar(x, TORCH_SCALAR(other))   /* x |= other */
#define torch_bitwise_xor_(x, other) torch_bitwise_xor__Scalar(x, TORCH_SCALAR(other)) /* x ^= other */
#define torch_lshift_(x, other) torch_lshift__Scalar(x, TORCH_SCALAR(other))           /* x <<= other */
#define torch_rshift_(x, other) torch_rshift__Scalar(x, TORCH_SCALAR(other))           /* x >>= other */
#define torch_bitwise_left_shift torch_lshift
#define torch_bitwise_left_shift_ torch_lshift_
#define torch_bitwise_right_shift torch_rshift
#define torch_bitwise_right_shift_ torch_rshift_

TORCH_END

#endif
