/* Views whose elements may share memory: as_strided of any geometry, and unfold. Their way back, and that of diagonal, adds what arrives for the same element. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/strided.h"

typedef struct MoveAttrs { /* puts what has the layout `from` into empty memory and reads it in the layout `to` */
    cer_Layout from, to;
    int64_t extent;            /* of that memory, in elements */
    bool count_from, count_to; /* each element is shared out among those of this layout that show it */
} MoveAttrs;

static bool ready(const Tensor *x, const char *op)
{
    return !cer_error_pending() && cer_usable(x, op, 1);
}

/* ---- strided memory ---------------------------------------------------------------------------------------------- */

/* Splits the dimensions into some under which no two elements lie in one place, and the rest. Returns how many are plain. */
static int order_dims(const cer_Layout *l, int plain[TORCH_MAX_DIM], int rest[TORCH_MAX_DIM], int *n_rest)
{
    int order[TORCH_MAX_DIM], n = 0, n_plain = 0;
    int64_t span = 0;
    *n_rest = 0;
    for (int d = 0; d < l->size.ndim; d++) {
        int at = n++;
        for (; at > 0; at--) { /* ascending strides; of equal ones the longer first */
            int b = order[at - 1];
            if (l->stride[b] < l->stride[d] || (l->stride[b] == l->stride[d] && l->size.dim[b] >= l->size.dim[d]))
                break;
            order[at] = b;
        }
        order[at] = d;
    }
    for (int i = 0; i < n; i++) {
        int d = order[i];
        if (l->size.dim[d] > 1 && l->stride[d] <= span) {
            rest[(*n_rest)++] = d;
            continue;
        }
        plain[n_plain++] = d;
        span += (l->size.dim[d] - 1) * l->stride[d];
    }
    return n_plain;
}

static bool overlaps(const cer_Layout *l)
{
    int plain[TORCH_MAX_DIM], rest[TORCH_MAX_DIM], n_rest;
    for (int64_t d = 0; d < l->size.ndim; d++)
        if (l->size.dim[d] == 0) return false;
    order_dims(l, plain, rest, &n_rest);
    return n_rest > 0;
}

/* base[l] += data, or = data where no two elements of l share memory. from_stride in elements, NULL: one number for all. */
static void add_at(int type, char *base, const cer_Layout *l, char *data, const int64_t *from_stride)
{
    int plain[TORCH_MAX_DIM], rest[TORCH_MAX_DIM], n_rest, n = order_dims(l, plain, rest, &n_rest);
    int64_t size = cer_size_of((uint8_t)type), shape[TORCH_MAX_DIM], to[TORCH_MAX_DIM], from[TORCH_MAX_DIM];
    int64_t index[TORCH_MAX_DIM] = {0};
    for (int64_t d = 0; d < l->size.ndim; d++)
        if (l->size.dim[d] == 0) return;
    for (int i = 0; i < n; i++) {
        shape[n - 1 - i] = l->size.dim[plain[i]];
        to[n - 1 - i] = l->stride[plain[i]];
        from[n - 1 - i] = from_stride ? from_stride[plain[i]] : 0;
    }
    base += l->offset * size;
    /* in the row order of the view, as PyTorch adds: what a later dimension moves on, an earlier one moves back */
    bool down[TORCH_MAX_DIM] = {false};
    for (int i = 0; i < n_rest; i++) {
        int d = rest[i];
        for (int k = 0; k < n; k++) down[i] |= plain[k] < d && l->size.dim[plain[k]] > 1 && l->stride[d] > 0;
        if (!down[i]) continue;
        base += l->stride[d] * size * (l->size.dim[d] - 1);
        data += from_stride ? from_stride[d] * size * (l->size.dim[d] - 1) : 0;
    }
    for (;;) {
        char *operands[3] = {base, n_rest ? base : data, data};
        const int64_t *strides[3] = {to, n_rest ? to : from, from};
        size_t element[3] = {(size_t)size, (size_t)size, (size_t)size};
        cer_Iterator it;
        cer_iterator_init(&it, n_rest ? 3 : 2, n, shape, operands, strides, element, false);
        cer_iterator_run(&it, n_rest ? cer_kernels()->loop[KERNEL_add][type] : cer_kernels()->cast[type][type], NULL);
        int i = 0;
        for (; i < n_rest; i++) {
            int d = rest[i];
            int64_t sign = down[i] ? -1 : 1, step = from_stride ? from_stride[d] * size * sign : 0;
            base += l->stride[d] * size * sign;
            data += step;
            if (++index[i] < l->size.dim[d]) break;
            base -= l->stride[d] * size * l->size.dim[d] * sign;
            data -= step * l->size.dim[d];
            index[i] = 0;
        }
        if (i == n_rest) return;
    }
}

