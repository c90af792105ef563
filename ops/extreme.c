/* max, min, argmax, argmin: over everything, or along one dimension with the index. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct ExtremeAttrs {
    int64_t dim; /* -1: the elements in row order, as one run */
    bool keepdim;
} ExtremeAttrs;

static bool is_max(const cer_Op *op)
{
    return op == &cer_op_max || op == &cer_op_max_dim || op == &cer_op_argmax;
}

/* ---- the work ---------------------------------------------------------------------------------------------------- */

static uint32_t mask_of(const cer_Call *c)
{
    const ExtremeAttrs *a = c->attrs;
    return a->dim < 0 ? cer_all_dims(c->in[0].as.t->ndim) : c->in[0].as.t->ndim ? 1u << a->dim : 0;
}

/* For every element of the output its run along dim: value, index, or both (either may be NULL). */
static void runs(cer_Extreme extreme, const Tensor *t, int64_t dim, char *value, int64_t *index)
{
    int64_t at[TORCH_MAX_DIM] = {0}, unused, outer = 1;
    size_t size = torch_dtype_size(t->dtype);
    char element[8];
    const char *run = t->data;
    int64_t length = t->ndim ? t->shape[dim] : 1, stride = t->ndim ? t->stride[dim] * (int64_t)size : 0;
    for (int d = 0; d < t->ndim; d++)
        if (d != dim) outer *= t->shape[d];
    for (int64_t i = 0; i < outer; i++) {
        extreme(length, run, stride, value ? value + (size_t)i * size : element, index ? &index[i] : &unused);
        for (int d = t->ndim; d-- > 0;) {
            if (d == dim) continue;
            run += t->stride[d] * (int64_t)size;
            if (++at[d] < t->shape[d]) break;
            run -= t->stride[d] * t->shape[d] * (int64_t)size;
            at[d] = 0;
        }
    }
}

static bool compute(cer_Call *c, char *value, int64_t *index)
{
    const ExtremeAttrs *a = c->attrs;
    Tensor *t = c->in[0].as.t;
    cer_Extreme extreme = (is_max(c->op) ? cer_kernels()->max : cer_kernels()->min)[t->dtype];
    if (a->dim >= 0) {
        runs(extreme, t, a->dim, value, index);
        return true;
    }
    int64_t mark = cer_context()->pool.length, unused;
    if (!t->contiguous) {
        bool before = torch_set_grad_enabled(false);
        t = torch_contiguous(t);
        torch_set_grad_enabled(before);
        if (!t) return false;
    }
    char element[8];
    extreme(t->numel, t->data, (int64_t)torch_dtype_size(t->dtype), value ? value : element, index ? index : &unused);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static bool shape(cer_Call *c)
{
    const ExtremeAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    const char *name = c->op->name;
    bool arg = c->op == &cer_op_argmax || c->op == &cer_op_argmin;
    if (!cer_kernels()->max[t->dtype])
        return cer_raise(TORCH_RUNTIME_ERROR, name, "\"%s_cpu\" not implemented for '%s'", name,
                         t->dtype == torch_float16 ? "Half" : "BFloat16");
    if (arg && t->dtype == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, name, "\"%s_cpu\" not implemented for 'Bool'", name);
    if (a->dim < 0 && t->numel == 0 && arg)
        return cer_raise(TORCH_INDEX_ERROR, name,
                         "%s(): Expected reduction dim to be specified for input.numel() == 0.", name);
    if (a->dim < 0 && t->numel == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, name,
                         "%s(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                         "dim with the 'dim' argument.",
                         name);
    if (a->dim >= 0 && t->ndim && t->shape[a->dim] == 0)
        return cer_raise(TORCH_INDEX_ERROR, name, "%s(): Expected reduction dim %lld to have non-zero size.", name,
                         (long long)a->dim);
    uint32_t mask = mask_of(c);
    cer_reduced_form(c, mask, a->keepdim ? mask : 0, arg ? torch_int64 : (torch_dtype)t->dtype, &c->form[0]);
    if (c->op->n_outputs == 2) cer_reduced_form(c, mask, a->keepdim ? mask : 0, torch_int64, &c->form[1]);
    return true;
}

static bool value_kernel(cer_Call *c)
{
    return compute(c, c->out[0]->data, NULL);
}

static bool value_index_kernel(cer_Call *c)
{
    return compute(c, c->out[0]->data, (int64_t *)(void *)c->out[1]->data);
}

static bool index_kernel(cer_Call *c)
{
    return compute(c, NULL, (int64_t *)(void *)c->out[0]->data);
}

/* ---- the way back: all of it to the element that was chosen; among equals of max() evenly ------------------------ */

static void value_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_output(n, 0);
    if (!x || !y) return;
    Tensor *chosen = isnan(torch_item(y)) ? torch_ne(x, x) : torch_eq(x, y); /* a NaN that won takes it all */
    in[0] = torch_mul(chosen, torch_div(g[0], torch_sum(chosen)));
}

/* zeros of the input's shape, with g put at indices along dim. Its gradient is what stands at those places. */
typedef struct PutAttrs {
    torch_Size whole;
    int64_t dim;
    bool keepdim, gather; /* gather: the other way round */
} PutAttrs;

static bool put_shape(cer_Call *c)
{
    const PutAttrs *a = c->attrs;
    const Tensor *g = c->in[0].as.t, *index = c->in[1].as.t;
    if (a->gather)
        cer_form(&c->form[0], g->dtype, index->ndim, index->shape);
    else
        cer_form(&c->form[0], g->dtype, a->whole.ndim, a->whole.dim);
    return true;
}

