/* torch.nn.functional: activations. Same shape; floating dtypes only, but for hardtanh, relu6 and threshold, which also take
 * integers. RuntimeError "\"elu_cpu\" not implemented for 'Long'". A trailing _ is inplace=True. */
#ifndef CERILLA_OPS_ACTIVATION_H
#define CERILLA_OPS_ACTIVATION_H

#include "../core/autograd.h"

TORCH_BEGIN

TORCH_API Tensor *F_relu_(Tensor *x);
TORCH_API Tensor *F_relu6(Tensor *x); /* min(max(x, 0), 6) */
TORCH_API Tensor *F_relu6_(Tensor *x);
TORCH_API Tensor *F_selu(Tensor *x); /* scale (max(0, x) + min(0, alpha (e^x - 1))), the constants of the paper */
TORCH_API Tensor *F_selu_(Tensor *x);
TORCH_API Tensor *F_silu(Tensor *x); /* x sigmoid(x) */
TORCH_API Tensor *F_silu_(Tensor *x);
TORCH_API Tensor *F_mish(Tensor *x); /* x tanh(log(1 + e^x)) */
TORCH_API Tensor *F_mish_(Tensor *x);
TORCH_API Tensor *F_hardswish(Tensor *x); /* x min(max(x + 3, 0), 6) / 6 */
TORCH_API Tensor *F_hardswish_(Tensor *x);
TORCH_API Tensor *F_hardsigmoid(Tensor *x); /* min(max(x + 3, 0), 6) / 6 */
TORCH_API Tensor *F_hardsigmoid_(Tensor *x);
TORCH_API Tensor *F_logsigmoid(Tensor *x); /* -log(1 + e^-x) */
TORCH_API Tensor *F_softsign(Tensor *x);   /* x / (1 + |x|) */
TORCH_API Tensor *F_tanhshrink(Tensor *x); /* x - tanh(x) */
/* x where it is greater than the threshold, else value */
TORCH_API Tensor *F_threshold_Scalar(Tensor *x, torch_Scalar threshold, torch_Scalar value);
TORCH_API Tensor *F_threshold__Scalar(Tensor *x, torch_Scalar threshold, torch_Scalar value);
#define F_threshold(x, threshold, value) F_threshold_Scalar(x, TORCH_SCALAR(threshold), TORCH_SCALAR(value))
#define F_threshold_(x, threshold, value) F_threshold__Scalar(x, TORCH_SCALAR(threshold), TORCH_SCALAR(value))
/* x where it is positive, else weight x: a weight of one element, or one for each place of dimension 1.
 * RuntimeError "Mismatch of parameter numbers and input channel size. ..." */
TORCH_API Tensor *F_prelu(Tensor *x, Tensor *weight);

/* ---- with options ------------------------------------------------------------------------------------------------ */

/* F.gelu(input, approximate="none"): x P(X < x) for a standard normal X; "tanh": by a formula with tanh.
 * RuntimeError "approximate argument must be either none or tanh." */
typedef struct F_GeluArgs {
    size_t struct_size;
    Tensor *input;
    const char *approximate; /* "none" or "tanh" */
} F_GeluArgs;
TORCH_API F_GeluArgs F_GeluArgs_defaults(void);
TORCH_API Tensor *F_gelu_args(const F_GeluArgs *args);
#define F_gelu(...) \
    F_gelu_args(&(F_GeluArgs){.approximate = "none", .struct_size = sizeof(F_GeluArgs), .input = __VA_ARGS__})

/* F.softplus(input, beta=1, threshold=20): log(1 + e^(beta x)) / beta, and x where beta x > threshold */
typedef struct F_SoftplusArgs {
    size_t struct_size;
    Tensor *input;
    double beta, threshold;
} F_SoftplusArgs;
TORCH_API F_SoftplusArgs F_SoftplusArgs_defaults(void);
TORCH_API Tensor *F_softplus_args(const F_SoftplusArgs *args);
#define F_softplus(...) \
    F_softplus_args(    \
        &(F_SoftplusArgs){.beta = 1, .threshold = 20, .struct_size = sizeof(F_SoftplusArgs), .input = __VA_ARGS__})

/* F.elu(input, alpha=1): x where it is positive, else alpha (e^x - 1).
 * F.celu(input, alpha=1): the same with alpha (e^(x / alpha) - 1). RuntimeError "ZeroDivisionError: alpha cannot be 0 for CELU" */
