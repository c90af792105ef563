/* torch.nn: normalisations. y = (x - mean) / sqrt(var + eps) weight + bias; weight begins as ones, bias as zeros. */
#ifndef CERILLA_NN_NORM_H
#define CERILLA_NN_NORM_H

#include "machinery.h"

TORCH_BEGIN

/* nn.BatchNorm1d(num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, dtype=None): moments of
 * each channel. (N, C) or (N, C, L); BatchNorm2d: (N, C, H, W); BatchNorm3d: (N, C, D, H, W). Buffers running_mean,
 * running_var, num_batches_tracked; eval mode normalises by them. momentum TORCH_NAN is None: their plain average.
 * nn.InstanceNorm1d: the same with affine=False, track_running_stats=False; moments of each channel of each image; a
 * batch dimension may be left out. ValueError "expected 4D input (got 3D input)".      NULL */
typedef struct nn_BatchNorm {
    nn_Module module;
    int64_t num_features;
    double eps, momentum;
    bool affine, track_running_stats;
    int64_t spatial;                                          /* 1, 2 or 3 dimensions */
    Tensor *weight, *bias;                                    /* (num_features), or NULL when not affine */
    Tensor *running_mean, *running_var, *num_batches_tracked; /* NULL when not tracked */
} nn_BatchNorm, nn_BatchNorm1d, nn_BatchNorm2d, nn_BatchNorm3d, nn_InstanceNorm1d, nn_InstanceNorm2d, nn_InstanceNorm3d;
typedef struct nn_BatchNormArgs {
    size_t struct_size;
    int64_t num_features;
    double eps, momentum;
    bool affine, track_running_stats;
    torch_dtype dtype;
} nn_BatchNormArgs;
TORCH_API nn_BatchNormArgs nn_BatchNormArgs_defaults(void);
TORCH_API nn_BatchNormArgs nn_InstanceNormArgs_defaults(void);
TORCH_API nn_BatchNorm *nn_BatchNorm1d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_BatchNorm2d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_BatchNorm3d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_InstanceNorm1d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_InstanceNorm2d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_InstanceNorm3d_new(const nn_BatchNormArgs *args);
#define NN_NORM_ARGS(preset, ...)                                 \
    (&(nn_BatchNormArgs){.eps = 1e-5,                             \
                         .momentum = 0.1,                         \
                         .affine = preset,                        \
                         .track_running_stats = preset,           \
                         .struct_size = sizeof(nn_BatchNormArgs), \
                         .num_features = TORCH_NONE,              \
                         __VA_ARGS__})
#define nn_BatchNorm1d(...) nn_BatchNorm1d_new(NN_NORM_ARGS(true, .num_features = __VA_ARGS__))
#define nn_BatchNorm2d(...) nn_BatchNorm2d_new(NN_NORM_ARGS(true, .num_features = __VA_ARGS__))
#define nn_BatchNorm3d(...) nn_BatchNorm3d_new(NN_NORM_ARGS(true, .num_features = __VA_ARGS__))
#define nn_InstanceNorm1d(...) nn_InstanceNorm1d_new(NN_NORM_ARGS(false, .num_features = __VA_ARGS__))
#define nn_InstanceNorm2d(...) nn_InstanceNorm2d_new(NN_NORM_ARGS(false, .num_features = __VA_ARGS__))
#define nn_InstanceNorm3d(...) nn_InstanceNorm3d_new(NN_NORM_ARGS(false, .num_features = __VA_ARGS__))

/* nn.LayerNorm(normalized_shape, eps=1e-5, elementwise_affine=True, dtype=None): over the last dimensions;
 * nn_LayerNorm(TORCH_DIMS(3, 4), .eps = 1e-6).      NULL */
