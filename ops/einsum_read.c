/* einsum: its equation is read. */
#include <string.h>

#include "ops/einsum.h"

static int letter_index(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c - 'a' + 26;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool read_inputs(cer_Equation *e, const char *text, int64_t length)
{
    int64_t at = 0;
    bool ellipsis = false;
    for (int64_t i = 0; i < length; i++) {
        if (text[i] == ' ') continue;
        if (text[i] == ',') {
            if (++at >= e->n)
                return einsum_refuse("einsum(): fewer operands were provided than specified in the equation");
            ellipsis = false;
            continue;
        }
        if (text[i] == '.') {
            if (ellipsis)
                return einsum_refuse("einsum(): found '.' for operand %lld for which an ellipsis was already found",
                                     (long long)at);
            if (i + 2 >= length || text[i + 1] != '.' || text[i + 2] != '.')
                return einsum_refuse("einsum(): found '.' for operand %lld that is not part of any ellipsis",
                                     (long long)at);
            i += 2;
            ellipsis = true;
        } else if (!is_letter(text[i]))
            return einsum_refuse(
                "einsum(): invalid subscript given at index %lld in the equation string, subscripts must be in "
                "[a-zA-Z]",
                (long long)i);
        if (e->n_labels[at] == EINSUM_SUBSCRIPTS)
            return einsum_refuse("einsum(): more subscripts for operand %lld than a tensor has dimensions",
                                 (long long)at);
        e->label[at][e->n_labels[at]++] = text[i] == '.' ? EINSUM_ELLIPSIS : (uint8_t)letter_index(text[i]);
    }
    return at == e->n - 1 || einsum_refuse("einsum(): more operands were provided than specified in the equation");
}

static bool count_labels(cer_Equation *e, Tensor *const *operands)
{
    for (int64_t i = 0; i < e->n; i++) {
        int64_t ndim = operands[i]->ndim, n = e->n_labels[i];
        bool ellipsis = false;
        for (int k = 0; k < e->n_labels[i]; k++) {
            if (e->label[i][k] != EINSUM_ELLIPSIS) {
                e->count[e->label[i][k]]++;
                continue;
            }
            ellipsis = true;
            if (ndim - --n > e->n_ellipsis) e->n_ellipsis = ndim - n;
        }
        if (ellipsis ? n > ndim : n != ndim)
            return einsum_refuse(
                "einsum(): the number of subscripts in the equation (%lld%s%lld) for operand %lld%s", (long long)n,
                ellipsis ? ") is more than the number of dimensions (" : ") does not match the number of dimensions (",
                (long long)ndim, (long long)i, ellipsis ? "" : " and no ellipsis was given");
    }
    return true;
}

/* "...ik"; text begins at `from` of the equation. */
static bool read_output(cer_Equation *e, const char *text, int64_t from, int64_t *next, bool *ellipsis)
{
    for (int64_t i = 0; text[i]; i++) {
        if (text[i] == ' ') continue;
        if (text[i] == '.') {
            if (*ellipsis)
                return einsum_refuse("einsum(): found '.' for output but an ellipsis (...) was already found");
            if (text[i + 1] != '.' || text[i + 2] != '.')
                return einsum_refuse("einsum(): found '.' for output that is not part of any ellipsis (...)");
            i += 2;
            e->ellipsis = *next;
            *next += e->n_ellipsis;
            *ellipsis = true;
            continue;
        }
        if (!is_letter(text[i]))
            return einsum_refuse(
                "einsum(): invalid subscript given at index %lld in the equation string, subscripts must be in "
                "[a-zA-Z]",
                (long long)(from + i));
        int k = letter_index(text[i]);
        if (e->count[k] == 0 || e->place[k] >= 0)
            return einsum_refuse("einsum(): output subscript %c %s", text[i],
                                 e->place[k] >= 0 ? "appears more than once in the output"
                                                  : "does not appear in the equation for any input operand");
        e->place[k] = (*next)++;
    }
    return true;
}

/* Where each subscript stands in the common order. */
static bool place_labels(cer_Equation *e, const char *equation)
{
    const char *arrow = strstr(equation, "->");
    int64_t next = 0;
    bool ellipsis = false;
    for (int k = 0; k < EINSUM_LETTERS; k++) e->place[k] = -1, e->size[k] = 1;
    if (!arrow) { /* all that occur once, in alphabetic order behind "..." */
        next = e->n_ellipsis;
        ellipsis = true;
        for (int k = 0; k < EINSUM_LETTERS; k++)
            if (e->count[k] == 1) e->place[k] = next++;
    } else if (!read_output(e, arrow + 2, arrow + 2 - equation, &next, &ellipsis))
        return false;
    e->n_out = next;
    if (!ellipsis) e->ellipsis = next, next += e->n_ellipsis;
    for (int k = 0; k < EINSUM_LETTERS; k++)
        if (e->count[k] > 0 && e->place[k] < 0) e->place[k] = next++;
    e->n_all = next;
    for (int k = 0; k < TORCH_MAX_DIM; k++) e->ellipsis_size[k] = 1;
    return next <= TORCH_MAX_DIM ||
           einsum_refuse("einsum(): %lld different subscripts, but tensors have at most %d dimensions", (long long)next,
                         TORCH_MAX_DIM);
}

bool cer_einsum_read(cer_Equation *e, const char *equation, Tensor *const *operands)
{
    const char *arrow = strstr(equation, "->");
    return read_inputs(e, equation, arrow ? arrow - equation : (int64_t)strlen(equation)) &&
           count_labels(e, operands) && place_labels(e, equation);
}
