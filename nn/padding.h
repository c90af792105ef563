/* torch.nn: padding of the last one, two or three dimensions. */
#ifndef CERILLA_NN_PADDING_H
#define CERILLA_NN_PADDING_H

#include "machinery.h"

TORCH_BEGIN

/* nn.ReflectionPad2d(padding): F_pad(x, padding, mode "reflect"); Replication: "replicate"; Constant: value.
 * nn_ReflectionPad2d(1) for all sides, or .paddings = {left, right, top, bottom}, the last dimension first.
 * TypeError without either.      NULL */
typedef struct nn_Pad {
    nn_Module module;
    int64_t padding[6], n_padding; /* two for each dimension */
    double value;
    const char *mode;
} nn_ReflectionPad1d, nn_ReflectionPad2d, nn_ReflectionPad3d, nn_ReplicationPad1d, nn_ReplicationPad2d,
    nn_ReplicationPad3d, nn_ConstantPad1d, nn_ConstantPad2d, nn_ConstantPad3d, nn_ZeroPad2d;
typedef struct nn_PadArgs {
    size_t struct_size;
    int64_t padding;
    double value; /* of constants */
    int64_t paddings[6];
} nn_PadArgs;
TORCH_API nn_PadArgs nn_PadArgs_defaults(void);
TORCH_API nn_ReflectionPad1d *nn_ReflectionPad1d_new(const nn_PadArgs *args);
TORCH_API nn_ReflectionPad2d *nn_ReflectionPad2d_new(const nn_PadArgs *args);
TORCH_API nn_ReflectionPad3d *nn_ReflectionPad3d_new(const nn_PadArgs *args);
TORCH_API nn_ReplicationPad1d *nn_ReplicationPad1d_new(const nn_PadArgs *args);
TORCH_API nn_ReplicationPad2d *nn_ReplicationPad2d_new(const nn_PadArgs *args);
TORCH_API nn_ReplicationPad3d *nn_ReplicationPad3d_new(const nn_PadArgs *args);
TORCH_API nn_ConstantPad1d *nn_ConstantPad1d_new(const nn_PadArgs *args);
TORCH_API nn_ConstantPad2d *nn_ConstantPad2d_new(const nn_PadArgs *args);
TORCH_API nn_ConstantPad3d *nn_ConstantPad3d_new(const nn_PadArgs *args);
TORCH_API nn_ZeroPad2d *nn_ZeroPad2d_new(const nn_PadArgs *args);
#define NN_PAD(...) \
    (&(nn_PadArgs){.padding = TORCH_NONE, .paddings = {TORCH_NONE}, .struct_size = sizeof(nn_PadArgs), __VA_ARGS__})
#define nn_ReflectionPad1d(...) nn_ReflectionPad1d_new(NN_PAD(__VA_ARGS__))
#define nn_ReflectionPad2d(...) nn_ReflectionPad2d_new(NN_PAD(__VA_ARGS__))
#define nn_ReflectionPad3d(...) nn_ReflectionPad3d_new(NN_PAD(__VA_ARGS__))
#define nn_ReplicationPad1d(...) nn_ReplicationPad1d_new(NN_PAD(__VA_ARGS__))
#define nn_ReplicationPad2d(...) nn_ReplicationPad2d_new(NN_PAD(__VA_ARGS__))
#define nn_ReplicationPad3d(...) nn_ReplicationPad3d_new(NN_PAD(__VA_ARGS__))
#define nn_ConstantPad1d(...) nn_ConstantPad1d_new(NN_PAD(__VA_ARGS__))
#define nn_ConstantPad2d(...) nn_ConstantPad2d_new(NN_PAD(__VA_ARGS__))
#define nn_ConstantPad3d(...) nn_ConstantPad3d_new(NN_PAD(__VA_ARGS__))
#define nn_ZeroPad2d(...) nn_ZeroPad2d_new(NN_PAD(__VA_ARGS__))

TORCH_END

#endif
