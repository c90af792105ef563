/* Convolutions of one, two and three dimensions, and transposed ones. */
#include <math.h>
#include <stdio.h>

#include "layer.h"
#include "lazy_module.h"

static int dims_of(const nn_Conv *m)
{
    return (int)m->kernel_size.n;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

typedef Tensor *ConvFunction(const F_ConvArgs *args);
typedef Tensor *TransposeFunction(const F_ConvTransposeArgs *args);

/* How far the input is padded on both sides, the last dimension first, as F_pad has it. False after raising. */
static bool both_sides(const nn_Conv *m, int64_t pad[6])
{
    int dims = dims_of(m);
    for (int d = 0; d < dims; d++) {
        int64_t total = 0, *to = pad + 2 * (dims - 1 - d);
        if (m->padding_text == F_SAME &&
            __builtin_mul_overflow(m->dilation.size[d], m->kernel_size.size[d] - 1, &total))
            return cer_raise(TORCH_RUNTIME_ERROR, "conv", "the padding is out of range");
        to[0] = m->padding_text ? total / 2 : m->padding.size[d];
        to[1] = m->padding_text ? total - to[0] : to[0];
    }
    return true;
}

static Tensor *convolved(const nn_Conv *m, Tensor *x)
{
    static ConvFunction *const functions[] = {F_conv1d_args, F_conv2d_args, F_conv3d_args};
    F_ConvArgs a = F_ConvArgs_defaults();
    a.input = x;
    if (strcmp(m->padding_mode, "zeros") != 0) { /* padded before, and not again */
        int64_t pad[6];
        if (!both_sides(m, pad) || !(a.input = F_pad(x, 2 * dims_of(m), pad, .mode = m->padding_mode))) return NULL;
    } else if (m->padding_text) {
        a.padding = m->padding_text;
    } else {
        a.paddings = m->padding;
    }
    a.weight = m->weight;
    a.bias = m->bias;
    a.strides = m->stride;
    a.dilations = m->dilation;
    a.groups = m->groups;
    return functions[dims_of(m) - 1](&a);
}

static Tensor *transposed(const nn_Conv *m, Tensor *x)
{
    static TransposeFunction *const functions[] = {F_conv_transpose1d_args, F_conv_transpose2d_args,
                                                   F_conv_transpose3d_args};
    F_ConvTransposeArgs a = F_ConvTransposeArgs_defaults();
    a.input = x;
    a.weight = m->weight;
    a.bias = m->bias;
    a.strides = m->stride;
    a.paddings = m->padding;
    a.output_paddings = m->output_padding;
    a.dilations = m->dilation;
    a.groups = m->groups;
    return functions[dims_of(m) - 1](&a);
}

NN_UNARY(nn_Conv, conv_forward, convolved(m, x))
NN_UNARY(nn_Conv, transpose_forward, transposed(m, x))

/* ---- repr -------------------------------------------------------------------------------------------------------- */

static void repr_unless(cer_Repr r, const char *name, const F_Each *each, int64_t usual)
{
    bool same = true;
    for (int64_t d = 0; d < each->n; d++) same &= each->size[d] == usual;
    if (!same) cer_repr_tuple(r, name, each->n, each->size);
}

static void conv_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Conv *m = (const nn_Conv *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, NULL, m->in_channels);
    cer_repr_int(r, NULL, m->out_channels);
    cer_repr_tuple(r, "kernel_size", m->kernel_size.n, m->kernel_size.size);
    cer_repr_tuple(r, "stride", m->stride.n, m->stride.size);
    if (m->padding_text)
        cer_repr_text(r, "padding", m->padding_text == F_SAME ? "same" : "valid");
    else
        repr_unless(r, "padding", &m->padding, 0);
    repr_unless(r, "dilation", &m->dilation, 1);
    repr_unless(r, "output_padding", &m->output_padding, 0);
    if (m->groups != 1) cer_repr_int(r, "groups", m->groups);
    if (!m->bias) cer_repr_bool(r, "bias", false);
    if (strcmp(m->padding_mode, "zeros") != 0) cer_repr_text(r, "padding_mode", m->padding_mode);
}

/* ---- constructors ------------------------------------------------------------------------------------------------ */

/* One number for each dimension. */
static bool spread(const char *class_name, const char *name, int dims, int64_t one, const F_Each *each, F_Each *to)
{
    to->n = dims;
    for (int d = 0; d < dims; d++) to->size[d] = each->n ? each->size[d] : one;
    return each->n == 0 || each->n == dims ||
           cer_raise(TORCH_VALUE_ERROR, class_name, "%s: expected %d numbers for %s, got %lld", class_name, dims, name,
                     (long long)each->n);
}

static bool refuse(const char *class_name, const char *text)
{
    return cer_raise(TORCH_VALUE_ERROR, class_name, "%s", text);
}

