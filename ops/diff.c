/* diff and trapezoid: composed of slices and sums, as in PyTorch. */
#include "core/impl.h"
#include "ops/ops_internal.h"

torch_DiffArgs torch_DiffArgs_defaults(void)
{
    return (torch_DiffArgs){.struct_size = sizeof(torch_DiffArgs), .n = 1, .dim = -1};
}

static Tensor *joined(const torch_DiffArgs *a, int64_t dim)
{
    Tensor *parts[3];
    int64_t n = 0;
    if (a->prepend) parts[n++] = a->prepend;
    parts[n++] = a->self;
    if (a->append) parts[n++] = a->append;
    return n == 1 ? a->self : torch_cat_n(parts, n, dim);
}

static Tensor *without_last(Tensor *x, int64_t dim)
{
    return x && x->ndim ? torch_slice(x, dim, 0, -1, 1) : NULL;
}

static Tensor *without_first(Tensor *x, int64_t dim)
{
    return x && x->ndim ? torch_slice(x, dim, 1, TORCH_NONE, 1) : NULL;
}

Tensor *torch_diff_args(const torch_DiffArgs *a)
{
    int64_t dim;
    if (cer_error_pending() || !cer_usable(a->self, "diff", 1)) return NULL;
    if (a->self->ndim < 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "diff", "diff expects input to be at least one-dimensional"), NULL;
    if (!cer_wrap_dim("diff", a->dim, a->self->ndim, &dim)) return NULL;
    if (a->n == 0) return torch_copy_(torch_zeros_like(a->self), a->self); /* whatever is prepended, as in PyTorch */
    Tensor *x = joined(a, dim);
    if (!x) return NULL;
    int64_t n =
        a->n < x->shape[dim] ? a->n : x->shape[dim]; /* of a negative order nothing is left to do, as in PyTorch */
    for (int64_t i = 0; i < n && x; i++) {
        Tensor *later = without_first(x, dim), *earlier = without_last(x, dim);
        x = x->dtype == torch_bool ? torch_ne(later, earlier) : torch_sub(later, earlier);
    }
    return x;
}

torch_TrapezoidArgs torch_TrapezoidArgs_defaults(void)
{
    return (torch_TrapezoidArgs){.struct_size = sizeof(torch_TrapezoidArgs), .dx = 1, .dim = -1};
}

/* Trapezoids: the sums of neighbours of y; times dx / 2, or each times its own distance. */
static Tensor *trapezoids(const torch_TrapezoidArgs *a, int64_t dim)
{
    Tensor *sums = torch_add(without_first(a->y, dim), without_last(a->y, dim));
    if (!a->x) return sums;
    Tensor *x = a->x;
    if (x->ndim == 1 && a->y->ndim != 1) { /* along dim of y */
        int64_t size[TORCH_MAX_DIM];
        for (int d = 0; d < a->y->ndim; d++) size[d] = d == dim ? x->shape[0] : 1;
        x = torch_view_n(x, a->y->ndim, size);
    } else {
        while (x && x->ndim < a->y->ndim) x = torch_unsqueeze(x, 0);
    }
    return torch_mul(torch_sub(without_first(x, dim), without_last(x, dim)), sums);
}

static bool check_trapezoid(const char *name, const torch_TrapezoidArgs *a, int64_t *dim)
{
    if (cer_error_pending() || !cer_usable(a->y, name, 1)) return false;
    if (a->y->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, name, "Dimension specified as %lld but tensor has no dimensions",
                         (long long)a->dim);
    if (!cer_wrap_dim(name, a->dim, a->y->ndim, dim)) return false;
    if (a->x && (a->x->dtype == torch_bool || a->y->dtype == torch_bool))
        return cer_raise(TORCH_RUNTIME_ERROR, name,
                         "%s: received a bool input for `x` or `y`, but bool is not supported", name);
    if (a->y->dtype == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, name, "%s: received a bool input for `y`, but bool is not supported",
                         name);
    if (a->x && a->x->ndim == 1 && a->x->shape[0] != a->y->shape[*dim])
        return cer_raise(TORCH_RUNTIME_ERROR, name, "%s: There must be one `x` value for each sample point", name);
    return true;
}

Tensor *torch_trapezoid_args(const torch_TrapezoidArgs *a)
{
    int64_t dim;
    if (!check_trapezoid("trapezoid", a, &dim)) return NULL;
    if (a->y->shape[dim] == 0) { /* of no points */
        torch_Size size = torch_shape(a->y);
        for (int64_t d = dim; d + 1 < size.ndim; d++) size.dim[d] = size.dim[d + 1];
        return cer_zeros(a->y->dtype, size.ndim - 1, size.dim);
    }
    if (a->x) return torch_div(torch_sum(trapezoids(a, dim), dim), 2.0);
    /* all points count whole, but for half of the first and the last */
    Tensor *ends = torch_add(torch_select(a->y, dim, 0), torch_select(a->y, dim, -1));
    return torch_mul(torch_sub(torch_sum(a->y, dim), torch_mul(ends, 0.5)), a->dx);
}

Tensor *torch_cumulative_trapezoid_args(const torch_TrapezoidArgs *a)
{
    int64_t dim;
    if (!check_trapezoid("cumulative_trapezoid", a, &dim)) return NULL;
    Tensor *parts = trapezoids(a, dim);
    return torch_cumsum(a->x ? torch_div(parts, 2.0) : torch_mul(parts, a->dx / 2.0), dim);
}
