/* Layouts in which elements may share memory, and the way back from views of such: what arrives for one element adds up. */
#include "ops/strided.h"

#include <string.h>

#include "ops/ops_internal.h"

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

bool cer_layout_overlaps(const cer_Layout *l)
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
    const cer_MoveAttrs *a = c->attrs;
    torch_dtype dtype = (torch_dtype)c->in[0].as.t->dtype;
    cer_form(&c->form[0], dtype, a->to.size.ndim, a->to.size.dim);
    return cer_kernels()->loop[KERNEL_add][dtype] ||
           (!cer_layout_overlaps(&a->from) && !a->count_from && !a->count_to) ||
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
    const cer_MoveAttrs *a = c->attrs;
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
    const cer_MoveAttrs *a = cer_attrs(n);
    cer_MoveAttrs back = {a->to, a->from, a->extent, a->count_to, a->count_from};
    in[0] = cer_call1(n->op, g[0], &back);
}

#define MOVE(id, text, grad)                           \
    const cer_Op cer_op_##id = {.name = text,          \
                                .grad_name = grad,     \
                                .shape = move_shape,   \
                                .kernel = move_kernel, \
                                .vjp = move_vjp,       \
                                .n_outputs = 1,        \
                                .attrs_bytes = sizeof(cer_MoveAttrs)};
MOVE(strided_backward, "as_strided_backward", "AsStridedBackward0")
MOVE(unfold_backward, "unfold_backward", "UnfoldBackwardBackward0")
MOVE(diagonal_backward, "diagonal_backward", "DiagonalBackwardBackward0")

cer_Layout cer_layout_of(const Tensor *t)
{
    cer_Layout l = {.size.ndim = t->ndim};
    memcpy(l.size.dim, t->shape, sizeof(int64_t) * t->ndim);
    memcpy(l.stride, t->stride, sizeof(int64_t) * t->ndim);
    return l;
}

cer_Layout cer_layout_plain(torch_Size s)
{
    cer_Layout l = {.size = s};
    int64_t next = 1;
    for (int64_t d = s.ndim; d-- > 0; next *= s.dim[d] ? s.dim[d] : 1) l.stride[d] = next;
    return l;
}

/* For views that lie in x as they would in a contiguous tensor of its sizes: `view` is their layout there. */
void cer_layout_back(const cer_Op *op, cer_Node *n, Tensor *g, cer_Layout view, Tensor **in)
{
    cer_MoveAttrs m = {.from = view, .to = cer_layout_plain(cer_input_size(n, 0)), .extent = 1};
    for (int64_t d = 0; d < m.to.size.ndim; d++) m.extent *= m.to.size.dim[d];
    in[0] = cer_call1(op, g, &m);
}
