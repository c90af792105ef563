/* as_strided: a view of any geometry, and its way back. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/strided.h"

typedef struct ViewAttrs {
    cer_Layout in, out; /* out's offset counts from the first element of in */
} ViewAttrs;

static bool strided_shape(cer_Call *c)
{
    const ViewAttrs *a = c->attrs;
    cer_form(&c->form[0], c->in[0].as.t->dtype, a->out.size.ndim, a->out.size.dim);
    c->form[0].strided = true;
    c->form[0].offset = a->out.offset;
    memcpy(c->form[0].stride, a->out.stride, sizeof a->out.stride);
    return true;
}

static int64_t end_of(const cer_Layout *l) /* one past the last element; 0 without any */
{
    int64_t end = l->offset + 1;
    for (int64_t d = 0; d < l->size.ndim; d++) {
        if (l->size.dim[d] == 0) return 0;
        end += (l->size.dim[d] - 1) * l->stride[d];
    }
    return end;
}

static void strided_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const ViewAttrs *a = cer_attrs(n);
    cer_MoveAttrs m = {.from = a->out, .to = a->in};
    int64_t first = m.from.offset < 0 ? -m.from.offset : 0; /* the lower of the two begins the memory */
    m.from.offset += first;
    m.to.offset += first;
    int64_t ends[2] = {end_of(&m.from), end_of(&m.to)};
    m.extent = ends[0] > ends[1] ? ends[0] : ends[1];
    m.count_to = cer_layout_overlaps(&m.to);
    in[0] = cer_call1(&cer_op_strided_backward, g[0], &m);
}

const cer_Op cer_op_strided = {.name = "as_strided",
                               .grad_name = "AsStridedBackward0",
                               .shape = strided_shape,
                               .vjp = strided_vjp,
                               .n_outputs = 1,
                               .flags = CER_VIEW,
                               .attrs_bytes = sizeof(ViewAttrs)};

/* How many elements of memory the view reaches over, empty or not: what cannot be told in 61 bits is refused. */
static bool reach(const cer_Layout *l, int64_t element, int64_t *elements)
{
    bool empty = false, overflow = l->offset == INT64_MAX;
    int64_t end = overflow ? 0 : l->offset + 1, step, bytes;
    *elements = overflow ? 0 : end;
    for (int64_t d = 0; d < l->size.ndim && !overflow; d++) {
        int64_t size = l->size.dim[d] > 1 ? l->size.dim[d] : 1;
        overflow = __builtin_mul_overflow(size, l->stride[d], &step) || __builtin_add_overflow(end, step, &end);
        empty |= l->size.dim[d] == 0;
        if (!overflow && l->size.dim[d] > 1) *elements += step - l->stride[d];
    }
    if (empty) *elements = 0;
    return !overflow && !__builtin_mul_overflow(end, element, &bytes) && bytes < INT64_MAX / 4;
}

static bool sizes_fit(const cer_Layout *l, int64_t element, const Tensor *x)
{
    static const char op[] = "as_strided";
    char sizes[256], strides[256];
    int64_t n = l->size.ndim, numel, elements, product = element;
    cer_shape_text(n, l->size.dim, sizes, sizeof sizes);
    cer_shape_text(n, l->stride, strides, sizeof strides);
    bool overflow = false;
    for (int64_t d = 0; d < n; d++) {
        if (l->stride[d] < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "as_strided: Negative strides are not supported at the moment, got strides: %s", strides);
        overflow |=
            l->size.dim[d] < 0 || __builtin_mul_overflow(product, l->size.dim[d] ? l->size.dim[d] : 1, &product);
    }
    if (!overflow && l->offset < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Tensor: invalid storage offset %lld", (long long)l->offset);
    if (overflow || product > INT64_MAX / 4 || !reach(l, element, &elements))
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Storage size calculation overflowed with sizes=%s and strides=%s",
                         sizes, strides);
    if (elements * element > (int64_t)x->storage->bytes)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "setStorage: sizes %s, strides %s, storage offset %lld, and itemsize %lld requiring a storage "
                         "size of %lld are out of bounds for storage of size %zu",
                         sizes, strides, (long long)l->offset, (long long)element, (long long)(elements * element),
                         x->storage->bytes);
    return cer_numel_of(op, n, l->size.dim, (size_t)element, &numel);
}

static Tensor *as_strided(Tensor *x, int64_t ndim, const int64_t *size, int64_t n_stride, const int64_t *stride,
                          int64_t offset)
{
    static const char op[] = "as_strided";
    ViewAttrs a = {0};
    if (!cer_ready(x, op, 1)) return NULL;
    if (ndim != n_stride) return cer_raise(TORCH_RUNTIME_ERROR, op, "mismatch in length of strides and shape"), NULL;
    if (ndim < 0 || ndim > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "as_strided: a tensor has at most %d dimensions here, not %lld",
                         TORCH_MAX_DIM, (long long)ndim),
               NULL;
    int64_t element = cer_size_of(x->dtype);
    a.in = cer_layout_of(x);
    int64_t before = (x->data - x->storage->data) / element;
    a.out.size.ndim = ndim;
    for (int64_t d = 0; d < ndim; d++) a.out.size.dim[d] = size[d], a.out.stride[d] = stride[d];
    a.out.offset = offset == TORCH_NONE ? before : offset;
    if (!sizes_fit(&a.out, element, x)) return NULL;
    bool outside = a.out.offset > (int64_t)x->storage->bytes / element; /* which only an empty view may be */
    a.out.offset = outside ? 0 : a.out.offset - before;
    return cer_call1(&cer_op_strided, x, &a);
}

Tensor *torch_as_strided_n(Tensor *x, int64_t ndim, const int64_t *size, int64_t n_stride, const int64_t *stride)
{
    return as_strided(x, ndim, size, n_stride, stride, TORCH_NONE);
}

Tensor *torch_as_strided_at_n(Tensor *x, int64_t ndim, const int64_t *size, int64_t n_stride, const int64_t *stride,
                              int64_t storage_offset)
{
    return as_strided(x, ndim, size, n_stride, stride, storage_offset);
}
