/* Several tensors brought to one shape: broadcast_tensors, meshgrid, cartesian_prod, combinations. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

static bool all_usable(const char *op, Tensor *const *tensors, int64_t n)
{
    if (cer_error_pending()) return false;
    if (n < 0 || (n && !tensors)) return cer_raise(TORCH_VALUE_ERROR, op, "%s: %lld tensors", op, (long long)n);
    for (int64_t i = 0; i < n; i++)
        if (!cer_usable(tensors[i], op, (int)i + 1)) return false;
    return true;
}

/* ---- broadcasting ------------------------------------------------------------------------------------------------ */

static Tensor *expanded(Tensor *t, int64_t ndim, const int64_t *shape) /* itself where it has that shape */
{
    bool same = t->ndim == ndim && cer_same_sizes(ndim, t->shape, shape);
    return same ? t : torch_expand_n(t, ndim, shape);
}

torch_TensorList torch_broadcast_tensors_n(Tensor *const *tensors, int64_t n)
{
    static const char op[] = "broadcast_tensors";
    int64_t shape[TORCH_MAX_DIM], ndim = 0;
    if (!all_usable(op, tensors, n)) return cer_no_list();
    for (int64_t i = 0; i < n; i++)
        if (!cer_broadcast(op, &ndim, shape, tensors[i]->ndim, tensors[i]->shape)) return cer_no_list();
    Tensor **out = cer_list_room(op, n);
    for (int64_t i = 0; out && i < n; i++)
        if (!(out[i] = expanded(tensors[i], ndim, shape))) return cer_no_list();
    return out ? (torch_TensorList){out, n} : cer_no_list();
}

torch_Size torch_broadcast_shapes_n(const torch_Size *shapes, int64_t n)
{
    static const char op[] = "broadcast_shapes";
    torch_Size all = {.ndim = 0}, none = {.ndim = -1};
    if (cer_error_pending()) return none;
    if (n < 0 || (n && !shapes))
        return cer_raise(TORCH_VALUE_ERROR, op, "broadcast_shapes: %lld shapes", (long long)n), none;
    for (int64_t i = 0; i < n; i++) {
        const torch_Size *s = &shapes[i];
        if (s->ndim < 0 || s->ndim > TORCH_MAX_DIM)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "broadcast_shapes: a tensor has at most %d dimensions here",
                             TORCH_MAX_DIM),
                   none;
        for (int64_t d = 0; d < s->ndim; d++)
            if (s->dim[d] < 0)
                return cer_raise(TORCH_RUNTIME_ERROR, op,
                                 "Trying to create tensor with negative dimension (%lld): (%lld)", (long long)s->dim[d],
                                 (long long)s->dim[d]),
                       none;
        int64_t ndim = all.ndim > s->ndim ? all.ndim : s->ndim;
        for (int64_t d = 1; d <= ndim; d++) { /* from the last dimension */
            int64_t a = d <= all.ndim ? all.dim[all.ndim - d] : 1, b = d <= s->ndim ? s->dim[s->ndim - d] : 1;
            if (a != b && a != 1 && b != 1)
                return cer_raise(TORCH_RUNTIME_ERROR, op,
                                 "Shape mismatch: objects cannot be broadcast to a single shape"),
                       none;
        }
        cer_broadcast(op, &all.ndim, all.dim, s->ndim, s->dim);
    }
    return all;
}

/* ---- meshgrid ---------------------------------------------------------------------------------------------------- */

static bool can_mesh(Tensor *const *tensors, int64_t n)
{
    static const char op[] = "meshgrid";
    if (!all_usable(op, tensors, n)) return false;
    if (n == 0) return cer_raise(TORCH_RUNTIME_ERROR, op, "meshgrid expects a non-empty TensorList");
    for (int64_t i = 1; i < n; i++)
        if (tensors[i]->dtype != tensors[0]->dtype)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "meshgrid expects all tensors to have the same dtype");
    return true;
}

/* Tensor i lies along dimension i; with turned the first two are exchanged. */
static int64_t axis(int64_t i, bool turned)
{
    return turned && i < 2 ? 1 - i : i;
}

static bool along_lines(Tensor *const *tensors, int64_t n, bool turned, int64_t *shape)
{
    static const char op[] = "meshgrid";
    if (n > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "meshgrid: a tensor has at most %d dimensions here", TORCH_MAX_DIM);
    for (int64_t i = 0; i < n; i++) {
        char text[128];
        const Tensor *t = tensors[i];
        if (t->ndim > 1)
            return cer_raise(
                TORCH_RUNTIME_ERROR, op,
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: a tensor of shape %s",
                cer_shape_text(t->ndim, t->shape, text, sizeof text));
        shape[axis(i, turned)] = t->ndim ? t->shape[0] : 1;
    }
    return true;
}

