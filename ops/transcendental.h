/* Exponentials, logarithms, trigonometric and special functions of elements. All give floating results: integers and bool become
 * the default dtype first. A trailing _ is the same in place. */
#ifndef CERILLA_OPS_TRANSCENDENTAL_H
#define CERILLA_OPS_TRANSCENDENTAL_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- exponential ------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_exp2(Tensor *x);  /* 2^x */
TORCH_API Tensor *torch_expm1(Tensor *x); /* e^x - 1, without cancellation near 0 */
TORCH_API Tensor *torch_log2(Tensor *x);
TORCH_API Tensor *torch_log10(Tensor *x);
TORCH_API Tensor *torch_log1p(Tensor *x); /* log(1 + x), without cancellation near 0 */
TORCH_API Tensor *torch_exp2_(Tensor *x);
TORCH_API Tensor *torch_expm1_(Tensor *x);
TORCH_API Tensor *torch_log_(Tensor *x);
TORCH_API Tensor *torch_log2_(Tensor *x);
TORCH_API Tensor *torch_log10_(Tensor *x);
TORCH_API Tensor *torch_log1p_(Tensor *x);
TORCH_API Tensor *torch_logaddexp(Tensor *x, Tensor *y);  /* log(e^x + e^y); floating dtypes only */
TORCH_API Tensor *torch_logaddexp2(Tensor *x, Tensor *y); /* log2(2^x + 2^y); floating dtypes only */

/* ---- trigonometric ----------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_sin(Tensor *x);
TORCH_API Tensor *torch_cos(Tensor *x);
TORCH_API Tensor *torch_tan(Tensor *x);
TORCH_API Tensor *torch_asin(Tensor *x); /* NaN outside [-1, 1] */
TORCH_API Tensor *torch_acos(Tensor *x); /* NaN outside [-1, 1] */
TORCH_API Tensor *torch_atan(Tensor *x);
TORCH_API Tensor *torch_atan2(Tensor *y, Tensor *x); /* the angle of the point (x, y), in [-pi, pi] */
TORCH_API Tensor *torch_sinh(Tensor *x);
TORCH_API Tensor *torch_cosh(Tensor *x);
TORCH_API Tensor *torch_asinh(Tensor *x);
TORCH_API Tensor *torch_acosh(Tensor *x); /* NaN below 1 */
TORCH_API Tensor *torch_atanh(Tensor *x); /* NaN outside [-1, 1] */
TORCH_API Tensor *torch_sinc(Tensor *x);  /* sin(pi x) / (pi x), and 1 at 0 */
TORCH_API Tensor *torch_sin_(Tensor *x);
TORCH_API Tensor *torch_cos_(Tensor *x);
TORCH_API Tensor *torch_tan_(Tensor *x);
TORCH_API Tensor *torch_asin_(Tensor *x);
TORCH_API Tensor *torch_acos_(Tensor *x);
TORCH_API Tensor *torch_atan_(Tensor *x);
TORCH_API Tensor *torch_atan2_(Tensor *y, Tensor *x);
TORCH_API Tensor *torch_sinh_(Tensor *x);
TORCH_API Tensor *torch_cosh_(Tensor *x);
TORCH_API Tensor *torch_asinh_(Tensor *x);
TORCH_API Tensor *torch_acosh_(Tensor *x);
TORCH_API Tensor *torch_atanh_(Tensor *x);
TORCH_API Tensor *torch_sinc_(Tensor *x);
#define torch_arcsin torch_asin
#define torch_arccos torch_acos
#define torch_arctan torch_atan
#define torch_arctan2 torch_atan2
#define torch_arcsinh torch_asinh
#define torch_arccosh torch_acosh
#define torch_arctanh torch_atanh
#define torch_arcsin_ torch_asin_
#define torch_arccos_ torch_acos_
#define torch_arctan_ torch_atan_
#define torch_arctan2_ torch_atan2_
#define torch_arcsinh_ torch_asinh_
#define torch_arccosh_ torch_acosh_
#define torch_arctanh_ torch_atanh_

/* ---- special ----------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_erf(Tensor *x);
TORCH_API Tensor *torch_erfc(Tensor *x);   /* 1 - erf(x), without cancellation */
TORCH_API Tensor *torch_erfinv(Tensor *x); /* NaN outside [-1, 1] */
TORCH_API Tensor *torch_lgamma(Tensor *x); /* log |Gamma(x)| */
TORCH_API Tensor *torch_digamma(Tensor *x);
TORCH_API Tensor *torch_i0(Tensor *x); /* modified Bessel function of the first kind, order 0 */
TORCH_API Tensor *torch_erf_(Tensor *x);
TORCH_API Tensor *torch_erfc_(Tensor *x);
TORCH_API Tensor *torch_erfinv_(Tensor *x);
TORCH_API Tensor *torch_lgamma_(Tensor *x);
TORCH_API Tensor *torch_digamma_(Tensor *x);
TORCH_API Tensor *torch_i0_(Tensor *x);
/* The n-th derivative of digamma, n first as in PyTorch. RuntimeError "polygamma(n, x) does not support negative n." */
TORCH_API Tensor *torch_polygamma(int64_t n, Tensor *x);
TORCH_API Tensor *torch_polygamma_(Tensor *x, int64_t n);
/* log(x / (1 - x)); x is brought into [eps, 1 - eps] first, unless eps is NaN (None) */
TORCH_API Tensor *torch_logit_eps(Tensor *x, double eps);
TORCH_API Tensor *torch_logit_eps_(Tensor *x, double eps);
#define torch_logit(x) torch_logit_eps(x, TORCH_NAN)   /* torch.logit(x) */
#define torch_logit_(x) torch_logit_eps_(x, TORCH_NAN) /* x.logit_() */
TORCH_API Tensor *torch_xlogy_Scalar(torch_Scalar x, torch_Scalar y);
TORCH_API Tensor *torch_xlogy__Scalar(Tensor *x, torch_Scalar y);
TORCH_API Tensor *torch_special_xlog1py_Scalar(torch_Scalar x, torch_Scalar y);
#define torch_xlogy(x, y) torch_xlogy_Scalar(TORCH_SCALAR(x), TORCH_SCALAR(y)) /* x log(y), 0 where x is 0 */
#define torch_xlogy_(x, y) torch_xlogy__Scalar(x, TORCH_SCALAR(y))
/* x log(1 + y), 0 where x is 0 */
#define torch_special_xlog1py(x, y) torch_special_xlog1py_Scalar(TORCH_SCALAR(x), TORCH_SCALAR(y))
TORCH_API Tensor *torch_special_i0e(Tensor *x);  /* e^-|x| I0(x) */
TORCH_API Tensor *torch_special_i1(Tensor *x);   /* order 1 */
TORCH_API Tensor *torch_special_i1e(Tensor *x);  /* e^-|x| I1(x) */
TORCH_API Tensor *torch_special_entr(Tensor *x); /* -x log(x), 0 at 0, -infinity below */
#define torch_special_digamma torch_digamma
#define torch_special_erf torch_erf
#define torch_special_erfc torch_erfc
#define torch_special_erfinv torch_erfinv
#define torch_special_exp2 torch_exp2
#define torch_special_expit torch_sigmoid
#define torch_special_expm1 torch_expm1
#define torch_special_gammaln torch_lgamma
#define torch_special_i0 torch_i0
#define torch_special_log1p torch_log1p
#define torch_special_logit torch_logit
#define torch_special_polygamma torch_polygamma
#define torch_special_psi torch_digamma
#define torch_special_sinc torch_sinc
#define torch_special_xlogy torch_xlogy

TORCH_END

#endif
