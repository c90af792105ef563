/* Options of convolutions and pools: one number for all spatial dimensions, or one for each. */
#include "ops/each.h"

#include <stdio.h>
#include <string.h>

#include "core/impl.h"

enum { LARGEST = INT32_MAX }; /* so that no product of two of them overflows */

bool cer_each(const char *op, const char *name, int64_t one, const F_Each *each, int dims, int64_t *out)
{
    char text[128];
    if (each->n == 0)
        for (int d = 0; d < dims; d++) out[d] = one;
    else if (each->n == dims || each->n == 1)
        for (int d = 0; d < dims; d++) out[d] = each->size[each->n == 1 ? 0 : d];
    else
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "expected %s to be a single integer value or a list of %d values to match the convolution "
                         "dimensions, but got %s=%s",
                         name, dims, name, cer_shape_text(each->n <= 3 ? each->n : 3, each->size, text, sizeof text));
    for (int d = 0; d < dims; d++)
        if (out[d] > LARGEST || out[d] < -(int64_t)LARGEST)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "%s: %s %lld is out of range", op, name, (long long)out[d]);
    return true;
}

F_Each cer_widened(int64_t one, const F_Each *each, int64_t unit, bool first)
{
    int64_t own = each->n ? each->size[0] : one;
    return (F_Each){2, {first ? unit : own, first ? own : unit}};
}

const char *cer_each_text(int dims, const int64_t *size, const char *separator, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = 0;
    for (int d = 0; d < dims && used < bytes; d++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%lld", d ? separator : "", (long long)size[d]);
    return text;
}

void cer_window(cer_Window *w, int dims, const int64_t *in, const int64_t *out, const int64_t *kernel,
                const int64_t *stride, const int64_t *pad, const int64_t *dilation)
{
    int lead = 3 - dims;
    for (int d = 0; d < 3; d++) {
        bool given = d >= lead;
        w->in[d] = given ? in[d - lead] : 1;
        w->out[d] = given ? out[d - lead] : 1;
        w->kernel[d] = given ? kernel[d - lead] : 1;
        w->stride[d] = given ? stride[d - lead] : 1;
        w->pad[d] = given ? pad[d - lead] : 0;
        w->dilation[d] = given ? dilation[d - lead] : 1;
    }
    w->adaptive = w->include_pad = false;
    w->divisor = 0;
}

/* PyTorch's suggest_memory_format; one dimension counts as two, of which the first is 1. */
bool cer_channels_last(const Tensor *x, int dims)
{
    int64_t size[5] = {0}, stride[5] = {0}, least = 0;
    if (x->ndim != dims + 2) return false;
    int n = 0, lead = dims == 1;
    for (int d = 0; d < x->ndim; d++) {
        if (d == 2 && lead) size[n] = 1, stride[n++] = x->shape[2] * x->stride[2];
        size[n] = x->shape[d];
        stride[n++] = x->stride[d];
    }
    if (stride[1] == 0) return false;
    for (int k = 0; k < n; k++) {
        int d = k == 0 ? 1 : k == n - 1 ? 0 : n - k; /* channels, the plane from its last dimension on, images */
        if (size[d] == 0 || stride[d] < least || (d == 0 && least == stride[1])) return false;
        least = stride[d] * (size[d] > 1 ? size[d] : 1);
    }
    return true;
}

void cer_form_channels_last(cer_Form *f)
{
    int64_t next = f->shape[1];
    f->strided = true;
    f->stride[1] = 1;
    for (int d = f->ndim - 1; d >= 2; d--) {
        f->stride[d] = next;
        next *= f->shape[d];
    }
    f->stride[0] = next;
}

Tensor *cer_target(Tensor *out)
{
    return out->contiguous ? out : cer_empty(out->dtype, out->ndim, out->shape);
}

void cer_finish(Tensor *out, Tensor *target)
{
    if (target != out) cer_copy_elements(out, target, target->stride);
}
