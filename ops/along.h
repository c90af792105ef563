/* Along a dimension: softmax and its kin, scans, differences. */
#ifndef CERILLA_OPS_ALONG_H
#define CERILLA_OPS_ALONG_H

#include "reduce.h"

TORCH_BEGIN

/* torch_softmax(x, 1), torch_cumsum(x, .dim = 0, .dtype = torch_float64) */
typedef struct torch_DimArgs {
    size_t struct_size;
    Tensor *self;
    int64_t dim;
    torch_dtype dtype; /* x is brought to it first */
} torch_DimArgs;
TORCH_API torch_DimArgs torch_DimArgs_defaults(void);
#define TORCH_ALONG(...) \
    (&(torch_DimArgs){.dim = TORCH_NONE, .struct_size = sizeof(torch_DimArgs), .self = __VA_ARGS__})

/* ---- softmax ----------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_softmax_args(const torch_DimArgs *args);
TORCH_API Tensor *torch_log_softmax_args(const torch_DimArgs *args);
TORCH_API Tensor *F_softmax_args(const torch_DimArgs *args);
TORCH_API Tensor *F_log_softmax_args(const torch_DimArgs *args);
TORCH_API Tensor *F_softmin_args(const torch_DimArgs *args);
TORCH_API Tensor *torch_logsumexp_args(const torch_ReduceArgs *args);
#define torch_softmax(...) torch_softmax_args(TORCH_ALONG(__VA_ARGS__))         /* e^x / sum e^x */
#define torch_log_softmax(...) torch_log_softmax_args(TORCH_ALONG(__VA_ARGS__)) /* x - log sum e^x */
/* the same; without a dim it warns and takes 1, or 0 where x has 0, 1 or 3 dimensions */
#define F_softmax(...) F_softmax_args(TORCH_ALONG(__VA_ARGS__))
#define F_log_softmax(...) F_log_softmax_args(TORCH_ALONG(__VA_ARGS__))
#define F_softmin(...) F_softmin_args(TORCH_ALONG(__VA_ARGS__)) /* softmax(-x) */
/* log sum e^x; torch_logsumexp(x, 1), torch_logsumexp(x, .dims = TORCH_DIM_LIST(0, 1), .keepdim = true) */
#define torch_logsumexp(...) torch_logsumexp_args(TORCH_REDUCE(__VA_ARGS__))

/* ---- scans ------------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_cumsum_args(const torch_DimArgs *args);
TORCH_API Tensor *torch_cumprod_args(const torch_DimArgs *args);
TORCH_API Tensor *torch_cumsum__args(const torch_DimArgs *args);
TORCH_API Tensor *torch_cumprod__args(const torch_DimArgs *args);
#define torch_cumsum(...) torch_cumsum_args(TORCH_ALONG(__VA_ARGS__)) /* y_i = x_0 + ... + x_i; integers to int64 */
#define torch_cumprod(...) torch_cumprod_args(TORCH_ALONG(__VA_ARGS__))
#define torch_cumsum_(...) torch_cumsum__args(TORCH_ALONG(__VA_ARGS__))
#define torch_cumprod_(...) torch_cumprod__args(TORCH_ALONG(__VA_ARGS__))
TORCH_API Tensor *torch_logcumsumexp(Tensor *x, int64_t dim); /* y_i = log(e^x_0 + ... + e^x_i) */
/* the largest so far; *indices, if not NULL, where it last was */
TORCH_API Tensor *torch_cummax(Tensor *x, int64_t dim, Tensor **indices);
TORCH_API Tensor *torch_cummin(Tensor *x, int64_t dim, Tensor **indices);

/* ---- differences ------------------------------------------------------------------------------------------------- */
/* torch.diff(x, n=1, dim=-1, prepend=None, append=None): x_(i+1) - x_i, n times */
typedef struct torch_DiffArgs {
    size_t struct_size;
    Tensor *self;
    int64_t n, dim;
    Tensor *prepend, *append;
} torch_DiffArgs;
TORCH_API torch_DiffArgs torch_DiffArgs_defaults(void);
TORCH_API Tensor *torch_diff_args(const torch_DiffArgs *args);
#define torch_diff(...) \
    torch_diff_args(&(torch_DiffArgs){.n = 1, .dim = -1, .struct_size = sizeof(torch_DiffArgs), .self = __VA_ARGS__})
/* torch.trapezoid(y, x=None, dx=1, dim=-1): sum of (x_(i+1) - x_i) (y_i + y_(i+1)) / 2, or with dx for all distances */
typedef struct torch_TrapezoidArgs {
    size_t struct_size;
    Tensor *y, *x;
    double dx;
    int64_t dim;
} torch_TrapezoidArgs;
TORCH_API torch_TrapezoidArgs torch_TrapezoidArgs_defaults(void);
TORCH_API Tensor *torch_trapezoid_args(const torch_TrapezoidArgs *args);
TORCH_API Tensor *torch_cumulative_trapezoid_args(const torch_TrapezoidArgs *args);
#define TORCH_TRAPEZOID(...) \
    (&(torch_TrapezoidArgs){.dx = 1, .dim = -1, .struct_size = sizeof(torch_TrapezoidArgs), .y = __VA_ARGS__})
#define torch_trapezoid(...) torch_trapezoid_args(TORCH_TRAPEZOID(__VA_ARGS__))
#define torch_cumulative_trapezoid(...) \
    torch_cumulative_trapezoid_args(TORCH_TRAPEZOID(__VA_ARGS__)) /* the sums so far */

TORCH_END

#endif
