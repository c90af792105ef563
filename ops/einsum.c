/* einsum: operands are brought to one order of dimensions, [output | contracted], and contracted from left to right; two at a time
 * are a batched product: dimensions of both in the output are its batch, those of one its rows or columns.
 *
 *     bij,bjk->bik    a (b, i, 1, j), b (b, 1, k, j); j is summed; batch b, rows i, columns k
 */
#include <ctype.h>
#include <string.h>

#include "core/impl.h"
#include "ops/products.h"

enum { LETTERS = 52, ELLIPSIS = LETTERS, OPERANDS = 64, SUBSCRIPTS = TORCH_MAX_DIM + 1 };

typedef struct Equation {
    int64_t n; /* operands */
    uint8_t label[OPERANDS][SUBSCRIPTS], n_labels[OPERANDS];
    int64_t count[LETTERS];       /* how often each letter occurs */
    int64_t place[LETTERS];       /* its dimension in the common order, or -1 */
    int64_t n_ellipsis, ellipsis; /* how many dimensions "..." stands for at most, and where they begin */
    int64_t n_out, n_all;         /* dimensions of the output; and with those that are contracted */
    int64_t size[LETTERS], ellipsis_size[TORCH_MAX_DIM];
    int64_t holders[2 * TORCH_MAX_DIM + LETTERS]; /* operands left whose size in that dimension is not 1 */
} Equation;

#define refuse(...) cer_raise(TORCH_RUNTIME_ERROR, "einsum", __VA_ARGS__)

static int letter_index(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c - 'a' + 26;
}