/* Walks the index tensor (contiguous, without dim or with it at size 1) beside the whole tensor's other dimensions. */
static bool put_kernel(cer_Call *c)
{
    const PutAttrs *a = c->attrs;
    const Tensor *small = a->gather ? c->out[0] : c->in[0].as.t, *large = a->gather ? c->in[0].as.t : c->out[0];
    const int64_t *index = (const int64_t *)(const void *)c->in[1].as.t->data;
    size_t size = torch_dtype_size(large->dtype);
    int64_t at[TORCH_MAX_DIM] = {0}, n = c->in[1].as.t->numel;
    if (!a->gather) memset(c->out[0]->data, 0, c->out[0]->storage->bytes);
    for (int64_t i = 0; i < n; i++) {
        char *big = large->data, *little = small->data;
        for (int d = 0, k = 0; d < large->ndim; d++) {
            int64_t pos = d == a->dim ? index[i] : at[d];
            big += pos * large->stride[d] * (int64_t)size;
            if (d != a->dim || a->keepdim) little += (d == a->dim ? 0 : at[d]) * small->stride[k++] * (int64_t)size;
        }
        memcpy(a->gather ? little : big, a->gather ? big : little, size);
        for (int d = large->ndim; d-- > 0;) {
            if (d == a->dim) continue;
            if (++at[d] < large->shape[d]) break;
            at[d] = 0;
        }
    }
    return true;
}

static void put_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    PutAttrs a = *(const PutAttrs *)cer_attrs(n);
    a.gather = !a.gather;
    in[0] = cer_call2(&cer_op_value_selecting_backward, g[0], cer_saved_tensor(n, 1), &a);
}

const cer_Op cer_op_value_selecting_backward = {
    .name = "value_selecting_reduction_backward",
    .grad_name = "ScatterBackward0",
    .shape = put_shape,
    .kernel = put_kernel,
    .vjp = put_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(PutAttrs),
};

static void value_index_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const ExtremeAttrs *a = cer_attrs(n);
    PutAttrs put = {.whole = cer_input_size(n, 0), .dim = a->dim, .keepdim = a->keepdim};
    if (g[0]) in[0] = cer_call2(&cer_op_value_selecting_backward, g[0], cer_saved_output(n, 1), &put);
}

/* ---- records and public functions -------------------------------------------------------------------------------- */

#define EXTREME(id, text, grad, kernel_, vjp_, saves_, outputs, flags_) \
    const cer_Op cer_op_##id = {.name = text,                           \
                                .grad_name = grad,                      \
                                .shape = shape,                         \
                                .kernel = kernel_,                      \
                                .vjp = vjp_,                            \
                                .saves = {saves_},                      \
                                .n_outputs = outputs,                   \
                                .indices = (outputs) == 2 ? 2 : 0,      \
                                .flags = flags_,                        \
                                .attrs_bytes = sizeof(ExtremeAttrs)};
EXTREME(max, "max", "MaxBackward1", value_kernel, value_vjp, CER_SAVE(0) | CER_SAVE_OUTPUT(0), 1, 0)
EXTREME(min, "min", "MinBackward1", value_kernel, value_vjp, CER_SAVE(0) | CER_SAVE_OUTPUT(0), 1, 0)
EXTREME(max_dim, "max", "MaxBackward0", value_index_kernel, value_index_vjp, CER_SAVE_OUTPUT(1), 2, 0)
EXTREME(min_dim, "min", "MinBackward0", value_index_kernel, value_index_vjp, CER_SAVE_OUTPUT(1), 2, 0)
EXTREME(argmax, "argmax", NULL, index_kernel, NULL, 0, 1, CER_NONDIFFERENTIABLE)
EXTREME(argmin, "argmin", NULL, index_kernel, NULL, 0, 1, CER_NONDIFFERENTIABLE)

Tensor *torch_max(Tensor *x)
{
    ExtremeAttrs a = {.dim = -1};
    return cer_call1(&cer_op_max, x, &a);
}

Tensor *torch_min(Tensor *x)
{
    ExtremeAttrs a = {.dim = -1};
    return cer_call1(&cer_op_min, x, &a);
}

static Tensor *along(const cer_Op *op, Tensor *x, int64_t dim, bool keepdim, Tensor **indices)
{
    ExtremeAttrs a = {.keepdim = keepdim};
    if (indices) *indices = NULL;
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !cer_wrap_dim(op->name, dim, x->ndim, &a.dim))
        return NULL;
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    return cer_call_two(op, in, 1, &a, indices);
}

Tensor *torch_max_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices)
{
    return along(&cer_op_max_dim, x, dim, keepdim, indices);
}

Tensor *torch_min_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices)
{
    return along(&cer_op_min_dim, x, dim, keepdim, indices);
}

static Tensor *arg(const cer_Op *op, const torch_ReduceArgs *a)
{
    ExtremeAttrs e = {.dim = -1, .keepdim = a->keepdim};
    if (cer_error_pending() || !cer_usable(a->self, op->name, 1)) return NULL;
    if (a->dims)
        return cer_raise(TORCH_TYPE_ERROR, op->name, "%s(): argument 'dim' must be int, not tuple of ints", op->name),
               NULL;
    if (a->dim != TORCH_NONE && !cer_wrap_dim(op->name, a->dim, a->self->ndim, &e.dim)) return NULL;
    return cer_call1(op, a->self, &e);
}

Tensor *torch_argmax_args(const torch_ReduceArgs *a)
{
    return arg(&cer_op_argmax, a);
}

Tensor *torch_argmin_args(const torch_ReduceArgs *a)
{
    return arg(&cer_op_argmin, a);
}
