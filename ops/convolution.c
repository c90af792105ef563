/* Convolution: three records that are each other's gradients, for convolution(x, w), transposed(g, w) and weight(x, g) are the
 * partial derivatives of one form that is linear in all of image, weight and map:
 * sum of map[n, o, i] weight[o, c, k] image[n, c, i * stride - pad + k * dilation]. */
#include <string.h>

#include "ops/convolution.h"

enum { INPUT, WEIGHT, BIAS };

static void fill_bias(Tensor *out, const Tensor *bias) /* or zeros */
{
    int64_t size = cer_size_of(out->dtype), planes = out->shape[0] * out->shape[1];
    int64_t plane = planes ? out->numel / planes : 0;
    if (!bias) {
        memset(out->data, 0, (size_t)(out->numel * size));
        return;
    }
    for (int64_t p = 0; p < planes; p++) {
        char *ptr[1] = {out->data + p * plane * size};
        cer_kernels()->fill[out->dtype](plane, ptr, &size, bias->data + p % out->shape[1] * bias->stride[0] * size);
    }
}

static bool conv_shape(cer_Call *c)
{
    const cer_ConvAttrs *a = c->attrs;
    if (!cer_form_checked(&c->form[0], c->op->name, c->in[INPUT].as.t->dtype, a->dims + 2, a->size)) return false;
    if (c->op != &cer_op_convolution || a->groups > 1) return true;
    const Tensor *w = c->in[WEIGHT].as.t;
    int64_t kernel = 1;
    for (int d = 2; d < w->ndim; d++) kernel *= w->shape[d];
    if (kernel > 1 && (cer_channels_last(c->in[INPUT].as.t, a->dims) || cer_channels_last(w, a->dims)))
        cer_form_channels_last(&c->form[0]);
    return true;
}

/* The first two operands as contiguous ones. */
static bool plain_operands(cer_Call *c, Tensor **first, Tensor **second)
{
    *first = cer_plain(c->in[0].as.t, c->out[0]->dtype);
    *second = *first ? cer_plain(c->in[1].as.t, c->out[0]->dtype) : NULL;
    return *second != NULL;
}

static bool convolution_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    Tensor *x, *w, *out = cer_target(c->out[0]);
    if (!out || !plain_operands(c, &x, &w)) return false;
    fill_bias(out, c->n_in > BIAS ? cer_tensor(c->in[BIAS]) : NULL);
    bool fine = cer_convolve(c->attrs, CER_CONV_MAP, x, w, out);
    if (fine) cer_finish(c->out[0], out);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static bool transposed_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    Tensor *map, *w, *out = c->out[0];
    if (!plain_operands(c, &map, &w)) return false;
    fill_bias(out, c->n_in > BIAS ? cer_tensor(c->in[BIAS]) : NULL);
    bool fine = cer_convolve(c->attrs, CER_CONV_IMAGE, out, w, map);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static bool weight_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    Tensor *x, *map, *out = c->out[0];
    if (!plain_operands(c, &x, &map)) return false;
    memset(out->data, 0, out->storage->bytes);
    bool fine = cer_convolve(c->attrs, CER_CONV_WEIGHT, x, out, map);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* One of the other two, with an output of the given size. */
static Tensor *partial(const cer_Op *op, const cer_ConvAttrs *a, Tensor *first, Tensor *second, torch_Size size)
{
    cer_ConvAttrs b = *a;
    if (!first || !second) return NULL;
    memcpy(b.size, size.dim, sizeof b.size);
    return cer_call2(op, first, second, &b);
}

static Tensor *bias_gradient(Tensor *g)
{
    int64_t dims[TORCH_MAX_DIM] = {0};
    for (int d = 2; d < g->ndim; d++) dims[d - 1] = d;
    return torch_sum(g, .dims = dims, .n_dims = g->ndim - 1);
}

static void convolution_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_ConvAttrs *a = cer_attrs(n);
    if (cer_needs(n, INPUT))
        in[INPUT] = partial(&cer_op_conv_transposed, a, g[0], cer_saved_tensor(n, WEIGHT), cer_input_size(n, INPUT));
    if (cer_needs(n, WEIGHT))
        in[WEIGHT] = partial(&cer_op_conv_weight, a, cer_saved_tensor(n, INPUT), g[0], cer_input_size(n, WEIGHT));
    if (cer_n_inputs(n) > BIAS && cer_needs(n, BIAS)) in[BIAS] = bias_gradient(g[0]);
}

static void transposed_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_ConvAttrs *a = cer_attrs(n);
    if (cer_needs(n, INPUT))
        in[INPUT] = partial(&cer_op_convolution, a, g[0], cer_saved_tensor(n, WEIGHT), cer_input_size(n, INPUT));
    if (cer_needs(n, WEIGHT))
        in[WEIGHT] = partial(&cer_op_conv_weight, a, g[0], cer_saved_tensor(n, INPUT), cer_input_size(n, WEIGHT));
    if (cer_n_inputs(n) > BIAS && cer_needs(n, BIAS)) in[BIAS] = bias_gradient(g[0]);
}

static void weight_vjp(cer_Node *n, Tensor *const *g, Tensor **in) /* of (image, map) */
{
    const cer_ConvAttrs *a = cer_attrs(n);
    if (cer_needs(n, 0))
        in[0] = partial(&cer_op_conv_transposed, a, cer_saved_tensor(n, 1), g[0], cer_input_size(n, 0));
    if (cer_needs(n, 1)) in[1] = partial(&cer_op_convolution, a, cer_saved_tensor(n, 0), g[0], cer_input_size(n, 1));
}

#define CONV(id, grad, schema_, kernel_, vjp_)                       \
    const cer_Op cer_op_##id = {.name = "convolution",               \
                                .grad_name = grad,                   \
                                .schema = schema_,                   \
                                .shape = conv_shape,                 \
                                .kernel = kernel_,                   \
                                .vjp = vjp_,                         \
                                .saves = {CER_SAVE(1), CER_SAVE(0)}, \
                                .n_outputs = 1,                      \
                                .attrs_bytes = sizeof(cer_ConvAttrs)};
CONV(convolution, "ConvolutionBackward0",
     "convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, SymInt[] padding, int[] dilation, bool "
     "transposed, "
     "SymInt[] output_padding, int groups) -> Tensor",
     convolution_kernel, convolution_vjp)
CONV(conv_transposed, "ConvolutionBackward0", NULL, transposed_kernel, transposed_vjp)
CONV(conv_weight, "ConvolutionBackwardBackward0", NULL, weight_kernel, weight_vjp)
