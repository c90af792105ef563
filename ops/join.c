/* Joining tensors: cat along a dimension, stack along a new one; clone, contiguous, to. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct JoinAttrs {
    int64_t dim;
    uint8_t dtype;
    int64_t start[]; /* where each input begins along dim; one more than inputs: the last is the end */
} JoinAttrs;

/* Copies t into the part of out that begins at `start` along dim (of length t->shape[dim], or one index when t lacks dim). */
static void put(Tensor *out, const Tensor *t, int64_t dim, int64_t start)
{
    int64_t to_stride[TORCH_MAX_DIM], k = 0;
    for (int64_t d = 0; d < out->ndim; d++)
        if (d != dim || t->ndim == out->ndim) to_stride[k++] = out->stride[d];
    size_t to_size = torch_dtype_size(out->dtype), from_size = torch_dtype_size(t->dtype);
    char *data[2] = {out->data + start * out->stride[dim] * (int64_t)to_size, t->data};
    const int64_t *stride[2] = {to_stride, t->stride};
    size_t element[2] = {to_size, from_size};
    if (dim == 0 && t->contiguous) { /* out is contiguous too: the part is one run */
        int64_t run[2] = {(int64_t)to_size, (int64_t)from_size};
        cer_kernels()->cast[out->dtype][t->dtype](t->numel, data, run, NULL);
        return;
    }
    cer_Iterator it;
    cer_iterator_init(&it, 2, t->ndim, t->shape, data, stride, element, false);
    cer_iterator_copy(&it, out->dtype, t->dtype);
}

/* ---- cat --------------------------------------------------------------------------------------------------------- */

static bool skipped(const Tensor *t) /* an empty 1-d tensor joins anything: an old promise of torch.cat */
{
    return t->ndim == 1 && t->numel == 0;
}

static bool cat_shape(cer_Call *c)
{
    const JoinAttrs *a = c->attrs;
    cer_Form *f = &c->form[0];
    const Tensor *first = NULL;
    for (int64_t i = 0; i < c->n_in; i++) {
        const Tensor *t = c->in[i].as.t;
        if (skipped(t)) continue;
        if (!first) cer_form(f, a->dtype, t->ndim, t->shape), first = t;
        if (t->ndim != first->ndim)
            return cer_raise(TORCH_RUNTIME_ERROR, "cat", "Tensors must have same number of dimensions: got %d and %d",
                             first->ndim, t->ndim);
        for (int d = 0; d < t->ndim; d++)
            if (d != a->dim && t->shape[d] != first->shape[d])
                return cer_raise(TORCH_RUNTIME_ERROR, "cat",
                                 "Sizes of tensors must match except in dimension %lld. Expected size %lld but got "
                                 "size %lld for tensor number %lld in the list.",
                                 (long long)a->dim, (long long)first->shape[d], (long long)t->shape[d], (long long)i);
    }
    if (!first) return cer_form_checked(f, "cat", a->dtype, 1, &a->start[0]);
    f->shape[a->dim] = a->start[c->n_in];
    return cer_form_checked(f, "cat", a->dtype, first->ndim, f->shape);
}

/* Contiguous tensors of out's dtype: out is written in order, a piece of each input in turn. */
static bool cat_in_order(cer_Call *c)
{
    const JoinAttrs *a = c->attrs;
    const Tensor *out = c->out[0];
    int64_t rows = 1, size = cer_size_of(out->dtype), piece = size;
    for (int64_t d = 0; d < a->dim; d++) rows *= out->shape[d];
    for (int64_t d = a->dim + 1; d < out->ndim; d++) piece *= out->shape[d];
    bool plain = rows > 1 && out->contiguous && out->numel > 0;
    for (int64_t i = 0; i < c->n_in; i++) {
        const Tensor *t = c->in[i].as.t;
        plain &= skipped(t) || (t->contiguous && t->dtype == out->dtype);
    }
    if (!plain || piece * out->shape[a->dim] < 256 * c->n_in) return false; /* short pieces: a loop for each input */
    char *to = out->data;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < c->n_in; i++) {
            size_t bytes = (size_t)((a->start[i + 1] - a->start[i]) * piece);
            if (bytes) memcpy(to, c->in[i].as.t->data + (size_t)r * bytes, bytes);
            to += bytes;
        }
    return true;
}

static bool cat_kernel(cer_Call *c)
{
    const JoinAttrs *a = c->attrs;
    if (cat_in_order(c)) return true;
    for (int64_t i = 0; i < c->n_in; i++)
        if (!skipped(c->in[i].as.t)) put(c->out[0], c->in[i].as.t, a->dim, a->start[i]);
    return true;
}

static void cat_vjp(cer_Node *n, Tensor *const *g, Tensor **in) /* each input's gradient is its part */
{
    const JoinAttrs *a = cer_attrs(n);
    for (int64_t i = 0; i < cer_n_inputs(n); i++) {
        if (!cer_needs(n, i)) continue;
        torch_Size s = cer_input_size(n, i);
        bool nothing = s.ndim == 1 && s.dim[0] == 0;
        in[i] = nothing ? cer_zeros(cer_input_dtype(n, i), 1, s.dim)
                        : torch_narrow(g[0], a->dim, a->start[i], a->start[i + 1] - a->start[i]);
    }
}

