/* x[i, j] by tensors, and its assignment: the records, and the public functions. */
#include <string.h>

#include "ops/advanced.h"

/* Are the indexed dimensions one run in x? Then a joint index needs no taking apart. */
static bool joins(const Tensor *x, uint32_t dims, int64_t *step)
{
    int64_t expected = 0;
    bool first = true;
    *step = 0;
    for (int64_t d = x->ndim; d-- > 0;) {
        if (!(dims >> d & 1) || x->shape[d] == 1) continue;
        if (first) *step = x->stride[d];
        if (!first && x->stride[d] != expected) return false;
        expected = x->stride[d] * x->shape[d];
        first = false;
    }
    return true;
}

static bool begin(cer_Moves *m, const Tensor *x, const Tensor *joint, const torch_Scalar *small,
                  const cer_IndexAttrs *a)
{
    const Tensor *t = cer_tensor(*small);
    if (!joins(x, a->dims, &m->step)) {
        joint = cer_offsets(x, a->dims, joint);
        if (!joint) return false;
        m->step = 1;
    }
    m->ndim = a->part.ndim;
    m->dtype = x->dtype;
    m->large = x->data;
    m->index = joint->data;
    m->small = t ? t->data : NULL;
    if (!t) cer_scalar_as(*small, x->dtype, m->number);
    for (int64_t d = m->ndim; d-- > 0;) {
        int64_t k = cer_index_source_dim(a, d), lead = t ? d - (a->part.ndim - t->ndim) : -1;
        m->shape[d] = a->part.dim[d];
        m->large_stride[d] = k < 0 ? 0 : x->stride[k];
        m->index_stride[d] = k < 0 ? joint->stride[d - a->at] : 0;
        m->small_stride[d] = lead >= 0 && t->shape[lead] != 1 ? t->stride[lead] : 0;
    }
    return true;
}

/* Known when the graph was made; but a joint index may be the caller's own tensor. */
static bool still_right(const cer_Call *c)
{
    const cer_IndexAttrs *a = c->attrs;
    int64_t size = 1, wrong;
    for (int64_t d = 0; d < a->whole.ndim; d++)
        if (a->dims >> d & 1) size *= a->whole.dim[d];
    return cer_index_within(c->in[1].as.t, 0, size, &wrong) ||
           cer_raise(TORCH_INDEX_ERROR, c->op->name, "index %lld is out of bounds: it was changed since",
                     (long long)wrong);
}

static bool index_shape(cer_Call *c)
{
    const cer_IndexAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    if (!still_right(c)) return false;
    if (!cer_form_checked(&c->form[0], "index", x->dtype, a->part.ndim, a->part.dim)) return false;
    memcpy(c->form[0].stride, a->stride, sizeof a->stride);
    c->form[0].strided = true;
    return true;
}

static bool index_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    torch_Scalar out = torch_scalar_tensor(c->out[0]);
    cer_Moves m;
    if (!begin(&m, c->in[0].as.t, c->in[1].as.t, &out, c->attrs)) return false;
    cer_pick(&m);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static bool put_shape(cer_Call *c)
{
    const cer_IndexAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *v = cer_tensor(c->in[2]);
    char have[128], want[128];
    if (!c->self) cer_form_like(&c->form[0], x->dtype, x, false);
    if (!still_right(c)) return false;
    if (!v) return true;
    if (v->dtype != x->dtype)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "index_put",
            "Index put requires the source and destination dtypes match, got %s for the destination and %s "
            "for the source.",
            cer_type_name(x->dtype), cer_type_name(v->dtype));
    bool fits = v->ndim <= a->part.ndim;
    for (int64_t d = 1; fits && d <= v->ndim; d++)
        fits = v->shape[v->ndim - d] == 1 || v->shape[v->ndim - d] == a->part.dim[a->part.ndim - d];
    return fits ||
           cer_raise(TORCH_RUNTIME_ERROR, "index_put",
                     "shape mismatch: value tensor of shape %s cannot be broadcast to indexing result of shape %s",
                     cer_shape_text(v->ndim, v->shape, have, sizeof have),
                     cer_shape_text(a->part.ndim, a->part.dim, want, sizeof want));
}

