/* Padding layers: one forward, a class for each mode and number of dimensions. */
#include "layer.h"

nn_PadArgs nn_PadArgs_defaults(void)
{
    return (nn_PadArgs){.padding = TORCH_NONE, .paddings = {TORCH_NONE}, .struct_size = sizeof(nn_PadArgs)};
}

NN_UNARY(nn_ConstantPad2d, pad_forward, F_pad(x, m->n_padding, m->padding, m->mode, m->value))

static void sides_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_ConstantPad2d *m = (const nn_ConstantPad2d *)self;
    cer_repr_tuple((cer_Repr){text, bytes}, NULL, m->n_padding, m->padding);
}

static void constant_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_ConstantPad2d *m = (const nn_ConstantPad2d *)self;
    cer_repr_tuple((cer_Repr){text, bytes}, "padding", m->n_padding, m->padding);
    cer_repr_number((cer_Repr){text, bytes}, "value", m->value);
}

static void *pad(const nn_Class *record, const char *name, int dims, const char *mode, const nn_PadArgs *args)
{
    nn_PadArgs a = nn_PadArgs_defaults();
    cer_args(&a, sizeof a, args);
    bool one = a.paddings[0] == TORCH_NONE;
    if (!NN_REQUIRED(name, "padding", one ? a.padding : 0)) return NULL;
    nn_ConstantPad2d *m = nn_new_class(nn_ConstantPad2d, record);
    if (!m) return NULL;
    m->n_padding = 2 * dims;
    for (int64_t i = 0; i < m->n_padding; i++) m->padding[i] = one ? a.padding : a.paddings[i];
    m->mode = mode;
    m->value = a.value;
    return m;
}

#define PAD(name, dims, mode, repr)                                                                              \
    static const nn_Class name##_class = NN_CLASS(nn_##name, .forward = pad_forward, .extra_repr = repr##_repr); \
    nn_##name *nn_##name##_new(const nn_PadArgs *args)                                                           \
    {                                                                                                            \
        return pad(&name##_class, #name, dims, mode, args);                                                      \
    }
PAD(ReflectionPad1d, 1, "reflect", sides)
PAD(ReflectionPad2d, 2, "reflect", sides)
PAD(ReflectionPad3d, 3, "reflect", sides)
PAD(ReplicationPad1d, 1, "replicate", sides)
PAD(ReplicationPad2d, 2, "replicate", sides)
PAD(ReplicationPad3d, 3, "replicate", sides)
PAD(ConstantPad1d, 1, "constant", constant)
PAD(ConstantPad2d, 2, "constant", constant)
PAD(ConstantPad3d, 3, "constant", constant)
PAD(ZeroPad2d, 2, "constant", sides)