const cer_Op cer_op_cat = {.name = "cat",
                           .grad_name = "CatBackward0",
                           .shape = cat_shape,
                           .kernel = cat_kernel,
                           .vjp = cat_vjp,
                           .n_outputs = 1};

/* ---- stack ------------------------------------------------------------------------------------------------------- */

static bool stack_shape(cer_Call *c)
{
    const JoinAttrs *a = c->attrs;
    const Tensor *first = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM + 1];
    char one[128], other[128];
    for (int64_t i = 1; i < c->n_in; i++) {
        const Tensor *t = c->in[i].as.t;
        if (t->ndim != first->ndim || memcmp(t->shape, first->shape, sizeof(int64_t) * t->ndim) != 0)
            return cer_raise(TORCH_RUNTIME_ERROR, "stack",
                             "stack expects each tensor to be equal size, but got %s at entry 0 and %s at entry %lld",
                             cer_shape_text(first->ndim, first->shape, one, sizeof one),
                             cer_shape_text(t->ndim, t->shape, other, sizeof other), (long long)i);
    }
    for (int d = 0; d <= first->ndim; d++) shape[d] = d == a->dim ? c->n_in : first->shape[d < a->dim ? d : d - 1];
    return cer_form_checked(&c->form[0], "stack", a->dtype, first->ndim + 1, shape);
}

static bool stack_kernel(cer_Call *c)
{
    const JoinAttrs *a = c->attrs;
    for (int64_t i = 0; i < c->n_in; i++) put(c->out[0], c->in[i].as.t, a->dim, i);
    return true;
}

static void stack_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const JoinAttrs *a = cer_attrs(n);
    for (int64_t i = 0; i < cer_n_inputs(n); i++)
        if (cer_needs(n, i)) in[i] = torch_select(g[0], a->dim, i);
}

const cer_Op cer_op_stack = {.name = "stack",
                             .grad_name = "StackBackward0",
                             .shape = stack_shape,
                             .kernel = stack_kernel,
                             .vjp = stack_vjp,
                             .n_outputs = 1};

/* ---- public ------------------------------------------------------------------------------------------------------ */

static Tensor *join(const cer_Op *op, Tensor *const *tensors, int64_t n, int64_t dim, bool stacking)
{
    if (cer_error_pending()) return NULL;
    if (n < 1 || !tensors)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         stacking ? "stack expects a non-empty TensorList"
                                  : "torch.cat(): expected a non-empty list of Tensors"),
               NULL;
    size_t operands = (size_t)n * sizeof(torch_Scalar), attrs = sizeof(JoinAttrs) + (size_t)(n + 1) * sizeof(int64_t);
    char *block = cer_alloc(operands + attrs);
    if (!block) return cer_raise_memory(op->name, (double)(operands + attrs)), NULL;
    torch_Scalar *in = (torch_Scalar *)block;
    JoinAttrs *a = (JoinAttrs *)(block + operands);
    const Tensor *first = NULL;
    bool fine = true;
    for (int64_t i = 0; i < n && fine; i++) {
        in[i] = torch_scalar_tensor(tensors[i]);
        fine = tensors[i] ? cer_usable(tensors[i], op->name, (int)i + 1)
                          : cer_raise(TORCH_TYPE_ERROR, op->name,
                                      "expected Tensor as element %lld in argument 0, but got NoneType", (long long)i);
        if (fine && !stacking && tensors[i]->ndim == 0)
            fine = cer_raise(TORCH_RUNTIME_ERROR, "cat",
                             "zero-dimensional tensor (at position %lld) cannot be concatenated", (long long)i);
        if (fine && !first && (stacking || !skipped(tensors[i]))) first = tensors[i];
    }
    if (!first) first = tensors[0];
    fine = fine && cer_wrap_dim(op->name, dim, first->ndim + stacking, &a->dim);
    a->start[0] = 0;
    for (int64_t i = 0; i < n && fine; i++) {
        const Tensor *t = tensors[i];
        int64_t length = stacking || skipped(t) ? 0 : a->dim < t->ndim ? t->shape[a->dim] : 0;
        if (__builtin_add_overflow(a->start[i], length, &a->start[i + 1])) a->start[i + 1] = INT64_MAX;
    }
    Tensor *result = NULL;
    if (fine) {
        a->dtype = (uint8_t)cer_result_type(in, n);
        result = cer_call_sized(op, in, n, a, attrs);
    }
    cer_free(block, operands + attrs);
    return result;
}

Tensor *torch_cat_n(Tensor *const *tensors, int64_t n, int64_t dim)
{
    return join(&cer_op_cat, tensors, n, dim, false);
}

Tensor *torch_stack_n(Tensor *const *tensors, int64_t n, int64_t dim)
{
    return join(&cer_op_stack, tensors, n, dim, true);
}

Tensor *torch_clone(Tensor *x)
{
    cer_CloneAttrs a = {.contiguous = false};
    return cer_call1(&cer_op_clone, x, &a);
}

Tensor *torch_contiguous(Tensor *x)
{
    cer_CloneAttrs a = {.contiguous = true};
    if (cer_error_pending() || !cer_usable(x, "contiguous", 1)) return NULL;
    return x->contiguous ? x : cer_call1(&cer_op_clone, x, &a);
}

Tensor *torch_to(Tensor *x, torch_dtype dtype)
{
    return cer_to(x, dtype);
}
