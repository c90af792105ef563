/* sort, argsort, msort, and the walk over lines. */
#include "ops/sort.h"

#include <string.h>

#include "ops/gather.h"
#include "ops/lines.h"
#include "ops/moves.h"

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static int64_t stride_along(const Tensor *t, int64_t dim)
{
    return dim < t->ndim ? t->stride[dim] * cer_size_of(t->dtype) : 0;
}

bool cer_lines_begin(cer_Lines *l, const cer_Call *c, int64_t dim)
{
    const Tensor *in = c->in[0].as.t;
    *l = (cer_Lines){.in = in, .value = c->out[0], .index = c->out[1], .dim = dim, .n = in->ndim ? in->shape[dim] : 1};
    l->in_stride = stride_along(in, dim);
    l->value_stride = stride_along(l->value, dim);
    l->index_stride = stride_along(l->index, dim);
    int64_t size = cer_size_of(in->dtype);
    l->wide = size == 8 || l->n > (int64_t)UINT32_MAX;
    l->key_bits = (int)size * 8;
    l->pair = l->wide ? sizeof(cer_WidePair) : sizeof(uint64_t);
    return in->numel > 0;
}

void cer_lines_walk(const cer_Lines *l, void (*line)(const cer_Lines *, const char *, char *, char *, void *),
                    void *data)
{
    const Tensor *t = l->in;
    bool without = l->value->ndim < t->ndim; /* the outputs lack dim */
    int64_t at[TORCH_MAX_DIM] = {0}, lines = t->numel / l->n;
    const char *in = t->data;
    char *value = l->value->data, *index = l->index->data;
    for (int64_t i = 0; i < lines; i++) {
        line(l, in, value, index, data);
        for (int d = t->ndim; d-- > 0;) {
            if (d == l->dim) continue;
            int k = without && d > l->dim ? d - 1 : d;
            int64_t a = t->stride[d] * cer_size_of(t->dtype), b = l->value->stride[k] * cer_size_of(t->dtype),
                    c = l->index->stride[k] * 8;
            in += a, value += b, index += c;
            if (++at[d] < t->shape[d]) break;
            in -= a * t->shape[d], value -= b * t->shape[d], index -= c * t->shape[d];
            at[d] = 0;
        }
    }
}

Tensor *cer_put_along(Tensor *g, torch_Size size, int64_t dim, Tensor *index)
{
    return torch_scatter_(cer_zeros(torch_dtype_of(g), size.ndim, size.dim), dim, index, g);
}

/* ---- sort -------------------------------------------------------------------------------------------------------- */

typedef struct SortAttrs {
    int64_t dim;
    bool descending;
} SortAttrs;

static bool sort_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t;
    cer_form_like(&c->form[0], x->dtype, x, false);
    cer_form_like(&c->form[1], torch_int64, x, false);
    return true;
}

typedef struct Scratch {
    char *pairs, *other;
    bool descending;
} Scratch;

static void sort_line(const cer_Lines *l, const char *in, char *value, char *index, void *data)
{
    const cer_Kernels *k = cer_kernels();
    Scratch *s = data;
    k->make_pairs[l->in->dtype](l->n, in, l->in_stride, s->descending, l->wide, s->pairs);
    k->sort_pairs(s->pairs, s->other, l->n, l->wide, l->key_bits);
    k->write_sorted[l->in->dtype](l->n, s->pairs, l->wide, in, l->in_stride, value, l->value_stride, index,
                                  l->index_stride);
}

static bool sort_kernel(cer_Call *c)
{
    const SortAttrs *a = c->attrs;
    cer_Lines l;
    if (!cer_lines_begin(&l, c, a->dim)) return true;
    size_t half = (size_t)l.n * l.pair;
    Scratch s = {.pairs = cer_alloc(2 * half), .descending = a->descending};
    if (!s.pairs) return cer_raise_memory("sort", 2 * (double)half);
    s.other = s.pairs + half;
    cer_lines_walk(&l, sort_line, &s);
    cer_free(s.pairs, 2 * half);
    return true;
}

static void sort_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const SortAttrs *a = cer_attrs(n);
    if (g[0]) in[0] = cer_put_along(g[0], cer_input_size(n, 0), a->dim, cer_saved_output(n, 1));
}

#define SORT(id, grad)                                         \
    const cer_Op cer_op_##id = {.name = "sort",                \
                                .grad_name = grad,             \
                                .shape = sort_shape,           \
                                .kernel = sort_kernel,         \
                                .vjp = sort_vjp,               \
                                .saves = {CER_SAVE_OUTPUT(1)}, \
                                .n_outputs = 2,                \
                                .indices = 2,                  \
                                .attrs_bytes = sizeof(SortAttrs)};
SORT(sort, "SortBackward0")
SORT(sort_stable, "SortBackward1")

torch_SortArgs torch_SortArgs_defaults(void)
{
    return (torch_SortArgs){.struct_size = sizeof(torch_SortArgs), .dim = -1};
}

static Tensor *sort(const torch_SortArgs *args, Tensor **indices)
{
    SortAttrs a = {.descending = args->descending};
    if (indices) *indices = NULL;
    if (cer_error_pending() || !cer_usable(args->self, "sort", 1) ||
        !cer_wrap_dim("sort", args->dim, args->self->ndim, &a.dim))
        return NULL;
    torch_Scalar in[1] = {torch_scalar_tensor(args->self)};
    return cer_call_two(args->stable ? &cer_op_sort_stable : &cer_op_sort, in, 1, &a, indices);
}

Tensor *torch_sort_args(const torch_SortArgs *args)
{
    return sort(args, args->indices);
}

Tensor *torch_argsort_args(const torch_SortArgs *args)
{
    Tensor *indices;
    sort(args, &indices);
    return indices;
}

Tensor *torch_msort(Tensor *x)
{
    return torch_sort(x, 0);
}
