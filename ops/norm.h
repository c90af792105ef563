/* torch.nn.functional: normalisations. */
#ifndef CERILLA_OPS_NORM_H
#define CERILLA_OPS_NORM_H

#include "view.h"

TORCH_BEGIN

typedef struct F_LayerNormArgs {
    size_t struct_size;
    Tensor *input;
    int64_t n_shape; /* written together: TORCH_DIMS(3, 4) */
    const int64_t *normalized_shape;
    Tensor *weight, *bias; /* of normalized_shape, or NULL */
    double eps;            /* 1e-5 */
} F_LayerNormArgs;
TORCH_API F_LayerNormArgs F_LayerNormArgs_defaults(void);
TORCH_API Tensor *F_layer_norm_args(const F_LayerNormArgs *args);
/* F_layer_norm(x, TORCH_DIMS(4), weight, bias): (x - mean) / sqrt(var + eps) weight + bias over the last dimensions */
#define F_layer_norm(...) \
    F_layer_norm_args(&(F_LayerNormArgs){.eps = 1e-5, .struct_size = sizeof(F_LayerNormArgs), .input = __VA_ARGS__})

typedef struct F_BatchNormArgs {
    size_t struct_size;
    Tensor *input;                      /* (N, C, ...) */
    Tensor *running_mean, *running_var; /* (C), or NULL when training; training updates them in place */
    Tensor *weight, *bias;              /* (C) or NULL */
    bool training;
    double momentum, eps; /* 0.1, 1e-5 */
} F_BatchNormArgs;
TORCH_API F_BatchNormArgs F_BatchNormArgs_defaults(void);
TORCH_API Tensor *F_batch_norm_args(const F_BatchNormArgs *args);
/* over all but dimension 1. ValueError "Expected more than 1 value per channel when training, ..." */
#define F_batch_norm(...)                 \
    F_batch_norm_args(&(F_BatchNormArgs){ \
        .eps = 1e-5, .momentum = 0.1, .struct_size = sizeof(F_BatchNormArgs), .input = __VA_ARGS__})

typedef struct F_InstanceNormArgs {
    size_t struct_size;
    Tensor *input;
    Tensor *running_mean, *running_var, *weight, *bias;
    bool use_input_stats; /* true */
    double momentum, eps; /* 0.1, 1e-5 */
} F_InstanceNormArgs;
TORCH_API F_InstanceNormArgs F_InstanceNormArgs_defaults(void);
TORCH_API Tensor *F_instance_norm_args(const F_InstanceNormArgs *args);
/* over the spatial dimensions of each image and channel */
#define F_instance_norm(...)                                                              \
    F_instance_norm_args(&(F_InstanceNormArgs){.eps = 1e-5,                               \
                                               .momentum = 0.1,                           \
                                               .use_input_stats = true,                   \
                                               .struct_size = sizeof(F_InstanceNormArgs), \
                                               .input = __VA_ARGS__})

typedef struct F_GroupNormArgs {
    size_t struct_size;
    Tensor *input;
    int64_t num_groups;
    Tensor *weight, *bias; /* (C) or NULL */
    double eps;            /* 1e-5 */
} F_GroupNormArgs;
TORCH_API F_GroupNormArgs F_GroupNormArgs_defaults(void);
TORCH_API Tensor *F_group_norm_args(const F_GroupNormArgs *args);
/* over each of num_groups groups of channels of each image */
#define F_group_norm(...) \
    F_group_norm_args(&(F_GroupNormArgs){.eps = 1e-5, .struct_size = sizeof(F_GroupNormArgs), .input = __VA_ARGS__})

typedef struct F_LocalResponseNormArgs {
    size_t struct_size;
    Tensor *input;
    int64_t size;
    double alpha, beta, k; /* 1e-4, 0.75, 1 */
} F_LocalResponseNormArgs;
TORCH_API F_LocalResponseNormArgs F_LocalResponseNormArgs_defaults(void);
TORCH_API Tensor *F_local_response_norm_args(const F_LocalResponseNormArgs *args);
/* x / (k + alpha mean of x^2 over `size` channels around)^beta */
#define F_local_response_norm(...)                         \
    F_local_response_norm_args(&(F_LocalResponseNormArgs){ \
        .alpha = 1e-4, .beta = 0.75, .k = 1, .struct_size = sizeof(F_LocalResponseNormArgs), .input = __VA_ARGS__})

/* F.rms_norm(x, normalized_shape, weight=None, eps=None) of PyTorch 2.4: x / sqrt(mean(x^2) + eps) weight, the mean over the
 * last n_shape dimensions; eps NaN: that of x's dtype. Zhang and Sennrich, 2019. Errors as of layer_norm */
typedef struct F_RmsNormArgs {
    size_t struct_size;
    Tensor *input;
    int64_t n_shape; /* written together: TORCH_DIMS(3, 4) */
    const int64_t *normalized_shape;
    Tensor *weight; /* of normalized_shape, or NULL */
    double eps;
} F_RmsNormArgs;
TORCH_API F_RmsNormArgs F_RmsNormArgs_defaults(void);
TORCH_API Tensor *F_rms_norm_args(const F_RmsNormArgs *args);
#define F_rms_norm(...) \
    F_rms_norm_args(&(F_RmsNormArgs){.eps = TORCH_NAN, .struct_size = sizeof(F_RmsNormArgs), .input = __VA_ARGS__})

TORCH_END

#endif