static char letter(int64_t i)
{
    return (char)(i < 26 ? 'A' + i : 'a' + i - 26);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool read_inputs(Equation *e, const char *text, int64_t length)
{
    int64_t at = 0;
    bool ellipsis = false;
    for (int64_t i = 0; i < length; i++) {
        if (text[i] == ' ') continue;
        if (text[i] == ',') {
            if (++at >= e->n) return refuse("einsum(): fewer operands were provided than specified in the equation");
            ellipsis = false;
            continue;
        }
        if (text[i] == '.') {
            if (ellipsis)
                return refuse("einsum(): found '.' for operand %lld for which an ellipsis was already found",
                              (long long)at);
            if (i + 2 >= length || text[i + 1] != '.' || text[i + 2] != '.')
                return refuse("einsum(): found '.' for operand %lld that is not part of any ellipsis", (long long)at);
            i += 2;
            ellipsis = true;
        } else if (!is_letter(text[i]))
            return refuse(
                "einsum(): invalid subscript given at index %lld in the equation string, subscripts must be in "
                "[a-zA-Z]",
                (long long)i);
        if (e->n_labels[at] == SUBSCRIPTS)
            return refuse("einsum(): more subscripts for operand %lld than a tensor has dimensions", (long long)at);
        e->label[at][e->n_labels[at]++] = text[i] == '.' ? ELLIPSIS : (uint8_t)letter_index(text[i]);
    }
    return at == e->n - 1 || refuse("einsum(): more operands were provided than specified in the equation");
}

static bool count_labels(Equation *e, Tensor *const *operands)
{
    for (int64_t i = 0; i < e->n; i++) {
        int64_t ndim = operands[i]->ndim, n = e->n_labels[i];
        bool ellipsis = false;
        for (int k = 0; k < e->n_labels[i]; k++) {
            if (e->label[i][k] != ELLIPSIS) {
                e->count[e->label[i][k]]++;
                continue;
            }
            ellipsis = true;
            if (ndim - --n > e->n_ellipsis) e->n_ellipsis = ndim - n;
        }
        if (ellipsis ? n > ndim : n != ndim)
            return refuse(
                "einsum(): the number of subscripts in the equation (%lld%s%lld) for operand %lld%s", (long long)n,
                ellipsis ? ") is more than the number of dimensions (" : ") does not match the number of dimensions (",
                (long long)ndim, (long long)i, ellipsis ? "" : " and no ellipsis was given");
    }
    return true;
}

/* "...ik"; text begins at `from` of the equation. */
static bool read_output(Equation *e, const char *text, int64_t from, int64_t *next, bool *ellipsis)
{
    for (int64_t i = 0; text[i]; i++) {
        if (text[i] == ' ') continue;
        if (text[i] == '.') {
            if (*ellipsis) return refuse("einsum(): found '.' for output but an ellipsis (...) was already found");
            if (text[i + 1] != '.' || text[i + 2] != '.')
                return refuse("einsum(): found '.' for output that is not part of any ellipsis (...)");
            i += 2;
            e->ellipsis = *next;
            *next += e->n_ellipsis;
            *ellipsis = true;
            continue;
        }
        if (!is_letter(text[i]))
            return refuse(
                "einsum(): invalid subscript given at index %lld in the equation string, subscripts must be in "
                "[a-zA-Z]",
                (long long)(from + i));
        int k = letter_index(text[i]);
        if (e->count[k] == 0 || e->place[k] >= 0)
            return refuse("einsum(): output subscript %c %s", text[i],
                          e->place[k] >= 0 ? "appears more than once in the output"
                                           : "does not appear in the equation for any input operand");
        e->place[k] = (*next)++;
    }
    return true;
}

/* Where each subscript stands in the common order. */
static bool place_labels(Equation *e, const char *equation)
{
    const char *arrow = strstr(equation, "->");
    int64_t next = 0;
    bool ellipsis = false;
    for (int k = 0; k < LETTERS; k++) e->place[k] = -1, e->size[k] = 1;
    if (!arrow) { /* all that occur once, in alphabetic order behind "..." */
        next = e->n_ellipsis;
        ellipsis = true;
        for (int k = 0; k < LETTERS; k++)
            if (e->count[k] == 1) e->place[k] = next++;
    } else if (!read_output(e, arrow + 2, arrow + 2 - equation, &next, &ellipsis))
        return false;
    e->n_out = next;
    if (!ellipsis) e->ellipsis = next, next += e->n_ellipsis;
    for (int k = 0; k < LETTERS; k++)
        if (e->count[k] > 0 && e->place[k] < 0) e->place[k] = next++;
    e->n_all = next;
    for (int k = 0; k < TORCH_MAX_DIM; k++) e->ellipsis_size[k] = 1;
    return next <= TORCH_MAX_DIM ||
           refuse("einsum(): %lld different subscripts, but tensors have at most %d dimensions", (long long)next,
                  TORCH_MAX_DIM);
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

static bool see_ellipsis(Equation *e, const Tensor *x, int64_t i, int64_t covered, int64_t *dim, int64_t *order)
{
    for (int64_t j = e->n_ellipsis - covered; j < e->n_ellipsis; j++) {
        if (!see_size(x, *dim, &e->ellipsis_size[j], &e->holders[e->ellipsis + j]))
            return refuse(
                "einsum(): dimension %lld covered by ellipsis in operand %lldhas size %lld which does not broadcast "
                "with previously seen ellipsis with size %lld for the respective dimension",
                (long long)*dim, (long long)i, (long long)x->shape[*dim], (long long)e->ellipsis_size[j]);
        order[e->ellipsis + j] = (*dim)++;
    }
    return true;
}

static Tensor *arranged(Equation *e, Tensor *x, int64_t i)
{
    int64_t order[TORCH_MAX_DIM], dim = 0, covered = x->ndim - (e->n_labels[i] - 1);
    for (int64_t d = 0; d < e->n_all; d++) order[d] = -1;
    for (int k = 0; k < e->n_labels[i]; k++) {
        int s = e->label[i][k];
        if (s == ELLIPSIS) {
            if (!see_ellipsis(e, x, i, covered, &dim, order)) return NULL;
            continue;
        }
        int64_t *at = &order[e->place[s]];
        if (*at >= 0) {
            if (x->shape[dim] != x->shape[*at])
                return refuse("einsum(): subscript %c is repeated for operand %lld but the sizes don't match, %lld != "
                              "%lld",
                              letter(s), (long long)i, (long long)x->shape[dim], (long long)x->shape[*at]),
                       NULL;
            if (!(x = diagonal(x, *at, dim))) return NULL;
            continue;
        }
        if (!see_size(x, dim, &e->size[s], &e->holders[e->place[s]]))
            return refuse(
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
static Tensor *contract(Equation *e, Tensor *a, Tensor *b)
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
    Equation e = {.n = n};
    Tensor *x[OPERANDS];
    if (cer_error_pending()) return NULL;
    if (n < 1 || !operands) return refuse("einsum(): must provide at least one operand"), NULL;
    if (n > OPERANDS) return refuse("einsum(): at most %d operands", OPERANDS), NULL;
    if (!equation) return cer_raise(TORCH_TYPE_ERROR, "einsum", "einsum(): the equation is NULL"), NULL;
    for (int64_t i = 0; i < n; i++)
        if (!cer_usable(operands[i], "einsum", (int)i + 1)) return NULL;
    const char *arrow = strstr(equation, "->");
    if (!read_inputs(&e, equation, arrow ? arrow - equation : (int64_t)strlen(equation)) ||
        !count_labels(&e, operands) || !place_labels(&e, equation))
        return NULL;
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

/* ---- bilinear ---------------------------------------------------------------------------------------------------- */

static bool bilinear_fits(const Tensor *a, const Tensor *b, const Tensor *w, const Tensor *bias)
{
    const int64_t *sa = a->shape, *sb = b->shape;
#define refuse_bilinear(...) cer_raise(TORCH_RUNTIME_ERROR, "bilinear", __VA_ARGS__)
    if (a->ndim != b->ndim)
        return refuse_bilinear("bilinear(): input dimensions do not match: got %d and %d", a->ndim, b->ndim);
    for (int d = 0; d < a->ndim - 1; d++)
        if (sa[d] != sb[d])
            return refuse_bilinear("bilinear(): input batch dimensions do not match at dim %d: got %lld and %lld", d,
                                   (long long)sa[d], (long long)sb[d]);
    if (a->ndim == 0 || w->ndim != 3)
        return cer_raise(TORCH_INDEX_ERROR, "bilinear",
                         "bilinear(): weight must have three dimensions, inputs one at least");
    if (sa[a->ndim - 1] != w->shape[1])
        return refuse_bilinear("bilinear(): input1 size does not match weight size: got %lld but expected %lld",
                               (long long)sa[a->ndim - 1], (long long)w->shape[1]);
    if (sb[b->ndim - 1] != w->shape[2])
        return refuse_bilinear("bilinear(): input2 size does not match weight size: got %lld but expected %lld",
                               (long long)sb[b->ndim - 1], (long long)w->shape[2]);
    if (bias && (bias->ndim != 1 || bias->shape[0] != w->shape[0]))
        return refuse_bilinear("bilinear(): bias size does not match weight size: got %lld but expected %lld",
                               (long long)(bias->ndim ? bias->shape[0] : 1), (long long)w->shape[0]);
    return true;
}

Tensor *F_bilinear(Tensor *a, Tensor *b, Tensor *weight, Tensor *bias)
{
    if (cer_error_pending() || !cer_usable(a, "bilinear", 1) || !cer_usable(b, "bilinear", 2) ||
        !cer_usable(weight, "bilinear", 3) || (bias && !cer_usable(bias, "bilinear", 4)) ||
        !bilinear_fits(a, b, weight, bias))
        return NULL;
    int64_t size[TORCH_MAX_DIM], last = a->ndim - 1, rows = 1, out = weight->shape[0], in1 = weight->shape[1],
                                 in2 = weight->shape[2];
    memcpy(size, a->shape, sizeof(int64_t) * a->ndim);
    for (int64_t d = 0; d < last; d++) rows *= size[d];
    size[last] = out;
    Tensor *flat = torch_reshape(torch_permute(weight, 1, 0, 2), in1, out * in2); /* [i, (o, j)] */
    Tensor *half = torch_view(torch_mm(torch_reshape(a, rows, in1), flat), rows, out, in2);
    Tensor *product = torch_bmm(half, torch_reshape(b, rows, in2, 1)); /* [row, o, 1] */
    Tensor *result = torch_reshape_n(product, a->ndim, size);
    return bias ? torch_add(result, bias) : result;
}
