/* Making tensors. */
#ifndef CERILLA_OPS_CREATE_H
#define CERILLA_OPS_CREATE_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- creation -------------------------------------------------------------------------------------------------------
 * Sizes come last, as plain numbers, and keywords may follow: torch_zeros(2, 3, .dtype = torch_int64). The _n twins take the
 * rank at run time (0 too). RuntimeError for negative sizes and for products that overflow. */
typedef struct torch_FactoryArgs {
    size_t struct_size;
    int64_t size[TORCH_MAX_DIM]; /* TORCH_NONE: not given */
    int64_t too_many;            /* a ninth size lands here, and is refused */
    torch_dtype dtype;           /* default: torch_get_default_dtype() */
    bool requires_grad;
    torch_Generator *generator; /* default: the process's */
} torch_FactoryArgs;
TORCH_API torch_FactoryArgs torch_FactoryArgs_defaults(void);
#define TORCH_FACTORY(...)                                          \
    (&(torch_FactoryArgs){.size = TORCH_NO_SIZES,                   \
                          .too_many = TORCH_NONE,                   \
                          .struct_size = sizeof(torch_FactoryArgs), \
                          .size[0] = __VA_ARGS__})

TORCH_API Tensor *torch_empty_args(const torch_FactoryArgs *args);
TORCH_API Tensor *torch_zeros_args(const torch_FactoryArgs *args);
TORCH_API Tensor *torch_ones_args(const torch_FactoryArgs *args);
TORCH_API Tensor *torch_rand_args(const torch_FactoryArgs *args);
TORCH_API Tensor *torch_randn_args(const torch_FactoryArgs *args);
#define torch_empty(...) torch_empty_args(TORCH_FACTORY(__VA_ARGS__)) /* uninitialised */
#define torch_zeros(...) torch_zeros_args(TORCH_FACTORY(__VA_ARGS__))
#define torch_ones(...) torch_ones_args(TORCH_FACTORY(__VA_ARGS__))
#define torch_rand(...) torch_rand_args(TORCH_FACTORY(__VA_ARGS__))                    /* U[0, 1); floating dtypes */
#define torch_randn(...) torch_randn_args(TORCH_FACTORY(__VA_ARGS__))                  /* N(0, 1); floating dtypes */
TORCH_API Tensor *torch_empty_n(int64_t ndim, const int64_t *size, torch_dtype dtype); /* dtype none: the default */
TORCH_API Tensor *torch_zeros_n(int64_t ndim, const int64_t *size, torch_dtype dtype);
TORCH_API Tensor *torch_ones_n(int64_t ndim, const int64_t *size, torch_dtype dtype);
TORCH_API Tensor *torch_rand_n(int64_t ndim, const int64_t *size, torch_dtype dtype);
TORCH_API Tensor *torch_randn_n(int64_t ndim, const int64_t *size, torch_dtype dtype);

/* torch.full(size, fill_value): here the value comes first, because sizes come last: torch_full(3.5, 2, 2). dtype: the value's. */
TORCH_API Tensor *torch_full_args(torch_Scalar value, const torch_FactoryArgs *args);
TORCH_API Tensor *torch_full_n(int64_t ndim, const int64_t *size, torch_Scalar value, torch_dtype dtype);
#define torch_full(value, ...) torch_full_args(TORCH_SCALAR(value), TORCH_FACTORY(__VA_ARGS__))

/* torch.eye(n, m=n): torch_eye(3), torch_eye(2, 4, .dtype = torch_int64): (n, m) */
TORCH_API Tensor *torch_eye_args(const torch_FactoryArgs *args);
TORCH_API Tensor *torch_eye_m(int64_t n, int64_t m);
#define torch_eye(...) torch_eye_args(TORCH_FACTORY(__VA_ARGS__))
/* torch.empty_strided(size, stride): torch_empty_strided(TORCH_DIMS(2, 3), TORCH_DIMS(1, 2), dtype); dtype none: the default */
TORCH_API Tensor *torch_empty_strided(int64_t ndim, const int64_t *size, int64_t n_stride, const int64_t *stride,
                                      torch_dtype dtype);

/* torch.linspace(start, end, steps): torch_linspace(0, 1, 5, .dtype = torch_float64); torch.logspace(start, end, steps, base=10):
 * base to the power of those. "number of steps must be non-negative" */
