/* Python's slice text, read without printf. */
#include <ctype.h>
#include <string.h>

#include "ops/index_items.h"

typedef struct Reader {
    const char *at, *text;
    va_list args;
    Tensor *const *tensors; /* that stand for T in the text: those to come */
    int64_t n_tensors;
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

static bool read_slice(Reader *r, cer_Item *item) /* behind the first colon */
{
    item->kind = ITEM_SLICE;
    item->step = 1;
    if (!read_bound(r, &item->end)) return false;
    if (is_next(r, ":") && !read_bound(r, &item->step)) return false;
    if (item->step == TORCH_NONE) item->step = 1;
    if (item->step == 0) return cer_raise(TORCH_VALUE_ERROR, "index", "slice step cannot be zero");
    return item->step > 0 || cer_raise(TORCH_VALUE_ERROR, "index", "step must be greater than zero");
}

static bool read_tensor(Reader *r, cer_Item *item)
{
    item->kind = ITEM_TENSOR;
    if (r->n_tensors-- <= 0)
        return cer_raise(TORCH_VALUE_ERROR, "index", "index '%.200s' has a T for which no tensor is given", r->text);
    item->tensor = *r->tensors++;
    return cer_usable(item->tensor, "index", 2);
}

static bool read_item(Reader *r, cer_Item *item)
{
    item->start = TORCH_NONE;
    if (is_next(r, "T")) return read_tensor(r, item);
    if (is_next(r, "True")) return item->kind = ITEM_BOOL, item->start = 1, true;
    if (is_next(r, "False")) return item->kind = ITEM_BOOL, item->start = 0, true;
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

static bool read_items(Reader *r, cer_Item *items, int *n)
{
    *n = 0;
    for (;;) {
        skip_space(r);
        if (*r->at == '\0') break; /* also behind a trailing comma */
        if (*n == CER_ITEMS)
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

bool cer_read_index(const char *text, va_list args, Tensor *const *tensors, int64_t n_tensors, cer_Item *items, int *n)
{
    if (!text) return cer_raise(TORCH_TYPE_ERROR, "index", "index: the index text is NULL");
    Reader r = {.at = text, .text = text, .tensors = tensors, .n_tensors = n_tensors};
    va_copy(r.args, args);
    bool fine = read_items(&r, items, n);
    va_end(r.args);
    if (fine && r.n_tensors > 0)
        return cer_raise(TORCH_VALUE_ERROR, "index", "index '%.200s' has no T for %lld of the tensors", text,
                         (long long)r.n_tensors);
    return fine;
}
