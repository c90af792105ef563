/* x[...]: Python's slice text, read without printf, and applied item by item as views. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef enum ItemKind { ITEM_INT, ITEM_SLICE, ITEM_NONE, ITEM_ELLIPSIS } ItemKind;
typedef struct Item {
    ItemKind kind;
    int64_t start, end, step; /* an integer is in start */
} Item;

enum { MAX_ITEMS = 2 * TORCH_MAX_DIM + 1 };

typedef struct Reader {
    const char *at, *text;
    va_list args;
} Reader;

static bool malformed(const Reader *r)
{
    return cer_raise(TORCH_VALUE_ERROR, "index", "invalid syntax in index '%.200s' at position %d", r->text,
                     (int)(r->at - r->text));
}

static void skip_space(Reader *r)
{
    while (*r->at == ' ' || *r->at == '\t') r->at++;
}

static bool is_next(Reader *r, const char *word) /* and steps over it */
{
    skip_space(r);
    size_t n = strlen(word);
    if (strncmp(r->at, word, n) != 0) return false;
    if (isalpha((unsigned char)word[0]) && (isalnum((unsigned char)r->at[n]) || r->at[n] == '_')) return false;
    r->at += n;
    return true;
}

/* %d, %i, %ld, %lld, %zd, %zu, %u...: an integer argument. */
static bool read_argument(Reader *r, int64_t *value)
{
    int longs = 0;
    bool size = false;
    r->at++;
    for (;; r->at++) {
        if (*r->at == 'l')
            longs++;
        else if (*r->at == 'z' || *r->at == 't' || *r->at == 'j')
            size = true;
        else
            break;
    }
    bool is_unsigned = *r->at == 'u';
    if (*r->at != 'd' && *r->at != 'i' && !is_unsigned) return malformed(r);
    r->at++;
    if (size)
        *value = (int64_t)va_arg(r->args, size_t);
    else if (longs == 1)
        *value = va_arg(r->args, long);
    else if (longs > 1)
        *value = va_arg(r->args, long long);
    else if (is_unsigned)
        *value = va_arg(r->args, unsigned);
    else
        *value = va_arg(r->args, int);
    return true;
}

static bool read_int(Reader *r, int64_t *value)
{
    skip_space(r);
    bool negative = false;
    while (*r->at == '-' || *r->at == '+') {
        negative ^= *r->at++ == '-';
        skip_space(r);
    }
    if (*r->at == '%') {
        if (!read_argument(r, value)) return false;
    } else {
        if (!isdigit((unsigned char)*r->at)) return malformed(r);
        int64_t v = 0;
        for (; isdigit((unsigned char)*r->at); r->at++)
            if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *r->at - '0', &v)) return malformed(r);
        *value = v;
    }
    if (negative && *value == INT64_MIN) return malformed(r);
    if (negative) *value = -*value;
    return true;
}

/* A bound of a slice: an integer, None, or nothing. */
static bool read_bound(Reader *r, int64_t *value)
{
    *value = TORCH_NONE;
    skip_space(r);
    if (*r->at == ':' || *r->at == ',' || *r->at == '\0' || is_next(r, "None")) return true;
    return read_int(r, value);
}

static bool read_slice(Reader *r, Item *item) /* behind the first colon */
{
    item->kind = ITEM_SLICE;
    item->step = 1;
    if (!read_bound(r, &item->end)) return false;
    if (is_next(r, ":") && !read_bound(r, &item->step)) return false;
    if (item->step == TORCH_NONE) item->step = 1;
    if (item->step == 0) return cer_raise(TORCH_VALUE_ERROR, "index", "slice step cannot be zero");
    return item->step > 0 || cer_raise(TORCH_VALUE_ERROR, "index", "step must be greater than zero");
}

static bool read_item(Reader *r, Item *item)
{
    item->start = TORCH_NONE;
    if (is_next(r, "...") || is_next(r, "Ellipsis")) return item->kind = ITEM_ELLIPSIS, true;
    if (is_next(r, "None")) {
        if (is_next(r, ":")) return read_slice(r, item);
        return item->kind = ITEM_NONE, true;
    }
    if (is_next(r, ":")) return read_slice(r, item);
    if (!read_int(r, &item->start)) return false;
    if (is_next(r, ":")) return read_slice(r, item);
    return item->kind = ITEM_INT, true;
}