typedef struct nn_LayerNorm {
    nn_Module module;
    int64_t n_shape, normalized_shape[TORCH_MAX_DIM];
    double eps;
    bool elementwise_affine;
    Tensor *weight, *bias; /* of normalized_shape, or NULL */
} nn_LayerNorm;
typedef struct nn_LayerNormArgs {
    size_t struct_size;
    int64_t n_shape; /* written together: TORCH_DIMS(3, 4) */
    const int64_t *normalized_shape;
    double eps;
    bool elementwise_affine;
    torch_dtype dtype;
} nn_LayerNormArgs;
TORCH_API nn_LayerNormArgs nn_LayerNormArgs_defaults(void);
TORCH_API nn_LayerNorm *nn_LayerNorm_new(const nn_LayerNormArgs *args);
#define nn_LayerNorm(...)                 \
    nn_LayerNorm_new(&(nn_LayerNormArgs){ \
        .eps = 1e-5, .elementwise_affine = true, .struct_size = sizeof(nn_LayerNormArgs), .n_shape = __VA_ARGS__})

/* nn.GroupNorm(num_groups, num_channels, eps=1e-5, affine=True, dtype=None): over each group of channels of each image.
 * ValueError "num_channels must be divisible by num_groups".      NULL */
typedef struct nn_GroupNorm {
    nn_Module module;
    int64_t num_groups, num_channels;
    double eps;
    bool affine;
    Tensor *weight, *bias; /* (num_channels), or NULL */
} nn_GroupNorm;
typedef struct nn_GroupNormArgs {
    size_t struct_size;
    int64_t num_groups, num_channels;
    double eps;
    bool affine;
    torch_dtype dtype;
} nn_GroupNormArgs;
TORCH_API nn_GroupNormArgs nn_GroupNormArgs_defaults(void);
TORCH_API nn_GroupNorm *nn_GroupNorm_new(const nn_GroupNormArgs *args);
#define nn_GroupNorm(...)                                                         \
    nn_GroupNorm_new(&(nn_GroupNormArgs){.num_groups = TORCH_NONE,                \
                                         .num_channels = TORCH_NONE,              \
                                         .eps = 1e-5,                             \
                                         .affine = true,                          \
                                         .struct_size = sizeof(nn_GroupNormArgs), \
                                         __VA_ARGS__})

/* nn.RMSNorm(normalized_shape, eps=None, elementwise_affine=True, dtype=None) of PyTorch 2.4: F_rms_norm;
 * nn_RMSNorm(TORCH_DIMS(3, 4)); eps NaN is None.      NULL */
typedef struct nn_RMSNorm {
    nn_Module module;
    int64_t n_shape, normalized_shape[TORCH_MAX_DIM];
    double eps;
    bool elementwise_affine;
    Tensor *weight; /* of normalized_shape, or NULL */
} nn_RMSNorm;
TORCH_API nn_LayerNormArgs nn_RMSNormArgs_defaults(void);
TORCH_API nn_RMSNorm *nn_RMSNorm_new(const nn_LayerNormArgs *args);
#define nn_RMSNorm(...)                                                         \
    nn_RMSNorm_new(&(nn_LayerNormArgs){.eps = TORCH_NAN,                        \
                                       .elementwise_affine = true,              \
                                       .struct_size = sizeof(nn_LayerNormArgs), \
                                       .n_shape = __VA_ARGS__})

/* nn.LocalResponseNorm(size, alpha=1e-4, beta=0.75, k=1): F_local_response_norm, (N, C, *) -> (N, C, *);
 * nn.CrossMapLRN2d: the same of (N, C, H, W), whose window has its longer half ahead.
 * TypeError for a missing size.      NULL */
typedef struct nn_LocalResponseNormArgs {
    size_t struct_size;
    int64_t size;
    double alpha, beta, k;
} nn_LocalResponseNormArgs;
typedef struct nn_LocalResponseNorm {
    nn_Module module;
    int64_t size;
    double alpha, beta, k;
} nn_LocalResponseNorm;
TORCH_API nn_LocalResponseNormArgs nn_LocalResponseNormArgs_defaults(void);
TORCH_API nn_LocalResponseNorm *nn_LocalResponseNorm_new(const nn_LocalResponseNormArgs *args);
#define NN_LOCAL_RESPONSE_NORM(...) \
    (&(nn_LocalResponseNormArgs){   \
        .alpha = 1e-4, .beta = 0.75, .k = 1, .struct_size = sizeof(nn_LocalResponseNormArgs), .size = __VA_ARGS__})
#define nn_LocalResponseNorm(...) nn_LocalResponseNorm_new(NN_LOCAL_RESPONSE_NORM(__VA_ARGS__))

TORCH_END

#endif
