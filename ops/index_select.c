/* A vector of indices along one dimension: index_select reads slices, index_add, index_copy and index_fill write them. */
#include <stdio.h>
#include <string.h>

#include "ops/gather.h"
#include "ops/moves.h"
#include "ops/search.h"

typedef struct SliceAttrs {
    int64_t dim;
    torch_Scalar alpha; /* index_add */
} SliceAttrs;

static int64_t size_of(const Tensor *t, int64_t d) /* a 0-d tensor counts as one dimension of size 1 */
{
    return d < t->ndim ? t->shape[d] : 1;
}

static bool in_range(const char *op, const Tensor *index, int64_t size)
{
    int64_t wrong;
    return cer_index_within(index, 0, size, &wrong) || cer_raise(TORCH_INDEX_ERROR, op, "index out of range in self");
}

static bool is_whole_number(const Tensor *index) /* int32 or int64 */
{
    return index->dtype == torch_int64 || index->dtype == torch_int32;
}

static void output_like_self(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t;
    if (!c->self) cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
}

/* ---- index_select ------------------------------------------------------------------------------------------------ */

static bool select_shape(cer_Call *c)
{
    const SliceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t;
    if (!in_range("index_select", index, size_of(x, a->dim))) return false;
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    if (x->ndim) c->form[0].shape[a->dim] = index->numel;
    return cer_form_checked(&c->form[0], "index_select", x->dtype, x->ndim, c->form[0].shape);
}

static bool select_kernel(cer_Call *c)
{
    const SliceAttrs *a = c->attrs;
    torch_Scalar out = torch_scalar_tensor(c->out[0]);
    cer_Moves m;
    cer_moves_slices(&m, c->in[0].as.t, a->dim, c->in[1].as.t, &out);
    cer_pick(&m);
    return true;
}

static void select_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const SliceAttrs *a = cer_attrs(n);
    torch_Size s = cer_input_size(n, 0);
    in[0] = torch_index_add_(cer_zeros(torch_dtype_of(g[0]), s.ndim, s.dim), a->dim, cer_saved_tensor(n, 1), g[0]);
}

const cer_Op cer_op_index_select = {
    .name = "index_select",
    .grad_name = "IndexSelectBackward0",
    .schema = "index_select(Tensor self, int dim, Tensor index) -> Tensor",
    .shape = select_shape,
    .kernel = select_kernel,
    .vjp = select_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(SliceAttrs),
};

/* For all of this file: operands are there, dim is right. */
static bool ready(const char *op, const Tensor *x, int64_t dim, const Tensor *index, SliceAttrs *a)
{
    return !cer_error_pending() && cer_usable(x, op, 1) && cer_usable(index, op, 3) &&
           cer_wrap_dim(op, dim, x->ndim, &a->dim);
}

Tensor *torch_index_select(Tensor *x, int64_t dim, Tensor *index)
{
    SliceAttrs a = {0};
    if (!ready("index_select", x, dim, index, &a)) return NULL;
    if (index->ndim > 1)
        return cer_raise(TORCH_INDEX_ERROR, "index_select", "index_select(): Index is supposed to be a vector"), NULL;
    if (!is_whole_number(index))
        return cer_raise(TORCH_RUNTIME_ERROR, "index_select",
                         "index_select(): Expected dtype int32 or int64 for index"),
               NULL;
    return cer_call2(&cer_op_index_select, x, cer_as_long(index), &a);
}

/* ---- index_add --------------------------------------------------------------------------------------------------- */

static bool add_shape(cer_Call *c)
{
    const SliceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t, *source = c->in[2].as.t;
    output_like_self(c);
    if (x->dtype != source->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_add",
                         "index_add_(): self (%s) and source (%s) must have the same scalar type",
                         cer_type_name(x->dtype), cer_type_name(source->dtype));
    if (source->ndim == 0 && index->numel != 1)
        return cer_raise(TORCH_INDEX_ERROR, "index_add", "Dimension specified as 0 but tensor has no dimensions");
    if (index->numel != size_of(source, a->dim))
        return cer_raise(TORCH_RUNTIME_ERROR, "index_add",
                         "index_add_(): Number of indices (%lld) should be equal to source.size(dim): (%lld), for dim: "
                         "%lld",
                         (long long)index->numel, (long long)size_of(source, a->dim), (long long)a->dim);
    if (x->ndim > 1 && source->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, "index_add", "select() cannot be applied to a 0-dim tensor.");
    int64_t slice[TORCH_MAX_DIM], other[TORCH_MAX_DIM], n = 0, m = 0;
    for (int64_t d = 0; d < x->ndim; d++)
        if (d != a->dim) slice[n++] = x->shape[d];
    for (int64_t d = 0; d < source->ndim; d++)
        if (d != a->dim) other[m++] = source->shape[d];
    int64_t whole[TORCH_MAX_DIM], ndim = n;
    memcpy(whole, slice, sizeof whole);
    if (!cer_broadcast("index_add", &ndim, whole, m, other)) return false;
    if (ndim != n || !cer_same_sizes(n, whole, slice) || n != m || !cer_same_sizes(n, slice, other))
        return cer_raise(TORCH_RUNTIME_ERROR, "index_add", "index_add_(): source must have the shape of the slices");
    return in_range("index_add", index, size_of(x, a->dim));
}

