/* einsum: operands are brought to one order of dimensions, [output | contracted], and contracted from left to right; two at a time
 * are a batched product: dimensions of both in the output are its batch, those of one its rows or columns.
 *
 *     bij,bjk->bik    a (b, i, 1, j), b (b, 1, k, j); j is summed; batch b, rows i, columns k
 */
#include <string.h>

#include "ops/einsum.h"

static char letter(int64_t i)
{
    return (char)(i < 26 ? 'A' + i : 'a' + i - 26);
}

/* ---- bringing operands into the common order --------------------------------------------------------------------- */

/* x without dimension `other`, dimension `dim` running along both: dim < other. */
static Tensor *diagonal(Tensor *x, int64_t dim, int64_t other)
{
    int64_t order[TORCH_MAX_DIM], k = 0, last = x->ndim - 2;
    Tensor *d = torch_diagonal(x, 0, dim, other); /* the diagonal is the last dimension */
    for (int64_t i = 0; i <= last; i++) order[i] = i == dim ? last : k++;
    return d ? torch_permute_n(d, last + 1, order) : NULL;
}

static bool see_size(const Tensor *x, int64_t dim, int64_t *seen, int64_t *holders)
{
    int64_t size = x->shape[dim];
    if (size == 1) return true;
    if (*seen != 1 && *seen != size) return false;
    *seen = size;
    ++*holders;
    return true;
}

static bool see_ellipsis(cer_Equation *e, const Tensor *x, int64_t i, int64_t covered, int64_t *dim, int64_t *order)
{
    for (int64_t j = e->n_ellipsis - covered; j < e->n_ellipsis; j++) {
        if (!see_size(x, *dim, &e->ellipsis_size[j], &e->holders[e->ellipsis + j]))
            return einsum_refuse(
                "einsum(): dimension %lld covered by ellipsis in operand %lldhas size %lld which does not broadcast "
                "with previously seen ellipsis with size %lld for the respective dimension",
                (long long)*dim, (long long)i, (long long)x->shape[*dim], (long long)e->ellipsis_size[j]);
        order[e->ellipsis + j] = (*dim)++;
    }
    return true;
}

static Tensor *arranged(cer_Equation *e, Tensor *x, int64_t i)
{
    int64_t order[TORCH_MAX_DIM], dim = 0, covered = x->ndim - (e->n_labels[i] - 1);
    for (int64_t d = 0; d < e->n_all; d++) order[d] = -1;
    for (int k = 0; k < e->n_labels[i]; k++) {
        int s = e->label[i][k];
        if (s == EINSUM_ELLIPSIS) {
            if (!see_ellipsis(e, x, i, covered, &dim, order)) return NULL;
            continue;
        }
        int64_t *at = &order[e->place[s]];
        if (*at >= 0) {
            if (x->shape[dim] != x->shape[*at])
                return einsum_refuse(
                           "einsum(): subscript %c is repeated for operand %lld but the sizes don't match, %lld != "
                           "%lld",
                           letter(s), (long long)i, (long long)x->shape[dim], (long long)x->shape[*at]),
                       NULL;
            if (!(x = diagonal(x, *at, dim))) return NULL;
            continue;
        }
        if (!see_size(x, dim, &e->size[s], &e->holders[e->place[s]]))
            return einsum_refuse(
                       "einsum(): subscript %c has size %lld for operand %lld which does not broadcast with previously "
                       "seen size %lld",
                       letter(s), (long long)x->shape[dim], (long long)i, (long long)e->size[s]),
                   NULL;
        *at = dim++;
    }
    for (int64_t d = 0; d < e->n_all; d++)
        if (order[d] < 0) {
            if (!(x = torch_unsqueeze(x, dim))) return NULL;
            order[d] = dim++;
        }
    return torch_permute_n(x, e->n_all, order);
}

/* ---- two operands ------------------------------------------------------------------------------------------------ */

typedef struct Dims {
    int64_t n, dim[TORCH_MAX_DIM], size; /* size: the product of theirs */
} Dims;

static void take(Dims *d, int64_t dim, int64_t size)
{
    d->dim[d->n++] = dim;
    d->size *= size;
}

static int64_t append(int64_t *to, int64_t n, const Dims *d)
{
    memcpy(to + n, d->dim, sizeof(int64_t) * (size_t)d->n);
    return n + d->n;
}

