/* bernoulli and bernoulli_ by a tensor of probabilities. */
#include "ops/draw.h"

static void bernoulli(torch_Generator *g, double *p, int64_t n, bool wide)
{
    for (int64_t i = 0; i < n; i++)
        p[i] = wide ? cer_uniform_double(g) < p[i] : (float)(cer_random32(g) & 0xffffff) * 0x1p-24f < (float)p[i];
}

static bool good_probabilities(const char *op, const Tensor *self, const Tensor *p)
{
    if (self->dtype == torch_float16) return cer_not_implemented(op, "bernoulli_tensor_cpu_self_", self);
    if (!torch_dtype_is_floating_point(p->dtype) || p->dtype == torch_float16)
        return cer_not_implemented(op, "bernoulli_tensor_cpu_p_", p);
    return !cer_any_beyond(p, 1) ||
           cer_raise(
               TORCH_RUNTIME_ERROR, op,
               "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If "
               "so, please report an enhancement request to PyTorch.)");
}

static bool bernoulli_shape(cer_Call *c)
{
    const Tensor *p = c->in[0].as.t;
    cer_form(&c->form[0], p->dtype, p->ndim, p->shape);
    if (!torch_dtype_is_floating_point(p->dtype)) return cer_not_implemented("bernoulli", "bernoulli_tensor_cpu_p_", p);
    return good_probabilities("bernoulli", p, p);
}

static bool bernoulli_kernel(cer_Call *c)
{
    return cer_draw_by(c, c->in[0].as.t, bernoulli);
}

static bool bernoulli__shape(cer_Call *c)
{
    const Tensor *self = c->self, *p = c->in[1].as.t;
    char have[160], want[160];
    if (p->ndim > self->ndim)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "bernoulli_",
            "expand(torch.%sTensor{%s}, size=%s): the number of sizes provided (%d) must be greater or equal to "
            "the number of dimensions in the tensor (%d)",
            cer_type_name(p->dtype), cer_shape_text(p->ndim, p->shape, have, sizeof have),
            cer_shape_text(self->ndim, self->shape, want, sizeof want), self->ndim, p->ndim);
    for (int d = self->ndim - 1, own = p->ndim - 1; own >= 0; d--, own--)
        if (p->shape[own] != 1 && p->shape[own] != self->shape[d])
            return cer_raise(
                TORCH_RUNTIME_ERROR, "bernoulli_",
                "The expanded size of the tensor (%lld) must match the existing size (%lld) at non-singleton "
                "dimension %d.  Target sizes: %s.  Tensor sizes: %s",
                (long long)self->shape[d], (long long)p->shape[own], d,
                cer_shape_text(self->ndim, self->shape, want, sizeof want),
                cer_shape_text(p->ndim, p->shape, have, sizeof have));
    return good_probabilities("bernoulli_", self, p);
}

static bool bernoulli__kernel(cer_Call *c)
{
    return cer_draw_by(c, c->in[1].as.t, bernoulli);
}

CER_DRAW_BY_TENSOR(bernoulli, "bernoulli", "BernoulliBackward0", bernoulli_shape, bernoulli_kernel, 0)
CER_DRAW_BY_TENSOR(bernoulli__tensor, "bernoulli_", "BernoulliBackward1", bernoulli__shape, bernoulli__kernel,
                   CER_INPLACE)

Tensor *torch_bernoulli_generator(Tensor *p, torch_Generator *g)
{
    return cer_call1(&cer_op_bernoulli, p, &g);
}

Tensor *torch_bernoulli(Tensor *p)
{
    return torch_bernoulli_generator(p, NULL);
}

Tensor *torch_bernoulli_p_generator(Tensor *x, double p, torch_Generator *g)
{
    if (cer_error_pending() || !cer_usable(x, "bernoulli", 1)) return NULL;
    return torch_bernoulli__generator(cer_empty(x->dtype, x->ndim, x->shape), p, g);
}

Tensor *torch_bernoulli_p(Tensor *x, double p)
{
    return torch_bernoulli_p_generator(x, p, NULL);
}

Tensor *torch_bernoulli__tensor_generator(Tensor *x, Tensor *p, torch_Generator *g)
{
    return cer_call2(&cer_op_bernoulli__tensor, x, p, &g);
}

Tensor *torch_bernoulli__tensor(Tensor *x, Tensor *p)
{
    return torch_bernoulli__tensor_generator(x, p, NULL);
}
