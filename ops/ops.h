/* The tensor functions: torch.* and Tensor.*. Shapes are given as in PyTorch's documentation; "same" is the input's own.
 *
 * Common to all: results are borrowed (see cerilla.h); dtypes promote as in PyTorch; operands written `Tensor or number` take
 * either, on either side; an in-place function ends in `_`, returns its first argument and raises RuntimeError for a leaf that
 * requires grad. Errors are named where they are not obvious. */
#ifndef CERILLA_OPS_H
#define CERILLA_OPS_H

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
#define TORCH_NO_SIZES                                                                                 \
    {                                                                                                  \
        TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE \
    }
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

/* torch.randint(low, high, size): int64 in [low, high). RuntimeError "random_ expects 'from' to be less than 'to', ...". */
TORCH_API Tensor *torch_randint_args(int64_t low, int64_t high, const torch_FactoryArgs *args);
#define torch_randint(low, high, ...) torch_randint_args(low, high, TORCH_FACTORY(__VA_ARGS__))
TORCH_API Tensor *torch_randperm(int64_t n);                               /* torch.randperm(n): (n), int64 */
TORCH_API Tensor *torch_randperm_generator(int64_t n, torch_Generator *g); /* torch.randperm(n, generator=g) */
TORCH_API Tensor *torch_eye(int64_t n);                                    /* (n, n) */
TORCH_API Tensor *torch_eye_m(int64_t n, int64_t m);                       /* torch.eye(n, m): (n, m) */

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

/* ---- views: the result shows x's memory -------------------------------------------------------------------------- */
#define TORCH_DIMS(...)                                                              \
    (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) \
    {                                                                                \
        __VA_ARGS__                                                                  \
    }
TORCH_API Tensor *torch_view_n(Tensor *x, int64_t ndim, const int64_t *size);
#define torch_view(x, ...) \
    torch_view_n(          \
        x,                 \
        TORCH_DIMS(        \
            __VA_ARGS__)) /* x.view(2, -1). "view size is not compatible ...", "shape '[4]' is invalid for input of size 6" */
