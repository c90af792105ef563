/* torch.nn.init: first values of parameters, drawn as PyTorch draws them. */
#ifndef CERILLA_NN_INIT_H
#define CERILLA_NN_INIT_H

#include "machinery.h"

TORCH_BEGIN

/* ---- initial values -------------------------------------------------------------------------------------------------
 * In place, without recording; return t.      NULL
 * init.calculate_gain(nonlinearity, param=None): 1 for linear, conv and sigmoid, 5/3 for tanh, sqrt(2) for relu,
 * sqrt(2 / (1 + param^2)) for leaky_relu (param 0.01), 3/4 for selu.
 * ValueError "Unsupported nonlinearity foo".      NaN */
TORCH_API double nn_init_calculate_gain_param(const char *nonlinearity, double param); /* NaN: None */
#define nn_init_calculate_gain(...) nn_init_calculate_gain_(__VA_ARGS__, )
#define nn_init_calculate_gain_(nonlinearity, ...)                                              \
    nn_init_calculate_gain_param(nonlinearity, (((const struct {                                \
                                                    char none;                                  \
                                                    double param;                               \
                                                }){.param = TORCH_NAN, .none = 0, __VA_ARGS__}) \
                                                    .param))

TORCH_API Tensor *nn_init_constant_(Tensor *t, double value);
TORCH_API Tensor *nn_init_ones_(Tensor *t);
TORCH_API Tensor *nn_init_zeros_(Tensor *t);
TORCH_API Tensor *nn_init_eye_(Tensor *t); /* (n, m): 1 where i = j. "Only tensors with 2 dimensions are supported" */

/* init.uniform_(t, a=0, b=1): U[a, b) */
typedef struct nn_InitUniformArgs {
    size_t struct_size;
    Tensor *tensor;
    double a, b;
} nn_InitUniformArgs;
TORCH_API nn_InitUniformArgs nn_InitUniformArgs_defaults(void);
TORCH_API Tensor *nn_init_uniform__args(const nn_InitUniformArgs *args);
#define nn_init_uniform_(...) \
    nn_init_uniform__args(    \
        &(nn_InitUniformArgs){.a = 0, .b = 1, .struct_size = sizeof(nn_InitUniformArgs), .tensor = __VA_ARGS__})

/* init.normal_(t, mean=0, std=1): N(mean, std^2); trunc_normal_(t, mean=0, std=1, a=-2, b=2): the same within [a, b] */
typedef struct nn_InitNormalArgs {
    size_t struct_size;
    Tensor *tensor;
    double mean, std, a, b; /* a, b: of trunc_normal_ */
} nn_InitNormalArgs;
TORCH_API nn_InitNormalArgs nn_InitNormalArgs_defaults(void);
TORCH_API Tensor *nn_init_normal__args(const nn_InitNormalArgs *args);
TORCH_API Tensor *nn_init_trunc_normal__args(const nn_InitNormalArgs *args);
#define NN_INIT_NORMAL(...) \
    (&(nn_InitNormalArgs){  \
        .mean = 0, .std = 1, .a = -2, .b = 2, .struct_size = sizeof(nn_InitNormalArgs), .tensor = __VA_ARGS__})
#define nn_init_normal_(...) nn_init_normal__args(NN_INIT_NORMAL(__VA_ARGS__))
#define nn_init_trunc_normal_(...) nn_init_trunc_normal__args(NN_INIT_NORMAL(__VA_ARGS__))

/* init.xavier_uniform_(t, gain=1): U(-k, k), k = gain sqrt(6 / (fan_in + fan_out));
 * xavier_normal_: std = gain sqrt(2 / (fan_in + fan_out)).
 * ValueError "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions".
 * init.orthogonal_(t, gain=1): Q of a normal (n, rest), times gain.
 * ValueError "Only tensors with 2 or more dimensions are supported" */