/* PyTorch adds slices with one fused step and single elements with two; so do we. */
static bool add_kernel(cer_Call *c)
{
    const SliceAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    bool one = a->alpha.kind != TORCH_KIND_DOUBLE ? a->alpha.as.i == 1 : a->alpha.as.d == 1;
    char factor[8];
    int64_t mark = cer_context()->pool.length;
    torch_Scalar source = c->in[2];
    cer_Moves m;
    if (!one && (out->ndim < 2 || !cer_kernels()->put[K_PUT_SCALED][out->dtype])) {
        bool before = torch_set_grad_enabled(false);
        source = torch_scalar_tensor(cer_to(torch_mul_Scalar(source, a->alpha), out->dtype));
        torch_set_grad_enabled(before);
        if (!source.as.t) return false;
        one = true;
    }
    cer_start_from_self(c);
    cer_scalar_as(a->alpha, out->dtype, factor);
    cer_moves_slices(&m, out, a->dim, c->in[1].as.t, &source);
    cer_put(&m, one ? K_PUT_ADD : K_PUT_SCALED, one ? NULL : factor);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static Tensor *taken(cer_Node *n, Tensor *g) /* the slices of g, of the source's shape */
{
    const SliceAttrs *a = cer_attrs(n);
    torch_Size s = cer_input_size(n, 2);
    return torch_reshape_n(torch_index_select(g, a->dim, cer_saved_tensor(n, 1)), s.ndim, s.dim);
}

static void add_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const SliceAttrs *a = cer_attrs(n);
    bool one = a->alpha.kind != TORCH_KIND_DOUBLE && a->alpha.as.i == 1;
    in[0] = g[0];
    if (!cer_needs(n, 2)) return;
    in[2] = taken(n, g[0]);
    if (!one) in[2] = torch_mul_Scalar(torch_scalar_tensor(in[2]), a->alpha);
}

/* ---- index_copy -------------------------------------------------------------------------------------------------- */

static bool copy_sizes(const Tensor *x, const Tensor *index, const Tensor *source, int64_t dim)
{
    char to[128] = "", from[128] = "";
    int64_t slice[TORCH_MAX_DIM], other[TORCH_MAX_DIM], n = 0, m = 0;
    for (int64_t d = 0; d < x->ndim; d++)
        if (d != dim) slice[n++] = x->shape[d];
    for (int64_t d = 0; d < source->ndim; d++)
        if (d != dim) other[m++] = source->shape[d];
    if (n != m || !cer_same_sizes(n, slice, other)) {
        size_t at = 0, end = 0;
        for (int64_t d = 0; d < n; d++)
            at += (size_t)snprintf(to + at, sizeof to - at, d ? " %lld" : "%lld", (long long)slice[d]);
        for (int64_t d = 0; d < m; d++)
            end += (size_t)snprintf(from + end, sizeof from - end, d ? " %lld" : "%lld", (long long)other[d]);
        return cer_raise(TORCH_RUNTIME_ERROR, "index_copy",
                         "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice "
                         "shape: %s at dimension %lld and source slice shape: %s at dimension 0.",
                         to, (long long)dim, from);
    }
    return source->ndim == 0 || index->numel == size_of(source, dim) ||
           cer_raise(TORCH_INDEX_ERROR, "index_copy",
                     "index_copy_(): Number of indices (%lld) should be equal to source.size(dim) (%lld)",
                     (long long)index->numel, (long long)size_of(source, dim));
}

