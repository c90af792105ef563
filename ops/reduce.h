/* Reductions. */
#ifndef CERILLA_OPS_REDUCE_H
#define CERILLA_OPS_REDUCE_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- reductions -----------------------------------------------------------------------------------------------------
 * torch_sum(x), torch_sum(x, 1), torch_sum(x, .dim = 1, .keepdim = true), torch_sum(x, .dims = TORCH_DIM_LIST(0, 2)). */
typedef struct torch_ReduceArgs {
    size_t struct_size;
    Tensor *self;
    int64_t dim; /* TORCH_NONE: all */
    bool keepdim;
    torch_dtype dtype;   /* of the result; sum and mean */
    const int64_t *dims; /* several dims instead of one: n_dims of them */
    int64_t n_dims;
} torch_ReduceArgs;
TORCH_API torch_ReduceArgs torch_ReduceArgs_defaults(void);
#define TORCH_REDUCE(...) \
    (&(torch_ReduceArgs){.dim = TORCH_NONE, .struct_size = sizeof(torch_ReduceArgs), .self = __VA_ARGS__})
#define TORCH_DIM_LIST(...) \
    (const int64_t[]){__VA_ARGS__}, .n_dims = (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
TORCH_API Tensor *torch_sum_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_nansum_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_mean_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_nanmean_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_prod_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_amax_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_amin_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_argmax_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_argmin_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_all_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_any_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_count_nonzero_args(const torch_ReduceArgs *args);
#define torch_sum(...) torch_sum_args(TORCH_REDUCE(__VA_ARGS__))       /* integers and bool sum to int64 */
#define torch_nansum(...) torch_nansum_args(TORCH_REDUCE(__VA_ARGS__)) /* NaNs count as 0 */
/* floating dtypes. "mean(): could not infer output dtype. ..." */
#define torch_mean(...) torch_mean_args(TORCH_REDUCE(__VA_ARGS__))
#define torch_nanmean(...) torch_nanmean_args(TORCH_REDUCE(__VA_ARGS__)) /* the mean of what is no NaN */
#define torch_prod(...) torch_prod_args(TORCH_REDUCE(__VA_ARGS__))       /* over all or one dim; integers to int64 */
/* the largest value; gradient shared evenly among equals. A NaN wins, as in all of these */
#define torch_amax(...) torch_amax_args(TORCH_REDUCE(__VA_ARGS__))
#define torch_amin(...) torch_amin_args(TORCH_REDUCE(__VA_ARGS__))
#define torch_argmax(...) torch_argmax_args(TORCH_REDUCE(__VA_ARGS__)) /* int64 index of the first maximum */
#define torch_argmin(...) torch_argmin_args(TORCH_REDUCE(__VA_ARGS__))
#define torch_all(...) torch_all_args(TORCH_REDUCE(__VA_ARGS__)) /* over all or one dim: bool; uint8 of uint8 */
#define torch_any(...) torch_any_args(TORCH_REDUCE(__VA_ARGS__))
#define torch_count_nonzero(...) torch_count_nonzero_args(TORCH_REDUCE(__VA_ARGS__)) /* int64 */
TORCH_API Tensor *torch_max(Tensor *x); /* of all elements, 0-d; a NaN wins. Gradient shared evenly among equals */
TORCH_API Tensor *torch_min(Tensor *x);
/* torch.max(x, dim, keepdim): values; *indices, if not NULL, the index of each. Gradient to that element. */
TORCH_API Tensor *torch_max_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);
TORCH_API Tensor *torch_min_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);
/* torch.aminmax(x, dim=dim, keepdim=keepdim): the least; *max, if not NULL, the largest. dim TORCH_NONE: of all */
TORCH_API Tensor *torch_aminmax(Tensor *x, int64_t dim, bool keepdim, Tensor **max);

