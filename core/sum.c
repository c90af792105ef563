/* sum, which the engine needs to undo a broadcast, and its way back; other reductions share its form and vjp. */
#include <string.h>

#include "impl.h"

uint32_t cer_all_dims(int64_t ndim)
{
    return (uint32_t)((1u << ndim) - 1);
}

int64_t cer_reduced_count(torch_Size size, uint32_t reduced)
{
    int64_t n = 1;
    for (int64_t d = 0; d < size.ndim; d++)
        if (reduced >> d & 1) n *= size.dim[d];
    return n;
}

bool cer_reduced_form(const cer_Call *c, uint32_t reduced, uint32_t kept, torch_dtype dtype, cer_Form *f)
{
    const Tensor *t = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM], ndim = 0;
    for (int d = 0; d < t->ndim; d++) {
        if (!(reduced >> d & 1))
            shape[ndim++] = t->shape[d];
        else if (kept >> d & 1)
            shape[ndim++] = 1;
    }
    cer_form(f, dtype, ndim, shape);
    return true;
}

bool cer_sum_shape(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    return cer_reduced_form(c, a->reduced, a->kept, a->dtype, &c->form[0]);
}

/* Sums in the result's dtype; integers and bool in int64, half types in float32. */
bool cer_sum_kernel(cer_Call *c)
{
    return cer_sum_by(c, BLOCK_sum);
}

bool cer_sum_by(cer_Call *c, int block)
{
    const cer_SumAttrs *a = c->attrs;
    Tensor *in = c->in[0].as.t, *out = c->out[0], *target = out;
    torch_dtype type = a->dtype == torch_float64                 ? torch_float64
                       : torch_dtype_is_floating_point(a->dtype) ? torch_float32
                                                                 : torch_int64;
    int64_t mark = cer_context()->pool.length;
    if (out->dtype != type && !(target = cer_empty(type, out->ndim, out->shape))) return false;
    bool direct = type == torch_int64 ? !torch_dtype_is_floating_point(in->dtype) : in->dtype == type;
    if (!direct) {
        bool before = torch_set_grad_enabled(false);
        in = cer_to(in, type);
        torch_set_grad_enabled(before);
        if (!in) return false;
    }
    memset(target->data, 0, target->storage->bytes);
    if (block == BLOCK_prod) cer_fill_elements(target, torch_scalar_int(1));
    cer_reduce(cer_kernels()->block[block][in->dtype], NULL, in, 1, &target, a->reduced, a->kept);
    if (target != out) cer_copy_elements(out, target, target->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* ---- the way back of a reduction: dimensions that were reduced are put back, and repeated ------------------------ */

typedef struct RestoreAttrs {
    uint32_t reduced, kept;
    torch_Size size;
} RestoreAttrs;

static bool restore_shape(cer_Call *c)
{
    const RestoreAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, a->size.ndim, a->size.dim);
    c->form[0].strided = true;
    int k = 0;
    for (int d = 0; d < a->size.ndim; d++) {
        bool gone = a->reduced >> d & 1;
        c->form[0].stride[d] = gone ? 0 : t->stride[k];
        if (!gone || a->kept >> d & 1) k++;
    }
    return true;
}

static void restore_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const RestoreAttrs *a = cer_attrs(n);
    cer_SumAttrs sum = {.reduced = a->reduced, .kept = a->kept, .dtype = g[0]->dtype};
    in[0] = cer_call1(&cer_op_sum, g[0], &sum);
}

static const cer_Op op_restore = {
    .name = "expand",
    .grad_name = "ExpandBackward0",
    .schema = "expand(Tensor(a) self, int[] size) -> Tensor(a)",
    .shape = restore_shape,
    .vjp = restore_vjp,
    .n_outputs = 1,
    .flags = CER_VIEW,
    .attrs_bytes = sizeof(RestoreAttrs),
};

Tensor *cer_restore_dims(Tensor *g, torch_Size size, uint32_t reduced, uint32_t kept)
{
    RestoreAttrs a = {.reduced = reduced, .kept = kept, .size = size};
    return cer_call1(&op_restore, g, &a);
}

/* The gradient of a sum is the same for all summands. */
void cer_sum_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SumAttrs *a = cer_attrs(n);
    in[0] = cer_restore_dims(g[0], cer_input_size(n, 0), a->reduced, a->kept);
}

const cer_Op cer_op_sum = {
    .name = "sum",
    .grad_name = "SumBackward1",
    .schema = "sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    .shape = cer_sum_shape,
    .kernel = cer_sum_kernel,
    .vjp = cer_sum_vjp,
    .n_outputs = 1,
    .attrs_bytes = sizeof(cer_SumAttrs),
};

Tensor *cer_sum_to(Tensor *t, int64_t ndim, const int64_t *shape)
{
    int64_t lead = t->ndim - ndim;
    cer_SumAttrs a = {.dtype = t->dtype};
    if (lead < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "sum_to", "a gradient has fewer dimensions than what it belongs to"),
               NULL;
    for (int64_t d = 0; d < t->ndim; d++) {
        if (d < lead)
            a.reduced |= 1u << d;
        else if (shape[d - lead] == 1 && t->shape[d] != 1)
            a.reduced |= 1u << d, a.kept |= 1u << d;
        else if (shape[d - lead] != t->shape[d])
            return cer_raise(TORCH_RUNTIME_ERROR, "sum_to", "a gradient does not have the shape of what it belongs to"),
                   NULL;
    }
    return cer_call1(&cer_op_sum, t, &a);
}