static bool copy_shape(cer_Call *c)
{
    const SliceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t, *source = c->in[2].as.t;
    int64_t wrong;
    output_like_self(c);
    if (index->ndim > 1)
        return cer_raise(TORCH_INDEX_ERROR, "index_copy", "index_copy_(): Index should have dimension 1 or 0 (got %d)",
                         index->ndim);
    if (source->ndim == 0 && index->numel != 1)
        return cer_raise(TORCH_INDEX_ERROR, "index_copy",
                         "index_copy_(): When source is scalar, index should have one element (got %lld)",
                         (long long)index->numel);
    if (source->ndim != x->ndim && source->ndim != 0 && x->ndim != 0)
        return cer_raise(TORCH_INDEX_ERROR, "index_copy",
                         "index_copy_(): When source and destination are not scalars, their dimensionality must match. "
                         "Source dimensionality (%d), destination dimensionality (%d)",
                         source->ndim, x->ndim);
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_copy",
                         "index_copy_(): Expected a long tensor for index, but got %s", cer_type_name(index->dtype));
    if (x->dtype != source->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_copy",
                         "index_copy_(): self and source expected to have the same dtype, but got (self) %s and "
                         "(source) %s",
                         cer_type_name(x->dtype), cer_type_name(source->dtype));
    if (!copy_sizes(x, index, source, a->dim)) return false;
    return cer_index_within(index, 0, size_of(x, a->dim), &wrong) ||
           cer_raise(TORCH_INDEX_ERROR, "index_copy",
                     "index_copy_(): index %lld is out of bounds for dimension %lld with size %lld", (long long)wrong,
                     (long long)a->dim, (long long)size_of(x, a->dim));
}

static bool copy_kernel(cer_Call *c)
{
    const SliceAttrs *a = c->attrs;
    cer_Moves m;
    cer_start_from_self(c);
    cer_moves_slices(&m, c->out[0], a->dim, c->in[1].as.t, &c->in[2]);
    cer_put(&m, K_PUT, NULL);
    return true;
}

static void copy_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const SliceAttrs *a = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = torch_index_fill(g[0], a->dim, cer_saved_tensor(n, 1), 0);
    if (cer_needs(n, 2)) in[2] = taken(n, g[0]);
}

/* ---- index_fill -------------------------------------------------------------------------------------------------- */

static bool fill_shape(cer_Call *c)
{
    const SliceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t, *value = cer_tensor(c->in[2]);
    int64_t wrong, size = size_of(x, a->dim);
    if (!c->self) cer_form_like(&c->form[0], x->dtype, x, false);
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_INDEX_ERROR, "index_fill", "index_fill_(): Expected dtype int64 for index.");
    if (index->ndim > 1) return cer_raise(TORCH_RUNTIME_ERROR, "index_fill", "Index has to be a vector/scalar");
    if (value && value->ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_fill",
                         "index_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).",
                         value->ndim);
    return cer_index_within(index, -size, size, &wrong) ||
           cer_raise(TORCH_INDEX_ERROR, "index_fill", "index %lld is out of bounds for dimension %lld with size %lld",
                     (long long)wrong, (long long)a->dim, (long long)size);
}

/* Indices from the end: each half is put on its own, so that no copy of them is needed. */
static bool fill_kernel(cer_Call *c)
{
    const SliceAttrs *a = c->attrs;
    Tensor *index = c->in[1].as.t, *out = c->out[0];
    torch_Scalar value = c->in[2].kind == TORCH_KIND_TENSOR ? torch_item_scalar(c->in[2].as.t) : c->in[2];
    int64_t mark = cer_context()->pool.length, size = size_of(out, a->dim), unused;
    cer_Moves m;
    if (!cer_index_within(index, 0, size, &unused)) {
        Tensor *forward = cer_empty(torch_int64, index->ndim, index->shape);
        if (!forward) return false;
        cer_copy_elements(forward, index, index->stride);
        int64_t *i = (int64_t *)(void *)forward->data;
        for (int64_t k = 0; k < forward->numel; k++) i[k] += i[k] < 0 ? size : 0;
        index = forward;
    }
    cer_start_from_self(c);
    cer_moves_slices(&m, out, a->dim, index, &value);
    cer_put(&m, K_PUT, NULL);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void fill_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const SliceAttrs *a = cer_attrs(n);
    Tensor *index = cer_saved_tensor(n, 1);
    if (cer_needs(n, 0)) in[0] = torch_index_fill(g[0], a->dim, index, 0);
    if (cer_n_inputs(n) > 2 && cer_needs(n, 2)) {
        torch_Size s = torch_shape(g[0]); /* each slice once, from 0: an index may repeat, or count from the end */
        int64_t size = s.ndim ? s.dim[a->dim] : 1;
        Tensor *slices = torch_nonzero(torch_index_fill(cer_zeros(torch_int64, 1, &size), 0, index, 1));
        in[2] = torch_sum(torch_index_select(g[0], a->dim, torch_squeeze_dim(slices, 1)));
    }
}

/* ---- records and public functions -------------------------------------------------------------------------------- */

#define SLICES(id, text, grad, which, saves_self, flags_)              \
    const cer_Op cer_op_##id = {.name = text,                          \
                                .grad_name = grad,                     \
                                .shape = which##_shape,                \
                                .kernel = which##_kernel,              \
                                .vjp = which##_vjp,                    \
                                .saves = {saves_self, 0, CER_SAVE(1)}, \
                                .n_outputs = 1,                        \
                                .flags = flags_,                       \
                                .attrs_bytes = sizeof(SliceAttrs)};