/* ---- order statistics: integers and floats ------------------------------------------------------------------------ */
TORCH_API Tensor *torch_median(Tensor *x);    /* of all elements, 0-d; the lower one of two. NaN where there is one */
TORCH_API Tensor *torch_nanmedian(Tensor *x); /* of what is no NaN */
/* torch.median(x, dim, keepdim): values; *indices, if not NULL, the index of each. Gradient to that element. */
TORCH_API Tensor *torch_median_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);
TORCH_API Tensor *torch_nanmedian_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);
/* torch.mode(x, dim, keepdim): the least of the most frequent values, and where it last is */
TORCH_API Tensor *torch_mode(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);

/* torch.quantile(x, q, dim, keepdim, interpolation): what q (0 to 1) of the elements lie below; torch_quantile(x, 0.5),
 * torch_quantile(x, .q_tensor = several, .dim = 1), whose quantiles become the first dimension. "linear", "lower", "higher",
 * "midpoint" or "nearest" of two neighbours. float32 and float64 */
typedef struct torch_QuantileArgs {
    size_t struct_size;
    Tensor *self;
    double q;
    int64_t dim; /* TORCH_NONE: all */
    bool keepdim;
    const char *interpolation;
    Tensor *q_tensor; /* 0-d or 1-d, instead of q */
} torch_QuantileArgs;
TORCH_API torch_QuantileArgs torch_QuantileArgs_defaults(void);
TORCH_API Tensor *torch_quantile_args(const torch_QuantileArgs *args);
TORCH_API Tensor *torch_nanquantile_args(const torch_QuantileArgs *args);
#define TORCH_QUANTILE(...)                                           \
    (&(torch_QuantileArgs){.q = TORCH_NAN,                            \
                           .dim = TORCH_NONE,                         \
                           .interpolation = "linear",                 \
                           .struct_size = sizeof(torch_QuantileArgs), \
                           .self = __VA_ARGS__})
#define torch_quantile(...) torch_quantile_args(TORCH_QUANTILE(__VA_ARGS__))
#define torch_nanquantile(...) torch_nanquantile_args(TORCH_QUANTILE(__VA_ARGS__)) /* of what is no NaN */

/* ---- variance -------------------------------------------------------------------------------------------------------
 * torch_var(x), torch_std(x, 0), torch_var(x, .dim = 1, .correction = 0), torch_var_mean(x, .mean = &mean): the sum of squares
 * about the mean, divided by n - correction. "std and var only support floating point and complex dtypes" */
typedef struct torch_VarArgs {
    size_t struct_size;
    Tensor *self;
    int64_t dim;   /* TORCH_NONE: all */
    bool unbiased; /* correction 1, else 0; true */
    bool keepdim;
    int64_t correction;  /* TORCH_NONE: as unbiased says */
    const int64_t *dims; /* several dims instead of one: n_dims of them */
    int64_t n_dims;
    Tensor **mean; /* var_mean, std_mean: receives the mean */
} torch_VarArgs;
TORCH_API torch_VarArgs torch_VarArgs_defaults(void);
TORCH_API Tensor *torch_var_args(const torch_VarArgs *args);
TORCH_API Tensor *torch_std_args(const torch_VarArgs *args);
TORCH_API Tensor *torch_var_mean_args(const torch_VarArgs *args);
TORCH_API Tensor *torch_std_mean_args(const torch_VarArgs *args);
#define TORCH_VAR(...)                                      \
    (&(torch_VarArgs){.dim = TORCH_NONE,                    \
                      .unbiased = true,                     \
                      .correction = TORCH_NONE,             \
                      .struct_size = sizeof(torch_VarArgs), \
                      .self = __VA_ARGS__})
#define torch_var(...) torch_var_args(TORCH_VAR(__VA_ARGS__))
#define torch_std(...) torch_std_args(TORCH_VAR(__VA_ARGS__)) /* its root */
#define torch_var_mean(...) torch_var_mean_args(TORCH_VAR(__VA_ARGS__))
#define torch_std_mean(...) torch_std_mean_args(TORCH_VAR(__VA_ARGS__))

TORCH_END

#endif
