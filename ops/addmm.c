/* Products that are added to something: addmm, baddbmm, addbmm, addmv, addr, and their twins in place. */
#include <string.h>

#include "core/impl.h"
#include "ops/products.h"

typedef struct AddAttrs {
    double beta, alpha;
    uint8_t dtype; /* addr: the promoted type */
} AddAttrs;

/* ---- what is common to the shape rules --------------------------------------------------------------------------- */

/* Can input be broadcast to that shape? In place it must have it. */
static bool expandable(const cer_Call *c, int64_t ndim, const int64_t *shape)
{
    const Tensor *input = c->in[0].as.t;
    char want[160], have[160];
    if (input->ndim > ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "expand(torch.%sTensor{%s}, size=%s): the number of sizes provided (%lld) must be greater or "
                         "equal to the number of dimensions in the tensor (%d)",
                         cer_type_name(input->dtype), cer_shape_text(input->ndim, input->shape, have, sizeof have),
                         cer_shape_text(ndim, shape, want, sizeof want), (long long)ndim, input->ndim);
    for (int64_t i = ndim - 1, own = input->ndim - 1; own >= 0; i--, own--)
        if (input->shape[own] != shape[i] && input->shape[own] != 1)
            return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                             "The expanded size of the tensor (%lld) must match the existing size (%lld) at "
                             "non-singleton dimension %lld.  Target sizes: %s.  Tensor sizes: %s",
                             (long long)shape[i], (long long)input->shape[own], (long long)i,
                             cer_shape_text(ndim, shape, want, sizeof want),
                             cer_shape_text(input->ndim, input->shape, have, sizeof have));
    return true;
}

/* The form of the result; in place, input has that shape already, and its dtype. */
static bool formed(cer_Call *c, torch_dtype dtype, int64_t ndim, const int64_t *shape)
{
    const Tensor *self = c->self;
    char want[160], have[160];
    if (self && (self->ndim != ndim || !cer_same_sizes(ndim, self->shape, shape)))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "Bad in-place call: input tensor size %s and output tensor size %s should match",
                         cer_shape_text(self->ndim, self->shape, have, sizeof have),
                         cer_shape_text(ndim, shape, want, sizeof want));
    if (self && self->dtype != dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "expected scalar type %s but found %s",
                         cer_type_name(self->dtype), cer_type_name(dtype));
    return cer_form_checked(&c->form[0], c->op->name, dtype, ndim, shape);
}

/* out = input, where the product does not overwrite it anyway */
static void start(cer_Call *c)
{
    const AddAttrs *s = c->attrs;
    int64_t stride[TORCH_MAX_DIM];
    Tensor *out = c->out[0];
    if (c->self || s->beta == 0) return;
    cer_expand_strides(c->in[0].as.t, out->ndim, out->shape, stride);
    cer_copy_elements(out, c->in[0].as.t, stride);
}

/* In place, a factor that lies in the memory which is written would change on the way: it is copied first. */
static const Tensor *factor_of(cer_Call *c, int i)
{
    Tensor *t = c->in[i].as.t;
    if (!c->self || t->storage != c->self->storage) return t;
    bool before = torch_set_grad_enabled(false);
    Tensor *copy = torch_clone(t);
    torch_set_grad_enabled(before);
    return copy;
}

static Tensor *scaled(Tensor *t, double by)
{
    if (by == 1) return t;
    return by == (double)(int64_t)by ? torch_mul(t, (int64_t)by) : torch_mul(t, by);
}

static bool shape_of_size(const char *op, const Tensor *t, int64_t dim) /* PyTorch asks for t.size(dim) */
{
    int64_t wrapped;
    return cer_wrap_dim(op, dim, t->ndim, &wrapped);
}