static bool put_kernel(cer_Call *c)
{
    const cer_IndexAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    cer_Moves m;
    if (!begin(&m, c->out[0], c->in[1].as.t, &c->in[2], a)) return false;
    cer_start_from_self(c);
    cer_put(&m, a->accumulate ? K_PUT_ADD : K_PUT, NULL);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* ---- the way back ------------------------------------------------------------------------------------------------ */

static void index_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    cer_IndexAttrs a = *(const cer_IndexAttrs *)cer_attrs(n);
    a.accumulate = true;
    Tensor *zeros = cer_zeros(torch_dtype_of(g[0]), a.whole.ndim, a.whole.dim);
    in[0] = cer_call3(&cer_op_index_put_impl_, zeros, cer_saved_tensor(n, 1), g[0], &a);
}

static void put_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    cer_IndexAttrs a = *(const cer_IndexAttrs *)cer_attrs(n);
    bool values = cer_n_inputs(n) > 2 && cer_needs(n, 2);
    Tensor *joint = values || !a.accumulate ? cer_saved_tensor(n, 1) : NULL;
    torch_Scalar zeros[3] = {torch_scalar_tensor(g[0]), torch_scalar_tensor(joint), torch_scalar_int(0)};
    if (cer_needs(n, 0)) in[0] = a.accumulate ? g[0] : cer_call(&cer_op_index_put, zeros, 3, &a);
    if (values) in[2] = cer_call2(&cer_op_index, g[0], joint, &a); /* the engine sums it up */
}

#define INDEX(id, text, grad, which, save, flags_)                      \
    const cer_Op cer_op_##id = {.name = text,                           \
                                .grad_name = grad,                      \
                                .shape = which##_shape,                 \
                                .kernel = which##_kernel,               \
                                .vjp = which##_vjp,                     \
                                .saves = {CER_SAVE(1), 0, CER_SAVE(1)}, \
                                .n_outputs = 1,                         \
                                .flags = flags_,                        \
                                .attrs_bytes = sizeof(cer_IndexAttrs)};
INDEX(index, "index", "IndexBackward0", index, 0, 0)
INDEX(index_put, "index_put", "IndexPutBackward0", put, 0, 0)
INDEX(index_put_, "index_put_", "IndexPutBackward0", put, 0, CER_INPLACE)
INDEX(index_put_impl_, "_index_put_impl_", "IndexPutImplBackward0", put, 0, CER_INPLACE) /* of index's own gradient */

Tensor *cer_index(Tensor *x, Tensor *const *index, int64_t n)
{
    cer_IndexAttrs a;
    Tensor *joint = cer_index_join("index", x, index, n, &a);
    return joint ? cer_call2(&cer_op_index, x, joint, &a) : NULL;
}

Tensor *cer_index_put(const cer_Op *op, Tensor *x, Tensor *const *index, int64_t n, torch_Scalar values,
                      bool accumulate)
{
    cer_IndexAttrs a;
    Tensor *joint = cer_index_join("index_put", x, index, n, &a);
    if (!joint) return NULL;
    a.accumulate = accumulate;
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(joint), values};
    return cer_call(op, in, 3, &a);
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

static bool usable(const char *op, const Tensor *x, Tensor *const *index, int64_t n)
{
    if (cer_error_pending() || !cer_usable(x, op, 1)) return false;
    if (!index || n < 1) return cer_raise(TORCH_INDEX_ERROR, op, "%s: at least one index tensor is needed", op);
    for (int64_t k = 0; k < n; k++)
        if (!cer_usable(index[k], op, 2)) return false;
    return true;
}

static Tensor *put(const cer_Op *op, Tensor *x, Tensor *const *index, int64_t n, Tensor *values, bool accumulate)
{
    if (!usable("index_put", x, index, n) || !cer_usable(values, "index_put", 3)) return NULL;
    return cer_index_put(op, x, index, n, torch_scalar_tensor(values), accumulate);
}

Tensor *torch_index_put_n(Tensor *x, Tensor *const *index, int64_t n, Tensor *values, bool accumulate)
{
    return put(&cer_op_index_put, x, index, n, values, accumulate);
}

Tensor *torch_index_put__n(Tensor *x, Tensor *const *index, int64_t n, Tensor *values, bool accumulate)
{
    return put(&cer_op_index_put_, x, index, n, values, accumulate);
}
