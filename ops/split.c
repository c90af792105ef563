/* One tensor in several parts: split, chunk and unbind are one node with several outputs, which may not be written in place
 * while that is recorded; tensor_split and its kin are slices, each of its own. */
#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct SplitAttrs {
    int64_t dim, size;
} SplitAttrs;

typedef struct SizesAttrs {
    int64_t dim;
    int64_t start[]; /* of each part along dim; one more than parts: the last is the end */
} SizesAttrs;

static bool ready(const Tensor *x, const char *op)
{
    return !cer_error_pending() && cer_usable(x, op, 1);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static bool part(cer_Call *c, int64_t dim, int64_t start,
                 int64_t length) /* length -1: one index, without the dimension */
{
    const Tensor *t = c->in[0].as.t;
    cer_Form *f = &c->form[0];
    cer_form(f, t->dtype, 0, NULL);
    f->strided = true;
    f->offset = start * t->stride[dim];
    for (int d = 0; d < t->ndim; d++) {
        if (d == dim && length < 0) continue;
        f->shape[f->ndim] = d == dim ? length : t->shape[d];
        f->stride[f->ndim++] = t->stride[d];
    }
    return true;
}

static bool split_shape(cer_Call *c)
{
    const SplitAttrs *a = c->attrs;
    int64_t start = c->part * a->size, left = c->in[0].as.t->shape[a->dim] - start;
    return part(c, a->dim, start, left < a->size ? left : a->size);
}

static bool sizes_shape(cer_Call *c)
{
    const SizesAttrs *a = c->attrs;
    return part(c, a->dim, a->start[c->part], a->start[c->part + 1] - a->start[c->part]);
}

static bool unbind_shape(cer_Call *c)
{
    return part(c, ((const SplitAttrs *)c->attrs)->dim, c->part, -1);
}

/* The parts' gradients joined again; zeros for parts that nobody used. */
static Tensor *rejoined(cer_Node *n, Tensor *const *g, Tensor *(*join)(Tensor *const *, int64_t, int64_t), int64_t dim)
{
    int64_t parts = cer_n_outputs(n);
    Tensor **all = cer_list_room(n->op->name, parts);
    for (int64_t k = 0; all && k < parts; k++) {
        torch_Size s = cer_output_size(n, k);
        all[k] = g[k] ? g[k] : cer_zeros(cer_input_dtype(n, 0), s.ndim, s.dim);
    }
    return all ? join(all, parts, dim) : NULL;
}

static void split_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = rejoined(n, g, torch_cat_n, *(const int64_t *)cer_attrs(n)); /* dim comes first in both attrs */
}

static void unbind_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = rejoined(n, g, torch_stack_n, *(const int64_t *)cer_attrs(n));
}

#define PARTS(id, text, grad, shape_, vjp_, bytes) \
    const cer_Op cer_op_##id = {.name = text,      \
                                .grad_name = grad, \
                                .shape = shape_,   \
                                .vjp = vjp_,       \
                                .n_outputs = 1,    \
                                .flags = CER_VIEW, \
                                .attrs_bytes = bytes};
PARTS(split, "split", "SplitBackward0", split_shape, split_vjp, sizeof(SplitAttrs))
PARTS(split_with_sizes, "split_with_sizes", "SplitWithSizesBackward0", sizes_shape, split_vjp, sizeof(SizesAttrs))
PARTS(unbind, "unbind", "UnbindBackward0", unbind_shape, unbind_vjp, sizeof(SplitAttrs))

/* ---- split, chunk, unbind ---------------------------------------------------------------------------------------- */

static bool has_dims(const Tensor *x, const char *op)
{
    return ready(x, op) &&
           (x->ndim > 0 || cer_raise(TORCH_RUNTIME_ERROR, op, "%s expects at least a 1-dimensional tensor", op));
}

torch_TensorList torch_split(Tensor *x, int64_t size, int64_t dim)
{
    SplitAttrs a = {.size = size};
    if (!has_dims(x, "split")) return cer_no_list();
    if (size < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "split",
                         "split expects split_size be non-negative, but got split_size=%lld", (long long)size),
               cer_no_list();
    if (!cer_wrap_dim("split", dim, x->ndim, &a.dim)) return cer_no_list();
    int64_t whole = x->shape[a.dim];
    if (size == 0 && whole != 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "split",
                         "split_size can only be 0 if dimension size is 0, but got dimension size of %lld",
                         (long long)whole),
               cer_no_list();
    int64_t n = whole == 0 ? 1 : whole / size + (whole % size != 0);
    return cer_list_views(&cer_op_split, x, n, &a, sizeof a);
}

