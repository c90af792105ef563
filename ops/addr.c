/* addr: an outer product, with promotion. */
#include "ops/add_product.h"

static bool addr_shape(cer_Call *c)
{
    const cer_AddAttrs *s = c->attrs;
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
    if (!c->self && !cer_add_expandable(c, 2, shape)) return false;
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

/* input + alpha u v of one floating type, as addcmul: in one pass. */
static bool addr_in_one_pass(cer_Call *c)
{
    const cer_AddAttrs *s = c->attrs;
    const Tensor *out = c->out[0], *in[3] = {c->in[0].as.t, c->in[1].as.t, c->in[2].as.t};
    torch_dtype type = out->dtype;
    if (s->beta != 1 || (type != torch_float32 && type != torch_float64)) return false;
    for (int k = 0; k < 3; k++)
        if (in[k]->dtype != type || (k && c->self && in[k]->storage == out->storage)) return false;
    int64_t expanded[TORCH_MAX_DIM], column[2] = {in[1]->stride[0], 0}, row[2] = {0, in[2]->stride[0]};
    size_t size = torch_dtype_size(type);
    char alpha[8];
    cer_scalar_as(torch_scalar_double(s->alpha), type, alpha);
    cer_expand_strides(in[0], 2, out->shape, expanded);
    cer_Iterator it;
    cer_iterator_init(&it, 4, 2, out->shape, (char *[]){out->data, in[0]->data, in[1]->data, in[2]->data},
                      (const int64_t *[]){out->stride, expanded, column, row}, (size_t[]){size, size, size, size},
                      false);
    cer_iterator_run(&it, cer_kernels()->loop[KERNEL_addcmul][type], alpha);
    return true;
}

static bool addr_kernel(cer_Call *c) /* bool and float16 have no product of their own: pointwise */
{
    if (addr_in_one_pass(c)) return true;
    const cer_AddAttrs *s = c->attrs;
    Tensor *out = c->out[0], *u = c->in[1].as.t, *v = c->in[2].as.t;
    int64_t mark = cer_context()->pool.length, stride[TORCH_MAX_DIM];
    bool before = torch_set_grad_enabled(false), product = cer_kernels()->gemm[out->dtype] != NULL, fine;
    if (product) {
        u = cer_to(c->self && u->storage == c->self->storage ? torch_clone(u) : u, out->dtype);
        v = cer_to(c->self && v->storage == c->self->storage ? torch_clone(v) : v, out->dtype);
        fine = u && v;
        if (fine) {
            cer_add_start(c);
            cer_Factor row = {v, v->data, 1, v->shape[0], 1, v->stride[0]};
            fine = cer_product(out, out->data, out->stride[0], out->stride[1], cer_column(u), row, s->beta, s->alpha);
        }
    } else {
        Tensor *t = cer_add_scaled(torch_outer(u, v), s->alpha);
        if (s->beta != 0) t = torch_add(cer_add_scaled(c->in[0].as.t, s->beta), t);
        fine = t && cer_expand_strides(t, 2, out->shape, stride);
        if (fine) cer_copy_elements(out, t, stride);
    }
    torch_set_grad_enabled(before);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void addr_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_AddAttrs *s = cer_attrs(n);
    torch_dtype dtype = s->dtype;
    if (cer_needs(n, 0)) in[0] = cer_add_scaled(g[0], s->beta);
    if (cer_needs(n, 1)) in[1] = cer_add_scaled(torch_mv(g[0], cer_to(cer_saved_tensor(n, 2), dtype)), s->alpha);
    if (cer_needs(n, 2))
        in[2] = cer_add_scaled(torch_mv(torch_t(g[0]), cer_to(cer_saved_tensor(n, 1), dtype)), s->alpha);
}

ADD(addr, "AddrBackward0")
