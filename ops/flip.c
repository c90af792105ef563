/* The elements in another order along some dimensions: flip, rot90, roll. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- flip, rot90: the input read backwards, and dimensions a and b perhaps exchanged ------------------------ */

typedef struct FlipAttrs {
    int64_t a, b;
    uint32_t reversed; /* bit d: dimension d of the input is read backwards */
    int16_t turns;     /* rot90 */
    bool swaps;        /* a and b are exchanged */
} FlipAttrs;

static void swap(int64_t *v, const FlipAttrs *a)
{
    int64_t first = v[a->a];
    v[a->a] = v[a->b];
    v[a->b] = first;
}

static bool flip_shape(cer_Call *c)
{
    const FlipAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    cer_Form *f = &c->form[0];
    cer_form_like(f, t->dtype, t, c->op == &cer_op_rot90 && a->turns == 0);
    if (!a->swaps) return true;
    int64_t next = 1;
    for (int d = f->ndim; d-- > 0 && !f->strided; next *= f->shape[d] ? f->shape[d] : 1) f->stride[d] = next;
    f->strided = true;
    swap(f->shape, a);
    swap(f->stride, a);
    return true;
}

static bool flip_kernel(cer_Call *c)
{
    const FlipAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    Tensor *out = c->out[0];
    int64_t stride[TORCH_MAX_DIM], size = cer_size_of(t->dtype);
    char *from = t->data;
    if (t->numel == 0) return true;
    for (int d = 0; d < t->ndim; d++) {
        bool back = a->reversed >> d & 1;
        stride[d] = back ? -t->stride[d] : t->stride[d];
        if (back) from += (t->shape[d] - 1) * t->stride[d] * size;
    }
    if (a->swaps) swap(stride, a);
    char *data[2] = {out->data, from};
    const int64_t *strides[2] = {out->stride, stride};
    size_t element[2] = {(size_t)size, (size_t)size};
    cer_Iterator it;
    cer_iterator_init(&it, 2, out->ndim, out->shape, data, strides, element, false);
    cer_iterator_copy(&it, t->dtype, t->dtype);
    return true;
}

static void flip_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call1(&cer_op_flip, g[0], cer_attrs(n));
}

static void rot90_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const FlipAttrs *a = cer_attrs(n);
    in[0] = torch_rot90(g[0], -a->turns, a->a, a->b);
}

#define FLIP(id, grad, vjp_)                           \
    const cer_Op cer_op_##id = {.name = #id,           \
                                .grad_name = grad,     \
                                .shape = flip_shape,   \
                                .kernel = flip_kernel, \
                                .vjp = vjp_,           \
                                .n_outputs = 1,        \
                                .attrs_bytes = sizeof(FlipAttrs)};
FLIP(flip, "FlipBackward0", flip_vjp)
FLIP(rot90, "Rot90Backward0", rot90_vjp)

Tensor *torch_flip_n(Tensor *x, int64_t n, const int64_t *dims)
{
    FlipAttrs a = {0};
    int64_t d;
    if (!cer_ready(x, "flip", 1)) return NULL;
    for (int64_t i = 0; i < n; i++) {
        if (!cer_wrap_dim("flip", dims[i], x->ndim, &d)) return NULL;
        if (a.reversed >> d & 1)
            return cer_raise(TORCH_RUNTIME_ERROR, "flip", "dim %lld appears multiple times in the list of dims",
                             (long long)d),
                   NULL;
        a.reversed |= 1u << d;
    }
    return cer_call1(&cer_op_flip, x, &a);
}

Tensor *torch_fliplr(Tensor *x)
{
    if (!cer_ready(x, "fliplr", 1)) return NULL;
    if (x->ndim < 2) return cer_raise(TORCH_RUNTIME_ERROR, "fliplr", "Input must be >= 2-d."), NULL;
    return torch_flip(x, 1);
}

Tensor *torch_flipud(Tensor *x)
{
    if (!cer_ready(x, "flipud", 1)) return NULL;
    if (x->ndim < 1) return cer_raise(TORCH_RUNTIME_ERROR, "flipud", "Input must be >= 1-d."), NULL;
    return torch_flip(x, 0);
}

static bool can_turn(const Tensor *x, int64_t dim0, int64_t dim1)
{
    static const char op[] = "rot90";
    int64_t n = x->ndim;
    if (n < 2)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "expected total dims >= 2, but got total dims = %lld", (long long)n);
    uint64_t apart = dim0 > dim1 ? (uint64_t)dim0 - (uint64_t)dim1 : (uint64_t)dim1 - (uint64_t)dim0;
    if (apart == 0 || apart == (uint64_t)n)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "expected rotation dims to be different, but got dim0 = %lld and dim1 = %lld", (long long)dim0,
                         (long long)dim1);
    if (dim0 >= n || dim0 < -n)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Rotation dim0 out of range, dim0 = %lld", (long long)dim0);
    if (dim1 >= n || dim1 < -n)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Rotation dim1 out of range, dim1 = %lld", (long long)dim1);
    return true;
}

