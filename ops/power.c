/* Powers: special exponents, which PyTorch computes as products and roots, and what is made of powers. */
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
    else if (x && e == 2.0) /* x ** 1 is x */
        in[0] = torch_mul(g[0], torch_mul(x, cer_saved(n, 1)));
    else if (x)
        in[0] = torch_mul(
            g[0], torch_mul(torch_pow(x, cer_saved(n, 1).kind == TORCH_KIND_DOUBLE ? torch_scalar_double(e - 1)
                                                                                   : torch_scalar_int((int64_t)e - 1)),
                            cer_saved(n, 1)));
}

#define POW_SCALAR(name_, schema_, flags_)                                                                        \
    {                                                                                                             \
        .name = name_, .grad_name = "PowBackward0", .schema = schema_, .shape = cer_pointwise_shape,              \
        .kernel = pow_scalar_kernel, .vjp = pow_scalar_vjp, .saves = {CER_SAVE(0) | CER_SAVE(1)}, .n_outputs = 1, \
        .flags = flags_, .rule = CER_SAME, .loop = KERNEL_pow,                                                    \
    }
const cer_Op cer_op_pow_scalar = POW_SCALAR("pow", "pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", 0);
const cer_Op cer_op_pow_scalar_ =
    POW_SCALAR("pow_", "pow_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)", CER_INPLACE);

static bool usable(torch_Scalar s, int position)
{
    return s.kind != TORCH_KIND_TENSOR || cer_usable(s.as.t, "pow", position);
}

static bool pow_fits(torch_Scalar a, torch_Scalar b)
{
    if (cer_error_pending() || !usable(a, 1) || !usable(b, 2)) return false;
    if (is_bool(a) && is_bool(b)) return cer_raise(TORCH_RUNTIME_ERROR, "pow", "\"pow\" not implemented for 'Bool'");
    if (is_tensor(a) && b.kind == TORCH_KIND_INT && b.as.i < 0 &&
        !torch_dtype_is_floating_point(torch_dtype_of(a.as.t)))
        return cer_raise(TORCH_RUNTIME_ERROR, "pow", "Integers to negative integer powers are not allowed.");
    return true;
}

Tensor *torch_pow_Scalar(torch_Scalar a, torch_Scalar b)
{
    if (!pow_fits(a, b)) return NULL;
    return binary(!is_tensor(a) || is_tensor(b) ? &cer_op_pow : &cer_op_pow_scalar, a, b, NULL);
}

Tensor *torch_pow__Scalar(Tensor *x, torch_Scalar exponent)
{
    torch_Scalar in[2] = {torch_scalar_tensor(x), exponent};
    if (!pow_fits(in[0], exponent)) return NULL;
    if (is_tensor(exponent)) return cer_call(&cer_op_pow_, in, 2, NULL);
    torch_dtype type = cer_result_type(in, 2), own = torch_dtype_of(x);
    if (type != own)
        return cer_raise(TORCH_RUNTIME_ERROR, "pow_", "Found dtype %s but expected %s", cer_type_name(own),
                         cer_type_name(type)),
               NULL;
    return cer_call(&cer_op_pow_scalar_, in, 2, NULL);
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

/* ---- what is made of powers -------------------------------------------------------------------------------------- */

Tensor *torch_square(Tensor *x)
{
    return torch_pow(x, 2);
}

Tensor *torch_square_(Tensor *x)
{
    return torch_pow_(x, 2);
}

/* In float64, whatever the operands. */
static torch_Scalar in_double(torch_Scalar s)
{
    if (is_tensor(s)) return torch_scalar_tensor(cer_to(s.as.t, torch_float64));
    return torch_scalar_double(number(s));
}

static bool both_usable(const char *op, torch_Scalar a, torch_Scalar b)
{
    if (cer_error_pending()) return false;
    return (!is_tensor(a) || cer_usable(a.as.t, op, 1)) && (!is_tensor(b) || cer_usable(b.as.t, op, 2));
}

Tensor *torch_float_power_Scalar(torch_Scalar a, torch_Scalar b)
{
    return both_usable("float_power", a, b) ? torch_pow_Scalar(in_double(a), in_double(b)) : NULL;
}

Tensor *torch_float_power__Scalar(Tensor *x, torch_Scalar exponent)
{
    if (!both_usable("float_power_", torch_scalar_tensor(x), exponent)) return NULL;
    if (torch_dtype_of(x) != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "float_power_",
                         "the base given to float_power_ has dtype %s but the operation's result requires dtype Double",
                         cer_type_name(torch_dtype_of(x))),
               NULL;
    return torch_pow__Scalar(x, in_double(exponent));
}

Tensor *torch_ldexp(Tensor *x, Tensor *other)
{
    return torch_mul(x, torch_pow(2.0, other));
}

Tensor *torch_ldexp_(Tensor *x, Tensor *other)
{
    return torch_mul_(x, torch_pow(2.0, other));
}