/* Both the op and its twin in place; four operands at most: input, a, b. */
#define ADD_OP(id, grad, in_place)                       \
    const cer_Op cer_op_##id##in_place = {               \
        .name = #id #in_place,                           \
        .grad_name = grad,                               \
        .shape = id##_shape,                             \
        .kernel = id##_kernel,                           \
        .vjp = id##_vjp,                                 \
        .saves = {0, CER_SAVE(2), CER_SAVE(1)},          \
        .n_outputs = 1,                                  \
        .flags = sizeof #in_place > 1 ? CER_INPLACE : 0, \
        .attrs_bytes = sizeof(AddAttrs),                 \
    };
#define ADD(id, grad)  \
    ADD_OP(id, grad, ) \
    ADD_OP(id, grad, _)

/* ---- addmm ------------------------------------------------------------------------------------------------------- */

static bool addmm_shape(cer_Call *c)
{
    const Tensor *input = c->in[0].as.t, *a = c->in[1].as.t, *b = c->in[2].as.t;
    if (input->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "addmm", "self and mat2 must have the same dtype");
    if (a->dtype != b->dtype) return cer_raise(TORCH_RUNTIME_ERROR, "addmm", "mat1 and mat2 must have the same dtype");
    if (a->ndim != 2) return cer_raise(TORCH_RUNTIME_ERROR, "addmm", "mat1 must be a matrix, got %d-D tensor", a->ndim);
    if (b->ndim != 2) return cer_raise(TORCH_RUNTIME_ERROR, "addmm", "mat2 must be a matrix, got %d-D tensor", b->ndim);
    if (!cer_multipliable(a, b)) return false;
    int64_t shape[2] = {a->shape[0], b->shape[1]};
    return (c->self || expandable(c, 2, shape)) && formed(c, a->dtype, 2, shape) &&
           cer_product_type("addmm", "addmm_impl_cpu_", a, b);
}

static bool addmm_kernel(cer_Call *c)
{
    const AddAttrs *s = c->attrs;
    const Tensor *a = factor_of(c, 1), *b = factor_of(c, 2);
    Tensor *out = c->out[0];
    if (!a || !b) return false;
    start(c);
    return cer_product(out, out->data, out->stride[0], out->stride[1], cer_factor(a, 0), cer_factor(b, 0), s->beta,
                       s->alpha);
}

static void addmm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const AddAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = scaled(g[0], s->beta);
    if (cer_needs(n, 1)) in[1] = scaled(torch_mm(g[0], torch_t(cer_saved_tensor(n, 2))), s->alpha);
    if (cer_needs(n, 2)) in[2] = scaled(torch_mm(torch_t(cer_saved_tensor(n, 1)), g[0]), s->alpha);
}

ADD(addmm, "AddmmBackward0")

/* ---- baddbmm ----------------------------------------------------------------------------------------------------- */

static bool baddbmm_shape(cer_Call *c)
{
    const Tensor *a = c->in[1].as.t, *b = c->in[2].as.t;
    const char *op = c->op->name;
    if (!c->self) { /* the input is expanded before anything else is looked at */
        if (!shape_of_size(op, a, 0) || !shape_of_size(op, a, 1) || !shape_of_size(op, b, 2)) return false;
        if (!expandable(c, 3, (const int64_t[]){a->shape[0], a->shape[1], b->shape[2]})) return false;
    }
    if (a->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, op, "batch1 must be a 3D tensor");
    if (b->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, op, "batch2 must be a 3D tensor");
    if (a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1])
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "Expected size for first two dimensions of batch2 tensor to be: [%lld, %lld] but got: [%lld, %lld].",
            (long long)a->shape[0], (long long)a->shape[2], (long long)b->shape[0], (long long)b->shape[1]);
    bool small = (double)a->shape[1] * (double)a->shape[2] * (double)b->shape[2] < 400;
    return formed(c, a->dtype, 3, (const int64_t[]){a->shape[0], a->shape[1], b->shape[2]}) &&
           cer_product_type(op, small ? "baddbmm" : "addmm_impl_cpu_", a, b);
}

