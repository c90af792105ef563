/* addbmm: the sum over a batch of products. */
#include "ops/add_product.h"

static bool addbmm_shape(cer_Call *c)
{
    const Tensor *input = c->in[0].as.t, *a = c->in[1].as.t, *b = c->in[2].as.t;
    const char *op = c->op->name;
    if (!c->self) {
        if (!cer_add_sized(op, a, 1) || !cer_add_sized(op, b, 2)) return false;
        if (!cer_add_expandable(c, 2, (const int64_t[]){a->shape[1], b->shape[2]})) return false;
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
    return cer_add_formed(c, a->dtype, 2, (const int64_t[]){a->shape[1], b->shape[2]}) &&
           cer_product_type(op, "addmm_impl_cpu_", a, b);
}

static bool addbmm_kernel(cer_Call *c)
{
    const cer_AddAttrs *s = c->attrs;
    const Tensor *a = cer_add_factor(c, 1), *b = cer_add_factor(c, 2);
    Tensor *out = c->out[0];
    if (!a || !b) return false;
    cer_add_start(c);
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
    const cer_AddAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = cer_add_scaled(g[0], s->beta);
    if (!cer_needs(n, 1) && !cer_needs(n, 2)) return;
    int64_t batches = cer_needs(n, 1) ? cer_input_size(n, 1).dim[0] : cer_input_size(n, 2).dim[0];
    torch_Size size = cer_output_size(n, 0);
    Tensor *each = torch_expand(torch_unsqueeze(g[0], 0), batches, size.dim[0], size.dim[1]);
    if (cer_needs(n, 1))
        in[1] = cer_add_scaled(torch_bmm(each, torch_transpose(cer_saved_tensor(n, 2), 1, 2)), s->alpha);
    if (cer_needs(n, 2))
        in[2] = cer_add_scaled(torch_bmm(torch_transpose(cer_saved_tensor(n, 1), 1, 2), each), s->alpha);
}

ADD(addbmm, "AddbmmBackward0")