static bool fits(const char *class_name, const nn_Conv *m)
{
    static const char *const modes[] = {"zeros", "reflect", "replicate", "circular"};
    bool strided = false, known = false;
    for (int64_t d = 0; d < m->stride.n; d++) strided |= m->stride.size[d] != 1;
    for (int k = 0; k < 4; k++) known |= strcmp(m->padding_mode, modes[k]) == 0;
    if (m->groups <= 0) return refuse(class_name, "groups must be a positive integer");
    if (m->in_channels % m->groups) return refuse(class_name, "in_channels must be divisible by groups");
    if (m->out_channels % m->groups) return refuse(class_name, "out_channels must be divisible by groups");
    if (m->padding_text == F_SAME && strided)
        return refuse(class_name, "padding='same' is not supported for strided convolutions");
    return known || cer_raise(TORCH_VALUE_ERROR, class_name,
                              "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but got "
                              "padding_mode='%s'",
                              m->padding_mode);
}

static void reset_parameters(const nn_Conv *m)
{
    double bound = cer_nn_bias_bound(m->weight);
    nn_init_kaiming_uniform_(m->weight, sqrt(5.0));
    if (m->bias && bound > 0) nn_init_uniform_(m->bias, -bound, bound);
}

static nn_Conv *complete(nn_Conv *m, int64_t rows, int64_t columns, bool bias, torch_dtype dtype)
{
    int64_t shape[5] = {rows, columns};
    memcpy(shape + 2, m->kernel_size.size, (size_t)m->kernel_size.n * sizeof *shape);
    m->weight = cer_nn_new_parameter(&m->module, "weight", dtype, 2 + dims_of(m), shape);
    if (bias)
        m->bias = cer_nn_new_parameter(&m->module, "bias", dtype, 1, &m->out_channels);
    else
        nn_Module_register_parameter(&m->module, "bias", NULL);
    if (!cer_error_pending()) reset_parameters(m);
    return cer_nn_made(m);
}

nn_ConvArgs nn_ConvArgs_defaults(void)
{
    return *NN_CONV(.bias = true);
}

nn_ConvTransposeArgs nn_ConvTransposeArgs_defaults(void)
{
    return *NN_CONV_TRANSPOSE(.bias = true);
}

/* The module without its weights. */
static nn_Conv *conv_shell(const nn_Class *record, int dims, nn_ConvArgs a)
{
    const char *name = cer_nn_class_name(record->name);
    if (!NN_REQUIRED(name, "in_channels out_channels kernel_size", a.in_channels, a.out_channels,
                     a.kernel_sizes.n ? 0 : a.kernel_size))
        return NULL;
    nn_Conv *m = (nn_Conv *)nn_Module_new(record, sizeof *m);
    if (!m) return NULL;
    m->in_channels = a.in_channels;
    m->out_channels = a.out_channels;
    m->groups = a.groups;
    if (!a.paddings.n && (a.padding == F_SAME || a.padding == F_VALID)) m->padding_text = a.padding, a.padding = 0;
    snprintf(m->padding_mode, sizeof m->padding_mode, "%s", a.padding_mode ? a.padding_mode : "None");
    bool fine = spread(name, "kernel_size", dims, a.kernel_size, &a.kernel_sizes, &m->kernel_size) &&
                spread(name, "stride", dims, a.stride, &a.strides, &m->stride) &&
                spread(name, "padding", dims, a.padding, &a.paddings, &m->padding) &&
                spread(name, "dilation", dims, a.dilation, &a.dilations, &m->dilation) && fits(name, m);
    m->output_padding.n = dims;
    return fine ? m : cer_nn_made(m);
}

static nn_Conv *conv_new(const nn_Class *record, int dims, const nn_ConvArgs *args)
{
    nn_ConvArgs a = nn_ConvArgs_defaults();
    cer_args(&a, sizeof a, args);
    nn_Conv *m = conv_shell(record, dims, a);
    return m ? complete(m, a.out_channels, a.in_channels / a.groups, a.bias, a.dtype) : NULL;
}

static nn_Conv *transpose_shell(const nn_Class *record, int dims, nn_ConvTransposeArgs a)
{
    const char *name = cer_nn_class_name(record->name);
    if (!NN_REQUIRED(name, "in_channels out_channels kernel_size", a.in_channels, a.out_channels,
                     a.kernel_sizes.n ? 0 : a.kernel_size))
        return NULL;
    nn_Conv *m = (nn_Conv *)nn_Module_new(record, sizeof *m);
    if (!m) return NULL;
    m->in_channels = a.in_channels;
    m->out_channels = a.out_channels;
    m->groups = a.groups;
    snprintf(m->padding_mode, sizeof m->padding_mode, "%s", a.padding_mode ? a.padding_mode : "None");
    bool fine = spread(name, "kernel_size", dims, a.kernel_size, &a.kernel_sizes, &m->kernel_size) &&
                spread(name, "stride", dims, a.stride, &a.strides, &m->stride) &&
                spread(name, "padding", dims, a.padding, &a.paddings, &m->padding) &&
                spread(name, "output_padding", dims, a.output_padding, &a.output_paddings, &m->output_padding) &&
                spread(name, "dilation", dims, a.dilation, &a.dilations, &m->dilation);
    if (fine && strcmp(m->padding_mode, "zeros") != 0)
        fine = cer_raise(TORCH_VALUE_ERROR, name, "Only \"zeros\" padding mode is supported for %s", name);
    return fine && fits(name, m) ? m : cer_nn_made(m);
}