TORCH_API Tensor *torch_reshape_n(Tensor *x, int64_t ndim, const int64_t *size);
#define torch_reshape(x, ...) torch_reshape_n(x, TORCH_DIMS(__VA_ARGS__)) /* a view where possible, else a copy */
TORCH_API Tensor *torch_expand_n(Tensor *x, int64_t ndim, const int64_t *size);
#define torch_expand(x, ...) torch_expand_n(x, TORCH_DIMS(__VA_ARGS__)) /* x.expand(4, -1): stride 0 where repeated */
TORCH_API Tensor *torch_permute_n(Tensor *x, int64_t ndim, const int64_t *dims);
#define torch_permute(x, ...) torch_permute_n(x, TORCH_DIMS(__VA_ARGS__))
TORCH_API Tensor *torch_expand_as(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_view_as(Tensor *x, Tensor *other);
TORCH_API Tensor *torch_transpose(Tensor *x, int64_t dim0, int64_t dim1);
TORCH_API Tensor *torch_transpose_(Tensor *x, int64_t dim0, int64_t dim1); /* in place: x's own shape and strides */
TORCH_API Tensor *torch_t(Tensor *x);                                      /* x.t(): at most 2-d */
TORCH_API Tensor *torch_T(Tensor *x);                                      /* x.T: all dimensions reversed */
TORCH_API Tensor *torch_select(Tensor *x, int64_t dim, int64_t index); /* x.select(dim, i): without dim. IndexError */
/* x[start:end:step] along dim: torch.slice. TORCH_NONE for None; bounds beyond the ends are clipped. step > 0 */
TORCH_API Tensor *torch_slice(Tensor *x, int64_t dim, int64_t start, int64_t end, int64_t step);
TORCH_API Tensor *torch_narrow(Tensor *x, int64_t dim, int64_t start,
                               int64_t length);              /* x.narrow(dim, start, length) */
TORCH_API Tensor *torch_squeeze(Tensor *x);                  /* without all dimensions of size 1 */
TORCH_API Tensor *torch_squeeze_dim(Tensor *x, int64_t dim); /* x.squeeze(dim): without dim if its size is 1 */
TORCH_API Tensor *torch_unsqueeze(Tensor *x, int64_t dim);   /* with a new dimension of size 1 */
TORCH_API Tensor *torch_flatten_dims(Tensor *x, int64_t start_dim,
                                     int64_t end_dim); /* x.flatten(start, end); a view where possible */
TORCH_API Tensor *torch_flatten(Tensor *x);            /* x.flatten(): 1-d */

/* x[...] in Python's own slice text with printf arguments (%d %ld %lld %i %zu %%): torch_index(x, ":, -1, :"),
 * torch_index(x, "%d, None, ..., ::2", i). Integers, slices, None, Ellipsis. IndexError "too many indices for tensor of dimension
 * 2", "index 5 is out of bounds for dimension 0 with size 3"; ValueError "slice step must be positive"; SyntaxError as ValueError. */
TORCH_API Tensor *torch_index(Tensor *x, const char *text, ...) TORCH_PRINTF(2, 3);

/* ---- copies and casts -------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_clone(Tensor *x);
TORCH_API Tensor *torch_contiguous(Tensor *x);            /* x itself when it is */
TORCH_API Tensor *torch_to(Tensor *x, torch_dtype dtype); /* x.to(dtype): x itself when it has it */
TORCH_API Tensor *torch_cat_n(Tensor *const *tensors, int64_t n, int64_t dim);
TORCH_API Tensor *torch_stack_n(Tensor *const *tensors, int64_t n, int64_t dim);
#define torch_tensors(...) \
    (Tensor *const[]){__VA_ARGS__}, (int64_t)(sizeof((Tensor *const[]){__VA_ARGS__}) / sizeof(Tensor *))
#define torch_cat(...) torch_cat_n(__VA_ARGS__) /* torch_cat(torch_tensors(a, b), 1): joined along an existing dim */
#define torch_stack(...) torch_stack_n(__VA_ARGS__) /* torch_stack(torch_tensors(a, b), 0): joined along a new dim */

/* ---- pointwise: shapes broadcast; the formula stands behind each ------------------------------------------------- */
TORCH_API Tensor *torch_add_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_add_alpha_Scalar(torch_Scalar a, torch_Scalar b, torch_Scalar alpha);
TORCH_API Tensor *torch_sub_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_mul_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_div_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_pow_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_eq_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_ne_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_lt_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_le_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_gt_Scalar(torch_Scalar a, torch_Scalar b);
TORCH_API Tensor *torch_ge_Scalar(torch_Scalar a, torch_Scalar b);
#define torch_add(a, b) torch_add_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a + b; of bools: or */
#define torch_add_alpha(a, b, alpha)                         \
    torch_add_alpha_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b), \
                           TORCH_SCALAR(alpha)) /* torch.add(a, b, alpha=alpha): a + alpha b */
#define torch_sub(a, b) torch_sub_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a - b; not for bools */
#define torch_mul(a, b) torch_mul_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a b; of bools: and */
#define torch_div(a, b) torch_div_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a / b, always floating */
#define torch_pow(a, b)  \
    torch_pow_Scalar(    \
        TORCH_SCALAR(a), \
        TORCH_SCALAR(b)) /* a ** b. RuntimeError "Integers to negative integer powers are not allowed." */
#define torch_eq(a, b) torch_eq_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a == b, bool */
#define torch_ne(a, b) torch_ne_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a != b, bool */
#define torch_lt(a, b) torch_lt_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a < b, bool */
#define torch_le(a, b) torch_le_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a <= b, bool */
#define torch_gt(a, b) torch_gt_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a > b, bool */
#define torch_ge(a, b) torch_ge_Scalar(TORCH_SCALAR(a), TORCH_SCALAR(b)) /* a >= b, bool */