/* ---- the way back ------------------------------------------------------------------------------------------------ */

static bool move_shape(cer_Call *c)
{
    const MoveAttrs *a = c->attrs;
    torch_dtype dtype = (torch_dtype)c->in[0].as.t->dtype;
    cer_form(&c->form[0], dtype, a->to.size.ndim, a->to.size.dim);
    return cer_kernels()->loop[KERNEL_add][dtype] || (!overlaps(&a->from) && !a->count_from && !a->count_to) ||
           cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "\"%s\" not implemented for '%s'", c->op->name,
                     dtype == torch_float16 ? "Half" : "BFloat16");
}

/* memory[i] /= how many elements of the layout show it */
static bool share_out(int type, char *memory, int64_t extent, const cer_Layout *l)
{
    int64_t size = cer_size_of((uint8_t)type);
    char one[8], *count = cer_alloc((size_t)(extent * size));
    if (!count) return cer_raise_memory("as_strided", (double)(extent * size));
    memset(count, 0, (size_t)(extent * size));
    cer_scalar_as(torch_scalar_int(1), (torch_dtype)type, one);
    add_at(type, count, l, one, NULL);
    for (int64_t i = 0; i < extent; i++) { /* what nothing shows is not divided by 0 */
        if (type == torch_float32 && ((float *)(void *)count)[i] == 0) ((float *)(void *)count)[i] = 1;
        if (type == torch_float64 && ((double *)(void *)count)[i] == 0) ((double *)(void *)count)[i] = 1;
    }
    cer_kernels()->loop[KERNEL_div][type](extent, (char *[]){memory, memory, count}, (int64_t[]){size, size, size},
                                          NULL);
    cer_free(count, (size_t)(extent * size));
    return true;
}

static bool is_whole(const cer_Layout *l, int64_t extent) /* the memory itself, in row order */
{
    int64_t next = 1;
    for (int64_t d = l->size.ndim; d-- > 0; next *= l->size.dim[d])
        if (l->size.dim[d] != 1 && l->stride[d] != next) return false;
    return next == extent && l->offset == 0;
}

static bool move_kernel(cer_Call *c)
{
    const MoveAttrs *a = c->attrs;
    const Tensor *g = c->in[0].as.t;
    Tensor *out = c->out[0];
    size_t bytes = (size_t)(a->extent * cer_size_of(out->dtype));
    bool direct = is_whole(&a->to, a->extent);
    char *memory = direct ? out->data : cer_alloc(bytes ? bytes : 1);
    if (!memory) return cer_raise_memory(c->op->name, (double)bytes);
    memset(memory, 0, bytes);
    add_at(out->dtype, memory, &a->from, g->data, g->stride);
    bool fine =
        !(a->count_from || a->count_to) || share_out(out->dtype, memory, a->extent, a->count_from ? &a->from : &a->to);
    if (fine && !direct) {
        Tensor part = *out;
        part.data = memory + a->to.offset * cer_size_of(out->dtype);
        part.contiguous = false;
        memcpy(part.stride, a->to.stride, sizeof part.stride);
        cer_copy_elements(out, &part, part.stride);
    }
    if (!direct) cer_free(memory, bytes ? bytes : 1);
    return fine;
}

static void move_vjp(cer_Node *n, Tensor *const *g, Tensor **in) /* the same the other way round */
{
    const MoveAttrs *a = cer_attrs(n);
    MoveAttrs back = {a->to, a->from, a->extent, a->count_to, a->count_from};
    in[0] = cer_call1(n->op, g[0], &back);
}

#define MOVE(id, text, grad)                           \
    const cer_Op cer_op_##id = {.name = text,          \
                                .grad_name = grad,     \
                                .shape = move_shape,   \
                                .kernel = move_kernel, \
                                .vjp = move_vjp,       \
                                .n_outputs = 1,        \
                                .attrs_bytes = sizeof(MoveAttrs)};
MOVE(strided_backward, "as_strided_backward", "AsStridedBackward0")
MOVE(unfold_backward, "unfold_backward", "UnfoldBackwardBackward0")
MOVE(diagonal_backward, "diagonal_backward", "DiagonalBackwardBackward0")

/* ---- the views --------------------------------------------------------------------------------------------------- */

typedef struct ViewAttrs {
    cer_Layout in, out; /* out's offset counts from the first element of in */
} ViewAttrs;

