/* x[...] and x[...] = v: the items of an index applied one by one as views; what tensors are among them is left to
 * advanced.c, for all of them together. */
#include "ops/index.h"

#include <stdarg.h>
#include <string.h>

#include "ops/index_items.h"

static bool alias_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, t->ndim, t->shape);
    c->form[0].strided = true;
    memcpy(c->form[0].stride, t->stride, sizeof(int64_t) * t->ndim);
    return true;
}

static void alias_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)n;
    in[0] = g[0];
}

const cer_Op cer_op_alias = {.name = "alias",
                             .grad_name = "AliasBackward0",
                             .shape = alias_shape,
                             .vjp = alias_vjp,
                             .n_outputs = 1,
                             .flags = CER_VIEW};

/* ---- items ------------------------------------------------------------------------------------------------------- */

typedef struct Indexed {
    Tensor *x;                          /* what the views so far have made of it */
    Tensor *tensors[TORCH_MAX_DIM + 1]; /* by dimension of x; NULL: all of it */
    int64_t n, dim;                     /* of tensors; where the next item stands */
} Indexed;

static Tensor *pick(const cer_Op *op, Tensor *x, int64_t dim, int64_t index, int item)
{
    int64_t size = x->shape[dim];
    if (index >= -size && index < size) return cer_select(op, x, dim, index);
    cer_raise(TORCH_INDEX_ERROR, "index", "index %lld is out of bounds for dimension %d with size %lld",
              (long long)index, item, (long long)size);
    return NULL;
}

static bool is_whole(const cer_Item *item) /* ":" */
{
    return item->kind == ITEM_SLICE && item->start == TORCH_NONE && item->end == TORCH_NONE && item->step == 1;
}

static bool only_whole(const cer_Item *items, int n)
{
    for (int i = 0; i < n; i++)
        if (!is_whole(&items[i])) return false;
    return true;
}

static bool is_mask(const Tensor *t)
{
    return t->dtype == torch_bool || t->dtype == torch_uint8;
}

static int consumes(const cer_Item *item) /* how many dimensions of x */
{
    if (item->kind == ITEM_TENSOR) return is_mask(item->tensor) ? item->tensor->ndim : 1;
    return item->kind == ITEM_INT || item->kind == ITEM_SLICE;
}

static void index_by(Indexed *r, Tensor *t)
{
    while (r->n < r->dim) r->tensors[r->n++] = NULL;
    r->tensors[r->n++] = t;
    r->dim++;
}

static bool apply_bool(Indexed *r, bool yes) /* a new dimension of size 1, of which all is taken or nothing */
{
    int64_t one = yes;
    Tensor *t = cer_zeros(torch_int64, 1, &one);
    r->x = torch_unsqueeze(r->x, r->dim);
    if (!r->x || !t) return false;
    index_by(r, t);
    return true;
}

/* A 0-d integer is that integer, a 0-d bool a bool; others wait for advanced.c. */
static bool apply_tensor(Indexed *r, Tensor *t, int item)
{
    if (t->ndim == 0 && !is_mask(t) && !torch_dtype_is_floating_point(t->dtype)) {
        r->x = pick(&cer_op_select, r->x, r->dim, torch_item_scalar(t).as.i, item);
        return r->x != NULL;
    }
    if (t->ndim == 0 && is_mask(t)) return apply_bool(r, torch_item_scalar(t).as.i != 0);
    index_by(r, t);
    return true;
}

static bool apply(Indexed *r, const cer_Item *items, int n)
{
    int consumed = 0, ellipses = 0, ndim = r->x->ndim;
    for (int i = 0; i < n; i++) consumed += consumes(&items[i]), ellipses += items[i].kind == ITEM_ELLIPSIS;
    if (ndim == 0 && n == 1 && items[0].kind == ITEM_INT)
        return cer_raise(TORCH_INDEX_ERROR, "index",
                         "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in "
                         "C++ to convert a 0-dim tensor to a number");
    if (consumed > ndim)
        return cer_raise(TORCH_INDEX_ERROR, "index", "too many indices for tensor of dimension %d", ndim);
    if (ellipses > 1) return cer_raise(TORCH_INDEX_ERROR, "index", "an index can only have a single ellipsis ('...')");
    for (int i = 0; i < n && r->x; i++) {
        const cer_Item *item = &items[i];
        bool sliced = i < n - 1 && only_whole(&items[i + 1], n - i - 1);
        switch (item->kind) {
        case ITEM_INT: /* x[:, i, :] is one view, that prints as the slice it ends in */
            r->x = pick(sliced ? &cer_op_select_sliced : &cer_op_select, r->x, r->dim, item->start, i);
            if (sliced) return r->x != NULL;
            break;
        case ITEM_SLICE: /* of everything: only where it is all there is */
            if (i == n - 1 || !is_whole(item)) r->x = torch_slice(r->x, r->dim, item->start, item->end, item->step);
            r->dim++;
            break;
        case ITEM_NONE: r->x = torch_unsqueeze(r->x, r->dim++); break;
        case ITEM_ELLIPSIS: r->dim += ndim - consumed; break;
        case ITEM_BOOL:
            if (!apply_bool(r, item->start)) return false;
            break;
        case ITEM_TENSOR:
            if (!apply_tensor(r, item->tensor, i)) return false;
            break;
        }
    }
    return r->x != NULL;
}