typedef struct nn_InitGainArgs {
    size_t struct_size;
    Tensor *tensor;
    double gain;
} nn_InitGainArgs;
TORCH_API nn_InitGainArgs nn_InitGainArgs_defaults(void);
TORCH_API Tensor *nn_init_xavier_uniform__args(const nn_InitGainArgs *args);
TORCH_API Tensor *nn_init_xavier_normal__args(const nn_InitGainArgs *args);
TORCH_API Tensor *nn_init_orthogonal__args(const nn_InitGainArgs *args);
#define NN_INIT_GAIN(...) (&(nn_InitGainArgs){.gain = 1, .struct_size = sizeof(nn_InitGainArgs), .tensor = __VA_ARGS__})
#define nn_init_xavier_uniform_(...) nn_init_xavier_uniform__args(NN_INIT_GAIN(__VA_ARGS__))
#define nn_init_xavier_normal_(...) nn_init_xavier_normal__args(NN_INIT_GAIN(__VA_ARGS__))
#define nn_init_orthogonal_(...) nn_init_orthogonal__args(NN_INIT_GAIN(__VA_ARGS__))

/* init.kaiming_uniform_(t, a=0, mode="fan_in", nonlinearity="leaky_relu"): U(-k, k), k = gain sqrt(3 / fan);
 * kaiming_normal_: std = gain / sqrt(fan). Warns of no elements.
 * ValueError "Mode foo not supported, please use one of ['fan_in', 'fan_out']". */
typedef struct nn_InitKaimingArgs {
    size_t struct_size;
    Tensor *tensor;
    double a; /* leaky_relu's slope */
    const char *mode, *nonlinearity;
} nn_InitKaimingArgs;
TORCH_API nn_InitKaimingArgs nn_InitKaimingArgs_defaults(void);
TORCH_API Tensor *nn_init_kaiming_uniform__args(const nn_InitKaimingArgs *args);
TORCH_API Tensor *nn_init_kaiming_normal__args(const nn_InitKaimingArgs *args);
#define NN_INIT_KAIMING(...)                                          \
    (&(nn_InitKaimingArgs){.a = 0,                                    \
                           .mode = "fan_in",                          \
                           .nonlinearity = "leaky_relu",              \
                           .struct_size = sizeof(nn_InitKaimingArgs), \
                           .tensor = __VA_ARGS__})
#define nn_init_kaiming_uniform_(...) nn_init_kaiming_uniform__args(NN_INIT_KAIMING(__VA_ARGS__))
#define nn_init_kaiming_normal_(...) nn_init_kaiming_normal__args(NN_INIT_KAIMING(__VA_ARGS__))

/* init.dirac_(t, groups=1): (out, in, *kernel), 1 in the middle of kernel (d, d) of each group.
 * ValueError "Only tensors with 3, 4, or 5 dimensions are supported", "dim 0 must be divisible by groups" */
typedef struct nn_InitDiracArgs {
    size_t struct_size;
    Tensor *tensor;
    int64_t groups;
} nn_InitDiracArgs;
TORCH_API nn_InitDiracArgs nn_InitDiracArgs_defaults(void);
TORCH_API Tensor *nn_init_dirac__args(const nn_InitDiracArgs *args);
#define nn_init_dirac_(...) \
    nn_init_dirac__args(    \
        &(nn_InitDiracArgs){.groups = 1, .struct_size = sizeof(nn_InitDiracArgs), .tensor = __VA_ARGS__})

/* init.sparse_(t, sparsity, std=0.01): (n, m) of N(0, std^2), ceil(sparsity n) of each column 0 */
typedef struct nn_InitSparseArgs {
    size_t struct_size;
    Tensor *tensor;
    double sparsity, std;
} nn_InitSparseArgs;
TORCH_API nn_InitSparseArgs nn_InitSparseArgs_defaults(void);
TORCH_API Tensor *nn_init_sparse__args(const nn_InitSparseArgs *args);
#define nn_init_sparse_(...) \
    nn_init_sparse__args(    \
        &(nn_InitSparseArgs){.std = 0.01, .struct_size = sizeof(nn_InitSparseArgs), .tensor = __VA_ARGS__})

TORCH_END

#endif