typedef struct F_EluArgs {
    size_t struct_size;
    Tensor *input;
    double alpha;
} F_EluArgs;
TORCH_API F_EluArgs F_EluArgs_defaults(void);
TORCH_API Tensor *F_elu_args(const F_EluArgs *args);
TORCH_API Tensor *F_elu__args(const F_EluArgs *args);
TORCH_API Tensor *F_celu_args(const F_EluArgs *args);
TORCH_API Tensor *F_celu__args(const F_EluArgs *args);
#define F_EluArgs_of(...) (&(F_EluArgs){.alpha = 1, .struct_size = sizeof(F_EluArgs), .input = __VA_ARGS__})
#define F_elu(...) F_elu_args(F_EluArgs_of(__VA_ARGS__))
#define F_elu_(...) F_elu__args(F_EluArgs_of(__VA_ARGS__))
#define F_celu(...) F_celu_args(F_EluArgs_of(__VA_ARGS__))
#define F_celu_(...) F_celu__args(F_EluArgs_of(__VA_ARGS__))

/* F.leaky_relu(input, negative_slope=0.01): x where it is positive, else negative_slope x */
typedef struct F_LeakyReluArgs {
    size_t struct_size;
    Tensor *input;
    double negative_slope;
} F_LeakyReluArgs;
TORCH_API F_LeakyReluArgs F_LeakyReluArgs_defaults(void);
TORCH_API Tensor *F_leaky_relu_args(const F_LeakyReluArgs *args);
TORCH_API Tensor *F_leaky_relu__args(const F_LeakyReluArgs *args);
#define F_LeakyReluArgs_of(...) \
    (&(F_LeakyReluArgs){.negative_slope = 0.01, .struct_size = sizeof(F_LeakyReluArgs), .input = __VA_ARGS__})
#define F_leaky_relu(...) F_leaky_relu_args(F_LeakyReluArgs_of(__VA_ARGS__))
#define F_leaky_relu_(...) F_leaky_relu__args(F_LeakyReluArgs_of(__VA_ARGS__))

/* F.hardtanh(input, min_val=-1, max_val=1): min(max(x, min_val), max_val).
 * RuntimeError "cannot do hardtanh on an unsigned type with negative limits" */
typedef struct F_HardtanhArgs {
    size_t struct_size;
    Tensor *input;
    double min_val, max_val;
} F_HardtanhArgs;
TORCH_API F_HardtanhArgs F_HardtanhArgs_defaults(void);
TORCH_API Tensor *F_hardtanh_args(const F_HardtanhArgs *args);
TORCH_API Tensor *F_hardtanh__args(const F_HardtanhArgs *args);
#define F_HardtanhArgs_of(...) \
    (&(F_HardtanhArgs){.min_val = -1, .max_val = 1, .struct_size = sizeof(F_HardtanhArgs), .input = __VA_ARGS__})
#define F_hardtanh(...) F_hardtanh_args(F_HardtanhArgs_of(__VA_ARGS__))
#define F_hardtanh_(...) F_hardtanh__args(F_HardtanhArgs_of(__VA_ARGS__))

/* F.hardshrink(input, lambd=0.5): 0 where |x| <= lambd, else x.
 * F.softshrink(input, lambd=0.5): 0 there, else x nearer to 0 by lambd. RuntimeError "lambda must be greater or equal to 0, ..." */
typedef struct F_ShrinkArgs {
    size_t struct_size;
    Tensor *input;
    double lambd;
} F_ShrinkArgs;
TORCH_API F_ShrinkArgs F_ShrinkArgs_defaults(void);
TORCH_API Tensor *F_hardshrink_args(const F_ShrinkArgs *args);
TORCH_API Tensor *F_softshrink_args(const F_ShrinkArgs *args);
#define F_ShrinkArgs_of(...) (&(F_ShrinkArgs){.lambd = 0.5, .struct_size = sizeof(F_ShrinkArgs), .input = __VA_ARGS__})
#define F_hardshrink(...) F_hardshrink_args(F_ShrinkArgs_of(__VA_ARGS__))
#define F_softshrink(...) F_softshrink_args(F_ShrinkArgs_of(__VA_ARGS__))

/* F.glu(input, dim=-1): a sigmoid(b), the two halves of dimension dim. RuntimeError "Halving dimension must be even, ..." */
typedef struct F_GluArgs {
    size_t struct_size;
    Tensor *input;
    int64_t dim;
} F_GluArgs;
TORCH_API F_GluArgs F_GluArgs_defaults(void);
TORCH_API Tensor *F_glu_args(const F_GluArgs *args);
#define F_glu(...) F_glu_args(&(F_GluArgs){.dim = -1, .struct_size = sizeof(F_GluArgs), .input = __VA_ARGS__})

TORCH_END

#endif
