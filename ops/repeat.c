/* Copies of a tensor side by side: repeat, tile, repeat_interleave. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- repeat ------------------------------------------------------------------------------------------------------ */

static bool repeat_shape(cer_Call *c)
{
    const cer_SizeAttrs *a = c->attrs; /* size: how often, for each dimension of the result */
    const Tensor *t = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM], lead = a->ndim - t->ndim;
    char text[256];
    for (int64_t d = 0; d < a->ndim; d++)
        if (__builtin_mul_overflow(a->size[d], d < lead ? 1 : t->shape[d - lead], &shape[d]))
            return cer_raise(TORCH_RUNTIME_ERROR, "repeat", "Storage size calculation overflowed with sizes=%s",
                             cer_shape_text(a->ndim, a->size, text, sizeof text));
    return cer_form_checked(&c->form[0], "repeat", t->dtype, a->ndim, shape);
}

static void multiply(char *block, size_t bytes, int64_t times) /* writes the block times - 1 times behind itself */
{
    size_t all = bytes * (size_t)times;
    for (size_t have = bytes; have < all; have *= 2) memcpy(block + have, block, have < all - have ? have : all - have);
}

/* The first copy is in the corner of out; dimension d becomes whole within the part where those before it are not yet. */
static void multiply_dim(Tensor *out, const int64_t *own, int64_t d, int64_t times)
{
    int64_t size = cer_size_of(out->dtype), index[TORCH_MAX_DIM] = {0}, k;
    size_t bytes = (size_t)(own[d] * out->stride[d] * size);
    char *at = out->data;
    do {
        multiply(at, bytes, times);
        for (k = d - 1; k >= 0; k--) {
            at += out->stride[k] * size;
            if (++index[k] < own[k]) break;
            at -= own[k] * out->stride[k] * size;
            index[k] = 0;
        }
    } while (k >= 0);
}

static bool repeat_kernel(cer_Call *c)
{
    const cer_SizeAttrs *a = c->attrs;
    const Tensor *t = c->in[0].as.t;
    Tensor *out = c->out[0], corner = *out;
    if (out->numel == 0) return true;
    for (int64_t d = 0; d < a->ndim; d++)
        corner.shape[d] = d < a->ndim - t->ndim ? 1 : t->shape[d - (a->ndim - t->ndim)];
    int64_t stride[TORCH_MAX_DIM];
    cer_expand_strides(t, a->ndim, corner.shape, stride);
    corner.contiguous = false;
    cer_copy_elements(&corner, t, stride);
    for (int64_t d = a->ndim; d-- > 0;)
        if (a->size[d] > 1) multiply_dim(out, corner.shape, d, a->size[d]);
    return true;
}

/* One dimension after the other: (outer, times, own, inner), summed over times. The engine sums up new dimensions. */
static void repeat_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SizeAttrs *a = cer_attrs(n);
    torch_Size own = cer_input_size(n, 0), whole = cer_output_size(n, 0);
    int64_t lead = a->ndim - own.ndim;
    Tensor *t = g[0];
    for (int64_t d = 0; d < a->ndim; d++) {
        if (a->size[d] == 1) continue;
        int64_t block[4] = {1, a->size[d], d < lead ? 1 : own.dim[d - lead], 1};
        for (int64_t k = 0; k < d; k++) block[0] *= whole.dim[k];
        for (int64_t k = d + 1; k < a->ndim; k++) block[3] *= whole.dim[k];
        t = torch_sum(torch_reshape_n(t, 4, block), 1);
        whole.dim[d] = block[2];
    }
    in[0] = torch_reshape_n(t, own.ndim, own.dim);
}

const cer_Op cer_op_repeat = {.name = "repeat",
                              .grad_name = "RepeatBackward0",
                              .shape = repeat_shape,
                              .kernel = repeat_kernel,
                              .vjp = repeat_vjp,
                              .n_outputs = 1,
                              .attrs_bytes = sizeof(cer_SizeAttrs)};

Tensor *torch_repeat_n(Tensor *x, int64_t n, const int64_t *repeats)
{
    cer_SizeAttrs a = {.ndim = n};
    if (!cer_ready(x, "repeat", 1)) return NULL;
    if (n < x->ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, "repeat",
                         "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"),
               NULL;
    if (n > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, "repeat", "repeat: a tensor has at most %d dimensions here, not %lld",
                         TORCH_MAX_DIM, (long long)n),
               NULL;
    for (int64_t d = 0; d < n; d++) a.size[d] = repeats[d];
    return cer_call1(&cer_op_repeat, x, &a);
}

