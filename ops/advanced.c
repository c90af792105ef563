/* x[i, j] by tensors, and its assignment. All index tensors are joined to one: positions in row order over the dimensions that
 * they are about. With it, x is a large tensor without these dimensions, and the result a small one with the index's in
 * their place:
 *
 *     x [2, 3, 4, 5], x[:, i, j] with i, j [7]     joint[k] = 4 i[k] + j[k]     result [2, 7, 5]
 *
 * Where the indexed dimensions do not follow each other, the index's come first. */
#include <stdio.h>
#include <string.h>

#include "ops/index.h"
#include "ops/index_items.h"

typedef struct IndexAttrs {
    torch_Size whole;              /* of x, for the way back */
    torch_Size part;               /* of the result */
    int64_t stride[TORCH_MAX_DIM]; /* of the result: laid out as PyTorch's iterator has it */
    uint32_t dims;                 /* bit d: dimension d of x is indexed */
    int64_t at, n;                 /* where in the result the index's dimensions begin, and how many */
    bool accumulate;
} IndexAttrs;

/* ---- the kernels ------------------------------------------------------------------------------------------------- */

/* Which dimension of x is dimension d of the result? -1: one of the index's. */
static int64_t source_dim(const IndexAttrs *a, int64_t d)
{
    if (d >= a->at && d < a->at + a->n) return -1;
    int64_t rest = d < a->at ? d : d - a->n, k = 0;
    while (a->dims >> k & 1 || rest-- > 0) k++;
    return k;
}

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

static bool begin(cer_Moves *m, const Tensor *x, const Tensor *joint, const torch_Scalar *small, const IndexAttrs *a)
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
        int64_t k = source_dim(a, d), lead = t ? d - (a->part.ndim - t->ndim) : -1;
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
    const IndexAttrs *a = c->attrs;
    int64_t size = 1, wrong;
    for (int64_t d = 0; d < a->whole.ndim; d++)
        if (a->dims >> d & 1) size *= a->whole.dim[d];
    return cer_index_within(c->in[1].as.t, 0, size, &wrong) ||
           cer_raise(TORCH_INDEX_ERROR, c->op->name, "index %lld is out of bounds: it was changed since",
                     (long long)wrong);
}

static bool index_shape(cer_Call *c)
{
    const IndexAttrs *a = c->attrs;
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
    const IndexAttrs *a = c->attrs;
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
    const IndexAttrs *a = c->attrs;
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
    IndexAttrs a = *(const IndexAttrs *)cer_attrs(n);
    a.accumulate = true;
    Tensor *zeros = cer_zeros(torch_dtype_of(g[0]), a.whole.ndim, a.whole.dim);
    in[0] = cer_call3(&cer_op_index_put_impl_, zeros, cer_saved_tensor(n, 1), g[0], &a);
}

static void put_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    IndexAttrs a = *(const IndexAttrs *)cer_attrs(n);
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
                                .attrs_bytes = sizeof(IndexAttrs)};
INDEX(index, "index", "IndexBackward0", index, 0, 0)
INDEX(index_put, "index_put", "IndexPutBackward0", put, 0, 0)
INDEX(index_put_, "index_put_", "IndexPutBackward0", put, 0, CER_INPLACE)
INDEX(index_put_impl_, "_index_put_impl_", "IndexPutImplBackward0", put, 0, CER_INPLACE) /* of index's own gradient */

/* ---- joining the indices ----------------------------------------------------------------------------------------- */

typedef struct Joining {
    Tensor *x;
    const char *op;
    Tensor *index[TORCH_MAX_DIM]; /* int64, for the dimensions from..to of x; a mask's are its positions */
    int from[TORCH_MAX_DIM], to[TORCH_MAX_DIM];
    int n;                              /* of them */
    int64_t shape[TORCH_MAX_DIM], ndim; /* of all, broadcast */
} Joining;

static bool mismatch(const Joining *j)
{
    char text[512], one[128];
    size_t at = 0;
    text[0] = '\0';
    for (int k = 0; k < j->n; k++)
        for (int d = j->from[k]; d < j->to[k] && at < sizeof text;
             d++) /* a mask counts as one index for each dimension */
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at ? ", " : "",
                                   cer_shape_text(j->index[k]->ndim, j->index[k]->shape, one, sizeof one));
    return cer_raise(TORCH_INDEX_ERROR, j->op,
                     "shape mismatch: indexing tensors could not be broadcast together with shapes %s", text);
}