typedef struct torch_LinspaceArgs {
    size_t struct_size;
    double start, end;
    int64_t steps;
    double base;
    torch_dtype dtype; /* default: torch_get_default_dtype() */
    bool requires_grad;
} torch_LinspaceArgs;
TORCH_API torch_LinspaceArgs torch_LinspaceArgs_defaults(void);
TORCH_API Tensor *torch_linspace_args(const torch_LinspaceArgs *args);
TORCH_API Tensor *torch_logspace_args(const torch_LinspaceArgs *args);
#define TORCH_LINSPACE(...) \
    (&(torch_LinspaceArgs){.struct_size = sizeof(torch_LinspaceArgs), .base = 10, .start = __VA_ARGS__})
#define torch_linspace(...) torch_linspace_args(TORCH_LINSPACE(__VA_ARGS__))
#define torch_logspace(...) torch_logspace_args(TORCH_LINSPACE(__VA_ARGS__))

/* torch.hann_window(window_length, periodic=True): torch_hann_window(400), torch_hann_window(400, false, .dtype = torch_float64).
 * Also torch.hamming_window(n, periodic, alpha=0.54, beta=0.46): alpha - beta cos. "hann_window requires non-negative window_length, ..." */
typedef struct torch_WindowArgs {
    size_t struct_size;
    int64_t window_length;
    bool periodic;      /* default: true: the window of one more, without its last */
    double alpha, beta; /* hamming */
    torch_dtype dtype;  /* default: torch_get_default_dtype() */
    bool requires_grad;
} torch_WindowArgs;
TORCH_API torch_WindowArgs torch_WindowArgs_defaults(void); /* periodic; alpha and beta 0 */
TORCH_API Tensor *torch_hann_window_args(const torch_WindowArgs *args);
TORCH_API Tensor *torch_hamming_window_args(const torch_WindowArgs *args);
TORCH_API Tensor *torch_blackman_window_args(const torch_WindowArgs *args);
TORCH_API Tensor *torch_bartlett_window_args(const torch_WindowArgs *args);
#define TORCH_WINDOW(alpha_, beta_, ...)                          \
    (&(torch_WindowArgs){.periodic = true,                        \
                         .alpha = (alpha_),                       \
                         .beta = (beta_),                         \
                         .struct_size = sizeof(torch_WindowArgs), \
                         .window_length = __VA_ARGS__})
#define torch_hann_window(...) torch_hann_window_args(TORCH_WINDOW(0, 0, __VA_ARGS__))
#define torch_hamming_window(...) torch_hamming_window_args(TORCH_WINDOW(0.54, 0.46, __VA_ARGS__))
#define torch_blackman_window(...) torch_blackman_window_args(TORCH_WINDOW(0, 0, __VA_ARGS__))
#define torch_bartlett_window(...) torch_bartlett_window_args(TORCH_WINDOW(0, 0, __VA_ARGS__))

/* torch.arange(start=0, end, step=1): ceil((end - start) / step) values. torch_arange(5), torch_arange(1, 7),
 * torch_arange(0, 1, 0.25, .dtype = torch_float64). int64 when the first bound is of an integer type and all are whole numbers,
 * else the default dtype. RuntimeError "step must be nonzero", "upper bound and larger bound inconsistent with step sign". */
typedef struct torch_ArangeArgs {
    size_t struct_size;
    double a, b, c; /* as written: end; start, end; or start, end, step. NaN: not given */
    torch_dtype dtype;
    bool requires_grad;
    bool floating; /* the first bound is of a floating type */
} torch_ArangeArgs;
TORCH_API torch_ArangeArgs torch_ArangeArgs_defaults(void);
TORCH_API Tensor *torch_arange_args(const torch_ArangeArgs *args);
TORCH_API Tensor *torch_arange_n(torch_Scalar start, torch_Scalar end, torch_Scalar step, torch_dtype dtype);
#define TORCH_FIRST(first, ...) first
#define TORCH_IS_FLOATING(v) _Generic((v), float : true, double : true, default : false)
#define torch_arange(...)                                                                             \
    torch_arange_args(&(torch_ArangeArgs){.b = TORCH_NAN,                                             \
                                          .c = TORCH_NAN,                                             \
                                          .floating = TORCH_IS_FLOATING(TORCH_FIRST(__VA_ARGS__, 0)), \
                                          .struct_size = sizeof(torch_ArangeArgs),                    \
                                          .a = __VA_ARGS__})

/* torch.tensor(data, dtype=None, requires_grad=False): a number, an array of one to four dimensions, or
 * torch_list(float, 1, 2, 3). bool stays bool; int, long -> int64; float, double -> the default dtype; char, short: as they are. */
