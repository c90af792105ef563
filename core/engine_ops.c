/* The ops that the engine itself needs: to make, fill, copy, convert, expand, sum and add tensors. All others are in ops/. */
#include <string.h>

#include "impl.h"

/* ---- empty: a new tensor ----------------------------------------------------------------------------------------- */

static bool empty_shape(cer_Call *c)
{
    const cer_SizeAttrs *a = c->attrs;
    return cer_form_checked(&c->form[0], c->op->name, a->dtype, a->ndim, a->size);
}

const cer_Op cer_op_empty = {
    .name = "empty",
    .schema = "empty.memory_format(int[] size, *, ScalarType? dtype=None) -> Tensor",
    .shape = empty_shape,
    .n_outputs = 1,
    .flags = CER_NONDIFFERENTIABLE,
    .attrs_bytes = sizeof(cer_SizeAttrs),
};

Tensor *cer_empty(torch_dtype dtype, int64_t ndim, const int64_t *shape)
{
    cer_SizeAttrs a = {.dtype = (uint8_t)dtype, .ndim = ndim};
    if (ndim >= 0 && ndim <= TORCH_MAX_DIM)
        for (int64_t i = 0; i < ndim; i++) a.size[i] = shape[i];
    return cer_call(&cer_op_empty, NULL, 0, &a);
}

Tensor *cer_zeros(torch_dtype dtype, int64_t ndim, const int64_t *shape)
{
    Tensor *t = cer_empty(dtype, ndim, shape);
    if (t) memset(t->data, 0, t->storage->bytes);
    return t;
}

/* ---- copying elements -------------------------------------------------------------------------------------------- */

void cer_copy_elements(Tensor *to, const Tensor *from, const int64_t *from_stride)
{
    char *data[2] = {to->data, from->data};
    const int64_t *stride[2] = {to->stride, from_stride};
    size_t element[2] = {torch_dtype_size(to->dtype), torch_dtype_size(from->dtype)};
    if (to->contiguous && from->contiguous && from_stride == from->stride) {
        int64_t run[2] = {(int64_t)element[0], (int64_t)element[1]};
        cer_kernels()->cast[to->dtype][from->dtype](to->numel, data, run, NULL);
        return;
    }
    cer_Iterator it;
    cer_iterator_init(&it, 2, to->ndim, to->shape, data, stride, element, false);
    cer_iterator_copy(&it, to->dtype, from->dtype);
}

void cer_fill_elements(Tensor *to, torch_Scalar number)
{
    char value[8];
    char *data[1] = {to->data};
    const int64_t *stride[1] = {to->stride};
    size_t element[1] = {torch_dtype_size(to->dtype)};
    cer_scalar_as(number, to->dtype, value);
    if (to->contiguous) {
        int64_t run[1] = {(int64_t)element[0]};
        cer_kernels()->fill[to->dtype](to->numel, data, run, value);
        return;
    }
    cer_Iterator it;
    cer_iterator_init(&it, 1, to->ndim, to->shape, data, stride, element, false);
    cer_iterator_run(&it, cer_kernels()->fill[to->dtype], value);
}

static bool copy_kernel(cer_Call *c)
{
    cer_copy_elements(c->out[0], c->in[0].as.t, c->in[0].as.t->stride);
    return true;
}

static void vjp_identity(cer_Node *n, Tensor *const *g,
                         Tensor **in) /* the engine fits shape and dtype to the input's */
{
    (void)n;
    in[0] = g[0];
}

/* ---- clone, to --------------------------------------------------------------------------------------------------- */

void cer_form_like(cer_Form *f, torch_dtype dtype, const Tensor *t, bool contiguous)
{
    cer_form(f, dtype, t->ndim, t->shape);
    if (contiguous || t->contiguous) return;
    if (!cer_dense(t)) {
        cer_form_strides_like(f, t->stride);
        return;
    }
    f->strided = true;
    for (int i = 0; i < t->ndim; i++) f->stride[i] = t->stride[i];
}

static bool clone_shape(cer_Call *c)
{
    const cer_CloneAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    cer_form_like(&c->form[0], t->dtype, t, a && a->contiguous);
    return true;
}

const cer_Op cer_op_clone = {
    .name = "clone",
    .grad_name = "CloneBackward0",
    .schema = "clone(Tensor self) -> Tensor",
    .shape = clone_shape,
    .kernel = copy_kernel,
    .vjp = vjp_identity,
    .n_outputs = 1,
};