static bool fits_mask(const Joining *j, const Tensor *mask, int dim)
{
    char have[128], want[128];
    for (int d = 0; d < mask->ndim; d++)
        if (dim + d >= j->x->ndim || mask->shape[d] != j->x->shape[dim + d])
            return cer_raise(
                TORCH_INDEX_ERROR, j->op,
                "The shape of the mask %s at index %d does not match the shape of the indexed tensor %s at "
                "index %d",
                cer_shape_text(mask->ndim, mask->shape, have, sizeof have), d,
                cer_shape_text(j->x->ndim, j->x->shape, want, sizeof want), dim + d);
    return true;
}

static bool collect(Joining *j, Tensor *const *index, int64_t n)
{
    int dim = 0;
    for (int64_t k = 0; k < n; k++) {
        Tensor *t = index[k];
        if (t && t->dtype != torch_int64 && t->dtype != torch_bool && t->dtype != torch_uint8)
            return cer_raise(TORCH_INDEX_ERROR, j->op, "tensors used as indices must be long, byte or bool tensors");
    }
    for (int64_t k = 0; k < n; k++) {
        Tensor *t = index[k];
        bool mask = t && t->dtype != torch_int64;
        int span = mask ? t->ndim : 1;
        if (mask && !fits_mask(j, t, dim)) return false;
        if (dim + span > j->x->ndim)
            return cer_raise(TORCH_INDEX_ERROR, j->op, "too many indices for tensor of dimension %d (got %lld)",
                             j->x->ndim, (long long)n);
        if (mask && !(t = cer_true_positions(t))) return false;
        if (t) {
            j->index[j->n] = t;
            j->from[j->n] = dim;
            j->to[j->n++] = dim + span;
        }
        dim += span;
    }
    return true;
}

static bool broadcast(Joining *j)
{
    for (int k = 0; k < j->n; k++) {
        const Tensor *t = j->index[k];
        int64_t ndim = j->ndim > t->ndim ? j->ndim : t->ndim;
        for (int64_t d = 1; d <= ndim; d++) {
            int64_t a = d <= j->ndim ? j->shape[j->ndim - d] : 1, b = d <= t->ndim ? t->shape[t->ndim - d] : 1;
            if (a != b && a != 1 && b != 1) return mismatch(j);
        }
        if (!cer_broadcast(j->op, &j->ndim, j->shape, t->ndim, t->shape)) return false;
    }
    return true;
}

/* Of an index as a view with a dimension of size 1 for each that is not indexed, broadcast to the result. */
static int64_t index_stride(const Joining *j, int k, const IndexAttrs *a, int64_t d)
{
    const Tensor *t = j->index[k];
    int64_t own = d - a->at - (j->ndim - t->ndim);
    if (a->part.dim[d] != 1 && (own < 0 || own >= t->ndim || t->shape[own] == 1)) return 0;
    if (own >= 0 && own < t->ndim) return t->stride[own];
    if (t->ndim == 0) return 1;
    return own < 0 ? t->shape[0] * t->stride[0] : t->stride[t->ndim - 1];
}

/* The result's shape and the order of its dimensions in memory: x's own among those that stay, the indices' among theirs. */
static bool plan(const Joining *j, IndexAttrs *a)
{
    const Tensor *x = j->x;
    int first = -1, last = -1, count = 0;
    *a = (IndexAttrs){.whole = torch_shape(x), .n = j->ndim};
    for (int k = 0; k < j->n; k++) {
        for (int d = j->from[k]; d < j->to[k]; d++) a->dims |= 1u << d, count++;
        if (first < 0) first = j->from[k];
        last = j->to[k];
    }
    a->at = last - first == count ? first : 0;
    a->part.ndim = x->ndim - count + j->ndim;
    if (a->part.ndim > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, j->op, "index: a tensor has at most %d dimensions here, not %lld",
                         TORCH_MAX_DIM, (long long)a->part.ndim);
    int64_t by[TORCH_MAX_DIM + 1]
              [TORCH_MAX_DIM]; /* strides of x and of the indices, as the result's dimensions see them */
    const int64_t *operand[TORCH_MAX_DIM + 1];
    for (int64_t d = 0; d < a->part.ndim; d++) {
        int64_t k = source_dim(a, d);
        a->part.dim[d] = k < 0 ? j->shape[d - a->at] : x->shape[k];
    }
    cer_Form f;
    for (int o = 0; o <= j->n; o++) {
        for (int64_t d = 0; d < a->part.ndim; d++) {
            int64_t k = source_dim(a, d);
            by[o][d] = o ? index_stride(j, o - 1, a, d) : k < 0 ? 0 : x->stride[k];
        }
        operand[o] = by[o];
    }
    if (!cer_form_checked(&f, j->op, x->dtype, a->part.ndim, a->part.dim)) return false;
    cer_form_strides_of(&f, j->n + 1, operand);
    memcpy(a->stride, f.stride, sizeof a->stride);
    return true;
}

