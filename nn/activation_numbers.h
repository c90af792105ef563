/* torch.nn: activations with numbers; each (*) -> (*). Formulas and errors: ops/activation.h.
 * Constructors: NULL after an error. */
#ifndef CERILLA_NN_ACTIVATION_NUMBERS_H
#define CERILLA_NN_ACTIVATION_NUMBERS_H

#include "machinery.h"

TORCH_BEGIN

/* nn.ELU, nn.CELU(alpha=1, inplace=False): F_elu, F_celu. */
typedef struct nn_ELUArgs {
    size_t struct_size;
    double alpha;
    bool inplace;
} nn_ELUArgs;
typedef struct nn_ELU {
    nn_Module module;
    double alpha;
    bool inplace;
} nn_ELU, nn_CELU;
TORCH_API nn_ELUArgs nn_ELUArgs_defaults(void);
#define NN_ELU(...) (&(nn_ELUArgs){.alpha = 1, .struct_size = sizeof(nn_ELUArgs), __VA_ARGS__})
TORCH_API nn_ELU *nn_ELU_new(const nn_ELUArgs *args);
#define nn_ELU(...) nn_ELU_new(NN_ELU(__VA_ARGS__))
TORCH_API nn_CELU *nn_CELU_new(const nn_ELUArgs *args);
#define nn_CELU(...) nn_CELU_new(NN_ELU(__VA_ARGS__))

/* nn.LeakyReLU(negative_slope=0.01, inplace=False): F_leaky_relu. */
typedef struct nn_LeakyReLUArgs {
    size_t struct_size;
    double negative_slope;
    bool inplace;
} nn_LeakyReLUArgs;
typedef struct nn_LeakyReLU {
    nn_Module module;
    double negative_slope;
    bool inplace;
} nn_LeakyReLU;
TORCH_API nn_LeakyReLUArgs nn_LeakyReLUArgs_defaults(void);
#define NN_LEAKYRELU(...) \
    (&(nn_LeakyReLUArgs){.negative_slope = 1e-2, .struct_size = sizeof(nn_LeakyReLUArgs), __VA_ARGS__})
TORCH_API nn_LeakyReLU *nn_LeakyReLU_new(const nn_LeakyReLUArgs *args);
#define nn_LeakyReLU(...) nn_LeakyReLU_new(NN_LEAKYRELU(__VA_ARGS__))

/* nn.Hardtanh(min_val=-1, max_val=1, inplace=False): F_hardtanh. ValueError for max_val <= min_val. */
typedef struct nn_HardtanhArgs {
    size_t struct_size;
    double min_val;
    double max_val;
    bool inplace;
} nn_HardtanhArgs;
typedef struct nn_Hardtanh {
    nn_Module module;
    double min_val;
    double max_val;
    bool inplace;
} nn_Hardtanh;
TORCH_API nn_HardtanhArgs nn_HardtanhArgs_defaults(void);
#define NN_HARDTANH(...) \
    (&(nn_HardtanhArgs){.min_val = -1, .max_val = 1, .struct_size = sizeof(nn_HardtanhArgs), __VA_ARGS__})
TORCH_API nn_Hardtanh *nn_Hardtanh_new(const nn_HardtanhArgs *args);
#define nn_Hardtanh(...) nn_Hardtanh_new(NN_HARDTANH(__VA_ARGS__))

/* nn.Hardshrink, nn.Softshrink(lambd=0.5): F_hardshrink, F_softshrink. */
typedef struct nn_HardshrinkArgs {
    size_t struct_size;
    double lambd;
} nn_HardshrinkArgs;
typedef struct nn_Hardshrink {
    nn_Module module;
    double lambd;
} nn_Hardshrink, nn_Softshrink;
TORCH_API nn_HardshrinkArgs nn_HardshrinkArgs_defaults(void);
#define NN_HARDSHRINK(...) (&(nn_HardshrinkArgs){.lambd = 0.5, .struct_size = sizeof(nn_HardshrinkArgs), __VA_ARGS__})
TORCH_API nn_Hardshrink *nn_Hardshrink_new(const nn_HardshrinkArgs *args);
#define nn_Hardshrink(...) nn_Hardshrink_new(NN_HARDSHRINK(__VA_ARGS__))
TORCH_API nn_Softshrink *nn_Softshrink_new(const nn_HardshrinkArgs *args);
#define nn_Softshrink(...) nn_Softshrink_new(NN_HARDSHRINK(__VA_ARGS__))