/* What a gradient with a history is copied by. */
const cer_Op cer_gradient_clone = {
    .name = "clone",
    .grad_name = "CopyBackwards",
    .shape = clone_shape,
    .kernel = copy_kernel,
    .vjp = vjp_identity,
    .n_outputs = 1,
};

static bool to_shape(cer_Call *c)
{
    cer_form_like(&c->form[0], *(const uint8_t *)c->attrs, c->in[0].as.t, false);
    return true;
}

const cer_Op cer_op_to = {
    .name = "to",
    .grad_name = "ToCopyBackward0",
    .schema = "to.dtype(Tensor self, ScalarType dtype) -> Tensor",
    .shape = to_shape,
    .kernel = copy_kernel,
    .vjp = vjp_identity,
    .n_outputs = 1,
    .attrs_bytes = sizeof(uint8_t),
};

Tensor *cer_to(Tensor *t, torch_dtype dtype)
{
    uint8_t type = (uint8_t)dtype;
    if (cer_error_pending() || !cer_usable(t, "to", 1)) return NULL;
    if (torch_dtype_size(dtype) == 0) return cer_raise(TORCH_TYPE_ERROR, "to", "to: %d is no dtype", (int)dtype), NULL;
    return t->dtype == dtype ? t : cer_call1(&cer_op_to, t, &type);
}

/* ---- detach ------------------------------------------------------------------------------------------------------ */

static bool detach_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, t->ndim, t->shape);
    c->form[0].strided = true;
    memcpy(c->form[0].stride, t->stride, sizeof(int64_t) * t->ndim);
    return true;
}

const cer_Op cer_op_detach = {
    .name = "detach",
    .schema = "detach(Tensor(a) self) -> Tensor(a)",
    .shape = detach_shape,
    .n_outputs = 1,
    .flags = CER_VIEW | CER_NONDIFFERENTIABLE,
};

/* ---- in place: copy_, fill_ -------------------------------------------------------------------------------------- */

static bool copy__shape(cer_Call *c)
{
    const Tensor *to = c->in[0].as.t, *from = c->in[1].as.t;
    int64_t stride[TORCH_MAX_DIM];
    char a[128], b[128];
    if (cer_expand_strides(from, to->ndim, to->shape, stride)) return true;
    int64_t shape[TORCH_MAX_DIM], ndim = to->ndim;
    memcpy(shape, to->shape, sizeof(int64_t) * to->ndim);
    if (!cer_broadcast(c->op->name, &ndim, shape, from->ndim, from->shape)) return false;
    return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "output with shape %s doesn't match the broadcast shape %s",
                     cer_shape_text(to->ndim, to->shape, a, sizeof a), cer_shape_text(ndim, shape, b, sizeof b));
}

