/* A matrix by a vector, two vectors. */
#include "core/impl.h"
#include "ops/products.h"

static bool mv_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *v = c->in[1].as.t;
    if (a->ndim != 2 || v->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "mv", "vector + matrix @ vector expected, got 1, %d, %d", a->ndim,
                         v->ndim);
    if (a->shape[1] != v->shape[0])
        return cer_raise(TORCH_RUNTIME_ERROR, "mv", "size mismatch, got %lld, %lldx%lld,%lld", (long long)a->shape[0],
                         (long long)a->shape[0], (long long)a->shape[1], (long long)v->shape[0]);
    if (!cer_product_type("mv", "addmv_impl_cpu", a, v)) return false;
    cer_form(&c->form[0], a->dtype, 1, &a->shape[0]);
    return true;
}

static bool mv_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *v = c->in[1].as.t;
    return cer_product(c->out[0], c->out[0]->data, 1, 1, cer_factor(a, 0), cer_column(v), 0, 1);
}

static void mv_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    if (cer_needs(n, 0)) in[0] = torch_mul(torch_unsqueeze(g[0], 1), cer_saved_tensor(n, 1));
    if (cer_needs(n, 1)) in[1] = torch_mv(torch_t(cer_saved_tensor(n, 0)), g[0]);
}

const cer_Op cer_op_mv = {.name = "mv",
                          .grad_name = "MvBackward0",
                          .schema = "mv(Tensor self, Tensor vec) -> Tensor",
                          .shape = mv_shape,
                          .kernel = mv_kernel,
                          .vjp = mv_vjp,
                          .saves = {CER_SAVE(1), CER_SAVE(0)},
                          .n_outputs = 1};

Tensor *torch_mv(Tensor *a, Tensor *v)
{
    return cer_call2(&cer_op_mv, a, v, NULL);
}

static bool dot_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    if (a->ndim != 1 || b->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "1D tensors expected, but got %dD and %dD tensors", a->ndim,
                         b->ndim);
    if (a->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "dot : expected both vectors to have same dtype, but found %s and %s", cer_type_name(a->dtype),
                         cer_type_name(b->dtype));
    if (a->shape[0] != b->shape[0])
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "inconsistent tensor size, expected tensor [%lld] and src [%lld] to have the same number of "
                         "elements, but got %lld and %lld elements respectively",
                         (long long)a->shape[0], (long long)b->shape[0], (long long)a->shape[0],
                         (long long)b->shape[0]);
    if (!cer_product_type(c->op->name, c->op->name, a, b)) return false;
    cer_form(&c->form[0], a->dtype, 0, NULL);
    return true;
}

static bool dot_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    cer_Factor row = {a, a->data, 1, a->shape[0], 1, a->stride[0]};
    return cer_product(c->out[0], c->out[0]->data, 1, 1, row, cer_column(b), 0, 1);
}

static void dot_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    if (cer_needs(n, 0)) in[0] = torch_mul(g[0], cer_saved_tensor(n, 1));
    if (cer_needs(n, 1)) in[1] = torch_mul(g[0], cer_saved_tensor(n, 0));
}

#define DOT(id, grad)                                                                   \
    const cer_Op cer_op_##id = {.name = #id,                                            \
                                .grad_name = grad,                                      \
                                .schema = #id "(Tensor self, Tensor tensor) -> Tensor", \
                                .shape = dot_shape,                                     \
                                .kernel = dot_kernel,                                   \
                                .vjp = dot_vjp,                                         \
                                .saves = {CER_SAVE(1), CER_SAVE(0)},                    \
                                .n_outputs = 1};
DOT(dot, "DotBackward0")
DOT(vdot, "VdotBackward0")

Tensor *torch_vdot(Tensor *a, Tensor *b)
{
    return cer_call2(&cer_op_vdot, a, b, NULL);
}

Tensor *torch_dot(Tensor *a, Tensor *b)
{
    return cer_call2(&cer_op_dot, a, b, NULL);
}