static bool baddbmm_kernel(cer_Call *c)
{
    const AddAttrs *s = c->attrs;
    const Tensor *a = factor_of(c, 1), *b = factor_of(c, 2);
    Tensor *out = c->out[0];
    if (!a || !b) return false;
    start(c);
    int64_t step = out->stride[0] * cer_size_of(out->dtype);
    for (int64_t i = 0; i < out->shape[0]; i++)
        if (!cer_product(out, out->data + i * step, out->stride[1], out->stride[2], cer_factor(a, i), cer_factor(b, i),
                         s->beta, s->alpha))
            return false;
    return true;
}

static void baddbmm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const AddAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = scaled(g[0], s->beta);
    if (cer_needs(n, 1)) in[1] = scaled(torch_bmm(g[0], torch_transpose(cer_saved_tensor(n, 2), 1, 2)), s->alpha);
    if (cer_needs(n, 2)) in[2] = scaled(torch_bmm(torch_transpose(cer_saved_tensor(n, 1), 1, 2), g[0]), s->alpha);
}

ADD(baddbmm, "BaddbmmBackward0")

/* ---- addbmm: the sum over a batch of products -------------------------------------------------------------------- */

static bool addbmm_shape(cer_Call *c)
{
    const Tensor *input = c->in[0].as.t, *a = c->in[1].as.t, *b = c->in[2].as.t;
    const char *op = c->op->name;
    if (!c->self) {
        if (!shape_of_size(op, a, 1) || !shape_of_size(op, b, 2)) return false;
        if (!expandable(c, 2, (const int64_t[]){a->shape[1], b->shape[2]})) return false;
    }
    if (a->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, op, "batch1 must be a 3D tensor");
    if (b->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, op, "batch2 must be a 3D tensor");
    if (a->shape[0] != b->shape[0])
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "batch1 and batch2 must have same number of batches, got %lld and %lld",
                         (long long)a->shape[0], (long long)b->shape[0]);
    if (a->shape[2] != b->shape[1])
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Incompatible matrix sizes for bmm (%lldx%lld and %lldx%lld)",
                         (long long)a->shape[1], (long long)a->shape[2], (long long)b->shape[1],
                         (long long)b->shape[2]);
    if (input->dtype != b->dtype) return cer_raise(TORCH_RUNTIME_ERROR, op, "self and mat2 must have the same dtype");
    if (a->dtype != b->dtype) return cer_raise(TORCH_RUNTIME_ERROR, op, "mat1 and mat2 must have the same dtype");
    return formed(c, a->dtype, 2, (const int64_t[]){a->shape[1], b->shape[2]}) &&
           cer_product_type(op, "addmm_impl_cpu_", a, b);
}

static bool addbmm_kernel(cer_Call *c)
{
    const AddAttrs *s = c->attrs;
    const Tensor *a = factor_of(c, 1), *b = factor_of(c, 2);
    Tensor *out = c->out[0];
    if (!a || !b) return false;
    start(c);
    int64_t n = a->shape[0];
    cer_Factor none = {a, a->data, out->shape[0], 0, 1, 1}, empty = {b, b->data, 0, out->shape[1], 1, 1};
    if (n == 0) return cer_product(out, out->data, out->stride[0], out->stride[1], none, empty, s->beta, s->alpha);
    for (int64_t i = 0; i < n; i++)
        if (!cer_product(out, out->data, out->stride[0], out->stride[1], cer_factor(a, i), cer_factor(b, i),
                         i == 0 ? s->beta : 1, s->alpha))
            return false;
    return true;
}

