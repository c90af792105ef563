/* Dictionaries of tensors, and zero_grad. A dictionary is an array in order of insertion, and a hash table for the names. */
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* uthash would end the program */
#define uthash_malloc(bytes) cer_alloc(bytes)
#define uthash_free(block, bytes) cer_free(block, bytes)
#define uthash_nonfatal_oom(entry) (entry)->lost = true

#include "impl.h"
#include "params.h"
#include <uthash.h>

typedef struct Entry {
    UT_hash_handle hh;
    Tensor *t;
    size_t bytes; /* of this block */
    bool lost;    /* the table had no memory for it */
    char key[];
} Entry;

struct torch_StateDict {
    Entry *table;
    Entry **entry;
    int64_t length, capacity;
};

static bool ready(const torch_StateDict *d, const char *op)
{
    if (cer_error_pending()) return false;
    return d || cer_raise(TORCH_TYPE_ERROR, op, "Expected state_dict to be dict-like, got <class 'NoneType'>.");
}

static Entry *find(const torch_StateDict *d, const char *key)
{
    Entry *e = NULL;
    if (key) HASH_FIND(hh, d->table, key, strlen(key), e);
    return e;
}

torch_StateDict *torch_StateDict_new(void)
{
    if (cer_error_pending()) return NULL;
    torch_StateDict *d = cer_alloc(sizeof *d);
    if (!d) {
        cer_raise_memory("StateDict", sizeof *d);
        return NULL;
    }
    *d = (torch_StateDict){0};
    return d;
}

void torch_StateDict_free(torch_StateDict *d)
{
    if (!d) return;
    HASH_CLEAR(hh, d->table);
    for (int64_t i = 0; i < d->length; i++) {
        cer_release(d->entry[i]->t);
        cer_free(d->entry[i], d->entry[i]->bytes);
    }
    cer_free(d->entry, (size_t)d->capacity * sizeof *d->entry);
    cer_free(d, sizeof *d);
}

static bool reserve(torch_StateDict *d)
{
    if (d->length < d->capacity) return true;
    int64_t capacity = d->capacity ? d->capacity * 2 : 8;
    Entry **entry = cer_grow(d->entry, (size_t)d->capacity * sizeof *entry, (size_t)capacity * sizeof *entry);
    if (!entry) return false;
    d->entry = entry;
    d->capacity = capacity;
    return true;
}

static bool append(torch_StateDict *d, const char *key, Tensor *t)
{
    size_t n = strlen(key), bytes = sizeof(Entry) + n + 1;
    Entry *e = reserve(d) ? cer_alloc(bytes) : NULL;
    if (!e) return false;
    memset(e, 0, sizeof *e);
    e->bytes = bytes;
    memcpy(e->key, key, n + 1);
    HASH_ADD_KEYPTR(hh, d->table, e->key, n, e);
    if (e->lost) {
        cer_free(e, bytes);
        return false;
    }
    cer_retain(t);
    e->t = t;
    d->entry[d->length++] = e;
    return true;
}

int torch_StateDict_set(torch_StateDict *d, const char *key, Tensor *t)
{
    if (!ready(d, "StateDict") || !cer_usable(t, "StateDict", 3)) return torch_error_code();
    if (!key)
        return torch_error_raise(TORCH_TYPE_ERROR, "StateDict", "a key of a state_dict must be a string, not NULL");
    Entry *e = find(d, key);
    if (!e) return append(d, key, t) ? TORCH_OK : (cer_raise_memory("StateDict", sizeof *e), torch_error_code());
    Tensor *old = e->t;
    cer_retain(t);
    e->t = t;
    cer_release(old);
    return TORCH_OK;
}

Tensor *torch_StateDict_get(const torch_StateDict *d, const char *key)
{
    if (!ready(d, "StateDict")) return NULL;
    Entry *e = find(d, key);
    if (!e) torch_error_raise(TORCH_KEY_ERROR, "StateDict", "'%s'", key ? key : "None");
    return e ? e->t : NULL;
}

bool torch_StateDict_contains(const torch_StateDict *d, const char *key)
{
    return ready(d, "StateDict") && find(d, key);
}