/* nn.Softplus(beta=1, threshold=20): F_softplus. */
typedef struct nn_SoftplusArgs {
    size_t struct_size;
    double beta;
    double threshold;
} nn_SoftplusArgs;
typedef struct nn_Softplus {
    nn_Module module;
    double beta;
    double threshold;
} nn_Softplus;
TORCH_API nn_SoftplusArgs nn_SoftplusArgs_defaults(void);
#define NN_SOFTPLUS(...) \
    (&(nn_SoftplusArgs){.beta = 1, .threshold = 20, .struct_size = sizeof(nn_SoftplusArgs), __VA_ARGS__})
TORCH_API nn_Softplus *nn_Softplus_new(const nn_SoftplusArgs *args);
#define nn_Softplus(...) nn_Softplus_new(NN_SOFTPLUS(__VA_ARGS__))

/* nn.GELU(approximate="none"): F_gelu; "tanh" is the other. */
typedef struct nn_GELUArgs {
    size_t struct_size;
    const char *approximate;
} nn_GELUArgs;
typedef struct nn_GELU {
    nn_Module module;
    char approximate[8];
} nn_GELU;
TORCH_API nn_GELUArgs nn_GELUArgs_defaults(void);
#define NN_GELU(...) (&(nn_GELUArgs){.approximate = "none", .struct_size = sizeof(nn_GELUArgs), __VA_ARGS__})
TORCH_API nn_GELU *nn_GELU_new(const nn_GELUArgs *args);
#define nn_GELU(...) nn_GELU_new(NN_GELU(__VA_ARGS__))

/* nn.RReLU(lower=1/8, upper=1/3, inplace=False): F_rrelu, slopes drawn in training mode, their mean in eval mode. */
typedef struct nn_RReLUArgs {
    size_t struct_size;
    double lower, upper;
    bool inplace;
} nn_RReLUArgs;
typedef struct nn_RReLU {
    nn_Module module;
    double lower, upper;
    bool inplace;
} nn_RReLU;
TORCH_API nn_RReLUArgs nn_RReLUArgs_defaults(void);
#define NN_RRELU(...) \
    (&(nn_RReLUArgs){.lower = 1.0 / 8, .upper = 1.0 / 3, .struct_size = sizeof(nn_RReLUArgs), __VA_ARGS__})
TORCH_API nn_RReLU *nn_RReLU_new(const nn_RReLUArgs *args);
#define nn_RReLU(...) nn_RReLU_new(NN_RRELU(__VA_ARGS__))

/* nn.Threshold(threshold, value, inplace=False): F_threshold. TypeError for what is missing. */
typedef struct nn_ThresholdArgs {
    size_t struct_size;
    double threshold, value; /* NaN: missing */
    bool inplace;
} nn_ThresholdArgs;
typedef struct nn_Threshold {
    nn_Module module;
    double threshold, value;
    bool inplace;
} nn_Threshold;
TORCH_API nn_ThresholdArgs nn_ThresholdArgs_defaults(void);
#define NN_THRESHOLD(...) \
    (&(nn_ThresholdArgs){ \
        .threshold = TORCH_NAN, .value = TORCH_NAN, .struct_size = sizeof(nn_ThresholdArgs), __VA_ARGS__})
TORCH_API nn_Threshold *nn_Threshold_new(const nn_ThresholdArgs *args);
#define nn_Threshold(...) nn_Threshold_new(NN_THRESHOLD(__VA_ARGS__))

/* nn.PReLU(num_parameters=1, init=0.25): F_prelu with the weight (num_parameters), all init at first. */
typedef struct nn_PReLUArgs {
    size_t struct_size;
    int64_t num_parameters;
    double init;
    torch_dtype dtype;
} nn_PReLUArgs;
typedef struct nn_PReLU {
    nn_Module module;
    int64_t num_parameters;
    Tensor *weight;
} nn_PReLU;
TORCH_API nn_PReLUArgs nn_PReLUArgs_defaults(void);
TORCH_API nn_PReLU *nn_PReLU_new(const nn_PReLUArgs *args);
#define nn_PReLU(...) \
    nn_PReLU_new(&(nn_PReLUArgs){.num_parameters = 1, .init = 0.25, .struct_size = sizeof(nn_PReLUArgs), __VA_ARGS__})

TORCH_END

#endif
