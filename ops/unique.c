/* unique and unique_consecutive: neighbours are compared, after sorting or as they are; what begins a run is taken. */
#include <string.h>

#include "ops/gather.h"
#include "ops/moves.h"
#include "ops/search.h"
#include "ops/sort.h"

/* ---- taking the first of each run: the op, which has a node only to say that it has no gradient ------------------ */

typedef struct UniqueAttrs {
    int64_t dim; /* -1: of the flattened tensor */
} UniqueAttrs;

/* Slices lie in memory one after the other, whichever dimension they are taken along: dim and the first one are swapped. */
static bool unique_shape(cer_Call *c)
{
    const UniqueAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *first = c->in[1].as.t;
    cer_Form *f = &c->form[0];
    if (a->dim < 0) return cer_form(f, x->dtype, 1, first->shape), true;
    cer_form(f, x->dtype, x->ndim, x->shape);
    f->shape[a->dim] = first->numel;
    int64_t next = 1;
    for (int d = x->ndim; d-- > 0;) {
        int64_t at = d == a->dim ? 0 : d == 0 ? a->dim : d;
        f->stride[at] = next;
        next *= f->shape[at] > 1 ? f->shape[at] : 1;
    }
    f->strided = true;
    return true;
}

static bool unique_kernel(cer_Call *c)
{
    const UniqueAttrs *a = c->attrs;
    Tensor *x = c->in[0].as.t, flat;
    torch_Scalar out = torch_scalar_tensor(c->out[0]);
    int64_t mark = cer_context()->pool.length, dim = a->dim;
    if (dim < 0) {
        x = cer_in_rows(x, x->ndim, x->shape);
        if (!x) return false;
        flat = *x;
        flat.ndim = 1, flat.shape[0] = x->numel, flat.stride[0] = 1;
        x = &flat;
        dim = 0;
    }
    cer_Moves m;
    cer_moves_slices(&m, x, dim, c->in[1].as.t, &out);
    cer_pick(&m);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void unique_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)g, (void)in;
    cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, n->op->name, "the derivative for '%s' is not implemented.", n->op->name);
}

#define UNIQUE(id, text, grad)                           \
    const cer_Op cer_op_##id = {.name = text,            \
                                .grad_name = grad,       \
                                .shape = unique_shape,   \
                                .kernel = unique_kernel, \
                                .vjp = unique_vjp,       \
                                .n_outputs = 1,          \
                                .attrs_bytes = sizeof(UniqueAttrs)};
UNIQUE(unique2, "_unique2", "Unique2Backward0")
UNIQUE(unique_dim, "unique_dim", "UniqueDimBackward0")
UNIQUE(unique_consecutive, "unique_consecutive", "UniqueConsecutiveBackward0")

/* ---- runs of equal slices ---------------------------------------------------------------------------------------- */

typedef struct Runs {
    Tensor *first, *inverse, *counts; /* of each run its first slice; of each slice its run; of each run its length */
} Runs;

/* changed: of n - 1 neighbours in this order, do they differ? [n - 1, width], any of the width counts. */
static bool find_runs(const Tensor *changed, const Tensor *order, int64_t n, Runs *r)
{
    int64_t width = n > 1 ? changed->numel / (n - 1) : 1, runs = n > 0;
    const char *differ = changed ? changed->data : NULL;
    r->inverse = cer_empty(torch_int64, 1, &n);
    if (!r->inverse) return false;
    int64_t *inverse = (int64_t *)(void *)r->inverse->data;
    const int64_t *at = order ? (const int64_t *)(const void *)order->data : NULL;
    for (int64_t i = 0; i < n; i++) { /* first the number of the run */
        if (i > 0 && cer_kernels()->mask_count(width, differ + (i - 1) * width)) runs++;
        inverse[at ? at[i] : i] = runs - 1;
    }
    r->first = cer_empty(torch_int64, 1, &runs);
    r->counts = cer_zeros(torch_int64, 1, &runs);
    if (!r->first || !r->counts) return false;
    int64_t *first = (int64_t *)(void *)r->first->data, *counts = (int64_t *)(void *)r->counts->data;
    for (int64_t i = n; i-- > 0;) {
        int64_t slice = at ? at[i] : i;
        first[inverse[slice]] = slice;
        counts[inverse[slice]]++;
    }
    return true;
}

