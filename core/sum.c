/* sum, which the engine needs to undo a broadcast, and its way back; other reductions share its form and vjp. */
#include <string.h>

#include "impl.h"

uint32_t cer_all_dims(int64_t ndim)
{
    return (uint32_t)((1u << ndim) - 1);
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

/* Strides of the output as seen from the input's dimensions: 0 where it is reduced. */
static void reduced_strides(const Tensor *in, const Tensor *out, uint32_t reduced, uint32_t kept, int64_t *stride)
{
    int k = 0;
    for (int d = 0; d < in->ndim; d++) {
        bool gone = reduced >> d & 1;
        stride[d] = gone ? 0 : out->stride[k];
        if (!gone || kept >> d & 1) k++;
    }
}

/* Two dimensions at a time go to the kernel; the rest is walked here. */
static void sum_run(const cer_Iterator *it, cer_Sum sum)
{
    int64_t index[TORCH_MAX_DIM] = {0}, n1 = it->ndim > 1 ? it->shape[1] : 1;
    char *out = it->data[0], *in = it->data[1];
    const int64_t *s0 = it->stride[0], none[2] = {0, 0}, *s1 = it->ndim > 1 ? it->stride[1] : none;
    for (;;) {
        if (s0[0] == 0)
            sum(out, s1[0], in, it->shape[0], s0[1], n1, s1[1]);
        else /* nothing is reduced in the innermost dimension: only sizes of 1 are summed up */
            for (int64_t j = 0; j < n1; j++) sum(out + j * s1[0], s0[0], in + j * s1[1], 1, 0, it->shape[0], s0[1]);
        int64_t d = 2;
        for (; d < it->ndim; d++) {
            out += it->stride[d][0];
            in += it->stride[d][1];
            if (++index[d] < it->shape[d]) break;
            out -= it->stride[d][0] * it->shape[d];
            in -= it->stride[d][1] * it->shape[d];
            index[d] = 0;
        }
        if (d >= it->ndim) return;
    }
}

/* Sums in the result's dtype; integers and bool in int64, half types in float32. */
bool cer_sum_kernel(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    Tensor *in = c->in[0].as.t, *out = c->out[0], *target = out;
    torch_dtype type = a->dtype == torch_float64                 ? torch_float64
                       : torch_dtype_is_floating_point(a->dtype) ? torch_float32
                                                                 : torch_int64;
    int64_t mark = cer_context()->pool.length, stride[TORCH_MAX_DIM];
    if (out->dtype != type && !(target = cer_empty(type, out->ndim, out->shape))) return false;
    bool direct = type == torch_int64 ? !torch_dtype_is_floating_point(in->dtype) : in->dtype == type;
    if (!direct) {
        bool before = torch_set_grad_enabled(false);
        in = cer_to(in, type);
        torch_set_grad_enabled(before);
        if (!in) return false;
    }
    memset(target->data, 0, target->storage->bytes);
    if (in->numel) {
        reduced_strides(in, target, a->reduced, a->kept, stride);
        char *data[2] = {target->data, in->data};
        const int64_t *strides[2] = {stride, in->stride};
        size_t element[2] = {torch_dtype_size(type), torch_dtype_size(in->dtype)};
        cer_Iterator it;
        cer_iterator_init(&it, 2, in->ndim, in->shape, data, strides, element, true);
        sum_run(&it, cer_kernels()->sum[in->dtype]);
    }
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