static void addbmm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const AddAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = scaled(g[0], s->beta);
    if (!cer_needs(n, 1) && !cer_needs(n, 2)) return;
    int64_t batches = cer_needs(n, 1) ? cer_input_size(n, 1).dim[0] : cer_input_size(n, 2).dim[0];
    torch_Size size = cer_output_size(n, 0);
    Tensor *each = torch_expand(torch_unsqueeze(g[0], 0), batches, size.dim[0], size.dim[1]);
    if (cer_needs(n, 1)) in[1] = scaled(torch_bmm(each, torch_transpose(cer_saved_tensor(n, 2), 1, 2)), s->alpha);
    if (cer_needs(n, 2)) in[2] = scaled(torch_bmm(torch_transpose(cer_saved_tensor(n, 1), 1, 2), each), s->alpha);
}

ADD(addbmm, "AddbmmBackward0")

/* ---- addmv ------------------------------------------------------------------------------------------------------- */

static bool addmv_shape(cer_Call *c)
{
    const Tensor *input = c->in[0].as.t, *a = c->in[1].as.t, *v = c->in[2].as.t;
    const char *op = c->op->name;
    if (a->ndim != 2 || v->ndim != 1 || input->ndim > 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "vector + matrix @ vector expected, got %d, %d, %d", input->ndim,
                         a->ndim, v->ndim);
    if (a->shape[1] != v->shape[0] || (a->shape[0] != input->numel && input->numel != 1)) {
        if (!shape_of_size(op, input, 0) || input->ndim == 0)
            return cer_error_pending()
                       ? false
                       : cer_raise(TORCH_INDEX_ERROR, op, "Dimension specified as 0 but tensor has no dimensions");
        return cer_raise(TORCH_RUNTIME_ERROR, op, "size mismatch, got %lld, %lldx%lld,%lld", (long long)input->shape[0],
                         (long long)a->shape[0], (long long)a->shape[1], (long long)v->shape[0]);
    }
    return formed(c, v->dtype, 1, &a->shape[0]) && cer_product_type(op, "addmv_impl_cpu", a, v);
}

static bool addmv_kernel(cer_Call *c)
{
    const AddAttrs *s = c->attrs;
    const Tensor *a = factor_of(c, 1), *v = factor_of(c, 2);
    Tensor *out = c->out[0];
    if (!a || !v) return false;
    start(c);
    return cer_product(out, out->data, out->stride[0], 1, cer_factor(a, 0), cer_column(v), s->beta, s->alpha);
}

static void addmv_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const AddAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = scaled(g[0], s->beta);
    if (cer_needs(n, 1)) in[1] = scaled(torch_outer(g[0], cer_saved_tensor(n, 2)), s->alpha);
    if (cer_needs(n, 2)) in[2] = scaled(torch_mv(torch_t(cer_saved_tensor(n, 1)), g[0]), s->alpha);
}

ADD(addmv, "AddmvBackward0")

/* ---- addr: an outer product, with promotion ---------------------------------------------------------------------- */

static bool addr_shape(cer_Call *c)
{
    const AddAttrs *s = c->attrs;
    const Tensor *input = c->in[0].as.t, *u = c->in[1].as.t, *v = c->in[2].as.t;
    const char *op = c->op->name;
    if (c->self && input->ndim != 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "2D tensor expected, got %dD tensor for input", input->ndim);
    if (u->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "addr: Expected 1-D argument vec1, but got %d-D", u->ndim);
    if (v->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "addr: Expected 1-D argument vec2, but got %d-D", v->ndim);
    int64_t shape[2] = {u->shape[0], v->shape[0]};
    if (c->self && (input->shape[0] != shape[0] || input->shape[1] != shape[1]))
        return cer_raise(TORCH_RUNTIME_ERROR, op, "size mismatch, input: [%lld, %lld], v1: [%lld], v2: [%lld]",
                         (long long)input->shape[0], (long long)input->shape[1], (long long)shape[0],
                         (long long)shape[1]);
    if (!c->self && !expandable(c, 2, shape)) return false;
    torch_dtype common = cer_result_type(c->in, 3);
    for (int k = 0; k < 2 && !torch_dtype_is_floating_point(common); k++) {
        double factor = k ? s->alpha : s->beta;
        if (factor != (double)(int64_t)factor)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "For integral input tensors, argument %s must not be a floating point number.",
                             k ? "alpha" : "beta");
    }
    if (c->self && c->self->dtype != common)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "result type %s can't be cast to the desired output type %s",
                         cer_type_name(common), cer_type_name(c->self->dtype));
    if (!cer_form_checked(&c->form[0], op, common, 2, shape)) return false;
    if (input->ndim == 2 && cer_same_sizes(2, input->shape, shape)) cer_form_strides_like(&c->form[0], input->stride);
    return true;
}