TORCH_API Tensor *torch_neg(Tensor *x);        /* -x */
TORCH_API Tensor *torch_abs(Tensor *x);        /* |x| */
TORCH_API Tensor *torch_sign(Tensor *x);       /* -1, 0 or 1 */
TORCH_API Tensor *torch_reciprocal(Tensor *x); /* 1 / x */
TORCH_API Tensor *torch_exp(Tensor *x);        /* e^x */
TORCH_API Tensor *torch_log(Tensor *x);        /* natural logarithm */
TORCH_API Tensor *torch_sqrt(Tensor *x);       /* square root */
TORCH_API Tensor *torch_tanh(Tensor *x);       /* hyperbolic tangent */
TORCH_API Tensor *torch_sigmoid(Tensor *x);    /* 1 / (1 + e^-x) */
TORCH_API Tensor *torch_relu(Tensor *x);       /* max(x, 0) */
TORCH_API Tensor *
torch_clamp_Scalar(Tensor *x, torch_Scalar min,
                   torch_Scalar max); /* kind NONE: no bound. "At least one of 'min' or 'max' must not be None" */
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
#define TORCH_NAN ((double)(0.0f / 0.0f))

/* ---- in place ---------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_add__Scalar(Tensor *x, torch_Scalar other, torch_Scalar alpha);
TORCH_API Tensor *torch_sub__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_mul__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_div__Scalar(Tensor *x, torch_Scalar other);
TORCH_API Tensor *torch_fill__Scalar(Tensor *x, torch_Scalar value);
#define torch_add_(x, other) torch_add__Scalar(x, TORCH_SCALAR(other), torch_scalar_none()) /* x += other */
#define torch_add_alpha_(x, other, alpha) \
    torch_add__Scalar(x, TORCH_SCALAR(other), TORCH_SCALAR(alpha))       /* x.add_(other, alpha=alpha) */
#define torch_sub_(x, other) torch_sub__Scalar(x, TORCH_SCALAR(other))   /* x -= other */
#define torch_mul_(x, other) torch_mul__Scalar(x, TORCH_SCALAR(other))   /* x *= other */
#define torch_div_(x, other) torch_div__Scalar(x, TORCH_SCALAR(other))   /* x /= other */
#define torch_fill_(x, value) torch_fill__Scalar(x, TORCH_SCALAR(value)) /* every element = value */
TORCH_API Tensor *torch_zero_(Tensor *x);                                /* every element = 0 */
TORCH_API Tensor *torch_copy_(Tensor *x, Tensor *source);                /* source is broadcast and cast to x */
TORCH_API Tensor *torch_neg_(Tensor *x);
TORCH_API Tensor *torch_exp_(Tensor *x);
TORCH_API Tensor *torch_sqrt_(Tensor *x);
TORCH_API Tensor *torch_tanh_(Tensor *x);
TORCH_API Tensor *torch_sigmoid_(Tensor *x);
TORCH_API Tensor *torch_relu_(Tensor *x);

/* Random numbers in place, in memory order; floating dtypes, bernoulli_ any. Their _generator twins take a generator. */
TORCH_API Tensor *torch_uniform_(Tensor *x, double from,
                                 double to); /* U[from, to). "uniform_ expects to return a [from, to) range ..." */
TORCH_API Tensor *torch_normal_(Tensor *x, double mean,
                                double std); /* N(mean, std^2). "normal expects std >= 0.0, but found std -1" */
TORCH_API Tensor *torch_bernoulli_(Tensor *x,
                                   double p); /* 1 with probability p. "bernoulli_ expects p to be in [0, 1], ..." */
TORCH_API Tensor *torch_random_(Tensor *x, int64_t from,
                                int64_t to); /* integers in [from, to); TORCH_NONE, TORCH_NONE: the dtype's range */
