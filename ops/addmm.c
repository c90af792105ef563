/* addmm, baddbmm: a product, or one for each of a batch, is added to something. */
#include "ops/add_product.h"

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
    return (c->self || cer_add_expandable(c, 2, shape)) && cer_add_formed(c, a->dtype, 2, shape) &&
           cer_product_type("addmm", "addmm_impl_cpu_", a, b);
}

static bool addmm_kernel(cer_Call *c)
{
    const cer_AddAttrs *s = c->attrs;
    const Tensor *a = cer_add_factor(c, 1), *b = cer_add_factor(c, 2);
    Tensor *out = c->out[0];
    if (!a || !b) return false;
    cer_add_start(c);
    return cer_product(out, out->data, out->stride[0], out->stride[1], cer_factor(a, 0), cer_factor(b, 0), s->beta,
                       s->alpha);
}

static void addmm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_AddAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = cer_add_scaled(g[0], s->beta);
    if (cer_needs(n, 1)) in[1] = cer_add_scaled(torch_mm(g[0], torch_t(cer_saved_tensor(n, 2))), s->alpha);
    if (cer_needs(n, 2)) in[2] = cer_add_scaled(torch_mm(torch_t(cer_saved_tensor(n, 1)), g[0]), s->alpha);
}

ADD(addmm, "AddmmBackward0")

/* ---- baddbmm ----------------------------------------------------------------------------------------------------- */

static bool baddbmm_shape(cer_Call *c)
{
    const Tensor *a = c->in[1].as.t, *b = c->in[2].as.t;
    const char *op = c->op->name;
    if (!c->self) { /* the input is expanded before anything else is looked at */
        if (!cer_add_sized(op, a, 0) || !cer_add_sized(op, a, 1) || !cer_add_sized(op, b, 2)) return false;
        if (!cer_add_expandable(c, 3, (const int64_t[]){a->shape[0], a->shape[1], b->shape[2]})) return false;
    }
    if (a->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, op, "batch1 must be a 3D tensor");
    if (b->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, op, "batch2 must be a 3D tensor");
    if (a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1])
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "Expected size for first two dimensions of batch2 tensor to be: [%lld, %lld] but got: [%lld, %lld].",
            (long long)a->shape[0], (long long)a->shape[2], (long long)b->shape[0], (long long)b->shape[1]);
    bool small = (double)a->shape[1] * (double)a->shape[2] * (double)b->shape[2] < 400;
    return cer_add_formed(c, a->dtype, 3, (const int64_t[]){a->shape[0], a->shape[1], b->shape[2]}) &&
           cer_product_type(op, small ? "baddbmm" : "addmm_impl_cpu_", a, b);
}

static void copy_matrix(const Tensor *out, char *to, const Tensor *input, char *from, const int64_t *stride)
{
    size_t size[2] = {torch_dtype_size(out->dtype), torch_dtype_size(input->dtype)};
    cer_Iterator it;
    cer_iterator_init(&it, 2, 2, out->shape + 1, (char *[]){to, from}, (const int64_t *[]){out->stride + 1, stride},
                      size, false);
    cer_iterator_copy(&it, out->dtype, input->dtype);
}

static bool baddbmm_kernel(cer_Call *c)
{
    const cer_AddAttrs *s = c->attrs;
    const Tensor *a = cer_add_factor(c, 1), *b = cer_add_factor(c, 2), *input = c->in[0].as.t;
    Tensor *out = c->out[0];
    int64_t step = out->stride[0] * cer_size_of(out->dtype), from[TORCH_MAX_DIM];
    bool copied = !c->self && s->beta != 0 && out->numel;
    if (!a || !b) return false;
    if (copied) cer_expand_strides(input, out->ndim, out->shape, from);
    for (int64_t i = 0; i < out->shape[0]; i++) {
        char *to = out->data + i * step;
        /* each matrix of the input just before its product, which finds it in the cache */
        if (copied) copy_matrix(out, to, input, input->data + i * from[0] * cer_size_of(input->dtype), from + 1);
        if (!cer_product(out, to, out->stride[1], out->stride[2], cer_factor(a, i), cer_factor(b, i), s->beta,
                         s->alpha))
            return false;
    }
    return true;
}

static void baddbmm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_AddAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = cer_add_scaled(g[0], s->beta);
    if (cer_needs(n, 1))
        in[1] = cer_add_scaled(torch_bmm(g[0], torch_transpose(cer_saved_tensor(n, 2), 1, 2)), s->alpha);
    if (cer_needs(n, 2))
        in[2] = cer_add_scaled(torch_bmm(torch_transpose(cer_saved_tensor(n, 1), 1, 2), g[0]), s->alpha);
}

ADD(baddbmm, "BaddbmmBackward0")