static bool sizes_add_up(SizesAttrs *a, int64_t n, const int64_t *size, int64_t whole)
{
    static const char op[] = "split_with_sizes";
    char text[512];
    bool fits = true;
    a->start[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        if (size[i] < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "split_with_sizes expects split_sizes have only non-negative entries, but got "
                             "split_sizes=%s",
                             cer_shape_text(n, size, text, sizeof text));
        fits = fits && size[i] <= whole - a->start[i];
        a->start[i + 1] = fits ? a->start[i] + size[i] : 0;
    }
    if (fits && a->start[n] == whole) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     "split_with_sizes expects split_sizes to sum exactly to %lld (input tensor's size at dimension "
                     "%lld), but got split_sizes=%s",
                     (long long)whole, (long long)a->dim, cer_shape_text(n, size, text, sizeof text));
}

torch_TensorList torch_split_with_sizes(Tensor *x, int64_t n, const int64_t *sizes, int64_t dim)
{
    static const char op[] = "split_with_sizes";
    int64_t d;
    if (!ready(x, op)) return cer_no_list();
    if (x->ndim == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "split expects at least a 1-dimensional tensor"), cer_no_list();
    if (!cer_wrap_dim(op, dim, x->ndim, &d)) return cer_no_list();
    if (n < 0 || n > INT64_MAX / 64 || (n && !sizes))
        return cer_raise(TORCH_VALUE_ERROR, op, "%s: %lld sizes", op, (long long)n), cer_no_list();
    size_t bytes = sizeof(SizesAttrs) + (size_t)(n + 1) * sizeof(int64_t);
    SizesAttrs *a = cer_alloc(bytes);
    if (!a) return cer_raise_memory(op, (double)bytes), cer_no_list();
    a->dim = d;
    torch_TensorList list = cer_no_list();
    if (sizes_add_up(a, n, sizes, x->shape[d])) list = cer_list_views(&cer_op_split_with_sizes, x, n, a, bytes);
    cer_free(a, bytes);
    return list;
}

/* As many parts as asked for where the dimension is empty, all of them empty. */
static torch_TensorList empty_chunks(Tensor *x, int64_t chunks, int64_t dim)
{
    size_t bytes = sizeof(SizesAttrs) + sizeof(int64_t) * 2;
    if (chunks < INT64_MAX / 64) bytes = sizeof(SizesAttrs) + sizeof(int64_t) * (size_t)(chunks + 1);
    SizesAttrs *a = chunks < INT64_MAX / 64 ? cer_alloc(bytes) : NULL;
    if (!a) return cer_raise_memory("chunk", (double)chunks * sizeof(int64_t)), cer_no_list();
    memset(a, 0, bytes);
    a->dim = dim;
    torch_TensorList list = cer_list_views(&cer_op_split_with_sizes, x, chunks, a, bytes);
    cer_free(a, bytes);
    return list;
}

torch_TensorList torch_chunk(Tensor *x, int64_t chunks, int64_t dim)
{
    int64_t d;
    if (!has_dims(x, "chunk")) return cer_no_list();
    if (chunks <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "chunk", "chunk expects `chunks` to be greater than 0, got: %lld",
                         (long long)chunks),
               cer_no_list();
    if (!cer_wrap_dim("chunk", dim, x->ndim, &d)) return cer_no_list();
    int64_t whole = x->shape[d];
    return whole == 0 ? empty_chunks(x, chunks, d) : torch_split(x, whole / chunks + (whole % chunks != 0), d);
}

torch_TensorList torch_unbind(Tensor *x, int64_t dim)
{
    SplitAttrs a = {0};
    if (!ready(x, "unbind") || !cer_wrap_dim("unbind", dim, x->ndim, &a.dim)) return cer_no_list();
    if (x->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, "unbind", "Dimension specified as %lld but tensor has no dimensions",
                         (long long)dim),
               cer_no_list();
    return cer_list_views(&cer_op_unbind, x, x->shape[a.dim], &a, sizeof a);
}

/* ---- tensor_split, hsplit, vsplit, dsplit ------------------------------------------------------------------------ */

static bool can_split(const Tensor *x, int64_t dim, int64_t *d)
{
    static const char op[] = "tensor_split";
    if (!ready(x, op)) return false;
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
    if (!ready(x, name)) return false;
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
