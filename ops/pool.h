/* torch.nn.functional: pooling. Inputs are (N, C, d...) or (C, d...). */
#ifndef CERILLA_OPS_POOL_H
#define CERILLA_OPS_POOL_H

#include "conv.h"

TORCH_BEGIN

typedef struct F_MaxPoolArgs {
    size_t struct_size;
    Tensor *input;
    int64_t kernel_size;
    int64_t stride; /* TORCH_NONE: the kernel's size */
    int64_t padding, dilation;
    bool ceil_mode;
    Tensor **indices; /* return_indices: where the index of each maximum within its plane goes; NULL: nowhere */
    F_Each kernel_sizes, strides, paddings, dilations;
} F_MaxPoolArgs;
TORCH_API F_MaxPoolArgs F_MaxPoolArgs_defaults(void);
#define F_MAX_POOL(...) \
    (&(F_MaxPoolArgs){.stride = TORCH_NONE, .dilation = 1, .struct_size = sizeof(F_MaxPoolArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_max_pool1d_args(const F_MaxPoolArgs *args);
TORCH_API Tensor *F_max_pool2d_args(const F_MaxPoolArgs *args);
TORCH_API Tensor *F_max_pool3d_args(const F_MaxPoolArgs *args);
/* F_max_pool2d(x, 3, .stride = 2, .padding = 1): padding counts as -inf. "Given input size: (3x8x8). Calculated output ..." */
#define F_max_pool1d(...) F_max_pool1d_args(F_MAX_POOL(__VA_ARGS__))
#define F_max_pool2d(...) F_max_pool2d_args(F_MAX_POOL(__VA_ARGS__))
#define F_max_pool3d(...) F_max_pool3d_args(F_MAX_POOL(__VA_ARGS__))

typedef struct F_AvgPoolArgs {
    size_t struct_size;
    Tensor *input;
    int64_t kernel_size, stride, padding;
    bool ceil_mode, count_include_pad; /* false, true */
    int64_t divisor_override;          /* TORCH_NONE: the window's size */
    F_Each kernel_sizes, strides, paddings;
} F_AvgPoolArgs;
TORCH_API F_AvgPoolArgs F_AvgPoolArgs_defaults(void);
#define F_AVG_POOL(...)                                     \
    (&(F_AvgPoolArgs){.stride = TORCH_NONE,                 \
                      .count_include_pad = true,            \
                      .divisor_override = TORCH_NONE,       \
                      .struct_size = sizeof(F_AvgPoolArgs), \
                      .input = __VA_ARGS__})
TORCH_API Tensor *F_avg_pool1d_args(const F_AvgPoolArgs *args);
TORCH_API Tensor *F_avg_pool2d_args(const F_AvgPoolArgs *args);
TORCH_API Tensor *F_avg_pool3d_args(const F_AvgPoolArgs *args);
#define F_avg_pool1d(...) \
    F_avg_pool1d_args(F_AVG_POOL(__VA_ARGS__)) /* padding counts as zeros, unless count_include_pad is false */
#define F_avg_pool2d(...) F_avg_pool2d_args(F_AVG_POOL(__VA_ARGS__))
#define F_avg_pool3d(...) F_avg_pool3d_args(F_AVG_POOL(__VA_ARGS__))

typedef struct F_AdaptivePoolArgs {
    size_t struct_size;
    Tensor *input;
    int64_t output_size;
    F_Each output_sizes; /* TORCH_NONE among them: as the input */
    Tensor **indices;    /* of maxima */
} F_AdaptivePoolArgs;
TORCH_API F_AdaptivePoolArgs F_AdaptivePoolArgs_defaults(void);
#define F_ADAPTIVE_POOL(...) (&(F_AdaptivePoolArgs){.struct_size = sizeof(F_AdaptivePoolArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_adaptive_avg_pool1d_args(const F_AdaptivePoolArgs *args);
TORCH_API Tensor *F_adaptive_avg_pool2d_args(const F_AdaptivePoolArgs *args);
TORCH_API Tensor *F_adaptive_avg_pool3d_args(const F_AdaptivePoolArgs *args);
TORCH_API Tensor *F_adaptive_max_pool1d_args(const F_AdaptivePoolArgs *args);
TORCH_API Tensor *F_adaptive_max_pool2d_args(const F_AdaptivePoolArgs *args);
TORCH_API Tensor *F_adaptive_max_pool3d_args(const F_AdaptivePoolArgs *args);
/* F_adaptive_avg_pool2d(x, 1): output o covers the inputs from floor(o in / out) to ceil((o + 1) in / out) */
#define F_adaptive_avg_pool1d(...) F_adaptive_avg_pool1d_args(F_ADAPTIVE_POOL(__VA_ARGS__))
#define F_adaptive_avg_pool2d(...) F_adaptive_avg_pool2d_args(F_ADAPTIVE_POOL(__VA_ARGS__))
#define F_adaptive_avg_pool3d(...) F_adaptive_avg_pool3d_args(F_ADAPTIVE_POOL(__VA_ARGS__))
#define F_adaptive_max_pool1d(...) F_adaptive_max_pool1d_args(F_ADAPTIVE_POOL(__VA_ARGS__))
#define F_adaptive_max_pool2d(...) F_adaptive_max_pool2d_args(F_ADAPTIVE_POOL(__VA_ARGS__))
#define F_adaptive_max_pool3d(...) F_adaptive_max_pool3d_args(F_ADAPTIVE_POOL(__VA_ARGS__))

typedef struct F_MaxUnpoolArgs {
    size_t struct_size;
    Tensor *input, *indices; /* of max_pool */
    int64_t kernel_size, stride, padding;
    F_Each kernel_sizes, strides, paddings;
    F_Each output_size; /* of the plane; default: (d - 1) stride - 2 padding + kernel_size */
} F_MaxUnpoolArgs;
TORCH_API F_MaxUnpoolArgs F_MaxUnpoolArgs_defaults(void);
#define F_MAX_UNPOOL(...) \
    (&(F_MaxUnpoolArgs){.stride = TORCH_NONE, .struct_size = sizeof(F_MaxUnpoolArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_max_unpool1d_args(const F_MaxUnpoolArgs *args);
TORCH_API Tensor *F_max_unpool2d_args(const F_MaxUnpoolArgs *args);
TORCH_API Tensor *F_max_unpool3d_args(const F_MaxUnpoolArgs *args);
/* F_max_unpool2d(x, indices, 2): every element to the place of its maximum, zeros elsewhere. "Found an invalid max index: ..." */
#define F_max_unpool1d(...) F_max_unpool1d_args(F_MAX_UNPOOL(__VA_ARGS__))
#define F_max_unpool2d(...) F_max_unpool2d_args(F_MAX_UNPOOL(__VA_ARGS__))
#define F_max_unpool3d(...) F_max_unpool3d_args(F_MAX_UNPOOL(__VA_ARGS__))

typedef struct F_LpPoolArgs {
    size_t struct_size;
    Tensor *input;
    double norm_type;
    int64_t kernel_size, stride;
    bool ceil_mode;
    F_Each kernel_sizes, strides;
} F_LpPoolArgs;
TORCH_API F_LpPoolArgs F_LpPoolArgs_defaults(void);
#define F_LP_POOL(...) \
    (&(F_LpPoolArgs){.stride = TORCH_NONE, .struct_size = sizeof(F_LpPoolArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_lp_pool1d_args(const F_LpPoolArgs *args);
TORCH_API Tensor *F_lp_pool2d_args(const F_LpPoolArgs *args);
#define F_lp_pool1d(...) F_lp_pool1d_args(F_LP_POOL(__VA_ARGS__)) /* (sum x^p)^(1/p) over each window */
#define F_lp_pool2d(...) F_lp_pool2d_args(F_LP_POOL(__VA_ARGS__))

TORCH_END

#endif