/* The sum over the dimensions of `summed`, which stay with size 1. */
static Tensor *pair(Tensor *a, Tensor *b, uint32_t summed)
{
    Dims both = {.size = 1}, left = both, right = both, sum = both;
    int64_t order[TORCH_MAX_DIM], back[TORCH_MAX_DIM], size[TORCH_MAX_DIM], n = a->ndim, k;
    if (!summed) return torch_mul(a, b);
    for (int64_t d = 0; d < n; d++) {
        if (summed >> d & 1)
            take(&sum, d, a->shape[d]);
        else if (a->shape[d] != 1 && b->shape[d] != 1)
            take(&both, d, a->shape[d]);
        else if (a->shape[d] != 1)
            take(&left, d, a->shape[d]);
        else
            take(&right, d, b->shape[d]);
    }
    k = append(order, append(order, append(order, 0, &both), &left), &sum);
    append(order, k, &right);
    for (int64_t d = 0; d < n; d++) { /* the product's dimensions: both, left, summed, right */
        back[order[d]] = d;
        size[d] = summed >> order[d] & 1 ? 1 : d < k ? a->shape[order[d]] : b->shape[order[d]];
    }
    Tensor *x = torch_reshape(torch_permute_n(a, n, order), both.size, left.size, sum.size);
    append(order, append(order, append(order, append(order, 0, &both), &sum), &right), &left);
    Tensor *y = torch_reshape(torch_permute_n(b, n, order), both.size, sum.size, right.size);
    return torch_permute_n(torch_view_n(torch_bmm(x, y), n, size), n, back);
}

/* Dimensions that only a or only b still has are summed before, others with the product. */
static Tensor *contract(cer_Equation *e, Tensor *a, Tensor *b)
{
    int64_t only_a[TORCH_MAX_DIM], only_b[TORCH_MAX_DIM], n_a = 0, n_b = 0;
    uint32_t summed = 0;
    for (int64_t d = e->n_out; d < e->n_all; d++) {
        if (a->shape[d] != 1 && b->shape[d] != 1) {
            if (--e->holders[d] > 1) continue;
            summed |= 1u << d;
        } else if (e->holders[d] != 1 || (a->shape[d] == 1 && b->shape[d] == 1))
            continue;
        else if (a->shape[d] != 1)
            only_a[n_a++] = d;
        else
            only_b[n_b++] = d;
        e->holders[d] = 0;
    }
    if (n_a) a = torch_sum(a, .dims = only_a, .n_dims = n_a, .keepdim = true);
    if (n_b) b = torch_sum(b, .dims = only_b, .n_dims = n_b, .keepdim = true);
    return a && b ? pair(a, b, summed) : NULL;
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

Tensor *torch_einsum_n(const char *equation, Tensor *const *operands, int64_t n)
{
    cer_Equation e = {.n = n};
    Tensor *x[EINSUM_OPERANDS];
    if (cer_error_pending()) return NULL;
    if (n < 1 || !operands) return einsum_refuse("einsum(): must provide at least one operand"), NULL;
    if (n > EINSUM_OPERANDS) return einsum_refuse("einsum(): at most %d operands", EINSUM_OPERANDS), NULL;
    if (!equation) return cer_raise(TORCH_TYPE_ERROR, "einsum", "einsum(): the equation is NULL"), NULL;
    for (int64_t i = 0; i < n; i++)
        if (!cer_usable(operands[i], "einsum", (int)i + 1)) return NULL;
    if (!cer_einsum_read(&e, equation, operands)) return NULL;
    for (int64_t i = 0; i < n; i++)
        if (!(x[i] = arranged(&e, operands[i], i))) return NULL;
    Tensor *result = x[0];
    for (int64_t i = 1; i < n && result; i++) result = contract(&e, result, x[i]);
    if (!result || e.n_all == e.n_out) return result;
    if (n > 1) return torch_view_n(result, e.n_out, result->shape); /* all that was contracted has size 1 now */
    int64_t dims[TORCH_MAX_DIM];
    for (int64_t d = e.n_out; d < e.n_all; d++) dims[d - e.n_out] = d;
    return torch_sum(result, .dims = dims, .n_dims = e.n_all - e.n_out);
}
