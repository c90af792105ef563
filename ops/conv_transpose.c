/* F_conv_transpose1d, conv_transpose2d and conv_transpose3d. */
#include <stdio.h>

#include "ops/convolution.h"

F_ConvTransposeArgs F_ConvTransposeArgs_defaults(void)
{
    return (F_ConvTransposeArgs){.struct_size = sizeof(F_ConvTransposeArgs), .stride = 1, .dilation = 1, .groups = 1};
}

/* A transposed convolution of one dimension is PyTorch's of two: its messages say so. */
static bool check_output_padding(const cer_ConvCall *q)
{
    static const char *const dim_names[] = {"depth", "height", "width"};
    const cer_ConvAttrs *a = &q->a;
    int lead = a->dims == 3 ? 0 : 1, missing = a->dims == 1 ? 2 : lead;
    char text[256] = "";
    size_t used = 0;
    bool fine = true;
    for (int d = 0; d < a->dims; d++) fine &= q->output_pad[d] < a->stride[d] || q->output_pad[d] < a->dilation[d];
    for (int part = 0; part < 3 && !fine; part++)
        for (int d = lead; d < 3; d++) {
            const int64_t *v = part == 0 ? q->output_pad : part == 1 ? a->stride : a->dilation;
            used += (size_t)snprintf(text + used, sizeof text - used, " %s_%s: %lld",
                                     part == 0   ? "output_padding"
                                     : part == 1 ? "stride"
                                                 : "dilation",
                                     dim_names[d],
                                     (long long)(d >= missing ? v[d - missing]
                                                 : part == 0  ? 0
                                                              : 1));
        }
    return fine || cer_raise(TORCH_RUNTIME_ERROR, q->op,
                             "output padding must be smaller than either stride or dilation, but got%s", text);
}

static bool size_of_transposed(cer_ConvCall *q)
{
    const Tensor *x = q->input, *w = q->weight;
    cer_ConvAttrs *a = &q->a;
    char have[96], want[96];
    bool fits = true;
    if (!check_output_padding(q)) return false;
    for (int d = 0; d < a->dims; d++) {
        int64_t span; /* (d - 1) stride, which may overflow */
        if (__builtin_mul_overflow(x->shape[d + 2] - 1, a->stride[d], &span) || span > INT64_MAX / 4)
            return cer_raise(TORCH_RUNTIME_ERROR, q->op, "Storage size calculation overflowed");
        a->size[d + 2] = span - 2 * a->pad[d] + a->dilation[d] * (w->shape[d + 2] - 1) + q->output_pad[d] + 1;
        fits &= a->size[d + 2] >= 1;
    }
    a->size[0] = x->shape[0];
    a->size[1] = w->shape[1] * a->groups;
    const char *lead = a->dims == 1 ? "1 x " : "";
    return fits ||
           cer_raise(TORCH_RUNTIME_ERROR, q->op,
                     "Given input size per channel: (%s%s). Calculated output size per channel: (%s%s). Output size "
                     "is too small",
                     lead, cer_each_text(a->dims, x->shape + 2, " x ", have, sizeof have), lead,
                     cer_each_text(a->dims, a->size + 2, " x ", want, sizeof want));
}

static Tensor *conv_transpose(const char *op, int dims, const F_ConvTransposeArgs *p)
{
    cer_ConvCall q = {.op = op,
                      .input = p->input,
                      .weight = p->weight,
                      .bias = p->bias,
                      .a = {.dims = dims, .groups = p->groups},
                      .transposed = true};
    if (!cer_conv_usable(op, p->input, p->weight, p->bias) ||
        !cer_each(op, "stride", p->stride, &p->strides, dims, q.a.stride) ||
        !cer_each(op, "padding", p->padding, &p->paddings, dims, q.a.pad) ||
        !cer_each(op, "output_padding", p->output_padding, &p->output_paddings, dims, q.output_pad) ||
        !cer_each(op, "dilation", p->dilation, &p->dilations, dims, q.a.dilation))
        return NULL;
    return cer_conv_call(&q, size_of_transposed);
}

#define CONV_TRANSPOSE(dims)                                             \
    Tensor *F_conv_transpose##dims##d_args(const F_ConvTransposeArgs *p) \
    {                                                                    \
        return conv_transpose("conv_transpose" #dims "d", dims, p);      \
    }
CONV_TRANSPOSE(1)
CONV_TRANSPOSE(2)
CONV_TRANSPOSE(3)