static bool read_items(Reader *r, Item *items, int *n)
{
    *n = 0;
    for (;;) {
        skip_space(r);
        if (*r->at == '\0') break; /* also behind a trailing comma */
        if (*n == MAX_ITEMS)
            return cer_raise(TORCH_INDEX_ERROR, "index", "too many indices for tensor of dimension %d", TORCH_MAX_DIM);
        if (!read_item(r, &items[(*n)++])) return false;
        skip_space(r);
        if (*r->at == ',')
            r->at++;
        else if (*r->at != '\0')
            return malformed(r);
    }
    return *n > 0 || malformed(r);
}

static Tensor *pick(const cer_Op *op, Tensor *x, int64_t dim, int64_t index)
{
    int64_t size = x->shape[dim];
    if (index >= -size && index < size) return cer_select(op, x, dim, index);
    cer_raise(TORCH_INDEX_ERROR, "index", "index %lld is out of bounds for dimension %lld with size %lld",
              (long long)index, (long long)dim, (long long)size);
    return NULL;
}

static bool is_whole(const Item *item) /* ":" */
{
    return item->kind == ITEM_SLICE && item->start == TORCH_NONE && item->end == TORCH_NONE && item->step == 1;
}

static bool only_whole(const Item *items, int n)
{
    for (int i = 0; i < n; i++)
        if (!is_whole(&items[i])) return false;
    return true;
}

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

/* Applies the items from left to right; dim is where in the shrinking and growing view the next one stands. */
static Tensor *apply(Tensor *x, const Item *items, int n)
{
    int consumed = 0, ellipses = 0;
    for (int i = 0; i < n; i++) {
        consumed += items[i].kind == ITEM_INT || items[i].kind == ITEM_SLICE;
        ellipses += items[i].kind == ITEM_ELLIPSIS;
    }
    if (x->ndim == 0 && n == 1 && items[0].kind == ITEM_INT)
        return cer_raise(TORCH_INDEX_ERROR, "index",
                         "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in "
                         "C++ to convert a 0-dim tensor to a number"),
               NULL;
    if (consumed > x->ndim)
        return cer_raise(TORCH_INDEX_ERROR, "index", "too many indices for tensor of dimension %d", x->ndim), NULL;
    if (ellipses > 1)
        return cer_raise(TORCH_INDEX_ERROR, "index", "an index can only have a single ellipsis ('...')"), NULL;
    Tensor *result = x;
    int64_t dim = 0;
    for (int i = 0; i < n && result; i++) {
        const Item *item = &items[i];
        switch (item->kind) {
        case ITEM_INT: /* x[:, i, :] is one view, that prints as the slice it ends in */
            if (i < n - 1 && only_whole(&items[i + 1], n - i - 1))
                return pick(&cer_op_select_sliced, result, dim, item->start);
            result = pick(&cer_op_select, result, dim, item->start);
            break;
        case ITEM_SLICE: /* of everything: only where it is all there is */
            if (i == n - 1 || !is_whole(item)) result = torch_slice(result, dim, item->start, item->end, item->step);
            dim++;
            break;
        case ITEM_NONE: result = torch_unsqueeze(result, dim++); break;
        case ITEM_ELLIPSIS: dim += x->ndim - consumed; break;
        }
    }
    return result;
}

Tensor *torch_index(Tensor *x, const char *text, ...)
{
    Item items[MAX_ITEMS];
    int n;
    if (cer_error_pending() || !cer_usable(x, "index", 1)) return NULL;
    if (!text) return cer_raise(TORCH_TYPE_ERROR, "index", "index: the index text is NULL"), NULL;
    Reader r = {.at = text, .text = text};
    va_start(r.args, text);
    bool fine = read_items(&r, items, &n);
    va_end(r.args);
    if (!fine) return NULL;
    Tensor *result = apply(x, items, n);
    return result == x ? cer_call1(&cer_op_alias, x, NULL) : result; /* "...": a new tensor all the same */
}
