/* unique and unique_consecutive: neighbours are compared, after sorting or as they are; what begins a run is taken. Whole
 * numbers of a small range are not sorted, but counted. */
#include <string.h>

#include "ops/gather.h"
#include "ops/moves.h"
#include "ops/search.h"
#include "ops/sort.h"

/* ---- taking the first of each run: the op, which has a node only to say that it has no gradient ------------------
 * Along a dimension its operands are x and the first slice of each run. Flattened they are x, the elements in order, and
 * a mask that tells where a run begins, or none where each element is a run. */

typedef struct UniqueAttrs {
    int64_t dim;  /* -1: of the flattened tensor */
    int64_t runs; /* then: how many */
} UniqueAttrs;

/* Slices lie in memory one after the other, whichever dimension they are taken along: dim and the first one are swapped. */
static bool unique_shape(cer_Call *c)
{
    const UniqueAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *first = c->in[1].as.t;
    cer_Form *f = &c->form[0];
    if (a->dim < 0) return cer_form(f, x->dtype, 1, &a->runs), true;
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
    const Tensor *x = c->in[0].as.t, *taken = c->in[1].as.t, *begins = cer_tensor(c->in[2]);
    if (a->dim < 0 && begins) {
        cer_kernels()->compress[x->dtype](taken->numel, c->out[0]->data, taken->data, begins->data, a->runs);
    } else if (a->dim < 0) {
        cer_copy_elements(c->out[0], taken, taken->stride);
    } else {
        torch_Scalar out = torch_scalar_tensor(c->out[0]);
        cer_Moves m;
        cer_moves_slices(&m, x, a->dim, taken, &out);
        cer_pick(&m);
    }
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
    const torch_UniqueArgs *wanted;
    int64_t n;
    Tensor *order;            /* which slice stands where; NULL: as they are */
    Tensor *elements;         /* flattened: in this order */
    Tensor *begins;           /* bool [slices]: where a run begins; NULL: everywhere */
    Tensor *first;            /* along a dimension: the first slice of each run */
    Tensor *inverse, *counts; /* of each slice its run; of each run its length */
} Runs;

/* differ: of n - 1 neighbours in order, [n - 1, width]; any of the width counts. NULL where there is one slice at most. */
static bool find_beginnings(Runs *r, const Tensor *differ, int64_t n)
{
    r->begins = cer_empty(torch_bool, 1, &n);
    if (!r->begins) return false;
    char *begins = r->begins->data;
    int64_t width = differ ? differ->numel / (n - 1) : 1;
    if (n > 0) begins[0] = true;
    if (n > 1 && width == 1) memcpy(begins + 1, differ->data, (size_t)(n - 1));
    for (int64_t i = 1; i < n && width != 1; i++)
        begins[i] = cer_kernels()->mask_count(width, differ->data + (i - 1) * width) != 0;
    r->n = cer_kernels()->mask_count(n, begins);
    return true;
}

