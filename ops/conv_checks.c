/* What the operands and options of a convolution must be, in the order and words of PyTorch's checks; and the call. */
#include "ops/convolution.h"

static bool all_at_least(int dims, const int64_t *v, int64_t least)
{
    for (int d = 0; d < dims; d++)
        if (v[d] < least) return false;
    return true;
}

/* PyTorch tries oneDNN with float32 first, which words it differently. */
static bool types_differ(const cer_ConvCall *q, const Tensor *other, const char *what)
{
    torch_dtype own = q->input->dtype;
    if (own == torch_float32)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op,
                         "Input type (torch.%sTensor) and %s type (torch.%sTensor) should be the same or input should "
                         "be a MKLDNN tensor and %s is a dense tensor",
                         cer_type_name(own), what, cer_type_name(other->dtype), what);
    if (other == q->bias)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op, "Input type (%s) and bias type (%s) should be the same",
                         cer_cpp_name(own), cer_cpp_name(other->dtype));
    return cer_raise(TORCH_RUNTIME_ERROR, q->op, "expected scalar type %s but found %s", cer_type_name(own),
                     cer_type_name(other->dtype));
}

static bool check_types(const cer_ConvCall *q)
{
    torch_dtype own = q->input->dtype;
    bool weight = q->weight->dtype != own, bias = q->bias && q->bias->dtype != own;
    if (bias && (own != torch_float32 || !weight)) return types_differ(q, q->bias, "bias");
    if (weight) return types_differ(q, q->weight, "weight");
    if (own != torch_float32 && own != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op, "\"slow_conv2d_cpu\" not implemented for '%s'",
                         cer_type_name(own));
    return true;
}

static bool check_options(const cer_ConvCall *q)
{
    int dims = q->a.dims;
    const char *what = !all_at_least(dims, q->a.pad, 0)        ? "negative padding"
                       : !all_at_least(dims, q->output_pad, 0) ? "negative output_padding"
                       : !all_at_least(dims, q->a.stride, 1)   ? "non-positive stride"
                       : !all_at_least(dims, q->a.dilation, 1) ? "non-positive dilation"
                       : q->a.groups < 1                       ? "non-positive groups"
                                                               : NULL;
    return !what || cer_raise(TORCH_RUNTIME_ERROR, q->op, "%s is not supported", what);
}

static bool check_channels(const cer_ConvCall *q)
{
    const Tensor *x = q->input, *w = q->weight;
    char a[128], b[128];
    long long groups = (long long)q->a.groups;
    if (w->shape[0] < groups)
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Given groups=%lld, expected weight to be at least %lld at dimension 0, but got weight of size %s "
            "instead",
            groups, groups, cer_size_text(w, a, sizeof a));
    if (w->shape[0] % groups)
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Given groups=%lld, expected weight to be divisible by %lld at dimension 0, but got weight of size "
            "[%s] instead",
            groups, groups, cer_size_text(w, a, sizeof a));
    int64_t wanted = q->transposed ? w->shape[0] : w->shape[1] * groups;
    int64_t out = q->transposed ? w->shape[1] * groups : w->shape[0];
    if (x->shape[1] != wanted)
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Given %s=%lld, weight of size %s, expected input%s to have %lld channels, but got %lld channels "
            "instead",
            q->transposed ? "transposed" : "groups", q->transposed ? 1 : groups, cer_size_text(w, a, sizeof a),
            cer_size_text(x, b, sizeof b), (long long)wanted, (long long)x->shape[1]);
    if (q->bias && (q->bias->ndim != 1 || q->bias->shape[0] != out))
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Given %sweight of size %s, expected bias to be 1-dimensional with %lld elements, but got bias of "
            "size %s instead",
            q->transposed ? "transposed=1, " : "", cer_size_text(w, a, sizeof a), (long long)out,
            cer_size_text(q->bias, b, sizeof b));
    return true;
}

bool cer_conv_ranks_fit(const cer_ConvCall *q)
{
    char a[128], b[128];
    int dims = q->a.dims, rank = q->input->ndim;
    if (rank != dims + 1 && rank != dims + 2)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op,
                         "Expected %dD (unbatched) or %dD (batched) input to %s, but got input of size: %s", dims + 1,
                         dims + 2, q->op, cer_size_text(q->input, a, sizeof a));
    if (q->weight->ndim < 3)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op, "weight should have at least three dimensions");
    if (q->weight->ndim != dims + 2)
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Expected %d-dimensional input for %d-dimensional weight %s, but got %d-dimensional input of size "
            "%s instead",
            q->weight->ndim, q->weight->ndim, cer_size_text(q->weight, b, sizeof b), rank,
            cer_size_text(q->input, a, sizeof a));
    return true;
}

bool cer_conv_usable(const char *op, const Tensor *x, const Tensor *w, const Tensor *b)
{
    return !cer_error_pending() && cer_usable(x, op, 1) && cer_usable(w, op, 2) && (!b || cer_usable(b, op, 3));
}

/* All checks and the call; the input is a batch by now. */
static Tensor *checked_call(cer_ConvCall *q, bool (*sizes)(cer_ConvCall *q))
{
    if (!q->input || !check_options(q) || !check_channels(q) || !check_types(q) || !sizes(q)) return NULL;
    torch_Scalar in[3] = {torch_scalar_tensor(q->input), torch_scalar_tensor(q->weight), torch_scalar_tensor(q->bias)};
    return cer_call(q->transposed ? &cer_op_conv_transposed : &cer_op_convolution, in, q->bias ? 3 : 2, &q->a);
}

Tensor *cer_conv_call(cer_ConvCall *q, bool (*sizes)(cer_ConvCall *q))
{
    if (!cer_conv_ranks_fit(q)) return NULL;
    if (q->input->ndim == q->a.dims + 2) return checked_call(q, sizes);
    q->input = torch_unsqueeze(q->input, 0);
    Tensor *out = checked_call(q, sizes);
    return out ? torch_squeeze_dim(out, 0) : NULL;
}