Tensor *torch_rot90(Tensor *x, int64_t k, int64_t dim0, int64_t dim1)
{
    if (!cer_ready(x, "rot90", 1) || !can_turn(x, dim0, dim1)) return NULL;
    if (dim0 < 0) dim0 += x->ndim;
    if (dim1 < 0) dim1 += x->ndim;
    FlipAttrs a = {dim0, dim1, 0, (int16_t)((k % 4 + 4) % 4), k % 2 != 0};
    if (a.turns == 1 || a.turns == 2) a.reversed |= 1u << dim1;
    if (a.turns == 3 || a.turns == 2) a.reversed |= 1u << dim0;
    return cer_call1(&cer_op_rot90, x, &a);
}

/* ---- roll -------------------------------------------------------------------------------------------------------- */

typedef struct RollAttrs {
    bool flat;                    /* all elements in row order, by shift[0] */
    int64_t shift[TORCH_MAX_DIM]; /* by dimension, from 0 to its size - 1 */
} RollAttrs;

static bool roll_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    cer_form_like(&c->form[0], t->dtype, t, t->numel > 0);
    return true;
}

/* Every rolled dimension falls into two runs, what stays ahead and what comes around; so the tensor into 2^k boxes. */
static void roll_boxes(Tensor *out, const Tensor *t, const int64_t *shift)
{
    int64_t size = cer_size_of(t->dtype), shape[TORCH_MAX_DIM];
    uint32_t rolled = 0, box = 0;
    for (int d = 0; d < t->ndim; d++) rolled |= shift[d] ? 1u << d : 0;
    do {
        char *data[2] = {out->data, t->data};
        for (int d = 0; d < t->ndim; d++) {
            bool around = box >> d & 1; /* out[0, shift) = in[size - shift, size) */
            shape[d] = !shift[d] ? t->shape[d] : around ? shift[d] : t->shape[d] - shift[d];
            data[0] += around ? 0 : shift[d] * out->stride[d] * size;
            data[1] += around ? (t->shape[d] - shift[d]) * t->stride[d] * size : 0;
        }
        const int64_t *strides[2] = {out->stride, t->stride};
        size_t element[2] = {(size_t)size, (size_t)size};
        cer_Iterator it;
        cer_iterator_init(&it, 2, t->ndim, shape, data, strides, element, false);
        cer_iterator_copy(&it, t->dtype, t->dtype);
        box = (box - rolled) & rolled; /* the next subset of the rolled dimensions */
    } while (box);
}

static bool roll_kernel(cer_Call *c)
{
    const RollAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    Tensor *out = c->out[0];
    if (t->numel == 0) return true;
    if (!a->flat) return roll_boxes(out, t, a->shift), true;
    int64_t mark = cer_context()->pool.length;
    Tensor *plain = cer_plain(c->in[0].as.t, (torch_dtype)t->dtype);
    if (!plain) return false;
    size_t size = (size_t)cer_size_of(t->dtype), head = (size_t)a->shift[0] * size, all = (size_t)t->numel * size;
    memcpy(out->data + head, plain->data, all - head);
    memcpy(out->data, plain->data + (all - head), head);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void roll_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const RollAttrs *a = cer_attrs(n);
    torch_Size s = cer_input_size(n, 0);
    RollAttrs back = {.flat = a->flat};
    int64_t numel = 1;
    for (int64_t d = 0; d < s.ndim; d++) {
        back.shift[d] = a->shift[d] ? s.dim[d] - a->shift[d] : 0;
        numel *= s.dim[d];
    }
    if (a->flat) back.shift[0] = a->shift[0] ? numel - a->shift[0] : 0;
    in[0] = cer_call1(&cer_op_roll, g[0], &back);
}

const cer_Op cer_op_roll = {.name = "roll",
                            .grad_name = "RollBackward0",
                            .shape = roll_shape,
                            .kernel = roll_kernel,
                            .vjp = roll_vjp,
                            .n_outputs = 1,
                            .attrs_bytes = sizeof(RollAttrs)};

static int64_t wrapped(int64_t shift, int64_t before, int64_t size) /* (before + shift) mod size */
{
    if (size == 0) return 0;
    shift %= size;
    if (shift < 0) shift += size;
    return shift < size - before ? before + shift : before - (size - shift);
}

Tensor *torch_roll_n(Tensor *x, int64_t n, const int64_t *shifts, int64_t n_dims, const int64_t *dims)
{
    RollAttrs a = {.flat = n_dims == 0 && n == 1};
    int64_t d;
    if (!cer_ready(x, "roll", 1)) return NULL;
    if (n <= 0) return cer_raise(TORCH_RUNTIME_ERROR, "roll", "`shifts` required"), NULL;
    if (!a.flat && n != n_dims)
        return cer_raise(TORCH_RUNTIME_ERROR, "roll", "shifts and dimensions must align. shifts: %lld, dims:%lld",
                         (long long)n, (long long)n_dims),
               NULL;
    if (a.flat) a.shift[0] = wrapped(shifts[0], 0, x->numel);
    for (int64_t i = 0; i < n_dims; i++) {
        if (x->ndim == 0)
            return cer_raise(TORCH_INDEX_ERROR, "roll", "Dimension specified as %lld but tensor has no dimensions",
                             (long long)dims[i]),
                   NULL;
        if (!cer_wrap_dim("roll", dims[i], x->ndim, &d)) return NULL;
        a.shift[d] = wrapped(shifts[i], a.shift[d], x->shape[d]);
    }
    return cer_call1(&cer_op_roll, x, &a);
}
