/* torch.nn: pooling. Options are one number for all dimensions, .stride = 2, or one for each: .strides = F_EACH(2, 1).
 * The functions of ops/pool.h say what is computed, and what is refused. Constructors return NULL after an error. */
#ifndef CERILLA_NN_POOLING_H
#define CERILLA_NN_POOLING_H

#include "../ops/pool.h"
#include "machinery.h"

TORCH_BEGIN

/* nn.MaxPool2d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False): F_max_pool2d.
 * With return_indices the second result of nn_Module_forward_n is where the maxima were. */
typedef struct nn_MaxPoolArgs {
    size_t struct_size;
    int64_t kernel_size, stride, padding, dilation;
    bool return_indices, ceil_mode;
    F_Each kernel_sizes, strides, paddings, dilations;
} nn_MaxPoolArgs;
typedef struct nn_MaxPool {
    nn_Module module;
    nn_MaxPoolArgs args;
} nn_MaxPool, nn_MaxPool1d, nn_MaxPool2d, nn_MaxPool3d;
TORCH_API nn_MaxPoolArgs nn_MaxPoolArgs_defaults(void);
#define NN_MAX_POOL(...)                                      \
    (&(nn_MaxPoolArgs){.kernel_size = TORCH_NONE,             \
                       .stride = TORCH_NONE,                  \
                       .dilation = 1,                         \
                       .struct_size = sizeof(nn_MaxPoolArgs), \
                       __VA_ARGS__})

/* nn.AvgPool2d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
 * divisor_override=None): F_avg_pool2d. */
typedef struct nn_AvgPoolArgs {
    size_t struct_size;
    int64_t kernel_size, stride, padding;
    bool ceil_mode, count_include_pad;
    int64_t divisor_override; /* not of AvgPool1d */
    F_Each kernel_sizes, strides, paddings;
} nn_AvgPoolArgs;
typedef struct nn_AvgPool {
    nn_Module module;
    nn_AvgPoolArgs args;
} nn_AvgPool, nn_AvgPool1d, nn_AvgPool2d, nn_AvgPool3d;
TORCH_API nn_AvgPoolArgs nn_AvgPoolArgs_defaults(void);
#define NN_AVG_POOL(...)                                      \
    (&(nn_AvgPoolArgs){.kernel_size = TORCH_NONE,             \
                       .stride = TORCH_NONE,                  \
                       .count_include_pad = true,             \
                       .divisor_override = TORCH_NONE,        \
                       .struct_size = sizeof(nn_AvgPoolArgs), \
                       __VA_ARGS__})

/* nn.AdaptiveAvgPool2d(output_size), nn.AdaptiveMaxPool2d(output_size, return_indices=False): .output_sizes =
 * F_EACH(5, TORCH_NONE) leaves the last size as it is. */
typedef struct nn_AdaptivePoolArgs {
    size_t struct_size;
    int64_t output_size;
    bool return_indices; /* of maxima */
    F_Each output_sizes;
} nn_AdaptivePoolArgs;
typedef struct nn_AdaptivePool {
    nn_Module module;
    nn_AdaptivePoolArgs args;
} nn_AdaptivePool, nn_AdaptiveAvgPool1d, nn_AdaptiveAvgPool2d, nn_AdaptiveAvgPool3d, nn_AdaptiveMaxPool1d,
    nn_AdaptiveMaxPool2d, nn_AdaptiveMaxPool3d;
TORCH_API nn_AdaptivePoolArgs nn_AdaptivePoolArgs_defaults(void);
#define NN_ADAPTIVE_POOL(...) \
    (&(nn_AdaptivePoolArgs){.output_size = TORCH_NONE, .struct_size = sizeof(nn_AdaptivePoolArgs), __VA_ARGS__})

/* nn.LPPool2d(norm_type, kernel_size, stride=None, ceil_mode=False): F_lp_pool2d. */
typedef struct nn_LPPoolArgs {
    size_t struct_size;
    double norm_type;
    int64_t kernel_size, stride;
    bool ceil_mode;
    F_Each kernel_sizes, strides;
} nn_LPPoolArgs;
typedef struct nn_LPPool {
    nn_Module module;
    nn_LPPoolArgs args;
} nn_LPPool, nn_LPPool1d, nn_LPPool2d;
TORCH_API nn_LPPoolArgs nn_LPPoolArgs_defaults(void);
#define NN_LP_POOL(...)                                     \
    (&(nn_LPPoolArgs){.norm_type = 2,                       \
                      .kernel_size = TORCH_NONE,            \
                      .stride = TORCH_NONE,                 \
                      .struct_size = sizeof(nn_LPPoolArgs), \
                      __VA_ARGS__})

/* nn.MaxUnpool2d(kernel_size, stride=None, padding=0): nn_forward(m, x, indices) is F_max_unpool2d. */
typedef struct nn_MaxUnpoolArgs {
    size_t struct_size;
    int64_t kernel_size, stride, padding;
    F_Each kernel_sizes, strides, paddings;
} nn_MaxUnpoolArgs;
typedef struct nn_MaxUnpool {
    nn_Module module;
    nn_MaxUnpoolArgs args;
} nn_MaxUnpool, nn_MaxUnpool1d, nn_MaxUnpool2d, nn_MaxUnpool3d;
TORCH_API nn_MaxUnpoolArgs nn_MaxUnpoolArgs_defaults(void);
#define NN_MAX_UNPOOL(...) \
    (&(nn_MaxUnpoolArgs){  \
        .kernel_size = TORCH_NONE, .stride = TORCH_NONE, .struct_size = sizeof(nn_MaxUnpoolArgs), __VA_ARGS__})

