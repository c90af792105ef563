/* Arithmetic whose public face is more than its row in pointwise.def: numbers on the left, bools, special exponents. */
#include <math.h>

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

Tensor *torch_neg(Tensor *x)
{
    if (!cer_error_pending() && x && is_bool(torch_scalar_tensor(x)) && !cer_error_pending())
        return cer_raise(TORCH_RUNTIME_ERROR, "neg",
                         "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
                         "invert a mask, use the `~` or `logical_not()` operator instead."),
               NULL;
    return cer_call1(&cer_op_neg, x, NULL);
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

/* ---- mul, div in place ------------------------------------------------------------------------------------------- */

Tensor *torch_mul__Scalar(Tensor *x, torch_Scalar other)
{
    return binary(&cer_op_mul_, torch_scalar_tensor(x), other, NULL);
}

Tensor *torch_div__Scalar(Tensor *x, torch_Scalar other)
{
    return binary(&cer_op_div_, torch_scalar_tensor(x), other, NULL);
}

/* 2 / x is x.reciprocal() * 2, as Python's __rtruediv__ has it. */
Tensor *torch_div_Scalar(torch_Scalar a, torch_Scalar b)
{
    if (!is_tensor(a) && is_tensor(b)) return torch_mul(torch_reciprocal(b.as.t), a);
    return binary(&cer_op_div, a, b, NULL);
}

/* ---- where, clamp ------------------------------------------------------------------------------------------------ */

Tensor *cer_where(torch_Scalar condition, torch_Scalar yes, torch_Scalar no)
{
    torch_Scalar in[3] = {condition, yes, no};
    return cer_call(&cer_op_where, in, 3, NULL);
}

/* The bound that bounds nothing, in the type that is compared. */
static torch_Scalar no_bound(torch_dtype type, bool upper)
{
    static const int bits[] = {
        [torch_uint8] = 8, [torch_int8] = 7, [torch_int16] = 15, [torch_int32] = 31, [torch_int64] = 63};
    if (torch_dtype_is_floating_point(type)) return torch_scalar_double(upper ? (double)INFINITY : (double)-INFINITY);
    int64_t top = type == torch_bool ? 1 : (int64_t)((UINT64_C(1) << bits[type]) - 1);
    return torch_scalar_int(upper ? top : type == torch_uint8 || type == torch_bool ? 0 : -top - 1);
}

Tensor *torch_clamp_Scalar(Tensor *x, torch_Scalar min, torch_Scalar max)
{
    if (cer_error_pending() || !cer_usable(x, "clamp", 1)) return NULL;
    if (min.kind == TORCH_KIND_NONE && max.kind == TORCH_KIND_NONE)
        return cer_raise(TORCH_RUNTIME_ERROR, "clamp", "torch.clamp: At least one of 'min' or 'max' must not be None"),
               NULL;
    if (is_tensor(min) || is_tensor(max))
        return cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "clamp", "clamp: tensor bounds are not supported yet"), NULL;
    torch_Scalar in[3] = {torch_scalar_tensor(x), min, max};
    torch_dtype type = cer_result_type(in, 3);
    torch_Scalar bound[2] = {min.kind ? min : no_bound(type, false), max.kind ? max : no_bound(type, true)};
    return cer_call(&cer_op_clamp, in, 1, bound);
}

torch_ClampArgs torch_ClampArgs_defaults(void)
{
    return (torch_ClampArgs){.struct_size = sizeof(torch_ClampArgs), .min = (double)NAN, .max = (double)NAN};
}

/* A whole number stands for itself: clamp(x, 0, 3) of an integer tensor stays an integer tensor. */
static torch_Scalar bound_of(double v, torch_dtype type)
{
    if (isnan(v)) return torch_scalar_none();
    bool whole = !torch_dtype_is_floating_point(type) && v == floor(v) && fabs(v) < 9e15;
    return whole ? torch_scalar_int((int64_t)v) : torch_scalar_double(v);
}

Tensor *torch_clamp_args(const torch_ClampArgs *a)
{
    if (cer_error_pending() || !cer_usable(a->self, "clamp", 1)) return NULL;
    torch_dtype type = torch_dtype_of(a->self);
    return torch_clamp_Scalar(a->self, bound_of(a->min, type), bound_of(a->max, type));
}

Tensor *cer_clamp_vjp(Tensor *g, torch_Scalar x, torch_Scalar min, torch_Scalar max)
{
    torch_Scalar in[2] = {torch_scalar_tensor(g), x}, bound[2] = {min, max};
    return cer_call(&cer_op_clamp_backward, in, 2, bound);
}

/* ---- pow --------------------------------------------------------------------------------------------------------- */

static double number(torch_Scalar s)
{
    return s.kind == TORCH_KIND_DOUBLE ? s.as.d : (double)s.as.i;
}

