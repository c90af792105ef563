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

TORCH_API Tensor *torch_eye(int64_t n);              /* (n, n) */
TORCH_API Tensor *torch_eye_m(int64_t n, int64_t m); /* torch.eye(n, m): (n, m) */

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

TORCH_API Tensor *torch_empty_like(Tensor *x); /* same shape and dtype */
TORCH_API Tensor *torch_zeros_like(Tensor *x);
TORCH_API Tensor *torch_ones_like(Tensor *x);
TORCH_API Tensor *torch_full_like_(Tensor *x, torch_Scalar value);
#define torch_full_like(x, value) torch_full_like_(x, TORCH_SCALAR(value))
TORCH_API Tensor *torch_rand_like(Tensor *x);
TORCH_API Tensor *torch_randn_like(Tensor *x);

TORCH_END

#endif