static bool copy__kernel(cer_Call *c)
{
    Tensor *to = c->self, *from = c->in[1].as.t;
    if (to == from) return true;
    int64_t mark = cer_context()->pool.length, stride[TORCH_MAX_DIM];
    if (from->storage == to->storage) { /* they may overlap: through a copy */
        cer_CloneAttrs plain = {.contiguous = true};
        bool before = torch_set_grad_enabled(false);
        from = cer_call1(&cer_op_clone, from, &plain);
        torch_set_grad_enabled(before);
        if (!from) return false;
    }
    cer_expand_strides(from, to->ndim, to->shape, stride);
    bool same = from->ndim == to->ndim && memcmp(from->stride, stride, sizeof(int64_t) * to->ndim) == 0;
    cer_copy_elements(to, from, same ? from->stride : stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static Tensor *zeros_of_input(const cer_Node *n, int64_t i)
{
    torch_Size s = cer_input_size(n, i);
    return cer_zeros(cer_input_dtype(n, i), s.ndim, s.dim);
}

static void vjp_overwritten(cer_Node *n, Tensor *const *g, Tensor **in) /* nothing of the old value is left */
{
    if (cer_needs(n, 0)) in[0] = zeros_of_input(n, 0);
    if (cer_needs(n, 1)) in[1] = g[0];
}

const cer_Op cer_op_copy_ = {
    .name = "copy_",
    .grad_name = "CopyBackwards",
    .schema = "copy_(Tensor(a!) self, Tensor src) -> Tensor(a!)",
    .shape = copy__shape,
    .kernel = copy__kernel,
    .vjp = vjp_overwritten,
    .n_outputs = 1,
    .flags = CER_INPLACE,
};

static bool fill__shape(cer_Call *c)
{
    if (c->in[1].kind != TORCH_KIND_TENSOR)
        return c->in[1].kind != TORCH_KIND_NONE
                   ? cer_number_fits("fill_", c->in[1], (torch_dtype)c->self->dtype)
                   : cer_raise(TORCH_TYPE_ERROR, "fill_",
                               "fill_(): argument 'value' (position 1) must be Number, not NoneType");
    const Tensor *value = c->in[1].as.t;
    return value->ndim == 0 || cer_raise(TORCH_RUNTIME_ERROR, "fill_",
                                         "fill_ only supports 0-dimension value tensor but got tensor with "
                                         "%d dimensions.",
                                         value->ndim);
}

static bool fill__kernel(cer_Call *c)
{
    torch_Scalar value = c->in[1].kind == TORCH_KIND_TENSOR ? torch_item_scalar(c->in[1].as.t) : c->in[1];
    cer_fill_elements(c->self, value);
    return true;
}

const cer_Op cer_op_fill_ = {
    .name = "fill_",
    .grad_name = "FillBackward2",
    .schema = "fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)",
    .shape = fill__shape,
    .kernel = fill__kernel,
    .vjp = vjp_overwritten,
    .n_outputs = 1,
    .flags = CER_INPLACE | CER_MAY_OVERLAP,
};

/* ---- expand ------------------------------------------------------------------------------------------------------ */

static bool expand_refused(const Tensor *t, const cer_SizeAttrs *a, int64_t i, int64_t own)
{
    char want[128], have[128];
    cer_shape_text(a->ndim, a->size, want, sizeof want);
    cer_shape_text(t->ndim, t->shape, have, sizeof have);
    if (a->ndim < t->ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, "expand",
                         "expand(torch.%sTensor{%s}, size=%s): the number of sizes provided (%lld) must be greater "
                         "or equal to the number of dimensions in the tensor (%d)",
                         cer_type_name(t->dtype), have, want, (long long)a->ndim, t->ndim);
    if (a->size[i] == -1)
        return cer_raise(TORCH_RUNTIME_ERROR, "expand",
                         "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
                         "dimension %lld",
                         (long long)i);
    return cer_raise(TORCH_RUNTIME_ERROR, "expand",
                     "The expanded size of the tensor (%lld) must match the existing size (%lld) at "
                     "non-singleton dimension %lld.  Target sizes: %s.  Tensor sizes: %s",
                     (long long)a->size[i], (long long)own, (long long)i, want, have);
}

static bool expand_shape(cer_Call *c)
{
    const cer_SizeAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    int64_t lead = a->ndim - t->ndim, shape[TORCH_MAX_DIM];
    if (lead < 0) return expand_refused(t, a, 0, 0);
    for (int64_t i = 0; i < a->ndim; i++) {
        int64_t size = a->size[i], own = i >= lead ? t->shape[i - lead] : 1;
        if (size == -1 && i < lead) return expand_refused(t, a, i, own);
        if (size == -1) size = own;
        if (size != own && (own != 1 || size < 0)) return expand_refused(t, a, i, own);
        shape[i] = size;
    }
    if (!cer_form_checked(&c->form[0], "expand", t->dtype, a->ndim, shape)) return false;
    c->form[0].strided = true;
    return cer_expand_strides(t, a->ndim, shape, c->form[0].stride);
}

const cer_Op cer_op_expand = {
    .name = "expand",
    .grad_name = "ExpandBackward0",
    .schema = "expand(Tensor(a) self, int[] size) -> Tensor(a)",
    .shape = expand_shape,
    .vjp = vjp_identity,
    .n_outputs = 1,
    .flags = CER_VIEW,
    .attrs_bytes = sizeof(cer_SizeAttrs),
};

/* ---- add --------------------------------------------------------------------------------------------------------- */

static void add_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)n;
    in[0] = in[1] = g[0];
}

const cer_Op cer_op_add = {
    .name = "add",
    .grad_name = "AddBackward0",
    .schema = "add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
    .shape = cer_pointwise_shape,
    .kernel = cer_pointwise_kernel,
    .vjp = add_vjp,
    .n_outputs = 1,
    .rule = CER_SAME,
    .loop = KERNEL_add,
};

/* ---- the node of a leaf ------------------------------------------------------------------------------------------ */

const cer_Op cer_op_accumulate = {
    .name = "accumulate_grad", .grad_name = "AccumulateGrad", .n_outputs = 1, .flags = CER_NONDIFFERENTIABLE};
