/* What a pool's options and input must be, and the size of its output: in the order and words of PyTorch's checks. */
#include <stdio.h>
#include <string.h>

#include "ops/pooling.h"

static bool positive(const cer_Pooling *p, const char *text, const char *name, const int64_t *v)
{
    static const char *const letters[] = {"T", "H", "W"};
    char values[128] = "";
    size_t used = 0;
    bool fine = true;
    for (int d = 0; d < p->dims; d++) {
        fine &= v[d] > 0;
        used += (size_t)snprintf(values + used, sizeof values - used, " %s%s: %lld", name, letters[3 - p->dims + d],
                                 (long long)v[d]);
    }
    return fine || cer_raise(TORCH_RUNTIME_ERROR, p->op, "%s should be greater than zero, but got%s", text, values);
}

/* PyTorch's pooling_output_shape for each dimension. */
static bool output_sizes(cer_Pooling *p, const int64_t *size)
{
    for (int d = 0; d < p->dims; d++) {
        int64_t k = p->kernel[d], s = p->stride[d], pad = p->pad[d];
        if (s == 0) return cer_raise(TORCH_RUNTIME_ERROR, p->op, "stride should not be zero");
        if (pad < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, p->op, "pad must be non-negative, but got pad: %lld", (long long)pad);
        if (pad > k / 2)
            return cer_raise(TORCH_RUNTIME_ERROR, p->op,
                             "pad should be at most half of kernel size, but got pad=%lld and kernel_size=%lld",
                             (long long)pad, (long long)k);
        int64_t room = size[d] + 2 * pad - p->dilation[d] * (k - 1) - 1 + (p->ceil_mode ? s - 1 : 0);
        int64_t steps = room / s - (room % s != 0 && (room < 0) != (s < 0)); /* towards minus infinity */
        p->out[d] = steps + 1;
        if (p->ceil_mode && (p->out[d] - 1) * s >= size[d] + pad) p->out[d]--;
    }
    return positive(p, "kernel size", "k", p->kernel) && positive(p, "stride", "d", p->stride) &&
           positive(p, "dilation", "dilation", p->dilation);
}

static bool big_enough(const cer_Pooling *p, const Tensor *x, bool average)
{
    char have[128], want[128];
    const int64_t *size = x->shape + x->ndim - p->dims;
    bool fine = true, smaller = false;
    for (int d = 0; d < p->dims; d++) {
        fine &= p->out[d] >= 1;
        smaller |= size[d] + 2 * p->pad[d] < p->kernel[d];
    }
    if (average && p->dims == 3 && smaller)
        return cer_raise(TORCH_RUNTIME_ERROR, p->op,
                         "input image (T: %lld H: %lld W: %lld) smaller than kernel size (kT: %lld kH: %lld kW: %lld)",
                         (long long)size[0], (long long)size[1], (long long)size[2], (long long)p->kernel[0],
                         (long long)p->kernel[1], (long long)p->kernel[2]);
    long long planes = (long long)x->shape[x->ndim - p->dims - 1];
    return fine || cer_raise(TORCH_RUNTIME_ERROR, p->op,
                             "Given input size: (%lldx%s). Calculated output size: (%lldx%s). Output size is too small",
                             planes, cer_each_text(p->dims, size, "x", have, sizeof have), planes,
                             cer_each_text(p->dims, p->out, "x", want, sizeof want));
}

static bool ranks_fit(const cer_Pooling *p, const Tensor *x, bool average)
{
    int dims = p->dims;
    int64_t dim;
    if (x->ndim != dims + 1 && x->ndim != dims + 2) {
        if (average && dims == 2 && x->ndim < 3) return cer_wrap_dim(p->op, -3, x->ndim, &dim) && false;
        return cer_raise(TORCH_RUNTIME_ERROR, p->op, "non-empty %dD or %dD (batch mode) tensor expected for input",
                         dims + 1, dims + 2);
    }
    return true;
}

/* Only the batch may be empty. */
static bool has_elements(const cer_Pooling *p, const Tensor *x)
{
    char text[128];
    int dims = p->dims, first = x->ndim == dims + 2;
    for (int d = first; d < x->ndim; d++) {
        if (x->shape[d]) continue;
        if (dims == 3)
            return cer_raise(
                TORCH_RUNTIME_ERROR, p->op,
                "%s(): Expected input's non-batch dimensions to have positive length, but input has a shape "
                "of %s and non-batch dimension 0 has length zero!", /* it prints the size, not which one */
                p->checker ? p->checker : p->op, cer_shape_text(x->ndim, x->shape, text, sizeof text));
        return cer_raise(TORCH_RUNTIME_ERROR, p->op,
                         "Expected %dD or %dD (batch mode) tensor with optional 0 dim batch size for input, but got:%s",
                         dims + 1, dims + 2, cer_size_text(x, text, sizeof text));
    }
    return true;
}

bool cer_pool_type_fits(const cer_Pooling *p, const Tensor *x)
{
    if (x->dtype == torch_float32 || x->dtype == torch_float64) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, p->op, "\"%s\" not implemented for '%s'", p->type_op,
                     cer_type_name(x->dtype));
}

bool cer_pool_fits(cer_Pooling *p, const Tensor *x, bool average)
{
    return ranks_fit(p, x, average) && output_sizes(p, x->shape + x->ndim - p->dims) && has_elements(p, x) &&
           big_enough(p, x, average) && cer_pool_type_fits(p, x);
}
