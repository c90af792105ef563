/* take and put: positions in the flattened tensor. */
#include <string.h>

#include "ops/gather.h"
#include "ops/moves.h"

typedef struct PutAttrs {
    bool accumulate;
} PutAttrs;

static bool in_range(const char *op, const Tensor *x, const Tensor *index)
{
    int64_t wrong;
    return cer_index_within(index, -x->numel, x->numel, &wrong) ||
           cer_raise(TORCH_INDEX_ERROR, op, "out of range: tried to access index %lld on a tensor of %lld elements.",
                     (long long)wrong, (long long)x->numel);
}

static bool begin(cer_Moves *m, const Tensor *x, const Tensor *index, const Tensor *small)
{
    Tensor *offsets = cer_offsets(x, cer_all_dims(x->ndim), index);
    if (!offsets) return false;
    *m = (cer_Moves){.ndim = index->ndim, .large = x->data, .small = small->data, .index = offsets->data, .step = 1};
    m->dtype = x->dtype;
    for (int d = 0; d < index->ndim; d++) {
        m->shape[d] = index->shape[d];
        m->index_stride[d] = offsets->stride[d];
        m->small_stride[d] = small->stride[d];
    }
    return true;
}

/* ---- take -------------------------------------------------------------------------------------------------------- */

static bool take_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t;
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, "take", "take(): Expected a long tensor for index, but got %s",
                         cer_type_name(index->dtype));
    if (x->numel == 0 && index->numel != 0)
        return cer_raise(TORCH_INDEX_ERROR, "take", "take(): tried to take from an empty tensor");
    cer_form(&c->form[0], x->dtype, index->ndim, index->shape);
    return in_range("take", x, index);
}

/* Both in row order: positions are offsets, but for negative ones. They are known to be in range. */
#define TAKE(T)                                                                                    \
    static void take_##T(int64_t n, int64_t numel, const void *x, const int64_t *index, void *out) \
    {                                                                                              \
        const T *from = x;                                                                         \
        T *to = out;                                                                               \
        for (int64_t i = 0; i < n; i++) to[i] = from[index[i] + (index[i] < 0 ? numel : 0)];       \
    }
TAKE(uint8_t)
TAKE(uint16_t)
TAKE(uint32_t)
TAKE(uint64_t)

static bool take_rows(const Tensor *x, const Tensor *index, Tensor *out)
{
    const int64_t *at = (const int64_t *)(const void *)index->data;
    if (!x->contiguous || !index->contiguous) return false;
    switch (torch_dtype_size(x->dtype)) {
    case 1: return take_uint8_t(out->numel, x->numel, x->data, at, out->data), true;
    case 2: return take_uint16_t(out->numel, x->numel, x->data, at, out->data), true;
    case 4: return take_uint32_t(out->numel, x->numel, x->data, at, out->data), true;
    default: return take_uint64_t(out->numel, x->numel, x->data, at, out->data), true;
    }
}

static bool take_kernel(cer_Call *c)
{
    if (take_rows(c->in[0].as.t, c->in[1].as.t, c->out[0])) return true;
    int64_t mark = cer_context()->pool.length;
    cer_Moves m;
    if (!begin(&m, c->in[0].as.t, c->in[1].as.t, c->out[0])) return false;
    cer_pick(&m);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void take_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    torch_Size s = cer_input_size(n, 0);
    in[0] = torch_put_(cer_zeros(torch_dtype_of(g[0]), s.ndim, s.dim), cer_saved_tensor(n, 1), g[0], true);
}

const cer_Op cer_op_take = {
    .name = "take",
    .grad_name = "TakeBackward0",
    .schema = "take(Tensor self, Tensor index) -> Tensor",
    .shape = take_shape,
    .kernel = take_kernel,
    .vjp = take_vjp,
    .saves = {CER_SAVE(1)},
    .n_outputs = 1,
};

Tensor *torch_take(Tensor *x, Tensor *index)
{
    return cer_call2(&cer_op_take, x, index, NULL);
}

/* ---- put --------------------------------------------------------------------------------------------------------- */

static bool put_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t, *source = c->in[2].as.t;
    if (!c->self) cer_form_like(&c->form[0], x->dtype, x, false);
    if (index->dtype != torch_int64)
        return cer_raise(TORCH_RUNTIME_ERROR, "put_", "put_(): Expected a long tensor for index, but got %s",
                         cer_type_name(index->dtype));
    if (x->dtype != source->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "put_",
                         "put_(): self and source expected to have the same dtype, but got self.dtype = %s and "
                         "source.dtype = %s",
                         cer_type_name(x->dtype), cer_type_name(source->dtype));
    if (source->numel != index->numel)
        return cer_raise(TORCH_INDEX_ERROR, "put_",
                         "put_(): Expected source and index to have the same number of elements, but got "
                         "source.numel() = %lld, index.numel() = %lld",
                         (long long)source->numel, (long long)index->numel);
    return in_range("put_", x, index);
}

static bool put_kernel(cer_Call *c)
{
    const PutAttrs *a = c->attrs;
    const Tensor *index = c->in[1].as.t;
    int64_t mark = cer_context()->pool.length;
    bool before = torch_set_grad_enabled(false);
    Tensor *source = torch_reshape_n(c->in[2].as.t, index->ndim, index->shape);
    torch_set_grad_enabled(before);
    cer_Moves m;
    if (!source || !begin(&m, c->out[0], index, source)) return false;
    cer_start_from_self(c);
    cer_put(&m, a->accumulate ? K_PUT_ADD : K_PUT, NULL);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void put_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const PutAttrs *a = cer_attrs(n);
    bool source = cer_needs(n, 2);
    Tensor *index = source || !a->accumulate ? cer_saved_tensor(n, 1) : NULL;
    if (cer_needs(n, 0)) in[0] = g[0];
    if (cer_needs(n, 0) && !a->accumulate && index)
        in[0] = torch_put(g[0], index, cer_zeros(torch_dtype_of(g[0]), index->ndim, index->shape), false);
    if (!source) return;
    torch_Size s = cer_input_size(n, 2);
    in[2] = torch_reshape_n(torch_take(g[0], index), s.ndim, s.dim);
}

#define PUT(id, text, flags_)                                           \
    const cer_Op cer_op_##id = {.name = text,                           \
                                .grad_name = "PutBackward0",            \
                                .shape = put_shape,                     \
                                .kernel = put_kernel,                   \
                                .vjp = put_vjp,                         \
                                .saves = {CER_SAVE(1), 0, CER_SAVE(1)}, \
                                .n_outputs = 1,                         \
                                .flags = flags_,                        \
                                .attrs_bytes = sizeof(PutAttrs)};
PUT(put, "put", 0)
PUT(put_, "put_", CER_INPLACE)

Tensor *torch_put(Tensor *x, Tensor *index, Tensor *source, bool accumulate)
{
    PutAttrs a = {accumulate};
    return cer_call3(&cer_op_put, x, index, source, &a);
}

Tensor *torch_put_(Tensor *x, Tensor *index, Tensor *source, bool accumulate)
{
    PutAttrs a = {accumulate};
    return cer_call3(&cer_op_put_, x, index, source, &a);
}
