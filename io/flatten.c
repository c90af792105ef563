/* From a pickle's value to a dictionary of tensors: the names on the way down are joined with dots. */
#include <string.h>

#include "io/pickle.h"

enum { DEPTH = 64, KEY = 4096 };

typedef struct Flatten {
    torch_StateDict *d;
    const char *op;
    cer_TensorLoader load;
    void *data;
    size_t visits, names; /* left, and bytes of names: a value that is met again and again may not blow up */
    char key[KEY];
} Flatten;

static bool store(Flatten *f, Tensor *t)
{
    if (!t) return false;
    if (torch_StateDict_contains(f->d, f->key))
        return cer_raise(TORCH_KEY_ERROR, f->op, "two entries have the name '%s' when nested names are joined", f->key);
    return torch_StateDict_set(f->d, f->key, t) == TORCH_OK;
}

static bool number(const cer_Value *v)
{
    return v->kind == CER_VALUE_INT || v->kind == CER_VALUE_FLOAT || v->kind == CER_VALUE_BOOL;
}

static Tensor *of_number(const cer_Value *v)
{
    torch_dtype dtype = v->kind == CER_VALUE_INT     ? torch_int64
                        : v->kind == CER_VALUE_FLOAT ? torch_float64
                                                     : torch_bool;
    Tensor *t = cer_empty(dtype, 0, NULL);
    if (t && dtype == torch_bool)
        *(bool *)t->data = v->as.i != 0;
    else if (t)
        memcpy(t->data, &v->as, 8);
    return t;
}

static bool all_numbers(const cer_Value *list)
{
    for (size_t i = 0; i < list->as.list.n; i++)
        if (!number(list->as.list.item[i])) return false;
    return true;
}

/* int64 where all are integers, as the indices of an optimizer's parameters; else float64, as its betas */
static Tensor *of_numbers(const cer_Value *list)
{
    int64_t n = (int64_t)list->as.list.n;
    bool whole = true;
    for (int64_t i = 0; i < n; i++) whole = whole && list->as.list.item[i]->kind != CER_VALUE_FLOAT;
    Tensor *t = cer_empty(whole ? torch_int64 : torch_float64, 1, &n);
    for (int64_t i = 0; t && i < n; i++) {
        const cer_Value *v = list->as.list.item[i];
        if (whole)
            ((int64_t *)t->data)[i] = v->as.i;
        else
            ((double *)t->data)[i] = v->kind == CER_VALUE_FLOAT ? v->as.d : (double)v->as.i;
    }
    return t;
}

static bool too_long(const Flatten *f)
{
    return cer_raise(TORCH_RUNTIME_ERROR, f->op, "a name has more than %d characters", KEY - 1);
}

static bool repeated(const Flatten *f)
{
    return cer_raise(TORCH_RUNTIME_ERROR, f->op, "the same values are repeated more often than the file is long");
}

/* Appends a name to the key; false after raising. */
static bool enter(Flatten *f, size_t length, bool first, const cer_Value *name, size_t *longer)
{
    char digits[24];
    const char *text = name->as.text.at;
    size_t n = name->as.text.n;
    if (name->kind == CER_VALUE_INT) {
        n = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)name->as.i);
        text = digits;
    } else if (name->kind != CER_VALUE_TEXT || !cer_utf8(text, n)) {
        return cer_raise(TORCH_TYPE_ERROR, f->op, "a key of a dictionary is neither text nor an integer");
    }
    if (length + !first + n >= KEY) return too_long(f);
    if (length + n > f->names) return repeated(f);
    f->names -= length + n;
    if (!first) f->key[length++] = '.';
    memcpy(f->key + length, text, n);
    f->key[ *longer = length + n] = '\0';
    return true;
}

static bool walk(Flatten *f, const cer_Value *v, size_t length, int depth);

static bool walk_items(Flatten *f, const cer_Value *v, size_t length, int depth)
{
    bool dict = v->kind == CER_VALUE_DICT;
    size_t n = dict ? v->as.list.n / 2 : v->as.list.n, longer;
    for (size_t i = 0; i < n; i++) {
        cer_Value index = {.kind = CER_VALUE_INT, .as.i = (int64_t)i};
        if (!enter(f, length, depth == 0, dict ? v->as.list.item[2 * i] : &index, &longer)) return false;
        if (!walk(f, v->as.list.item[dict ? 2 * i + 1 : i], longer, depth + 1)) return false;
        f->key[length] = '\0';
    }
    return true;
}

static bool walk_one(Flatten *f, const cer_Value *v, size_t length, int depth)
{
    switch (v->kind) {
    case CER_VALUE_TENSOR: return store(f, f->load(f->data, v->as.tensor));
    case CER_VALUE_BOOL:
    case CER_VALUE_INT:
    case CER_VALUE_FLOAT: return store(f, of_number(v));
    case CER_VALUE_LIST:
    case CER_VALUE_TUPLE: return all_numbers(v) ? store(f, of_numbers(v)) : walk_items(f, v, length, depth);
    case CER_VALUE_DICT: return walk_items(f, v, length, depth);
    case CER_VALUE_NONE:
    case CER_VALUE_TEXT: return true;
    default: return cer_raise(TORCH_TYPE_ERROR, f->op, "'%s' is not a tensor, a number, a dict or a list", f->key);
    }
}

static bool walk(Flatten *f, const cer_Value *v, size_t length, int depth)
{
    if (depth > DEPTH)
        return cer_raise(TORCH_RUNTIME_ERROR, f->op, "dictionaries and lists are nested more than %d deep", DEPTH);
    if (f->visits < 1 + (v->kind == CER_VALUE_LIST || v->kind == CER_VALUE_TUPLE ? v->as.list.n : 0))
        return repeated(f);
    f->visits -= 1 + (v->kind == CER_VALUE_LIST || v->kind == CER_VALUE_TUPLE ? v->as.list.n : 0);
    int64_t scope = torch_scope_push(); /* what is made here is held by the dictionary */
    bool fine = walk_one(f, v, length, depth);
    torch_scope_pop(scope);
    return fine && !cer_error_pending();
}

torch_StateDict *cer_flatten(const cer_Value *root, size_t limit, const char *op, cer_TensorLoader load, void *data)
{
    Flatten f = {.d = torch_StateDict_new(), .op = op, .load = load, .data = data, .visits = limit};
    f.names = 16 * limit + KEY;
    if (f.d && walk(&f, root, 0, 0)) return f.d;
    torch_StateDict_free(f.d);
    return NULL;
}