SLICES(index_add, "index_add", "IndexAddBackward0", add, 0, 0)
SLICES(index_add_, "index_add_", "IndexAddBackward0", add, 0, CER_INPLACE)
SLICES(index_copy, "index_copy", "IndexCopyBackward0", copy, CER_SAVE(1), 0)
SLICES(index_copy_, "index_copy_", "IndexCopyBackward0", copy, CER_SAVE(1), CER_INPLACE)
SLICES(index_fill, "index_fill", "IndexFillBackward0", fill, CER_SAVE(1), 0)
SLICES(index_fill_, "index_fill_", "IndexFillBackward0", fill, CER_SAVE(1), CER_INPLACE)
SLICES(index_fill_tensor, "index_fill", "IndexFillBackward1", fill, CER_SAVE(1), 0)
SLICES(index_fill__tensor, "index_fill_", "IndexFillBackward1", fill, CER_SAVE(1), CER_INPLACE)

static Tensor *index_add(const cer_Op *op, Tensor *x, int64_t dim, Tensor *index, Tensor *source, torch_Scalar alpha)
{
    SliceAttrs a = {.alpha = alpha};
    char text[128];
    if (!ready(op->name, x, dim, index, &a)) return NULL;
    if (index->ndim > 1)
        return cer_raise(TORCH_INDEX_ERROR, op->name,
                         "index_add_(): Index is supposed to be a vector, but got dim: %d with type: %s and size: %s",
                         index->ndim, cer_type_name(index->dtype),
                         cer_shape_text(index->ndim, index->shape, text, sizeof text)),
               NULL;
    if (!is_whole_number(index))
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "index_add_(): Expected dtype int32/int64 for index but got: %s", cer_type_name(index->dtype)),
               NULL;
    if (alpha.kind == TORCH_KIND_DOUBLE && !torch_dtype_is_floating_point(x->dtype)) /* PyTorch cuts it off */
        cer_convert(&a.alpha.as.i, torch_int64, &alpha.as.d, torch_float64, 1), a.alpha.kind = TORCH_KIND_INT;
    return cer_call3(op, x, cer_as_long(index), source, &a);
}

Tensor *torch_index_add(Tensor *x, int64_t dim, Tensor *index, Tensor *source)
{
    return index_add(&cer_op_index_add, x, dim, index, source, torch_scalar_int(1));
}

Tensor *torch_index_add_(Tensor *x, int64_t dim, Tensor *index, Tensor *source)
{
    return index_add(&cer_op_index_add_, x, dim, index, source, torch_scalar_int(1));
}

Tensor *torch_index_add_alpha_Scalar(Tensor *x, int64_t dim, Tensor *index, Tensor *source, torch_Scalar alpha)
{
    return index_add(&cer_op_index_add, x, dim, index, source, alpha);
}

Tensor *torch_index_add_alpha__Scalar(Tensor *x, int64_t dim, Tensor *index, Tensor *source, torch_Scalar alpha)
{
    return index_add(&cer_op_index_add_, x, dim, index, source, alpha);
}

Tensor *torch_index_copy(Tensor *x, int64_t dim, Tensor *index, Tensor *source)
{
    SliceAttrs a = {0};
    return ready("index_copy", x, dim, index, &a) ? cer_call3(&cer_op_index_copy, x, index, source, &a) : NULL;
}

Tensor *torch_index_copy_(Tensor *x, int64_t dim, Tensor *index, Tensor *source)
{
    SliceAttrs a = {0};
    return ready("index_copy_", x, dim, index, &a) ? cer_call3(&cer_op_index_copy_, x, index, source, &a) : NULL;
}

static Tensor *index_fill(const cer_Op *op, Tensor *x, int64_t dim, Tensor *index, torch_Scalar value)
{
    SliceAttrs a = {0};
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(index), value};
    if (!ready(op->name, x, dim, index, &a)) return NULL;
    if (value.kind == TORCH_KIND_NONE)
        return cer_raise(TORCH_TYPE_ERROR, op->name, "%s(): argument 'value' must be Number, not NoneType", op->name),
               NULL;
    return cer_call(op, in, 3, &a);
}

Tensor *torch_index_fill_Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar value)
{
    bool tensor = value.kind == TORCH_KIND_TENSOR;
    return index_fill(tensor ? &cer_op_index_fill_tensor : &cer_op_index_fill, x, dim, index, value);
}

Tensor *torch_index_fill__Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar value)
{
    bool tensor = value.kind == TORCH_KIND_TENSOR;
    return index_fill(tensor ? &cer_op_index_fill__tensor : &cer_op_index_fill_, x, dim, index, value);
}
