/* split, chunk and unbind: one node with several outputs, which may not be written in place while that is recorded. */
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

/* ---- records ----------------------------------------------------------------------------------------------------- */

/* length -1: one index, without the dimension */
static bool part(cer_Call *c, int64_t dim, int64_t start, int64_t length)
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
    return cer_ready(x, op, 1) &&
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
    if (!cer_ready(x, op, 1)) return cer_no_list();
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
    if (!cer_ready(x, "unbind", 1) || !cer_wrap_dim("unbind", dim, x->ndim, &a.dim)) return cer_no_list();
    if (x->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, "unbind", "Dimension specified as %lld but tensor has no dimensions",
                         (long long)dim),
               cer_no_list();
    return cer_list_views(&cer_op_unbind, x, x->shape[a.dim], &a, sizeof a);
}
