/* Scopes: the pool of borrowed objects. One array per context; a scope is a mark in it. */
#include <stdlib.h>
#include <string.h>

#include "impl.h"

enum { FIRST_CAPACITY = 64, ROOT_WARNING = 100000 };

/* Strings and other blocks share the pool with tensors; they are told apart by the lowest bit of the pointer. */
typedef struct PoolString {
    size_t bytes;
    void (*end)(void *text); /* for blocks that hold something themselves; else NULL */
    char text[];
} PoolString;

static bool is_string(const void *item)
{
    return (uintptr_t)item & 1;
}

static void item_release(void *item)
{
    if (is_string(item)) {
        PoolString *s = (PoolString *)((char *)item - 1);
        if (s->end) s->end(s->text);
        cer_free(s, s->bytes);
    } else {
        cer_release(item);
    }
}

bool cer_pool_reserve(torch_Context *c, int64_t more)
{
    cer_Pool *p = &c->pool;
    if (p->length + more <= p->capacity) return true;
    int64_t capacity = p->capacity ? p->capacity * 2 : FIRST_CAPACITY;
    while (capacity < p->length + more) capacity *= 2;
    void **item = cer_grow(p->item, (size_t)p->capacity * sizeof *item, (size_t)capacity * sizeof *item);
    if (!item) return cer_raise_memory("scope", (double)capacity * sizeof *item);
    p->item = item;
    p->capacity = capacity;
    if (p->depth == 0 && p->length >= ROOT_WARNING && !p->warned) {
        p->warned = true;
        torch_warn("UserWarning",
                   "%lld results were made outside any scope; they stay until the thread ends. Put "
                   "torch_scope(); at the top of the loop.",
                   (long long)p->length);
    }
    return true;
}

void cer_pool_unwind(torch_Context *c, int64_t length)
{
    cer_Pool *p = &c->pool;
    while (p->length > length) item_release(p->item[--p->length]);
}

void *cer_pool_block(size_t bytes, void (*end)(void *block))
{
    torch_Context *c = cer_context();
    if (!cer_pool_reserve(c, 1)) return NULL;
    PoolString *s = cer_alloc(sizeof *s + bytes);
    if (!s) {
        cer_raise_memory("str", (double)bytes);
        return NULL;
    }
    s->bytes = sizeof *s + bytes;
    s->end = end;
    c->pool.item[c->pool.length++] = (char *)s + 1;
    return s->text;
}

char *cer_pool_string(size_t bytes)
{
    return cer_pool_block(bytes, NULL);
}

int64_t torch_scope_push(void)
{
    cer_Pool *p = &cer_context()->pool;
    if (p->depth == p->mark_capacity) {
        int64_t capacity = p->mark_capacity ? p->mark_capacity * 2 : 16;
        int64_t *mark = cer_grow(p->mark, (size_t)p->mark_capacity * sizeof *mark, (size_t)capacity * sizeof *mark);
        if (!mark) {
            cer_raise_memory("scope", (double)capacity * sizeof *mark);
            return -1; /* popping this does nothing: results go to the scope around */
        }
        p->mark = mark;
        p->mark_capacity = capacity;
    }
    p->mark[p->depth] = p->length;
    return p->depth++;
}

void torch_scope_pop(int64_t mark)
{
    torch_Context *c = cer_context();
    if (mark < 0 || mark >= c->pool.depth) return;
    c->pool.depth = mark;
    cer_pool_unwind(c, c->pool.mark[mark]);
}

void torch_scope_leave(int64_t *mark)
{
    torch_scope_pop(*mark);
}

int64_t torch_scope_depth(void)
{
    return cer_context()->pool.depth;
}

/* Swap t to the front of the innermost scope and move the scope's mark behind it. The newest are looked at first:
 * it is nearly always the last result. A tensor that the scope does not own has nothing to escape from. */
Tensor *torch_escape(Tensor *t)
{
    cer_Pool *p = &cer_context()->pool;
    if (!t || p->depth == 0) return t;
    int64_t *mark = &p->mark[p->depth - 1];
    for (int64_t i = p->length; i-- > *mark;)
        if (p->item[i] == t) {
            p->item[i] = p->item[*mark];
            p->item[(*mark)++] = t;
            break;
        }
    return t;
}

int torch_set(torch_Slot *slot, Tensor *t)
{
    torch_Context *c = cer_context();
    if (c->code) return c->code;
    if (!slot) return torch_error_raise(TORCH_TYPE_ERROR, "set", "torch_set: the slot is NULL");
    if (t && !cer_usable(t, "set", 2)) return c->code;
    Tensor *old = slot->t;
    if (t) cer_retain(t);
    slot->t = t;
    cer_release(old);
    return TORCH_OK;
}

void torch_clear(torch_Slot *slot)
{
    if (!slot) return;
    Tensor *old = slot->t;
    slot->t = NULL;
    cer_release(old);
}

Tensor *torch_retain(Tensor *t)
{
    if (!t || !cer_usable(t, "retain", 1)) return NULL;
    cer_retain(t);
    return t;
}

void torch_release(Tensor *t)
{
    if (t && t->magic == CER_LIVE) cer_release(t);
}
