/* Transcendental functions whose public face or gradient is more than its row in pointwise.def. */
#include <math.h>

#include "ops/ops_internal.h"

/* ---- parameters -------------------------------------------------------------------------------------------------- */

static Tensor *polygamma(const cer_Op *op, int64_t n, Tensor *x)
{
    torch_Scalar order = torch_scalar_int(n);
    if (cer_error_pending() || !cer_usable(x, "polygamma", 2)) return NULL;
    if (n < 0) return cer_raise(TORCH_RUNTIME_ERROR, "polygamma", "polygamma(n, x) does not support negative n."), NULL;
    return cer_call1(op, x, &order);
}

Tensor *torch_polygamma(int64_t n, Tensor *x)
{
    return polygamma(&cer_op_polygamma, n, x);
}

Tensor *torch_polygamma_(Tensor *x, int64_t n)
{
    return polygamma(&cer_op_polygamma_, n, x);
}

static torch_Scalar limit_of(double eps) /* below 0: none */
{
    return torch_scalar_double(isnan(eps) ? -1.0 : eps);
}

Tensor *torch_logit_eps(Tensor *x, double eps)
{
    torch_Scalar limit = limit_of(eps);
    return cer_call1(&cer_op_logit, x, &limit);
}

Tensor *torch_logit_eps_(Tensor *x, double eps)
{
    torch_Scalar limit = limit_of(eps);
    return cer_call1(&cer_op_logit_, x, &limit);
}

/* ---- gradients --------------------------------------------------------------------------------------------------- */

/* g / (x (1 - x)); outside of the limits 0, or NaN where there were none. */
Tensor *cer_logit_vjp(Tensor *g, Tensor *x, double eps)
{
    double low = eps < 0 ? 0 : eps;
    Tensor *outside = torch_add(torch_lt(x, low), torch_gt(x, 1 - low));
    Tensor *slope = torch_div(g, torch_mul(x, torch_sub(1, x)));
    return cer_where(TORCH_SCALAR(outside), torch_scalar_double(eps < 0 ? (double)NAN : 0), TORCH_SCALAR(slope));
}

/* g other / (y^2 + x^2) */
Tensor *cer_atan2_vjp(Tensor *g, torch_Scalar y, torch_Scalar x, torch_Scalar other)
{
    return torch_mul(torch_mul(g, other), torch_reciprocal(torch_add(torch_mul(y, y), torch_mul(x, x))));
}

/* (pi x cos(pi x) - sin(pi x)) / (pi x^2), and 0 at 0 */
Tensor *cer_sinc_vjp(Tensor *g, Tensor *x)
{
    const double pi = 0x1.921fb54442d18p+1;
    Tensor *angle = torch_mul(x, pi), *square = torch_mul(torch_mul(x, x), pi);
    Tensor *slope = torch_div(torch_sub(torch_mul(angle, torch_cos(angle)), torch_sin(angle)), square);
    return cer_where(TORCH_SCALAR(torch_eq(square, 0)), torch_scalar_double(0), TORCH_SCALAR(torch_mul(g, slope)));
}

/* sqrt(pi) / 2 e^(erfinv(x)^2) */
Tensor *cer_erfinv_vjp(Tensor *g, Tensor *x)
{
    Tensor *y = torch_erfinv(x);
    return torch_mul(torch_mul(torch_exp(torch_mul(y, y)), 0x1.c5bf891b4ef6bp-1), g);
}

/* g log(y + more), and 0 where x is 0 and the logarithm has no value. */
Tensor *cer_xlogy_vjp(Tensor *g, torch_Scalar x, torch_Scalar y, int more)
{
    if (y.kind != TORCH_KIND_TENSOR) { /* a number: its logarithm is one too */
        double v = (y.kind == TORCH_KIND_DOUBLE ? y.as.d : (double)y.as.i) + more;
        Tensor *product = torch_mul(g, log(v));
        return v > 0 ? product : cer_where(TORCH_SCALAR(torch_eq(x, 0)), torch_scalar_int(0), TORCH_SCALAR(product));
    }
    Tensor *product = more ? torch_special_xlog1py(g, y) : torch_xlogy(g, y);
    Tensor *undefined = torch_mul(torch_eq(x, 0), torch_le(y, -more));
    return cer_where(TORCH_SCALAR(undefined), torch_scalar_int(0), TORCH_SCALAR(product));
}

/* I1' = I0 - I1 / x; of the scaled one, I0e - I1e (sign(x) + 1 / x). Both are 1/2 at 0. */
Tensor *cer_i1_vjp(Tensor *g, Tensor *x, Tensor *y, bool scaled)
{
    torch_dtype dtype = x ? torch_dtype_of(x) : torch_float32;
    double eps = dtype == torch_float64 ? 0x1p-52 : dtype == torch_float16 ? 0x1p-10 : 0x1p-23;
    torch_Scalar large = TORCH_SCALAR(torch_gt(torch_abs(x), dtype == torch_bfloat16 ? 0x1p-7 : eps));
    Tensor *safe = cer_where(large, TORCH_SCALAR(x), torch_scalar_double(eps));
    Tensor *inverse = torch_reciprocal(safe);
    Tensor *slope = scaled ? torch_sub(torch_special_i0e(safe), torch_mul(y, torch_add(torch_sign(safe), inverse)))
                           : torch_sub(torch_i0(safe), torch_mul(y, inverse));
    return torch_mul(g, cer_where(large, TORCH_SCALAR(slope), torch_scalar_double(0.5)));
}
