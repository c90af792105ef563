/* torch.nn.functional: convolutions, and the unfolding they are made of. */
#ifndef CERILLA_OPS_CONV_H
#define CERILLA_OPS_CONV_H

#include "../core/autograd.h"

TORCH_BEGIN

/* A size for each spatial dimension where PyTorch takes a tuple: .strides = F_EACH(2, 1). One number for all of them has a
 * field of its own: .stride = 2. */
typedef struct F_Each {
    int64_t n; /* 0: not given */
    int64_t size[3];
} F_Each;
#define F_EACH(...) ((F_Each){(int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}})

#define F_SAME (INT64_MIN + 1)  /* padding='same' */
#define F_VALID (INT64_MIN + 2) /* padding='valid' */

typedef struct F_ConvArgs {
    size_t struct_size;
    Tensor *input;  /* (N, C, d...) or (C, d...) */
    Tensor *weight; /* (out, C / groups, k...) */
    Tensor *bias;   /* (out) or NULL */
    int64_t stride, padding, dilation, groups;
    F_Each strides, paddings, dilations;
} F_ConvArgs;
TORCH_API F_ConvArgs F_ConvArgs_defaults(void);
#define F_CONV(...) \
    (&(F_ConvArgs){.stride = 1, .dilation = 1, .groups = 1, .struct_size = sizeof(F_ConvArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_conv1d_args(const F_ConvArgs *args);
TORCH_API Tensor *F_conv2d_args(const F_ConvArgs *args);
TORCH_API Tensor *F_conv3d_args(const F_ConvArgs *args);
/* out[n, o] = bias[o] + sum over c of the cross-correlation of weight[o, c] and input[n, c]. Size, in each dimension:
 * floor((d + 2 padding - dilation (k - 1) - 1) / stride) + 1. "Calculated padded input size per channel: (2 x 2). ..." */
#define F_conv1d(...) F_conv1d_args(F_CONV(__VA_ARGS__))
#define F_conv2d(...) F_conv2d_args(F_CONV(__VA_ARGS__))
#define F_conv3d(...) F_conv3d_args(F_CONV(__VA_ARGS__))

typedef struct F_ConvTransposeArgs {
    size_t struct_size;
    Tensor *input, *weight, *bias; /* weight: (C, out / groups, k...) */
    int64_t stride, padding, output_padding, groups, dilation;
    F_Each strides, paddings, output_paddings, dilations;
} F_ConvTransposeArgs;
TORCH_API F_ConvTransposeArgs F_ConvTransposeArgs_defaults(void);
#define F_CONV_TRANSPOSE(...) \
    (&(F_ConvTransposeArgs){  \
        .stride = 1, .dilation = 1, .groups = 1, .struct_size = sizeof(F_ConvTransposeArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_conv_transpose1d_args(const F_ConvTransposeArgs *args);
TORCH_API Tensor *F_conv_transpose2d_args(const F_ConvTransposeArgs *args);
TORCH_API Tensor *F_conv_transpose3d_args(const F_ConvTransposeArgs *args);
/* the gradient of a convolution by its input. Size: (d - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1 */
#define F_conv_transpose1d(...) F_conv_transpose1d_args(F_CONV_TRANSPOSE(__VA_ARGS__))
#define F_conv_transpose2d(...) F_conv_transpose2d_args(F_CONV_TRANSPOSE(__VA_ARGS__))
#define F_conv_transpose3d(...) F_conv_transpose3d_args(F_CONV_TRANSPOSE(__VA_ARGS__))

typedef struct F_UnfoldArgs {
    size_t struct_size;
    Tensor *input;
    int64_t kernel_size, dilation, padding, stride;
    F_Each kernel_sizes, dilations, paddings, strides;
    F_Each output_size; /* of fold */
} F_UnfoldArgs;
TORCH_API F_UnfoldArgs F_UnfoldArgs_defaults(void);
TORCH_API Tensor *F_unfold_args(const F_UnfoldArgs *args);
TORCH_API Tensor *F_fold_args(const F_UnfoldArgs *args);
/* (N, C, H, W) -> (N, C k, L): the blocks under a sliding window as columns; F_unfold(x, 2, .stride = 2) */
#define F_unfold(...) \
    F_unfold_args(    \
        &(F_UnfoldArgs){.dilation = 1, .stride = 1, .struct_size = sizeof(F_UnfoldArgs), .input = __VA_ARGS__})
/* the way back, adding where blocks overlap: F_fold(x, F_EACH(4, 4), 2) */
#define F_fold(x, output_size_, ...)                                 \
    F_fold_args(&(F_UnfoldArgs){.input = x,                          \
                                .dilation = 1,                       \
                                .stride = 1,                         \
                                .struct_size = sizeof(F_UnfoldArgs), \
                                .output_size = output_size_,         \
                                .kernel_size = __VA_ARGS__})

TORCH_END

#endif