static bool out_of_bounds(const Joining *j, int k, int64_t index, int64_t size)
{
    int at = 0; /* PyTorch counts the indexed dimensions only */
    for (int i = 0; i < k; i++) at += j->to[i] - j->from[i];
    return cer_raise(TORCH_INDEX_ERROR, j->op, "index %lld is out of bounds for dimension %d with size %lld",
                     (long long)index, at, (long long)size);
}

static int64_t size_of(const Joining *j, int k) /* of the dimensions that index k is about, together */
{
    int64_t size = 1;
    for (int d = j->from[k]; d < j->to[k]; d++) size *= j->x->shape[d];
    return size;
}

static Tensor *join(const Joining *j, const IndexAttrs *a)
{
    int64_t weight = 1, wrong;
    if (j->n == 1 && cer_index_within(j->index[0], 0, size_of(j, 0), &wrong)) return j->index[0]; /* it is joint */
    Tensor *joint = cer_zeros(torch_int64, j->ndim, j->shape);
    if (!joint) return NULL;
    for (int k = 0; k < j->n; k++) /* PyTorch looks at no index where there is none to read */
        for (int d = j->from[k]; d < j->to[k]; d++)
            if (j->x->shape[d] == 0 && joint->numel)
                return cer_raise(TORCH_INDEX_ERROR, j->op, "index is out of bounds for dimension with size 0"), NULL;
    for (int k = j->n; k-- > 0;) {
        const Tensor *t = j->index[k];
        int64_t size = size_of(j, k), own[TORCH_MAX_DIM];
        cer_Joint param = {size, weight};
        weight *= size;
        if (joint->numel == 0) continue;
        bool empty = false; /* nothing is read: x has no elements beside the indexed dimensions */
        for (int64_t d = 0; d < a->part.ndim; d++) empty |= a->part.dim[d] == 0;
        if (!cer_index_within(t, -size, size, &wrong)) {
            if (!empty) return out_of_bounds(j, k, wrong, size), NULL;
            continue;
        }
        char *data[2] = {joint->data, t->data};
        cer_expand_strides(t, j->ndim, j->shape, own);
        const int64_t *stride[2] = {joint->stride, own};
        size_t element[2] = {sizeof(int64_t), sizeof(int64_t)};
        cer_Iterator it;
        cer_iterator_init(&it, 2, j->ndim, j->shape, data, stride, element, false);
        cer_iterator_run(&it, cer_kernels()->index_join, &param);
    }
    return joint;
}

/* Everything is checked here; the ops themselves trust the joint index. */
static Tensor *prepare(const char *op, Tensor *x, Tensor *const *index, int64_t n, IndexAttrs *a)
{
    Joining j = {.x = x, .op = op};
    if (!collect(&j, index, n) || !broadcast(&j) || !plan(&j, a)) return NULL;
    return join(&j, a);
}

Tensor *cer_index(Tensor *x, Tensor *const *index, int64_t n)
{
    IndexAttrs a;
    Tensor *joint = prepare("index", x, index, n, &a);
    return joint ? cer_call2(&cer_op_index, x, joint, &a) : NULL;
}

Tensor *cer_index_put(const cer_Op *op, Tensor *x, Tensor *const *index, int64_t n, torch_Scalar values,
                      bool accumulate)
{
    IndexAttrs a;
    Tensor *joint = prepare("index_put", x, index, n, &a);
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