TORCH_API nn_MaxPool1d *nn_MaxPool1d_new(const nn_MaxPoolArgs *args);
TORCH_API nn_MaxPool2d *nn_MaxPool2d_new(const nn_MaxPoolArgs *args);
TORCH_API nn_MaxPool3d *nn_MaxPool3d_new(const nn_MaxPoolArgs *args);
TORCH_API nn_AvgPool1d *nn_AvgPool1d_new(const nn_AvgPoolArgs *args);
TORCH_API nn_AvgPool2d *nn_AvgPool2d_new(const nn_AvgPoolArgs *args);
TORCH_API nn_AvgPool3d *nn_AvgPool3d_new(const nn_AvgPoolArgs *args);
TORCH_API nn_AdaptiveAvgPool1d *nn_AdaptiveAvgPool1d_new(const nn_AdaptivePoolArgs *args);
TORCH_API nn_AdaptiveAvgPool2d *nn_AdaptiveAvgPool2d_new(const nn_AdaptivePoolArgs *args);
TORCH_API nn_AdaptiveAvgPool3d *nn_AdaptiveAvgPool3d_new(const nn_AdaptivePoolArgs *args);
TORCH_API nn_AdaptiveMaxPool1d *nn_AdaptiveMaxPool1d_new(const nn_AdaptivePoolArgs *args);
TORCH_API nn_AdaptiveMaxPool2d *nn_AdaptiveMaxPool2d_new(const nn_AdaptivePoolArgs *args);
TORCH_API nn_AdaptiveMaxPool3d *nn_AdaptiveMaxPool3d_new(const nn_AdaptivePoolArgs *args);
TORCH_API nn_LPPool1d *nn_LPPool1d_new(const nn_LPPoolArgs *args);
TORCH_API nn_LPPool2d *nn_LPPool2d_new(const nn_LPPoolArgs *args);
TORCH_API nn_MaxUnpool1d *nn_MaxUnpool1d_new(const nn_MaxUnpoolArgs *args);
TORCH_API nn_MaxUnpool2d *nn_MaxUnpool2d_new(const nn_MaxUnpoolArgs *args);
TORCH_API nn_MaxUnpool3d *nn_MaxUnpool3d_new(const nn_MaxUnpoolArgs *args);
#define nn_MaxPool1d(...) nn_MaxPool1d_new(NN_MAX_POOL(__VA_ARGS__))
#define nn_MaxPool2d(...) nn_MaxPool2d_new(NN_MAX_POOL(__VA_ARGS__))
#define nn_MaxPool3d(...) nn_MaxPool3d_new(NN_MAX_POOL(__VA_ARGS__))
#define nn_AvgPool1d(...) nn_AvgPool1d_new(NN_AVG_POOL(__VA_ARGS__))
#define nn_AvgPool2d(...) nn_AvgPool2d_new(NN_AVG_POOL(__VA_ARGS__))
#define nn_AvgPool3d(...) nn_AvgPool3d_new(NN_AVG_POOL(__VA_ARGS__))
#define nn_AdaptiveAvgPool1d(...) nn_AdaptiveAvgPool1d_new(NN_ADAPTIVE_POOL(__VA_ARGS__))
#define nn_AdaptiveAvgPool2d(...) nn_AdaptiveAvgPool2d_new(NN_ADAPTIVE_POOL(__VA_ARGS__))
#define nn_AdaptiveAvgPool3d(...) nn_AdaptiveAvgPool3d_new(NN_ADAPTIVE_POOL(__VA_ARGS__))
#define nn_AdaptiveMaxPool1d(...) nn_AdaptiveMaxPool1d_new(NN_ADAPTIVE_POOL(__VA_ARGS__))
#define nn_AdaptiveMaxPool2d(...) nn_AdaptiveMaxPool2d_new(NN_ADAPTIVE_POOL(__VA_ARGS__))
#define nn_AdaptiveMaxPool3d(...) nn_AdaptiveMaxPool3d_new(NN_ADAPTIVE_POOL(__VA_ARGS__))
#define nn_LPPool1d(...) nn_LPPool1d_new(NN_LP_POOL(__VA_ARGS__))
#define nn_LPPool2d(...) nn_LPPool2d_new(NN_LP_POOL(__VA_ARGS__))
#define nn_MaxUnpool1d(...) nn_MaxUnpool1d_new(NN_MAX_UNPOOL(__VA_ARGS__))
#define nn_MaxUnpool2d(...) nn_MaxUnpool2d_new(NN_MAX_UNPOOL(__VA_ARGS__))
#define nn_MaxUnpool3d(...) nn_MaxUnpool3d_new(NN_MAX_UNPOOL(__VA_ARGS__))

TORCH_END

#endif