Tensor *torch_tile_n(Tensor *x, int64_t n, const int64_t *repeats)
{
    int64_t all[TORCH_MAX_DIM];
    if (!cer_ready(x, "tile", 1)) return NULL;
    if (n >= x->ndim || n < 0) return torch_repeat_n(x, n, repeats);
    for (int64_t d = 0; d < x->ndim; d++) all[d] = d < x->ndim - n ? 1 : repeats[d - (x->ndim - n)];
    return torch_repeat_n(x, x->ndim, all);
}

/* ---- repeat_interleave ------------------------------------------------------------------------------------------- */

static int64_t count_at(const Tensor *t, int64_t i)
{
    const char *at = t->data + i * t->stride[0] * cer_size_of(t->dtype);
    return t->dtype == torch_int64 ? *(const int64_t *)(const void *)at : *(const int32_t *)(const void *)at;
}

static bool can_count(const Tensor *t, int64_t *total)
{
    static const char op[] = "repeat_interleave";
    if (t->ndim != 1) return cer_raise(TORCH_RUNTIME_ERROR, op, "repeat_interleave only accept 1D vector as repeat");
    *total = 0;
    if (t->numel == 0) return true;
    if (t->dtype != torch_int64 && t->dtype != torch_int32)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"repeat_interleave_cpu\" not implemented for '%s'",
                         cer_type_name(t->dtype));
    for (int64_t i = 0; i < t->numel; i++) {
        int64_t n = count_at(t, i);
        if (n < 0) return cer_raise(TORCH_RUNTIME_ERROR, op, "repeats can not be negative");
        if (__builtin_add_overflow(*total, n, total))
            *total = INT64_MAX; /* more than memory: refused when it is made */
    }
    return true;
}

Tensor *torch_repeat_interleave_counts(Tensor *repeats)
{
    int64_t total;
    if (!cer_ready(repeats, "repeat_interleave", 1) || !can_count(repeats, &total)) return NULL;
    Tensor *index = cer_empty((torch_dtype)repeats->dtype, 1, &total);
    if (!index) return NULL;
    int64_t size = cer_size_of(index->dtype), at = 0;
    for (int64_t i = 0; i < repeats->numel; i++) {
        int64_t n = count_at(repeats, i);
        char value[8], *to[1] = {index->data + at * size};
        cer_scalar_as(torch_scalar_int(i), (torch_dtype)index->dtype, value);
        cer_kernels()->fill[index->dtype](n, to, &size, value);
        at += n;
    }
    return index;
}

static Tensor *interleave(Tensor *x, Tensor *repeats, int64_t dim)
{
    static const char op[] = "repeat_interleave";
    int64_t d;
    if (!x) return NULL; /* flatten failed */
    if (x->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, op, "Dimension specified as %lld but tensor has no dimensions",
                         (long long)dim),
               NULL;
    if (!cer_wrap_dim(op, dim, x->ndim, &d)) return NULL;
    if (repeats->ndim > 1) return cer_raise(TORCH_RUNTIME_ERROR, op, "repeats must be 0-dim or 1-dim tensor"), NULL;
    if (repeats->numel == 1)
        repeats = torch_expand_n(torch_reshape(repeats, 1), 1, &x->shape[d]);
    else if (repeats->numel != x->shape[d])
        return cer_raise(TORCH_RUNTIME_ERROR, op, "repeats must have the same size as input along dim"), NULL;
    return torch_index_select(x, d, torch_repeat_interleave_counts(repeats));
}

Tensor *torch_repeat_interleave_Scalar(Tensor *x, torch_Scalar repeats, int64_t dim)
{
    static const char op[] = "repeat_interleave";
    if (!cer_ready(x, op, 1)) return NULL;
    if (repeats.kind != TORCH_KIND_TENSOR && repeats.kind != TORCH_KIND_INT)
        return cer_raise(TORCH_TYPE_ERROR, op, "repeat_interleave(): argument 'repeats' must be int or Tensor"), NULL;
    Tensor *counts = repeats.kind == TORCH_KIND_INT ? torch_full_n(0, NULL, repeats, torch_int64) : repeats.as.t;
    if (!cer_ready(counts, op, 1)) return NULL;
    return dim == TORCH_NONE ? interleave(torch_flatten(x), counts, 0) : interleave(x, counts, dim);
}
