/* topk and kthvalue: the first k of each line are selected, and only they are sorted. */
#include <string.h>

#include "ops/lines.h"
#include "ops/moves.h"
#include "ops/sort.h"

typedef struct TopAttrs {
    int64_t dim, k;
    bool largest, keepdim;
} TopAttrs;

static bool has_order(const Tensor *x, const char *op)
{
    if (x->ndim == 0 || (x->dtype != torch_bool && x->dtype != torch_float16)) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s_cpu\" not implemented for '%s'", op, cer_type_name(x->dtype));
}

static int64_t length(const Tensor *x, int64_t dim)
{
    return x->ndim ? x->shape[dim] : 1;
}

typedef struct Selection {
    const TopAttrs *a;
    char *pairs, *other;
    int64_t room;
} Selection;

static void first_of_line(const cer_Lines *l, const char *in, Selection *s)
{
    cer_kernels()->first_pairs[l->in->dtype](l->n, in, l->in_stride, s->a->largest, l->wide, s->a->k, s->room,
                                             s->pairs);
    cer_kernels()->sort_pairs(s->pairs, s->other, s->a->k, l->wide, l->key_bits);
}

static void top_line(const cer_Lines *l, const char *in, char *value, char *index, void *data)
{
    Selection *s = data;
    first_of_line(l, in, s);
    cer_kernels()->write_sorted[l->in->dtype](s->a->k, s->pairs, l->wide, in, l->in_stride, value, l->value_stride,
                                              index, l->index_stride);
}

static int64_t last_of(const cer_Lines *l, const Selection *s) /* of the k first, without sorting them */
{
    int64_t last = 0;
    const uint64_t *narrow = (const uint64_t *)(const void *)s->pairs;
    const cer_WidePair *wide = (const cer_WidePair *)(const void *)s->pairs;
    for (int64_t i = 1; i < s->a->k; i++) {
        bool later = l->wide ? wide[i].key > wide[last].key ||
                                   (wide[i].key == wide[last].key && wide[i].index > wide[last].index)
                             : narrow[i] > narrow[last];
        if (later) last = i;
    }
    return last;
}

static void last_line(const cer_Lines *l, const char *in, char *value, char *index, void *data)
{
    Selection *s = data;
    const cer_Kernels *k = cer_kernels();
    k->first_pairs[l->in->dtype](l->n, in, l->in_stride, false, l->wide, s->a->k, s->room, s->pairs);
    k->write_sorted[l->in->dtype](1, s->pairs + (size_t)last_of(l, s) * l->pair, l->wide, in, l->in_stride, value, 0,
                                  index, 0);
}

static bool select(cer_Call *c, void (*line)(const cer_Lines *, const char *, char *, char *, void *))
{
    Selection s = {.a = c->attrs};
    cer_Lines l;
    if (!cer_lines_begin(&l, c, s.a->dim) || s.a->k == 0) return true;
    s.room = (s.a->k > 512 ? 2 * s.a->k : 1024) + 1;
    if (s.room > l.n) s.room = l.n + 1;
    size_t bytes = (size_t)s.room * l.pair, more = (size_t)s.a->k * l.pair;
    s.pairs = cer_alloc(bytes + more);
    if (!s.pairs) return cer_raise_memory(c->op->name, (double)(bytes + more));
    s.other = s.pairs + bytes;
    cer_lines_walk(&l, line, &s);
    cer_free(s.pairs, bytes + more);
    return true;
}

/* ---- topk -------------------------------------------------------------------------------------------------------- */

static bool topk_shape(cer_Call *c)
{
    const TopAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    if (a->k < 0 || a->k > length(x, a->dim))
        return cer_raise(TORCH_RUNTIME_ERROR, "topk", "selected index k out of range");
    if (!has_order(x, "topk")) return false;
    for (int o = 0; o < 2; o++) {
        cer_form(&c->form[o], o ? torch_int64 : (torch_dtype)x->dtype, x->ndim, x->shape);
        if (x->ndim) c->form[o].shape[a->dim] = a->k;
    }
    return true;
}