torch_TensorList torch_meshgrid_n(Tensor *const *tensors, int64_t n, const char *indexing)
{
    static const char op[] = "meshgrid";
    int64_t shape[TORCH_MAX_DIM];
    if (!can_mesh(tensors, n)) return cer_no_list();
    if (!indexing)
        torch_warn("UserWarning", "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
                                  "argument.");
    if (indexing && strcmp(indexing, "ij") != 0 && strcmp(indexing, "xy") != 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: %.64s", indexing),
               cer_no_list();
    bool turned = indexing && indexing[0] == 'x' && n >= 2;
    if (!along_lines(tensors, n, turned, shape)) return cer_no_list();
    Tensor **out = cer_list_room(op, n);
    for (int64_t i = 0; out && i < n; i++) {
        int64_t line[TORCH_MAX_DIM];
        for (int64_t d = 0; d < n; d++) line[d] = d == axis(i, turned) ? shape[d] : 1;
        out[i] = torch_expand_n(torch_view_n(tensors[i], n, line), n, shape);
        if (!out[i]) return cer_no_list();
    }
    return out ? (torch_TensorList){out, n} : cer_no_list();
}

/* ---- products ---------------------------------------------------------------------------------------------------- */

static bool is_vector(const char *op, const Tensor *x)
{
    char text[128];
    return x->ndim == 1 || cer_raise(TORCH_RUNTIME_ERROR, op, "Expect a 1D vector, but got shape %s",
                                     cer_shape_text(x->ndim, x->shape, text, sizeof text));
}

Tensor *torch_cartesian_prod_n(Tensor *const *tensors, int64_t n)
{
    static const char op[] = "cartesian_prod";
    if (!all_usable(op, tensors, n)) return NULL;
    for (int64_t i = 0; i < n; i++)
        if (!is_vector(op, tensors[i])) return NULL;
    if (n == 1) return tensors[0];
    torch_TensorList grid = torch_meshgrid_n(tensors, n, "ij");
    Tensor **flat = grid.length < 0 ? NULL : cer_list_room(op, n);
    for (int64_t i = 0; flat && i < n; i++)
        if (!(flat[i] = torch_flatten(grid.tensor[i]))) return NULL;
    return flat ? torch_stack_n(flat, n, 1) : NULL;
}

/* r of n, in any order that ascends; with replacement: of n + r - 1. INT64_MAX where that is too much to count. */
static int64_t how_many(int64_t n, int64_t r, bool with_replacement)
{
    int64_t count = 1, all, few = with_replacement ? n - 1 : n - r; /* all over few, which is all over (all - few) */
    if (n == 0 || few < 0) return 0;
    if (__builtin_add_overflow(with_replacement ? n - 1 : n - r, r, &all)) return INT64_MAX;
    if (r < few) few = r;
    for (int64_t i = 1; i <= few; i++) { /* product of (all - few + i) / i */
        int64_t product;
        if (__builtin_mul_overflow(count, all - few + i, &product)) return INT64_MAX;
        count = product / i;
    }
    return count;
}

/* Column k of `index` (r rows of count each) holds what combination k takes. */
static void combine(int64_t *index, int64_t count, int64_t n, int64_t r, bool with_replacement)
{
    for (int64_t i = 0; i < r; i++) index[i * count] = with_replacement ? 0 : i;
    for (int64_t k = 1; k < count; k++) {
        int64_t i = r - 1;
        while (i >= 0 && index[i * count + k - 1] == (with_replacement ? n - 1 : n - r + i)) i--;
        for (int64_t j = 0; j < i; j++) index[j * count + k] = index[j * count + k - 1];
        if (i < 0) return;
        index[i * count + k] = index[i * count + k - 1] + 1;
        for (int64_t j = i + 1; j < r; j++)
            index[j * count + k] = index[(j - 1) * count + k] + (with_replacement ? 0 : 1);
    }
}

Tensor *torch_combinations(Tensor *x, int64_t r, bool with_replacement)
{
    static const char op[] = "combinations";
    if (!all_usable(op, &x, 1) || !is_vector(op, x)) return NULL;
    if (r < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Expect a non-negative number, but got %lld", (long long)r), NULL;
    if (r == 0) return torch_empty_n(1, (const int64_t[]){0}, (torch_dtype)x->dtype);
    int64_t count = how_many(x->numel, r, with_replacement);
    Tensor *index = cer_empty(torch_int64, 2, (const int64_t[]){r, count});
    Tensor **column = index ? cer_list_room(op, r) : NULL;
    if (!column) return NULL;
    if (count) combine((int64_t *)(void *)index->data, count, x->numel, r, with_replacement);
    for (int64_t i = 0; i < r; i++)
        if (!(column[i] = torch_index_select(x, 0, torch_select(index, 0, i)))) return NULL;
    return torch_stack_n(column, r, 1);
}
