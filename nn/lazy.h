/* torch.nn: layers whose number of input features or channels the first input tells. */
#ifndef CERILLA_NN_LAZY_H
#define CERILLA_NN_LAZY_H

#include "conv.h"
#include "linear.h"
#include "norm.h"

TORCH_BEGIN

/* The arguments of Linear, Conv..., BatchNorm... without the first; the struct and, from the first call on, the class are
 * theirs, too. Until then weights have no elements; an optimizer may hold them already. Initial values are drawn at the first
 * call. Each constructor warns once that lazy modules are new. LazyInstanceNorm has affine and track_running_stats true by
 * default, unlike InstanceNorm.      NULL */
TORCH_API nn_Linear *
nn_LazyLinear_new(const nn_LinearArgs *args); /* in_features is ignored, as in_channels, num_features below */
TORCH_API nn_Conv1d *nn_LazyConv1d_new(const nn_ConvArgs *args);
TORCH_API nn_Conv2d *nn_LazyConv2d_new(const nn_ConvArgs *args);
TORCH_API nn_Conv3d *nn_LazyConv3d_new(const nn_ConvArgs *args);
TORCH_API nn_ConvTranspose1d *nn_LazyConvTranspose1d_new(const nn_ConvTransposeArgs *args);
TORCH_API nn_ConvTranspose2d *nn_LazyConvTranspose2d_new(const nn_ConvTransposeArgs *args);
TORCH_API nn_ConvTranspose3d *nn_LazyConvTranspose3d_new(const nn_ConvTransposeArgs *args);
TORCH_API nn_BatchNorm *nn_LazyBatchNorm1d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_LazyBatchNorm2d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_LazyBatchNorm3d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_LazyInstanceNorm1d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_LazyInstanceNorm2d_new(const nn_BatchNormArgs *args);
TORCH_API nn_BatchNorm *nn_LazyInstanceNorm3d_new(const nn_BatchNormArgs *args);
/* nn_LazyLinear(10), nn_LazyConv2d(6, 5, .padding = 2), nn_LazyBatchNorm2d() */
#define nn_LazyLinear(...)                                                   \
    nn_LazyLinear_new(&(nn_LinearArgs){.bias = true,                         \
                                       .out_features = TORCH_NONE,           \
                                       .struct_size = sizeof(nn_LinearArgs), \
                                       .in_features = 0,                     \
                                       __VA_ARGS__})
#define nn_LazyConv1d(...) nn_LazyConv1d_new(NN_CONV(0, __VA_ARGS__))
#define nn_LazyConv2d(...) nn_LazyConv2d_new(NN_CONV(0, __VA_ARGS__))
#define nn_LazyConv3d(...) nn_LazyConv3d_new(NN_CONV(0, __VA_ARGS__))
#define nn_LazyConvTranspose1d(...) nn_LazyConvTranspose1d_new(NN_CONV_TRANSPOSE(0, __VA_ARGS__))
#define nn_LazyConvTranspose2d(...) nn_LazyConvTranspose2d_new(NN_CONV_TRANSPOSE(0, __VA_ARGS__))
#define nn_LazyConvTranspose3d(...) nn_LazyConvTranspose3d_new(NN_CONV_TRANSPOSE(0, __VA_ARGS__))
#define nn_LazyBatchNorm1d(...) nn_LazyBatchNorm1d_new(NN_NORM_ARGS(true, .num_features = 0, __VA_ARGS__))
#define nn_LazyBatchNorm2d(...) nn_LazyBatchNorm2d_new(NN_NORM_ARGS(true, .num_features = 0, __VA_ARGS__))
#define nn_LazyBatchNorm3d(...) nn_LazyBatchNorm3d_new(NN_NORM_ARGS(true, .num_features = 0, __VA_ARGS__))
#define nn_LazyInstanceNorm1d(...) nn_LazyInstanceNorm1d_new(NN_NORM_ARGS(true, .num_features = 0, __VA_ARGS__))
#define nn_LazyInstanceNorm2d(...) nn_LazyInstanceNorm2d_new(NN_NORM_ARGS(true, .num_features = 0, __VA_ARGS__))
#define nn_LazyInstanceNorm3d(...) nn_LazyInstanceNorm3d_new(NN_NORM_ARGS(true, .num_features = 0, __VA_ARGS__))

TORCH_END

#endif
