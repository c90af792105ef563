/* What products that are added to something have in common. */
#include "ops/add_product.h"

bool cer_add_expandable(const cer_Call *c, int64_t ndim, const int64_t *shape)
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

bool cer_add_formed(cer_Call *c, torch_dtype dtype, int64_t ndim, const int64_t *shape)
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

void cer_add_start(cer_Call *c)
{
    const cer_AddAttrs *s = c->attrs;
    int64_t stride[TORCH_MAX_DIM];
    Tensor *out = c->out[0];
    if (c->self || s->beta == 0) return;
    cer_expand_strides(c->in[0].as.t, out->ndim, out->shape, stride);
    cer_copy_elements(out, c->in[0].as.t, stride);
}

const Tensor *cer_add_factor(cer_Call *c, int i)
{
    Tensor *t = c->in[i].as.t;
    if (!c->self || t->storage != c->self->storage) return t;
    bool before = torch_set_grad_enabled(false);
    Tensor *copy = torch_clone(t);
    torch_set_grad_enabled(before);
    return copy;
}

Tensor *cer_add_scaled(Tensor *t, double by)
{
    if (by == 1) return t;
    return by == (double)(int64_t)by ? torch_mul(t, (int64_t)by) : torch_mul(t, by);
}

bool cer_add_sized(const char *op, const Tensor *t, int64_t dim)
{
    int64_t wrapped;
    return cer_wrap_dim(op, dim, t->ndim, &wrapped);
}

torch_AddProductArgs torch_AddProductArgs_defaults(void)
{
    return (torch_AddProductArgs){.struct_size = sizeof(torch_AddProductArgs), .beta = 1, .alpha = 1};
}

Tensor *cer_add_product(const cer_Op *op, const torch_AddProductArgs *args)
{
    cer_AddAttrs s = {args->beta, args->alpha, 0};
    torch_Scalar in[3] = {torch_scalar_tensor(args->self), torch_scalar_tensor(args->a), torch_scalar_tensor(args->b)};
    if (cer_error_pending()) return NULL;
    for (int i = 0; i < 3; i++)
        if (!cer_usable(in[i].as.t, op->name, i + 1)) return NULL;
    s.dtype = (uint8_t)cer_result_type(in, 3);
    return cer_call(op, in, 3, &s);
}
