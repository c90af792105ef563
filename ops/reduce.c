/* What reductions share, and sums and means. The summing itself is core's (sum.c), for the engine sums too. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

torch_ReduceArgs torch_ReduceArgs_defaults(void)
{
    return (torch_ReduceArgs){.struct_size = sizeof(torch_ReduceArgs), .dim = TORCH_NONE};
}

/* ---- shared: arguments ------------------------------------------------------------------------------------------- */

bool cer_dims_mask(const char *op, int64_t ndim, int64_t n, const int64_t *dims, uint32_t *mask)
{
    *mask = n ? 0 : cer_all_dims(ndim);
    for (int64_t i = 0; i < n; i++) {
        int64_t d;
        if (!cer_wrap_dim(op, dims[i], ndim, &d)) return false;
        if (*mask >> d & 1)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "dim %lld appears multiple times in the list of dims",
                             (long long)d);
        *mask |= 1u << d;
    }
    if (ndim == 0) *mask = 0;
    return true;
}

bool cer_reduce_attrs(const char *op, const torch_ReduceArgs *a, cer_SumAttrs *s)
{
    *s = (cer_SumAttrs){0};
    if (cer_error_pending() || !cer_usable(a->self, op, 1)) return false;
    const int64_t *dims = a->dims ? a->dims : &a->dim;
    int64_t n = a->dims ? a->n_dims : a->dim == TORCH_NONE ? 0 : 1;
    if (!cer_dims_mask(op, a->self->ndim, n, dims, &s->reduced)) return false;
    s->kept = a->keepdim ? s->reduced : 0;
    s->dtype = (uint8_t)(a->dtype ? a->dtype : a->self->dtype);
    return true;
}

bool cer_reduces_all(const torch_ReduceArgs *a)
{
    return !a->dims && a->dim == TORCH_NONE;
}

bool cer_reduce_shape(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    for (int k = 0; k < c->op->n_outputs; k++)
        cer_reduced_form(c, a->reduced, a->kept, c->op->indices >> k & 1 ? torch_int64 : a->dtype, &c->form[k]);
    return true;
}

/* ---- shared: work ------------------------------------------------------------------------------------------------ */

torch_dtype cer_computed_as(torch_dtype t)
{
    return t == torch_float16 || t == torch_bfloat16 ? torch_float32 : t;
}

Tensor *cer_typed(Tensor *t, torch_dtype type)
{
    bool before = torch_set_grad_enabled(false);
    t = cer_to(t, type);
    torch_set_grad_enabled(before);
    return t;
}

