/* addmv: a matrix by a vector. */
#include "ops/add_product.h"

static bool addmv_shape(cer_Call *c)
{
    const Tensor *input = c->in[0].as.t, *a = c->in[1].as.t, *v = c->in[2].as.t;
    const char *op = c->op->name;
    if (a->ndim != 2 || v->ndim != 1 || input->ndim > 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "vector + matrix @ vector expected, got %d, %d, %d", input->ndim,
                         a->ndim, v->ndim);
    if (a->shape[1] != v->shape[0] || (a->shape[0] != input->numel && input->numel != 1)) {
        if (!cer_add_sized(op, input, 0) || input->ndim == 0)
            return cer_error_pending()
                       ? false
                       : cer_raise(TORCH_INDEX_ERROR, op, "Dimension specified as 0 but tensor has no dimensions");
        return cer_raise(TORCH_RUNTIME_ERROR, op, "size mismatch, got %lld, %lldx%lld,%lld", (long long)input->shape[0],
                         (long long)a->shape[0], (long long)a->shape[1], (long long)v->shape[0]);
    }
    return cer_add_formed(c, v->dtype, 1, &a->shape[0]) && cer_product_type(op, "addmv_impl_cpu", a, v);
}

static bool addmv_kernel(cer_Call *c)
{
    const cer_AddAttrs *s = c->attrs;
    const Tensor *a = cer_add_factor(c, 1), *v = cer_add_factor(c, 2);
    Tensor *out = c->out[0];
    if (!a || !v) return false;
    cer_add_start(c);
    return cer_product(out, out->data, out->stride[0], 1, cer_factor(a, 0), cer_column(v), s->beta, s->alpha);
}

static void addmv_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_AddAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = cer_add_scaled(g[0], s->beta);
    if (cer_needs(n, 1)) in[1] = cer_add_scaled(torch_outer(g[0], cer_saved_tensor(n, 2)), s->alpha);
    if (cer_needs(n, 2)) in[2] = cer_add_scaled(torch_mv(torch_t(cer_saved_tensor(n, 1)), g[0]), s->alpha);
}

ADD(addmv, "AddmvBackward0")