typedef struct torch_TensorArgs {
    torch_Array data;
    size_t struct_size;
    torch_dtype dtype;
    bool requires_grad;
} torch_TensorArgs;
TORCH_API Tensor *torch_tensor_args(const torch_TensorArgs *args);
#ifndef __cplusplus
#define torch_tensor(...) torch_tensor_(__VA_ARGS__, )
#define torch_tensor_(data_, ...) \
    torch_tensor_args(            \
        &(torch_TensorArgs){.data = TORCH_ARRAY(data_), __VA_ARGS__.struct_size = sizeof(torch_TensorArgs)})
#endif
/* A copy of numel elements at data, of the given dtype, in row order; torch.tensor of raw memory, for bindings. */
TORCH_API Tensor *torch_tensor_n(const void *data, torch_dtype dtype, int64_t ndim, const int64_t *size);

/* torch.as_tensor: of C data always a copy; torch_from_blob shares it */
#define torch_as_tensor torch_tensor

/* ---- like another tensor -------------------------------------------------------------------------------------------
 * torch.zeros_like(x, dtype=None, requires_grad=False): x's sizes and order of dimensions, and its dtype if none is given:
 * torch_zeros_like(x), torch_zeros_like(x, .dtype = torch_int64). */
typedef struct torch_LikeArgs {
    size_t struct_size;
    Tensor *self;
    torch_dtype dtype;
    bool requires_grad;
} torch_LikeArgs;
TORCH_API torch_LikeArgs torch_LikeArgs_defaults(void);
TORCH_API Tensor *torch_empty_like_args(const torch_LikeArgs *args);
TORCH_API Tensor *torch_zeros_like_args(const torch_LikeArgs *args);
TORCH_API Tensor *torch_ones_like_args(const torch_LikeArgs *args);
TORCH_API Tensor *torch_full_like_args(torch_Scalar value, const torch_LikeArgs *args);
TORCH_API Tensor *torch_rand_like_args(const torch_LikeArgs *args);
TORCH_API Tensor *torch_randn_like_args(const torch_LikeArgs *args);
#define TORCH_LIKE(...) (&(torch_LikeArgs){.struct_size = sizeof(torch_LikeArgs), .self = __VA_ARGS__})
#define torch_empty_like(...) torch_empty_like_args(TORCH_LIKE(__VA_ARGS__))
#define torch_zeros_like(...) torch_zeros_like_args(TORCH_LIKE(__VA_ARGS__))
#define torch_ones_like(...) torch_ones_like_args(TORCH_LIKE(__VA_ARGS__))
#define torch_rand_like(...) torch_rand_like_args(TORCH_LIKE(__VA_ARGS__))
#define torch_randn_like(...) torch_randn_like_args(TORCH_LIKE(__VA_ARGS__))
#define torch_full_like(x, ...) torch_full_like_(x, __VA_ARGS__, )
#define torch_full_like_(x, value, ...)       \
    torch_full_like_args(TORCH_SCALAR(value), \
                         &(torch_LikeArgs){.self = x, __VA_ARGS__.struct_size = sizeof(torch_LikeArgs)})

/* x.new_zeros(2, 3): x's dtype if none is given: torch_new_zeros(x, 2, 3, .requires_grad = true). new_full: the value comes
 * before the sizes. x.new_tensor(data): as torch_tensor, but in x's dtype */
TORCH_API Tensor *torch_new_empty_args(Tensor *x, const torch_FactoryArgs *args);
TORCH_API Tensor *torch_new_zeros_args(Tensor *x, const torch_FactoryArgs *args);
TORCH_API Tensor *torch_new_ones_args(Tensor *x, const torch_FactoryArgs *args);
TORCH_API Tensor *torch_new_full_args(Tensor *x, torch_Scalar value, const torch_FactoryArgs *args);
TORCH_API Tensor *torch_new_tensor_args(Tensor *x, const torch_TensorArgs *args);
#define torch_new_empty(x, ...) torch_new_empty_args(x, TORCH_FACTORY(__VA_ARGS__))
#define torch_new_zeros(x, ...) torch_new_zeros_args(x, TORCH_FACTORY(__VA_ARGS__))
#define torch_new_ones(x, ...) torch_new_ones_args(x, TORCH_FACTORY(__VA_ARGS__))
#define torch_new_full(x, value, ...) torch_new_full_args(x, TORCH_SCALAR(value), TORCH_FACTORY(__VA_ARGS__))
#ifndef __cplusplus
#define torch_new_tensor(x, ...) torch_new_tensor_(x, __VA_ARGS__, )
#define torch_new_tensor_(x, data_, ...) \
    torch_new_tensor_args(               \
        x, &(torch_TensorArgs){.data = TORCH_ARRAY(data_), __VA_ARGS__.struct_size = sizeof(torch_TensorArgs)})
#endif

TORCH_END

#endif