TORCH_API Tensor *torch_uniform__generator(Tensor *x, double from, double to, torch_Generator *g);
TORCH_API Tensor *torch_normal__generator(Tensor *x, double mean, double std, torch_Generator *g);
TORCH_API Tensor *torch_bernoulli__generator(Tensor *x, double p, torch_Generator *g);
TORCH_API Tensor *torch_random__generator(Tensor *x, int64_t from, int64_t to, torch_Generator *g);

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
TORCH_API Tensor *torch_mean_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_argmax_args(const torch_ReduceArgs *args);
TORCH_API Tensor *torch_argmin_args(const torch_ReduceArgs *args);
#define torch_sum(...) torch_sum_args(TORCH_REDUCE(__VA_ARGS__)) /* integers and bool sum to int64 */
#define torch_mean(...) \
    torch_mean_args(TORCH_REDUCE(__VA_ARGS__)) /* floating dtypes. "mean(): could not infer output dtype. ..." */
#define torch_argmax(...) torch_argmax_args(TORCH_REDUCE(__VA_ARGS__)) /* int64 index of the first maximum */
#define torch_argmin(...) torch_argmin_args(TORCH_REDUCE(__VA_ARGS__))
TORCH_API Tensor *torch_max(Tensor *x); /* of all elements, 0-d; a NaN wins. Gradient shared evenly among equals */
TORCH_API Tensor *torch_min(Tensor *x);
/* torch.max(x, dim, keepdim): values; *indices, if not NULL, the index of each. Gradient to that element. */
TORCH_API Tensor *torch_max_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);
TORCH_API Tensor *torch_min_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices);

/* ---- matrices ---------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *
torch_mm(Tensor *a,
         Tensor *b); /* (n, k) x (k, m) -> (n, m). "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)" */
TORCH_API Tensor *torch_bmm(Tensor *a, Tensor *b);    /* (b, n, k) x (b, k, m) -> (b, n, m) */
TORCH_API Tensor *torch_mv(Tensor *a, Tensor *v);     /* (n, k) x (k) -> (n) */
TORCH_API Tensor *torch_dot(Tensor *a, Tensor *b);    /* (k) x (k) -> () */
TORCH_API Tensor *torch_matmul(Tensor *a, Tensor *b); /* a @ b: any ranks, batches broadcast */
TORCH_API Tensor *torch_addmm_n(Tensor *input, Tensor *a, Tensor *b, double beta, double alpha);
TORCH_API Tensor *torch_addmm(Tensor *input, Tensor *a, Tensor *b); /* input + a b, input broadcast to (n, m) */

/* ---- torch.nn.functional ----------------------------------------------------------------------------------------- */
TORCH_API Tensor *F_linear(Tensor *x, Tensor *weight,
                           Tensor *bias); /* x W^T + b: (*, in), (out, in), (out) or NULL -> (*, out) */
TORCH_API Tensor *F_relu(Tensor *x);
TORCH_API Tensor *F_tanh(Tensor *x);
TORCH_API Tensor *F_sigmoid(Tensor *x);
typedef struct F_LossArgs {
    size_t struct_size;
    Tensor *input, *target;
    const char *reduction; /* "mean", "sum" or "none" */
} F_LossArgs;
TORCH_API F_LossArgs F_LossArgs_defaults(void);
/* F.mse_loss(input, target, reduction="mean"): (input - target)^2. UserWarning where sizes differ; ValueError "x is not a valid value for reduction". */
TORCH_API Tensor *F_mse_loss_args(const F_LossArgs *args);
#define F_mse_loss(...) \
    F_mse_loss_args(&(F_LossArgs){.reduction = "mean", .struct_size = sizeof(F_LossArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_dropout(Tensor *x, double p, bool training); /* x noise / (1 - p), noise from bernoulli_(1 - p) */

TORCH_END

#endif
