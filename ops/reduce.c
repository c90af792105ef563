/* Sums and means over dimensions. The summing itself is core's (engine_ops.c), for the engine sums too. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

torch_ReduceArgs torch_ReduceArgs_defaults(void)
{
    return (torch_ReduceArgs){.struct_size = sizeof(torch_ReduceArgs), .dim = TORCH_NONE};
}

/* Which dimensions the arguments name, as a mask. */
static bool named_dims(const char *op, const torch_ReduceArgs *a, uint32_t *mask)
{
    const Tensor *t = a->self;
    const int64_t *dims = a->dims ? a->dims : &a->dim;
    int64_t n = a->dims ? a->n_dims : a->dim == TORCH_NONE ? 0 : 1, d;
    *mask = n ? 0 : cer_all_dims(t->ndim);
    for (int64_t i = 0; i < n; i++) {
        if (!cer_wrap_dim(op, dims[i], t->ndim, &d)) return false;
        if (*mask >> d & 1)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "dim %lld appears multiple times in the list of dims",
                             (long long)d);
        *mask |= 1u << d;
    }
    if (t->ndim == 0) *mask = 0;
    return true;
}

static bool all_of(const torch_ReduceArgs *a)
{
    return !a->dims && a->dim == TORCH_NONE;
}

/* ---- sum --------------------------------------------------------------------------------------------------------- */

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
    cer_SumAttrs s = {0};
    if (cer_error_pending() || !cer_usable(a->self, "sum", 1) || !named_dims("sum", a, &s.reduced)) return NULL;
    s.kept = a->keepdim ? s.reduced : 0;
    torch_dtype own = a->self->dtype;
    s.dtype = (uint8_t)(a->dtype ? a->dtype : torch_dtype_is_floating_point(own) ? own : torch_int64);
    return cer_call1(all_of(a) ? &cer_op_sum_all : &cer_op_sum, a->self, &s);
}

/* ---- mean: the sum, divided by how many -------------------------------------------------------------------------- */

static int64_t count(torch_Size size, uint32_t reduced)
{
    int64_t n = 1;
    for (int64_t d = 0; d < size.ndim; d++)
        if (reduced >> d & 1) n *= size.dim[d];
    return n;
}

static void divide(Tensor *t, int64_t n) /* a contiguous floating tensor, in place */
{
    cer_Kernels const *k = cer_kernels();
    int64_t size = (int64_t)torch_dtype_size(t->dtype), stride[3] = {size, size, 0};
    char number[8], *ptr[3] = {t->data, t->data, number};
    cer_scalar_as(torch_scalar_int(n), t->dtype, number);
    k->loop[KERNEL_div][t->dtype](t->numel, ptr, stride, NULL);
}

static bool mean_kernel(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    const Tensor *in = c->in[0].as.t;
    torch_Size size = {.ndim = in->ndim};
    memcpy(size.dim, in->shape, sizeof(int64_t) * in->ndim);
    if (cer_kernels()->loop[KERNEL_div][out->dtype]) {
        if (!cer_sum_kernel(c)) return false;
        divide(out, count(size, a->reduced));
        return true;
    }
    /* half types: sum and divide in float32, then round once */
    int64_t mark = cer_context()->pool.length;
    cer_SumAttrs wide = *a;
    wide.dtype = torch_float32;
    cer_Call d = *c;
    d.attrs = &wide;
    d.out[0] = cer_empty(torch_float32, out->ndim, out->shape);
    bool fine = d.out[0] && cer_sum_kernel(&d);
    if (fine) {
        divide(d.out[0], count(size, a->reduced));
        cer_copy_elements(out, d.out[0], d.out[0]->stride);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void mean_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SumAttrs *a = cer_attrs(n);
    torch_Size size = cer_input_size(n, 0);
    in[0] = torch_div(cer_restore_dims(g[0], size, a->reduced, a->kept), count(size, a->reduced));
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
    static const char *const names[] = {"Undefined", "Byte",  "Char",   "Short", "Int",     "Long",
                                        "Half",      "Float", "Double", "Bool",  "BFloat16"};
    cer_SumAttrs s = {0};
    if (cer_error_pending() || !cer_usable(a->self, "mean", 1)) return NULL;
    s.dtype = (uint8_t)(a->dtype ? a->dtype : a->self->dtype);
    if (!torch_dtype_is_floating_point(s.dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, "mean",
                         "mean(): could not infer output dtype. %s dtype must be either a floating point or complex "
                         "dtype. Got: %s",
                         a->dtype ? "Optional" : "Input", names[s.dtype]),
               NULL;
    if (!named_dims("mean", a, &s.reduced)) return NULL;
    s.kept = a->keepdim ? s.reduced : 0;
    return cer_call1(all_of(a) ? &cer_op_mean_all : &cer_op_mean, a->self, &s);
}