int torch_StateDict_del(torch_StateDict *d, const char *key)
{
    if (!ready(d, "StateDict")) return torch_error_code();
    Entry *e = find(d, key);
    if (!e) return torch_error_raise(TORCH_KEY_ERROR, "StateDict", "'%s'", key ? key : "None");
    int64_t i = 0;
    while (d->entry[i] != e) i++;
    memmove(&d->entry[i], &d->entry[i + 1], (size_t)(--d->length - i) * sizeof *d->entry);
    HASH_DELETE(hh, d->table, e);
    cer_release(e->t);
    cer_free(e, e->bytes);
    return TORCH_OK;
}

int64_t torch_StateDict_len(const torch_StateDict *d)
{
    return ready(d, "StateDict") ? d->length : 0;
}

static const Entry *at(const torch_StateDict *d, int64_t i)
{
    if (!ready(d, "StateDict")) return NULL;
    if (i >= 0 && i < d->length) return d->entry[i];
    torch_error_raise(TORCH_INDEX_ERROR, "StateDict", "list index out of range");
    return NULL;
}

const char *torch_StateDict_key(const torch_StateDict *d, int64_t i)
{
    const Entry *e = at(d, i);
    return e ? e->key : NULL;
}

Tensor *torch_StateDict_value(const torch_StateDict *d, int64_t i)
{
    const Entry *e = at(d, i);
    return e ? e->t : NULL;
}

torch_StateDict *torch_StateDict_deepcopy(const torch_StateDict *d)
{
    if (!ready(d, "StateDict")) return NULL;
    torch_StateDict *copy = torch_StateDict_new();
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false);
    for (int64_t i = 0; copy && i < d->length && !cer_error_pending(); i++)
        torch_StateDict_set(copy, d->entry[i]->key, cer_call1(&cer_op_clone, d->entry[i]->t, NULL));
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    if (!cer_error_pending()) return copy;
    torch_StateDict_free(copy);
    return NULL;
}

static void end_of_borrowed(void *block)
{
    torch_StateDict_free(*(torch_StateDict **)block);
}

torch_StateDict *cer_state_dict_borrowed(void)
{
    torch_StateDict *d = torch_StateDict_new();
    torch_StateDict **block = d ? cer_pool_block(sizeof d, end_of_borrowed) : NULL;
    if (!block) {
        torch_StateDict_free(d);
        return NULL;
    }
    return *block = d;
}

torch_StateDict *torch_StateDict_get_dict(const torch_StateDict *d, const char *key)
{
    if (!ready(d, "StateDict")) return NULL;
    size_t n = key ? strlen(key) : 0;
    torch_StateDict *part = cer_state_dict_borrowed();
    for (int64_t i = 0; part && key && i < d->length && !cer_error_pending(); i++) {
        const char *name = d->entry[i]->key;
        if (strncmp(name, key, n) == 0 && name[n] == '.') torch_StateDict_set(part, name + n + 1, d->entry[i]->t);
    }
    if (!part || cer_error_pending()) return NULL;
    if (part->length == 0) torch_error_raise(TORCH_KEY_ERROR, "StateDict", "'%s'", key ? key : "None");
    return part->length ? part : NULL;
}

/* ---- zero_grad of modules and optimizers ------------------------------------------------------------------------- */

void cer_zero_grad(Tensor *t, bool set_to_none)
{
    Tensor *g = t->grad;
    if (!g) return;
    if (set_to_none) {
        t->grad = NULL;
        cer_release(g);
        return;
    }
    if (g->node && !g->node->leaf && !torch_detach_(g)) return; /* a gradient with a history: create_graph */
    g->flags &= (uint8_t)~CER_REQUIRES_GRAD;
    if (!g->contiguous) {
        cer_fill_elements(g, torch_scalar_int(0));
    } else {
        memset(g->data, 0, (size_t)g->numel * torch_dtype_size(g->dtype));
    }
    atomic_store_explicit(&g->storage->version, cer_version(g) + 1, memory_order_relaxed);
}