static bool inverse_root(cer_Call c) /* 1 / sqrt(x): -inf for -0, unlike a power */
{
    c.op = &cer_op_sqrt;
    c.n_in = 1;
    if (!cer_pointwise_kernel(&c)) return false;
    torch_Scalar root[1] = {torch_scalar_tensor(c.out[0])};
    c.op = &cer_op_reciprocal;
    c.in = root;
    return cer_pointwise_kernel(&c);
}

/* x ** number: the small exponents are products and roots, as in PyTorch, which also fixes their last bit. */
static bool pow_scalar_kernel(cer_Call *c)
{
    cer_Call plain = *c;
    torch_Scalar in[2] = {c->in[0], c->in[0]};
    double e = number(c->in[1]);
    bool floating = torch_dtype_is_floating_point(c->form[0].dtype);
    if (e == 2.0)
        plain.op = &cer_op_mul, plain.in = in;
    else if (e == 3.0)
        plain.op = &cer_op_cube, plain.n_in = 1;
    else if (e == 0.5 && floating)
        plain.op = &cer_op_sqrt, plain.n_in = 1;
    else if (e == -1.0 && floating)
        plain.op = &cer_op_reciprocal, plain.n_in = 1;
    else if (e == -0.5 && floating)
        return inverse_root(plain);
    return cer_pointwise_kernel(&plain);
}

static void pow_scalar_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    double e = number(cer_saved(n, 1));
    Tensor *x = cer_saved_tensor(n, 0);
    if (e == 0.0)
        in[0] = torch_zeros_like(g[0]);
    else if (x)
        in[0] = torch_mul(
            g[0], torch_mul(torch_pow(x, cer_saved(n, 1).kind == TORCH_KIND_DOUBLE ? torch_scalar_double(e - 1)
                                                                                   : torch_scalar_int((int64_t)e - 1)),
                            cer_saved(n, 1)));
}

const cer_Op cer_op_pow_scalar = {
    .name = "pow",
    .grad_name = "PowBackward0",
    .schema = "pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
    .shape = cer_pointwise_shape,
    .kernel = pow_scalar_kernel,
    .vjp = pow_scalar_vjp,
    .saves = {CER_SAVE(0) | CER_SAVE(1)},
    .n_outputs = 1,
    .rule = CER_HIDDEN,
    .loop = KERNEL_pow,
};

Tensor *torch_pow_Scalar(torch_Scalar a, torch_Scalar b)
{
    if (cer_error_pending() || (a.kind == TORCH_KIND_TENSOR && !cer_usable(a.as.t, "pow", 1)) ||
        (b.kind == TORCH_KIND_TENSOR && !cer_usable(b.as.t, "pow", 2)))
        return NULL;
    if (is_bool(a) && is_bool(b))
        return cer_raise(TORCH_RUNTIME_ERROR, "pow", "\"pow\" not implemented for 'Bool'"), NULL;
    if (!is_tensor(a) || is_tensor(b)) return binary(&cer_op_pow, a, b, NULL);
    if (b.kind == TORCH_KIND_INT && b.as.i < 0 && !torch_dtype_is_floating_point(torch_dtype_of(a.as.t)))
        return cer_raise(TORCH_RUNTIME_ERROR, "pow", "Integers to negative integer powers are not allowed."), NULL;
    return binary(&cer_op_pow_scalar, a, b, NULL);
}

/* d base^e / d base = e base^(e-1), and 0 where e is 0 (base^-1 may be infinite there). */
Tensor *cer_pow_vjp_base(Tensor *g, torch_Scalar base, torch_Scalar e)
{
    Tensor *slope = torch_mul(torch_pow(base, torch_sub(e, 1)), e);
    return cer_where(TORCH_SCALAR(torch_eq(e, 0)), torch_scalar_int(0), TORCH_SCALAR(torch_mul(g, slope)));
}

/* d base^e / d e = base^e log(base), and 0 where base is 0 and e is not negative. The gradient stays outside the choice, as in
 * PyTorch: what is masked is infinite, and a gradient inside would meet it again in the second derivative. */
Tensor *cer_pow_vjp_exponent(Tensor *g, torch_Scalar base, torch_Scalar e, Tensor *y)
{
    Tensor *positive = torch_ge(e, 0);
    if (!is_tensor(base)) {
        Tensor *slope = torch_mul(y, log(number(base)));
        if (number(base) == 0) slope = cer_where(TORCH_SCALAR(positive), torch_scalar_int(0), TORCH_SCALAR(slope));
        return torch_mul(g, slope);
    }
    Tensor *zero = torch_mul(torch_eq(base, 0), positive);
    return torch_mul(
        g, cer_where(TORCH_SCALAR(zero), torch_scalar_int(0), TORCH_SCALAR(torch_mul(y, torch_log(base.as.t)))));
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