static bool topk_kernel(cer_Call *c)
{
    const TopAttrs *a = c->attrs;
    TopAttrs one = *a;
    cer_Call d = *c;
    if (c->in[0].as.t->ndim == 0) one.k = 1, d.attrs = &one; /* PyTorch gives the element even for k = 0 */
    return select(&d, top_line);
}

static void topk_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const TopAttrs *a = cer_attrs(n);
    if (g[0]) in[0] = cer_put_along(g[0], cer_input_size(n, 0), a->dim, cer_saved_output(n, 1));
}

/* ---- kthvalue ---------------------------------------------------------------------------------------------------- */

static bool kth_shape(cer_Call *c)
{
    const TopAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    if (x->ndim && x->shape[a->dim] == 0)
        return cer_raise(TORCH_INDEX_ERROR, "kthvalue",
                         "kthvalue(): Expected reduction dim %lld to have non-zero size.", (long long)a->dim);
    if (a->k < 1 || a->k > length(x, a->dim))
        return cer_raise(TORCH_RUNTIME_ERROR, "kthvalue",
                         "kthvalue(): selected number k out of range for dimension %lld", (long long)a->dim);
    if (!has_order(x, "kthvalue")) return false;
    uint32_t mask = x->ndim ? 1u << a->dim : 0;
    cer_reduced_form(c, mask, a->keepdim ? mask : 0, (torch_dtype)x->dtype, &c->form[0]);
    cer_reduced_form(c, mask, a->keepdim ? mask : 0, torch_int64, &c->form[1]);
    return true;
}

static bool kth_kernel(cer_Call *c)
{
    return select(c, last_line);
}

static void kth_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const TopAttrs *a = cer_attrs(n);
    Tensor *at = cer_saved_output(n, 1), *down = g[0];
    torch_Size s = cer_input_size(n, 0);
    if (!down || !at) return;
    if (!a->keepdim && s.ndim) down = torch_unsqueeze(down, a->dim), at = torch_unsqueeze(at, a->dim);
    in[0] = down && at ? cer_put_along(down, s, a->dim, at) : NULL;
}

#define TOP(id, text, grad, which)                             \
    const cer_Op cer_op_##id = {.name = text,                  \
                                .grad_name = grad,             \
                                .shape = which##_shape,        \
                                .kernel = which##_kernel,      \
                                .vjp = which##_vjp,            \
                                .saves = {CER_SAVE_OUTPUT(1)}, \
                                .n_outputs = 2,                \
                                .indices = 2,                  \
                                .attrs_bytes = sizeof(TopAttrs)};
TOP(topk, "topk", "TopkBackward0", topk)
TOP(kthvalue, "kthvalue", "KthvalueBackward0", kth)

/* ---- public ------------------------------------------------------------------------------------------------------ */

torch_TopkArgs torch_TopkArgs_defaults(void)
{
    return (torch_TopkArgs){.struct_size = sizeof(torch_TopkArgs), .dim = -1, .largest = true, .sorted = true};
}

torch_KthvalueArgs torch_KthvalueArgs_defaults(void)
{
    return (torch_KthvalueArgs){.struct_size = sizeof(torch_KthvalueArgs), .dim = -1};
}

static Tensor *top(const cer_Op *op, Tensor *x, int64_t dim, TopAttrs *a, Tensor **indices)
{
    if (indices) *indices = NULL;
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !cer_wrap_dim(op->name, dim, x->ndim, &a->dim))
        return NULL;
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    return cer_call_two(op, in, 1, a, indices);
}

Tensor *torch_topk_args(const torch_TopkArgs *args)
{
    TopAttrs a = {.k = args->k, .largest = args->largest};
    return top(&cer_op_topk, args->self, args->dim, &a, args->indices);
}

Tensor *torch_kthvalue_args(const torch_KthvalueArgs *args)
{
    TopAttrs a = {.k = args->k, .keepdim = args->keepdim};
    return top(&cer_op_kthvalue, args->self, args->dim, &a, args->indices);
}
