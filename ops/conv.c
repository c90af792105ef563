/* F_conv1d, conv2d and conv3d. */
#include "ops/convolution.h"

F_ConvArgs F_ConvArgs_defaults(void)
{
    return (F_ConvArgs){.struct_size = sizeof(F_ConvArgs), .stride = 1, .dilation = 1, .groups = 1};
}

static bool size_of_convolution(cer_ConvCall *q)
{
    const Tensor *x = q->input, *w = q->weight;
    cer_ConvAttrs *a = &q->a;
    int64_t padded[3], kernel[3];
    bool fits = true;
    char have[96], want[96];
    for (int d = 0; d < a->dims; d++) {
        padded[d] = x->shape[d + 2] + 2 * a->pad[d];
        kernel[d] = a->dilation[d] * (w->shape[d + 2] - 1) + 1;
        fits &= w->shape[d + 2] > 0 && padded[d] >= kernel[d];
        a->size[d + 2] = fits ? (padded[d] - kernel[d]) / a->stride[d] + 1 : 0;
    }
    a->size[0] = x->shape[0];
    a->size[1] = w->shape[0];
    return fits || cer_raise(TORCH_RUNTIME_ERROR, q->op,
                             "Calculated padded input size per channel: (%s). Kernel size: (%s). Kernel size can't be "
                             "greater than actual input size",
                             cer_each_text(a->dims, padded, " x ", have, sizeof have),
                             cer_each_text(a->dims, kernel, " x ", want, sizeof want));
}

/* padding='same': what does not split evenly is padded on the right beforehand. */
static bool pad_to_same(cer_ConvCall *q)
{
    int64_t pad[6] = {0};
    bool uneven = false;
    int dims = q->a.dims;
    for (int d = 0; d < dims; d++) {
        if (q->a.stride[d] != 1)
            return cer_raise(TORCH_RUNTIME_ERROR, q->op, "padding='same' is not supported for strided convolutions");
        int64_t k = q->weight->ndim == dims + 2 ? q->weight->shape[d + 2] : 1, total = q->a.dilation[d] * (k - 1);
        q->a.pad[d] = total / 2;
        if (total % 2) pad[2 * (dims - 1 - d) + 1] = 1, uneven = true;
    }
    if (!uneven) return true;
    torch_warn("UserWarning",
               "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy "
               "of the input be created");
    q->input = cer_constant_pad(q->input, pad, 2 * dims, torch_scalar_int(0));
    return q->input != NULL;
}

static Tensor *conv(const char *op, int dims, const F_ConvArgs *p)
{
    cer_ConvCall q = {
        .op = op, .input = p->input, .weight = p->weight, .bias = p->bias, .a = {.dims = dims, .groups = p->groups}};
    bool same = p->padding == F_SAME && p->paddings.n == 0;
    int64_t padding = p->padding == F_VALID || same ? 0 : p->padding;
    if (!cer_conv_usable(op, p->input, p->weight, p->bias) ||
        !cer_each(op, "stride", p->stride, &p->strides, dims, q.a.stride) ||
        !cer_each(op, "padding", padding, &p->paddings, dims, q.a.pad) ||
        !cer_each(op, "dilation", p->dilation, &p->dilations, dims, q.a.dilation) || !cer_conv_ranks_fit(&q) ||
        (same && !pad_to_same(&q)))
        return NULL;
    return cer_conv_call(&q, size_of_convolution);
}

#define CONV(dims)                                    \
    Tensor *F_conv##dims##d_args(const F_ConvArgs *p) \
    {                                                 \
        return conv("conv" #dims "d", dims, p);       \
    }
CONV(1)
CONV(2)
CONV(3)