/* ---- x[...] ------------------------------------------------------------------------------------------------------ */

static Tensor *get(Tensor *x, Tensor *const *tensors, int64_t n_tensors, const char *text, va_list args)
{
    cer_Item items[CER_ITEMS];
    Indexed r = {.x = x};
    int n;
    if (cer_error_pending() || !cer_usable(x, "index", 1) ||
        !cer_read_index(text, args, tensors, n_tensors, items, &n) || !apply(&r, items, n))
        return NULL;
    if (r.n) return cer_index(r.x, r.tensors, r.n);
    return r.x == x ? cer_call1(&cer_op_alias, x, NULL) : r.x; /* "...": a new tensor all the same */
}

Tensor *torch_index(Tensor *x, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    Tensor *result = get(x, NULL, 0, text, args);
    va_end(args);
    return result;
}

Tensor *torch_index_tensors_n(Tensor *x, Tensor *const *index, int64_t n)
{
    cer_Item items[CER_ITEMS];
    Indexed r = {.x = x};
    if (cer_error_pending() || !cer_usable(x, "index", 1)) return NULL;
    if (!index || n < 1 || n > CER_ITEMS)
        return cer_raise(TORCH_INDEX_ERROR, "index", "index: %lld index tensors", (long long)n), NULL;
    for (int64_t i = 0; i < n; i++) {
        items[i] = (cer_Item){.kind = ITEM_TENSOR, .tensor = index[i]};
        if (!cer_usable(index[i], "index", 2)) return NULL;
    }
    if (!apply(&r, items, (int)n)) return NULL;
    return r.n ? cer_index(r.x, r.tensors, r.n) : r.x;
}

Tensor *torch_index_with_n(Tensor *x, Tensor *const *tensors, int64_t n, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    Tensor *result = get(x, tensors, n, text, args);
    va_end(args);
    return result;
}

/* ---- x[...] = v -------------------------------------------------------------------------------------------------- */

static Tensor *without_leading_ones(Tensor *v)
{
    int lead = 0;
    while (lead < v->ndim && v->shape[lead] == 1) lead++;
    return lead ? torch_view_n(v, v->ndim - lead, v->shape + lead) : v;
}

static Tensor *assign_view(Tensor *to, Tensor *v)
{
    if (cer_same_shape(to, v)) return torch_copy_(to, v);
    if (v->ndim == 0) return torch_fill_(to, v);
    v = without_leading_ones(v);
    return torch_copy_(to, v ? torch_expand_n(v, to->ndim, to->shape) : NULL);
}

static Tensor *set(Tensor *x, torch_Scalar value, Tensor *const *tensors, int64_t n_tensors, const char *text,
                   va_list args)
{
    cer_Item items[CER_ITEMS];
    Indexed r = {.x = x};
    int n;
    if (cer_error_pending() || !cer_usable(x, "setitem", 1)) return NULL;
    if (value.kind == TORCH_KIND_TENSOR && !cer_usable(value.as.t, "setitem", 2)) return NULL;
    if (value.kind == TORCH_KIND_NONE)
        return cer_raise(TORCH_TYPE_ERROR, "setitem", "can't assign a NoneType to a tensor"), NULL;
    if (!cer_read_index(text, args, tensors, n_tensors, items, &n) || !apply(&r, items, n)) return NULL;
    Tensor *v = value.kind == TORCH_KIND_TENSOR ? value.as.t : torch_full_n(0, NULL, value, (torch_dtype)x->dtype);
    if (!v) return NULL;
    if (!r.n) return assign_view(r.x, v) ? x : NULL;
    v = without_leading_ones(v);
    return v && cer_index_put(&cer_op_index_put_, r.x, r.tensors, r.n, torch_scalar_tensor(v), false) ? x : NULL;
}

Tensor *torch_setitem_Scalar(Tensor *x, torch_Scalar value, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    Tensor *result = set(x, value, NULL, 0, text, args);
    va_end(args);
    return result;
}

Tensor *torch_setitem_with_n(Tensor *x, torch_Scalar value, Tensor *const *tensors, int64_t n, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    Tensor *result = set(x, value, tensors, n, text, args);
    va_end(args);
    return result;
}
