/* tensor_split, hsplit, vsplit and dsplit: slices, each of its own. */
#include "core/impl.h"
#include "ops/ops_internal.h"

static bool can_split(const Tensor *x, int64_t dim, int64_t *d)
{
    static const char op[] = "tensor_split";
    if (!cer_ready(x, op, 1)) return false;
    if (x->ndim == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims");
    return cer_wrap_dim(op, dim, x->ndim, d);
}

torch_TensorList torch_tensor_split(Tensor *x, int64_t sections, int64_t dim)
{
    int64_t d;
    if (!can_split(x, dim, &d)) return cer_no_list();
    if (sections <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "tensor_split", "number of sections must be larger than 0, got %lld",
                         (long long)sections),
               cer_no_list();
    Tensor **out = cer_list_room("tensor_split", sections);
    int64_t start = 0, least = x->shape[d] / sections, longer = x->shape[d] % sections;
    for (int64_t i = 0; out && i < sections; i++) { /* the first ones are longer by one */
        int64_t length = least + (i < longer);
        out[i] = torch_slice(x, d, start, start + length, 1);
        if (!out[i]) return cer_no_list();
        start += length;
    }
    return out ? (torch_TensorList){out, sections} : cer_no_list();
}

torch_TensorList torch_tensor_split_indices(Tensor *x, int64_t n, const int64_t *indices, int64_t dim)
{
    int64_t d;
    if (!can_split(x, dim, &d)) return cer_no_list();
    if (n < 0 || n == INT64_MAX || (n && !indices))
        return cer_raise(TORCH_VALUE_ERROR, "tensor_split", "tensor_split: %lld indices", (long long)n), cer_no_list();
    Tensor **out = cer_list_room("tensor_split", n + 1);
    for (int64_t i = 0; out && i <= n; i++) {
        out[i] = torch_slice(x, d, i ? indices[i - 1] : 0, i < n ? indices[i] : x->shape[d], 1);
        if (!out[i]) return cer_no_list();
    }
    return out ? (torch_TensorList){out, n + 1} : cer_no_list();
}

typedef struct Axis { /* of hsplit, vsplit, dsplit */
    const char *name;
    int64_t least, dim; /* dimensions that x must have; which of them is split */
} Axis;

static bool axis(const Tensor *x, const char *name, int64_t least, Axis *a)
{
    *a = (Axis){name, least, least - 1};
    if (!cer_ready(x, name, 1)) return false;
    if (least == 1) a->dim = x->ndim > 1; /* hsplit: columns, where there are any */
    if (least == 2) a->dim = 0;
    return x->ndim >= least ||
           cer_raise(TORCH_RUNTIME_ERROR, name,
                     "torch.%s requires a tensor with at least %lld dimension, but got a tensor with "
                     "%d dimensions!",
                     name, (long long)least, x->ndim);
}

static torch_TensorList split_evenly(Tensor *x, int64_t n, const char *name, int64_t least)
{
    Axis a;
    if (!axis(x, name, least, &a)) return cer_no_list();
    int64_t size = x->shape[a.dim];
    if (n == 0 || (n != -1 && size % n != 0))
        return cer_raise(TORCH_RUNTIME_ERROR, name,
                         "torch.%s attempted to split along dimension %lld, but the size of the dimension %lld is not "
                         "divisible by the split_size %lld!",
                         name, (long long)a.dim, (long long)size, (long long)n),
               cer_no_list();
    return torch_tensor_split(x, n, a.dim);
}

static torch_TensorList split_at(Tensor *x, int64_t n, const int64_t *indices, const char *name, int64_t least)
{
    Axis a;
    return axis(x, name, least, &a) ? torch_tensor_split_indices(x, n, indices, a.dim) : cer_no_list();
}

#define SPLIT(name, least)                                                                \
    torch_TensorList torch_##name(Tensor *x, int64_t sections)                            \
    {                                                                                     \
        return split_evenly(x, sections, #name, least);                                   \
    }                                                                                     \
    torch_TensorList torch_##name##_indices(Tensor *x, int64_t n, const int64_t *indices) \
    {                                                                                     \
        return split_at(x, n, indices, #name, least);                                     \
    }
SPLIT(hsplit, 1)
SPLIT(vsplit, 2)
SPLIT(dsplit, 3)