static nn_Conv *transpose_new(const nn_Class *record, int dims, const nn_ConvTransposeArgs *args)
{
    nn_ConvTransposeArgs a = nn_ConvTransposeArgs_defaults();
    cer_args(&a, sizeof a, args);
    nn_Conv *m = transpose_shell(record, dims, a);
    return m ? complete(m, a.in_channels, a.out_channels / a.groups, a.bias, a.dtype) : NULL;
}

#define CONV(dims)                                                                                                   \
    nn_Conv##dims##d *nn_Conv##dims##d_new(const nn_ConvArgs *args)                                                  \
    {                                                                                                                \
        static const nn_Class record = NN_CLASS(nn_Conv##dims##d, .forward = conv_forward, .extra_repr = conv_repr); \
        return conv_new(&record, dims, args);                                                                        \
    }                                                                                                                \
    nn_ConvTranspose##dims##d *nn_ConvTranspose##dims##d_new(const nn_ConvTransposeArgs *args)                       \
    {                                                                                                                \
        static const nn_Class record =                                                                               \
            NN_CLASS(nn_ConvTranspose##dims##d, .forward = transpose_forward, .extra_repr = conv_repr);              \
        return transpose_new(&record, dims, args);                                                                   \
    }
CONV(1)
CONV(2)
CONV(3)

/* ---- whose number of channels the first input tells -------------------------------------------------------------- */

#define LAZY(dims)                                                                                                \
    static nn_Module *make_conv##dims(const cer_Lazy *l, const nn_Module *m, int64_t channels)                    \
    {                                                                                                             \
        nn_ConvArgs a = l->args.conv;                                                                             \
        a.in_channels = channels;                                                                                 \
        a.padding_mode = ((const nn_Conv *)m)->padding_mode;                                                      \
        return (nn_Module *)nn_Conv##dims##d_new(&a);                                                             \
    }                                                                                                             \
    static nn_Module *make_transpose##dims(const cer_Lazy *l, const nn_Module *m, int64_t channels)               \
    {                                                                                                             \
        nn_ConvTransposeArgs a = l->args.transpose;                                                               \
        a.in_channels = channels;                                                                                 \
        a.padding_mode = ((const nn_Conv *)m)->padding_mode;                                                      \
        return (nn_Module *)nn_ConvTranspose##dims##d_new(&a);                                                    \
    }                                                                                                             \
    nn_Conv##dims##d *nn_LazyConv##dims##d_new(const nn_ConvArgs *args)                                           \
    {                                                                                                             \
        static const nn_Class record = {.struct_size = sizeof(nn_Class),                                          \
                                        .name = "LazyConv" #dims "d",                                             \
                                        .size = sizeof(nn_Conv),                                                  \
                                        .extra_repr = conv_repr};                                                 \
        cer_Lazy l = {.make = make_conv##dims, .spatial = dims, .args.conv = nn_ConvArgs_defaults()};             \
        cer_args(&l.args.conv, sizeof l.args.conv, args);                                                         \
        l.args.conv.in_channels = 0;                                                                              \
        nn_Conv *m = conv_shell(&record, dims, l.args.conv);                                                      \
        return m ? cer_nn_lazy(&m->module, &l, &m->weight, l.args.conv.bias ? &m->bias : NULL, l.args.conv.dtype) \
                 : NULL;                                                                                          \
    }                                                                                                             \
    nn_ConvTranspose##dims##d *nn_LazyConvTranspose##dims##d_new(const nn_ConvTransposeArgs *args)                \
    {                                                                                                             \
        static const nn_Class record = {.struct_size = sizeof(nn_Class),                                          \
                                        .name = "LazyConvTranspose" #dims "d",                                    \
                                        .size = sizeof(nn_Conv),                                                  \
                                        .extra_repr = conv_repr};                                                 \
        cer_Lazy l = {                                                                                            \
            .make = make_transpose##dims, .spatial = dims, .args.transpose = nn_ConvTransposeArgs_defaults()};    \
        cer_args(&l.args.transpose, sizeof l.args.transpose, args);                                               \
        l.args.transpose.in_channels = 0;                                                                         \
        nn_Conv *m = transpose_shell(&record, dims, l.args.transpose);                                            \
        return m ? cer_nn_lazy(&m->module, &l, &m->weight, l.args.transpose.bias ? &m->bias : NULL,               \
                               l.args.transpose.dtype)                                                            \
                 : NULL;                                                                                          \
    }
LAZY(1)
LAZY(2)
LAZY(3)