static bool addr_kernel(cer_Call *c) /* bool and float16 have no product of their own: pointwise */
{
    const AddAttrs *s = c->attrs;
    Tensor *out = c->out[0], *u = c->in[1].as.t, *v = c->in[2].as.t;
    int64_t mark = cer_context()->pool.length, stride[TORCH_MAX_DIM];
    bool before = torch_set_grad_enabled(false), product = cer_kernels()->gemm[out->dtype] != NULL, fine;
    if (product) {
        u = cer_to(c->self && u->storage == c->self->storage ? torch_clone(u) : u, out->dtype);
        v = cer_to(c->self && v->storage == c->self->storage ? torch_clone(v) : v, out->dtype);
        fine = u && v;
        if (fine) {
            start(c);
            cer_Factor row = {v, v->data, 1, v->shape[0], 1, v->stride[0]};
            fine = cer_product(out, out->data, out->stride[0], out->stride[1], cer_column(u), row, s->beta, s->alpha);
        }
    } else {
        Tensor *t = scaled(torch_outer(u, v), s->alpha);
        if (s->beta != 0) t = torch_add(scaled(c->in[0].as.t, s->beta), t);
        fine = t && cer_expand_strides(t, 2, out->shape, stride);
        if (fine) cer_copy_elements(out, t, stride);
    }
    torch_set_grad_enabled(before);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void addr_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const AddAttrs *s = cer_attrs(n);
    torch_dtype dtype = s->dtype;
    if (cer_needs(n, 0)) in[0] = scaled(g[0], s->beta);
    if (cer_needs(n, 1)) in[1] = scaled(torch_mv(g[0], cer_to(cer_saved_tensor(n, 2), dtype)), s->alpha);
    if (cer_needs(n, 2)) in[2] = scaled(torch_mv(torch_t(g[0]), cer_to(cer_saved_tensor(n, 1), dtype)), s->alpha);
}

ADD(addr, "AddrBackward0")

/* ---- public ------------------------------------------------------------------------------------------------------ */

torch_AddProductArgs torch_AddProductArgs_defaults(void)
{
    return (torch_AddProductArgs){.struct_size = sizeof(torch_AddProductArgs), .beta = 1, .alpha = 1};
}

static Tensor *add_product(const cer_Op *op, const torch_AddProductArgs *args)
{
    AddAttrs s = {args->beta, args->alpha, 0};
    torch_Scalar in[3] = {torch_scalar_tensor(args->self), torch_scalar_tensor(args->a), torch_scalar_tensor(args->b)};
    if (cer_error_pending()) return NULL;
    for (int i = 0; i < 3; i++)
        if (!cer_usable(in[i].as.t, op->name, i + 1)) return NULL;
    s.dtype = (uint8_t)cer_result_type(in, 3);
    return cer_call(op, in, 3, &s);
}

#define PUBLIC(id)                                               \
    Tensor *torch_##id##_args(const torch_AddProductArgs *args)  \
    {                                                            \
        return add_product(&cer_op_##id, args);                  \
    }                                                            \
    Tensor *torch_##id##__args(const torch_AddProductArgs *args) \
    {                                                            \
        return add_product(&cer_op_##id##_, args);               \
    }
PUBLIC(addmm)
PUBLIC(baddbmm)
PUBLIC(addbmm)
PUBLIC(addmv)
PUBLIC(addr)