cer_Layout cer_layout_of(const Tensor *t)
{
    cer_Layout l = {.size.ndim = t->ndim};
    memcpy(l.size.dim, t->shape, sizeof(int64_t) * t->ndim);
    memcpy(l.stride, t->stride, sizeof(int64_t) * t->ndim);
    return l;
}

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
    MoveAttrs m = {.from = a->out, .to = a->in};
    int64_t first = m.from.offset < 0 ? -m.from.offset : 0; /* the lower of the two begins the memory */
    m.from.offset += first;
    m.to.offset += first;
    int64_t ends[2] = {end_of(&m.from), end_of(&m.to)};
    m.extent = ends[0] > ends[1] ? ends[0] : ends[1];
    m.count_to = overlaps(&m.to);
    in[0] = cer_call1(&cer_op_strided_backward, g[0], &m);
}

/* For views that lie in x as they would in a contiguous tensor of its sizes: `view` is their layout there. */
void cer_layout_back(const cer_Op *op, cer_Node *n, Tensor *g, cer_Layout view, Tensor **in)
{
    MoveAttrs m = {.from = view, .to = cer_layout_plain(cer_input_size(n, 0)), .extent = 1};
    for (int64_t d = 0; d < m.to.size.ndim; d++) m.extent *= m.to.size.dim[d];
    in[0] = cer_call1(op, g, &m);
}

cer_Layout cer_layout_plain(torch_Size s)
{
    cer_Layout l = {.size = s};
    int64_t next = 1;
    for (int64_t d = s.ndim; d-- > 0; next *= s.dim[d] ? s.dim[d] : 1) l.stride[d] = next;
    return l;
}

const cer_Op cer_op_strided = {.name = "as_strided",
                               .grad_name = "AsStridedBackward0",
                               .shape = strided_shape,
                               .vjp = strided_vjp,
                               .n_outputs = 1,
                               .flags = CER_VIEW,
                               .attrs_bytes = sizeof(ViewAttrs)};

/* ---- as_strided -------------------------------------------------------------------------------------------------- */

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
    if (!ready(x, op)) return NULL;
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

/* ---- unfold ------------------------------------------------------------------------------------------------------ */

typedef struct UnfoldAttrs {
    int64_t dim, size, step, stride_step; /* stride_step: step, or 1 where there is one window only */
} UnfoldAttrs;

static cer_Layout windows(cer_Layout l, const UnfoldAttrs *a)
{
    int64_t n = l.size.ndim, d = a->dim, whole = n ? l.size.dim[d] : 1, stride = n ? l.stride[d] : 1;
    l.size.ndim = n ? n + 1 : 1;
    if (n) l.size.dim[d] = (whole - a->size) / a->step + 1, l.stride[d] = stride * a->stride_step;
    l.size.dim[n] = a->size;
    l.stride[n] = stride;
    return l;
}

static bool unfold_shape(cer_Call *c)
{
    cer_Layout l = windows(cer_layout_of(c->in[0].as.t), c->attrs);
    if (!cer_form_checked(&c->form[0], "unfold", c->in[0].as.t->dtype, l.size.ndim, l.size.dim)) return false;
    c->form[0].strided = true;
    memcpy(c->form[0].stride, l.stride, sizeof l.stride);
    return true;
}

static void unfold_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    cer_layout_back(&cer_op_unfold_backward, n, g[0], windows(cer_layout_plain(cer_input_size(n, 0)), cer_attrs(n)),
                    in);
}

const cer_Op cer_op_unfold = {.name = "unfold",
                              .grad_name = "UnfoldBackward0",
                              .shape = unfold_shape,
                              .vjp = unfold_vjp,
                              .n_outputs = 1,
                              .flags = CER_VIEW,
                              .attrs_bytes = sizeof(UnfoldAttrs)};

Tensor *torch_unfold(Tensor *x, int64_t dim, int64_t size, int64_t step)
{
    UnfoldAttrs a = {.size = size, .step = step};
    if (!ready(x, "unfold") || !cer_wrap_dim("unfold", dim, x->ndim, &a.dim)) return NULL;
    int64_t whole = x->ndim ? x->shape[a.dim] : 1, stride = x->ndim ? x->stride[a.dim] : 1, next;
    if (size > whole)
        return cer_raise(TORCH_RUNTIME_ERROR, "unfold",
                         "maximum size for tensor at dimension %lld is %lld but size is %lld", (long long)a.dim,
                         (long long)whole, (long long)size),
               NULL;
    if (step <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "unfold", "step is %lld but must be > 0", (long long)step), NULL;
    if (size < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "unfold", "size is %lld but must be >= 0", (long long)size), NULL;
    a.stride_step = !__builtin_mul_overflow(step, stride, &next) && next < INT64_MAX / 256 ? step : 1;
    return cer_call1(&cer_op_unfold, x, &a);
}