/* What else is wanted: the runs' first slices, which are the first of all that are equal, for sorting is stable. */
static bool describe(Runs *r, bool slices)
{
    const int64_t *at = r->order ? (const int64_t *)(const void *)r->order->data : NULL;
    int64_t n = r->begins->numel, run = -1;
    if (slices || r->wanted->counts) {
        r->first = cer_empty(torch_int64, 1, &r->n);
        if (!r->first) return false;
        cer_kernels()->mask_positions(n, r->begins->data, (int64_t *)(void *)r->first->data, r->n);
    }
    if (r->wanted->counts) {
        r->counts = cer_empty(torch_int64, 1, &r->n);
        if (!r->counts) return false;
        const int64_t *first = (const int64_t *)(const void *)r->first->data;
        int64_t *counts = (int64_t *)(void *)r->counts->data;
        for (int64_t k = 0; k < r->n; k++) counts[k] = (k + 1 < r->n ? first[k + 1] : n) - first[k];
    }
    if (slices && at) {
        int64_t *first = (int64_t *)(void *)r->first->data;
        for (int64_t k = 0; k < r->n; k++) first[k] = at[first[k]];
    }
    if (!r->wanted->inverse) return true;
    r->inverse = cer_empty(torch_int64, 1, &n);
    if (!r->inverse) return false;
    int64_t *inverse = (int64_t *)(void *)r->inverse->data;
    for (int64_t i = 0; i < n; i++) {
        run += r->begins->data[i] != 0;
        inverse[at ? at[i] : i] = run;
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
    Tensor *rows;
    if (dim < 0) {
        rows = torch_contiguous(torch_reshape(x, -1));
        if (rows && sorted) rows = torch_sort(rows, 0, .indices = &r->order);
        r->elements = rows;
    } else {
        rows = torch_contiguous(torch_transpose(x, 0, dim));
        if (rows && sorted && rows->shape[0] > 0) {
            r->order = order_of_rows(rows);
            rows = torch_index_select(rows, 0, r->order);
        }
    }
    Tensor *differ = rows && rows->shape[0] > 1 ? torch_contiguous(differing(rows)) : NULL;
    return !cer_error_pending() && find_beginnings(r, differ, rows->shape[0]) && describe(r, dim >= 0);
}

/* ---- runs of whole numbers of a small range, which are counted --------------------------------------------------- */

static bool few_values(const Tensor *x, int64_t *low, int64_t *high)
{
    *low = INT64_MAX, *high = INT64_MIN;
    cer_kernels()->index_range(x->numel, x->data, sizeof(int64_t), low, high);
    return x->numel > 0 && (uint64_t)*high - (uint64_t)*low < (uint64_t)x->numel;
}

/* count, of `range` values from low on, becomes the number of each value's run; the values and counts of the runs. */
static bool number_runs(Runs *r, int64_t *count, int64_t low, int64_t range)
{
    r->n = 0;
    for (int64_t v = 0; v < range; v++) r->n += count[v] != 0;
    r->elements = cer_empty(torch_int64, 1, &r->n);
    r->counts = cer_empty(torch_int64, 1, &r->n);
    if (!r->elements || !r->counts) return false;
    int64_t *value = (int64_t *)(void *)r->elements->data, *counts = (int64_t *)(void *)r->counts->data;
    for (int64_t v = 0, run = 0; v < range; v++) {
        if (count[v] == 0) continue;
        value[run] = low + v;
        counts[run] = count[v];
        count[v] = run++;
    }
    return true;
}

/* False with no error: they cannot be counted. */
static bool count_values(Tensor *x, Runs *r)
{
    int64_t low, high, range;
    torch_dtype type = torch_dtype_of(x);
    if (torch_dtype_is_floating_point(type)) return false;
    x = torch_contiguous(cer_as_long(x));
    if (!x || !few_values(x, &low, &high)) return false;
    range = high - low + 1;
    Tensor *counter = cer_zeros(torch_int64, 1, &range);
    if (!counter) return false;
    int64_t *count = (int64_t *)(void *)counter->data;
    cer_kernels()->index_count(x->numel, x->data, sizeof(int64_t), low, count);
    if (!number_runs(r, count, low, range) || !(r->elements = cer_to(r->elements, type))) return false;
    if (!r->wanted->inverse) return true;
    r->inverse = cer_empty(torch_int64, 1, &x->numel);
    if (!r->inverse) return false;
    const int64_t *value = (const int64_t *)(const void *)x->data;
    for (int64_t i = 0; i < x->numel; i++) ((int64_t *)(void *)r->inverse->data)[i] = count[value[i] - low];
    return true;
}

static bool find_runs(Tensor *x, int64_t dim, bool sorted, Runs *r)
{
    if (dim < 0 && sorted && count_values(x, r)) return true;
    return !cer_error_pending() && compare(x, dim, sorted, r);
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
    Runs r = {.wanted = args};
    UniqueAttrs a = {.dim = args->dim};
    Tensor *x = args->self;
    if (args->inverse) *args->inverse = NULL;
    if (args->counts) *args->counts = NULL;
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !checks(op, x, &a.dim)) return NULL;
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false);
    bool fine = find_runs(torch_detach(x), a.dim, sorted, &r);
    if (fine && a.dim < 0 && r.inverse) r.inverse = torch_reshape_n(r.inverse, x->ndim, x->shape);
    torch_set_grad_enabled(before);
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(a.dim < 0 ? r.elements : r.first),
                          a.dim < 0 && r.begins ? torch_scalar_tensor(r.begins) : torch_scalar_none()};
    a.runs = r.n;
    Tensor *result = fine ? torch_escape(cer_call(op, in, 3, &a)) : NULL;
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