static Tensor *differing(Tensor *rows) /* each from the one before it */
{
    int64_t n = rows->shape[0];
    return torch_ne(torch_narrow(rows, 0, 1, n - 1), torch_narrow(rows, 0, 0, n - 1));
}

/* Rows in lexicographic order: sorted by each column, from the last to the first, and always stable. */
static Tensor *order_of_rows(Tensor *rows)
{
    int64_t n = rows->shape[0], width = rows->numel / n;
    Tensor *order = torch_arange_n(torch_scalar_int(0), torch_scalar_int(n), torch_scalar_int(1), torch_int64),
           *flat = torch_view(rows, n, width);
    for (int64_t k = width; k-- > 0 && order;) {
        int64_t scope = torch_scope_push();
        Tensor *next = NULL, *column = torch_index_select(torch_select(flat, 1, k), 0, order);
        torch_sort(column, 0, .indices = &next);
        order = torch_escape(torch_index_select(order, 0, next));
        torch_scope_pop(scope);
    }
    return order;
}

static bool compare(Tensor *x, int64_t dim, bool sorted, Runs *r)
{
    Tensor *rows, *order = NULL;
    if (dim < 0) {
        rows = torch_reshape(x, -1);
        if (rows && sorted) rows = torch_sort(rows, 0, .indices = &order);
    } else {
        rows = torch_contiguous(torch_transpose(x, 0, dim));
        if (rows && sorted && rows->shape[0] > 0) {
            order = order_of_rows(rows);
            rows = torch_index_select(rows, 0, order);
        }
    }
    Tensor *changed = rows && rows->shape[0] > 1 ? torch_contiguous(differing(rows)) : NULL;
    return !cer_error_pending() && find_runs(changed, order, rows->shape[0], r);
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

torch_UniqueArgs torch_UniqueArgs_defaults(void)
{
    return (torch_UniqueArgs){.struct_size = sizeof(torch_UniqueArgs), .dim = TORCH_NONE};
}

static bool checks(const cer_Op *op, const Tensor *x, int64_t *dim)
{
    if (x->dtype == torch_float16)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name, "\"%s\" not implemented for 'Half'",
                         *dim == TORCH_NONE ? "unique" : "unique_dim");
    if (*dim == TORCH_NONE) {
        *dim = -1;
        return true;
    }
    if (!cer_wrap_dim(op->name, *dim, x->ndim, dim)) return false;
    if (x->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, op->name, "Dimension specified as 0 but tensor has no dimensions");
    for (int d = 0; d < x->ndim; d++)
        if (d != *dim && x->shape[d] == 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                             "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
    return true;
}

static Tensor *unique(const cer_Op *op, const torch_UniqueArgs *args, bool sorted)
{
    Runs r = {0};
    UniqueAttrs a = {args->dim};
    Tensor *x = args->self;
    if (args->inverse) *args->inverse = NULL;
    if (args->counts) *args->counts = NULL;
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !checks(op, x, &a.dim)) return NULL;
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false);
    bool fine = compare(torch_detach(x), a.dim, sorted, &r);
    if (fine && a.dim < 0) r.inverse = torch_reshape_n(r.inverse, x->ndim, x->shape);
    torch_set_grad_enabled(before);
    Tensor *result = fine ? torch_escape(cer_call2(op, x, r.first, &a)) : NULL;
    if (result && args->inverse) *args->inverse = torch_escape(r.inverse);
    if (result && args->counts) *args->counts = torch_escape(r.counts);
    torch_scope_pop(scope);
    return result;
}

Tensor *torch_unique_args(const torch_UniqueArgs *args)
{
    return unique(args->dim == TORCH_NONE ? &cer_op_unique2 : &cer_op_unique_dim, args, true);
}

Tensor *torch_unique_consecutive_args(const torch_UniqueArgs *args)
{
    return unique(&cer_op_unique_consecutive, args, false);
}
