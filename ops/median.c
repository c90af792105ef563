/* median, nanmedian and mode: the lower of two medians; the least of the most frequent values. */
#include <math.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

static bool is_mode(const cer_Call *c)
{
    return c->op == &cer_op_mode;
}

static bool ignores_nan(const cer_Call *c)
{
    return c->op == &cer_op_nanmedian || c->op == &cer_op_nanmedian_dim;
}

/* Values, and where they are: into a tensor each. */
static bool select_into(cer_Call *c, Tensor *x, Tensor *value, Tensor *index)
{
    const cer_SumAttrs *a = c->attrs;
    size_t bytes = (size_t)cer_reduced_count(torch_shape(x), a->reduced) * (size_t)cer_size_of(x->dtype);
    cer_Selection selection = {.scratch = cer_alloc(bytes), .ignore_nan = ignores_nan(c)};
    if (!selection.scratch) return cer_raise_memory(c->op->name, (double)bytes);
    Tensor *out[2] = {index, value};
    cer_reduce(cer_kernels()->block[is_mode(c) ? BLOCK_mode : BLOCK_median][x->dtype], &selection, x, 2, out,
               a->reduced, a->kept);
    cer_free(selection.scratch, bytes);
    return true;
}

static bool select_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    bool both = c->op->n_outputs == 2;
    Tensor *out = c->out[0], *value = out;
    torch_dtype type = cer_computed_as(out->dtype);
    /* the whole is one run only where its elements lie in a row */
    Tensor *x = (both ? cer_typed : cer_plain)(c->in[0].as.t, type);
    Tensor *index = both ? c->out[1] : cer_empty(torch_int64, out->ndim, out->shape);
    if (out->dtype != type) value = cer_empty(type, out->ndim, out->shape);
    if (!x || !index || !value) return false;
    if (x->numel == 0) /* PyTorch's NaN, or what that is as an integer */
        cer_fill_elements(value, torch_dtype_is_floating_point(type) ? torch_scalar_double((double)NAN)
                                 : type == torch_int64               ? torch_scalar_int(INT64_MIN)
                                 : type == torch_int32               ? torch_scalar_int(INT32_MIN)
                                 : type == torch_bool                ? torch_scalar_int(1)
                                                                     : torch_scalar_int(0));
    else if (!select_into(c, x, value, index))
        return false;
    if (value != out) cer_copy_elements(out, value, value->stride);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static bool select_shape(cer_Call *c)
{
    const cer_SumAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    bool both = c->op->n_outputs == 2;
    if (!is_mode(c) && t->dtype == torch_bool && (t->numel || both))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "\"median_%s\" not implemented for 'Bool'",
                         both ? "out" : "cpu");
    for (int d = 0; d < t->ndim && both; d++)
        if (a->reduced >> d & 1 && t->shape[d] == 0)
            return cer_raise(TORCH_INDEX_ERROR, c->op->name, "%s(): Expected reduction dim %d to have non-zero size.",
                             is_mode(c) ? "mode" : "median", d);
    return cer_reduce_shape(c);
}

#define SELECT(id, text, grad, vjp_, saves_, outputs)              \
    const cer_Op cer_op_##id = {.name = text,                      \
                                .grad_name = grad,                 \
                                .shape = select_shape,             \
                                .kernel = select_kernel,           \
                                .vjp = vjp_,                       \
                                .saves = {saves_},                 \
                                .n_outputs = outputs,              \
                                .indices = (outputs) == 2 ? 2 : 0, \
                                .attrs_bytes = sizeof(cer_SumAttrs)};
#define BOTH (CER_SAVE(0) | CER_SAVE_OUTPUT(0))
SELECT(median, "median", "MedianBackward0", cer_shared_vjp, BOTH, 1)
SELECT(nanmedian, "nanmedian", "NanmedianBackward0", cer_shared_vjp, BOTH, 1)
SELECT(median_dim, "median", "MedianBackward1", cer_pick_reduced_vjp, CER_SAVE_OUTPUT(1), 2)
SELECT(nanmedian_dim, "nanmedian", "NanmedianBackward1", cer_pick_reduced_vjp, CER_SAVE_OUTPUT(1), 2)
SELECT(mode, "mode", "ModeBackward0", cer_pick_reduced_vjp, CER_SAVE_OUTPUT(1), 2)

static Tensor *of_all(const cer_Op *op, Tensor *x)
{
    cer_SumAttrs a;
    torch_ReduceArgs all = {.self = x, .dim = TORCH_NONE};
    return cer_reduce_attrs(op->name, &all, &a) ? cer_call1(op, x, &a) : NULL;
}

Tensor *torch_median(Tensor *x)
{
    return of_all(&cer_op_median, x);
}

Tensor *torch_nanmedian(Tensor *x)
{
    return of_all(&cer_op_nanmedian, x);
}

Tensor *torch_median_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices)
{
    return cer_reduce_indexed(&cer_op_median_dim, x, dim, keepdim, indices);
}

Tensor *torch_nanmedian_dim(Tensor *x, int64_t dim, bool keepdim, Tensor **indices)
{
    return cer_reduce_indexed(&cer_op_nanmedian_dim, x, dim, keepdim, indices);
}

Tensor *torch_mode(Tensor *x, int64_t dim, bool keepdim, Tensor **indices)
{
    return cer_reduce_indexed(&cer_op_mode, x, dim, keepdim, indices);
}
