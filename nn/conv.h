/* torch.nn: convolutions. Options are one number for all dimensions, .stride = 2, or one for each:
 * .strides = F_EACH(2, 1). The functions F_conv... say what is computed, and what is refused. Constructors
 * return NULL after an error. */
#ifndef CERILLA_NN_CONV_H
#define CERILLA_NN_CONV_H

#include "../ops/conv.h"
#include "machinery.h"

TORCH_BEGIN

typedef struct nn_Conv {
    nn_Module module;
    int64_t in_channels, out_channels, groups;
    F_Each kernel_size, stride, padding, dilation, output_padding; /* one number for each dimension */
    int64_t padding_text;                                          /* F_SAME, F_VALID; 0: numbers */
    char padding_mode[16];
    Tensor *weight; /* (out, in / groups, k...); transposed (in, out / groups, k...) */
    Tensor *bias;   /* (out), or NULL */
} nn_Conv, nn_Conv1d, nn_Conv2d, nn_Conv3d, nn_ConvTranspose1d, nn_ConvTranspose2d, nn_ConvTranspose3d;

/* nn.Conv2d(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
 * padding_mode="zeros", dtype=None): F_conv2d(x, weight, bias). .padding = F_SAME or F_VALID. padding_mode "reflect",
 * "replicate", "circular": the input is padded by F_pad first. weight and bias are drawn in this order from U(-k, k),
 * k = 1 / sqrt(in / groups k...). ValueError "groups must be a positive integer", "in_channels must be divisible by
 * groups", "padding='same' is not supported for strided convolutions". */
typedef struct nn_ConvArgs {
    size_t struct_size;
    int64_t in_channels, out_channels, kernel_size, stride, padding, dilation, groups;
    bool bias;
    const char *padding_mode;
    torch_dtype dtype;
    F_Each kernel_sizes, strides, paddings, dilations;
} nn_ConvArgs;
TORCH_API nn_ConvArgs nn_ConvArgs_defaults(void);
#define NN_CONV(...)                                    \
    (&(nn_ConvArgs){.in_channels = TORCH_NONE,          \
                    .out_channels = TORCH_NONE,         \
                    .kernel_size = TORCH_NONE,          \
                    .stride = 1,                        \
                    .dilation = 1,                      \
                    .groups = 1,                        \
                    .bias = true,                       \
                    .padding_mode = "zeros",            \
                    .struct_size = sizeof(nn_ConvArgs), \
                    __VA_ARGS__})

/* nn.ConvTranspose2d(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1,
 * bias=True, dilation=1): F_conv_transpose2d(x, weight, bias). ValueError "Only \"zeros\" padding mode is
 * supported for ConvTranspose2d". */
typedef struct nn_ConvTransposeArgs {
    size_t struct_size;
    int64_t in_channels, out_channels, kernel_size, stride, padding, output_padding, groups;
    bool bias;
    int64_t dilation;
    const char *padding_mode;
    torch_dtype dtype;
    F_Each kernel_sizes, strides, paddings, output_paddings, dilations;
} nn_ConvTransposeArgs;
TORCH_API nn_ConvTransposeArgs nn_ConvTransposeArgs_defaults(void);
#define NN_CONV_TRANSPOSE(...)                                            \
    (&(nn_ConvTransposeArgs){.in_channels = TORCH_NONE,                   \
                             .out_channels = TORCH_NONE,                  \
                             .kernel_size = TORCH_NONE,                   \
                             .stride = 1,                                 \
                             .dilation = 1,                               \
                             .groups = 1,                                 \
                             .bias = true,                                \
                             .padding_mode = "zeros",                     \
                             .struct_size = sizeof(nn_ConvTransposeArgs), \
                             __VA_ARGS__})

TORCH_API nn_Conv1d *nn_Conv1d_new(const nn_ConvArgs *args);
TORCH_API nn_Conv2d *nn_Conv2d_new(const nn_ConvArgs *args);
TORCH_API nn_Conv3d *nn_Conv3d_new(const nn_ConvArgs *args);
TORCH_API nn_ConvTranspose1d *nn_ConvTranspose1d_new(const nn_ConvTransposeArgs *args);
TORCH_API nn_ConvTranspose2d *nn_ConvTranspose2d_new(const nn_ConvTransposeArgs *args);
TORCH_API nn_ConvTranspose3d *nn_ConvTranspose3d_new(const nn_ConvTransposeArgs *args);
#define nn_Conv1d(...) nn_Conv1d_new(NN_CONV(__VA_ARGS__))
#define nn_Conv2d(...) nn_Conv2d_new(NN_CONV(__VA_ARGS__))
#define nn_Conv3d(...) nn_Conv3d_new(NN_CONV(__VA_ARGS__))
#define nn_ConvTranspose1d(...) nn_ConvTranspose1d_new(NN_CONV_TRANSPOSE(__VA_ARGS__))
#define nn_ConvTranspose2d(...) nn_ConvTranspose2d_new(NN_CONV_TRANSPOSE(__VA_ARGS__))
#define nn_ConvTranspose3d(...) nn_ConvTranspose3d_new(NN_CONV_TRANSPOSE(__VA_ARGS__))

TORCH_END

#endif