bool cer_reduce_kernel(cer_Call *c, int block, const void *param, torch_dtype made, torch_Scalar neutral)
{
    const cer_SumAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = c->out[0], *target = out;
    Tensor *x = cer_typed(c->in[0].as.t, cer_computed_as(c->in[0].as.t->dtype));
    if (!x || (out->dtype != made && !(target = cer_empty(made, out->ndim, out->shape)))) return false;
    cer_fill_elements(target, neutral);
    cer_reduce(cer_kernels()->block[block][x->dtype], param, x, 1, &target, a->reduced, a->kept);
    if (target != out) cer_copy_elements(out, target, target->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* The way back: g, or a saved output, as seen from the input. */
Tensor *cer_restored(const cer_Node *n, Tensor *g)
{
    const cer_SumAttrs *a = cer_attrs(n);
    return cer_restore_dims(g, cer_input_size(n, 0), a->reduced, a->kept);
}

Tensor *cer_beside_input(const cer_Node *n, Tensor *g)
{
    const cer_SumAttrs *a = cer_attrs(n);
    torch_Size size = cer_input_size(n, 0);
    for (int64_t d = 0; d < size.ndim; d++)
        if (a->reduced >> d & 1 && size.dim[d] > 0) size.dim[d] = 1;
    return cer_restore_dims(g, size, a->reduced, a->kept);
}

Tensor *cer_sum_kept(Tensor *x, uint32_t reduced)
{
    if (!x) return NULL;
    torch_dtype own = x->dtype;
    cer_SumAttrs s = {.reduced = reduced,
                      .kept = reduced,
                      .dtype = (uint8_t)(torch_dtype_is_floating_point(own) ? own : torch_int64)};
    return cer_call1(&cer_op_sum, x, &s);
}

/* ---- sum, nansum ------------------------------------------------------------------------------------------------- */

static torch_dtype summed_dtype(const torch_ReduceArgs *a)
{
    torch_dtype own = a->self->dtype;
    return a->dtype ? a->dtype : torch_dtype_is_floating_point(own) ? own : torch_int64;
}

const cer_Op cer_op_sum_all = {
    .name = "sum",
    .grad_name = "SumBackward0",
    .schema = "sum(Tensor self, *, ScalarType? dtype=None) -> Tensor",
    .shape = cer_sum_shape,
    .kernel = cer_sum_kernel,
    .vjp = cer_sum_vjp,
    .n_outputs = 1,
    .attrs_bytes = sizeof(cer_SumAttrs),
};

Tensor *torch_sum_args(const torch_ReduceArgs *a)
{
    cer_SumAttrs s;
    if (!cer_reduce_attrs("sum", a, &s)) return NULL;
    s.dtype = (uint8_t)summed_dtype(a);
    return cer_call1(cer_reduces_all(a) ? &cer_op_sum_all : &cer_op_sum, a->self, &s);
}

static bool nansum_kernel(cer_Call *c)
{
    return cer_sum_by(c, torch_dtype_is_floating_point(c->out[0]->dtype) ? BLOCK_nansum : BLOCK_sum);
}

static void nansum_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *x = cer_saved_tensor(n, 0);
    if (x) in[0] = torch_mul(cer_beside_input(n, g[0]), torch_eq(x, x));
}

const cer_Op cer_op_nansum = {
    .name = "nansum",
    .grad_name = "NansumBackward0",
    .schema = "nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    .shape = cer_sum_shape,
    .kernel = nansum_kernel,
    .vjp = nansum_vjp,
    .saves = {CER_SAVE(0)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(cer_SumAttrs),
};

Tensor *torch_nansum_args(const torch_ReduceArgs *a)
{
    cer_SumAttrs s;
    if (!cer_reduce_attrs("nansum", a, &s)) return NULL;
    s.dtype = (uint8_t)summed_dtype(a);
    if (torch_dtype_is_floating_point(a->self->dtype) && !torch_dtype_is_floating_point(s.dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, "nansum", "\"nansum_cpu\" not implemented for '%s'",
                         cer_type_name(s.dtype)),
               NULL;
    return cer_call1(&cer_op_nansum, a->self, &s);
}

/* ---- mean: the sum, divided by how many -------------------------------------------------------------------------- */

static void divide(Tensor *t, int64_t n) /* a contiguous floating tensor, in place */
{
    cer_Kernels const *k = cer_kernels();
    int64_t size = (int64_t)torch_dtype_size(t->dtype), stride[3] = {size, size, 0};
    char number[8], *ptr[3] = {t->data, t->data, number};
    cer_scalar_as(torch_scalar_int(n), t->dtype, number);
    k->loop[KERNEL_div][t->dtype](t->numel, ptr, stride, NULL);
}

/* Of half types the sum is rounded, then the quotient, as in PyTorch. */
static bool mean_kernel(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    Tensor *out = c->out[0], *wide;
    if (!cer_sum_kernel(c) || !(wide = cer_plain(out, cer_computed_as(out->dtype)))) return false;
    divide(wide, cer_reduced_count(torch_shape(c->in[0].as.t), a->reduced));
    if (wide != out) cer_copy_elements(out, wide, wide->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void mean_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SumAttrs *a = cer_attrs(n);
    in[0] = torch_div(cer_restored(n, g[0]), cer_reduced_count(cer_input_size(n, 0), a->reduced));
}

#define MEAN(id, grad)                                  \
    const cer_Op cer_op_##id = {.name = "mean",         \
                                .grad_name = grad,      \
                                .shape = cer_sum_shape, \
                                .kernel = mean_kernel,  \
                                .vjp = mean_vjp,        \
                                .n_outputs = 1,         \
                                .attrs_bytes = sizeof(cer_SumAttrs)};
MEAN(mean, "MeanBackward1")
MEAN(mean_all, "MeanBackward0")

Tensor *torch_mean_args(const torch_ReduceArgs *a)
{
    cer_SumAttrs s;
    if (cer_error_pending() || !cer_usable(a->self, "mean", 1)) return NULL;
    torch_dtype type = a->dtype ? a->dtype : (torch_dtype)a->self->dtype;
    if (!torch_dtype_is_floating_point(type))
        return cer_raise(TORCH_RUNTIME_ERROR, "mean",
                         "mean(): could not infer output dtype. %s dtype must be either a floating point or complex "
                         "dtype. Got: %s",
                         a->dtype ? "Optional" : "Input", cer_type_name(type)),
               NULL;
    if (!cer_reduce_attrs("mean", a, &s)) return NULL;
    return cer_call1(cer_reduces_all(a) ? &cer_op_mean_all : &cer_op_mean, a->self, &s);
}

Tensor *torch_nanmean_args(const torch_ReduceArgs *a)
{
    if (cer_error_pending() || !cer_usable(a->self, "nanmean", 1)) return NULL;
    if (!torch_dtype_is_floating_point(a->self->dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, "nanmean",
                         "nanmean(): expected input to have floating point dtype but got %s",
                         cer_type_name(a->self->dtype)),
               NULL;
    torch_ReduceArgs count = *a;
    count.self = torch_eq(a->self, a->self);
    count.dtype = torch_dtype_none;
    return torch_div(torch_nansum_args(a), torch_sum_args(&count));
}
