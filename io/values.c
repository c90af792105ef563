/* The values of a pickle, and the memory in which they live until it ends. */
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* uthash would end the program */
#define uthash_malloc(bytes) cer_alloc(bytes)
#define uthash_free(block, bytes) cer_free(block, bytes)
#define uthash_nonfatal_oom(entry) (entry)->lost = true

#include "io/pickle.h"

enum { BLOCK = 1 << 14, ALIGNED = 16 };

bool cer_pickle_too_large(const cer_Pickle *p)
{
    return cer_raise(TORCH_RUNTIME_ERROR, p->op, "pickle: the description of the tensors needs more than 1 GiB");
}

void *cer_pickle_alloc(cer_Pickle *p, size_t bytes)
{
    bytes = (bytes + ALIGNED - 1) / ALIGNED * ALIGNED;
    if (bytes > CER_PICKLE_MOST) bytes = CER_PICKLE_MOST;
    if (bytes > p->left) {
        size_t header = (sizeof(cer_PickleBlock) + ALIGNED - 1) / ALIGNED * ALIGNED;
        size_t whole = header + (bytes > BLOCK ? bytes : BLOCK);
        if (whole > CER_PICKLE_MOST - p->taken) return cer_pickle_too_large(p), NULL;
        cer_PickleBlock *block = cer_alloc(whole);
        if (!block) return cer_raise_memory(p->op, (double)whole), NULL;
        *block = (cer_PickleBlock){p->blocks, whole};
        p->blocks = block;
        p->left = whole - header;
        p->taken += whole;
    }
    char *at = (char *)p->blocks + p->blocks->bytes - p->left;
    p->left -= bytes;
    return memset(at, 0, bytes);
}

cer_Value *cer_pickle_new(cer_Pickle *p, cer_ValueKind kind)
{
    cer_Value *v = cer_pickle_alloc(p, sizeof *v);
    if (v) v->kind = kind;
    return v;
}

bool cer_value_add(cer_Pickle *p, cer_Value *list, cer_Value *item)
{
    if (list->as.list.n == list->as.list.capacity) {
        size_t capacity = list->as.list.capacity ? list->as.list.capacity * 2 : 4;
        cer_Value **moved = cer_pickle_alloc(p, capacity * sizeof *moved);
        if (!moved) return false;
        if (list->as.list.n) memcpy(moved, list->as.list.item, list->as.list.n * sizeof *moved);
        list->as.list.item = moved;
        list->as.list.capacity = capacity;
    }
    list->as.list.item[list->as.list.n++] = item;
    return true;
}

bool cer_value_is_text(const cer_Value *v, const char *text)
{
    return v->kind == CER_VALUE_TEXT && v->as.text.n == strlen(text) && memcmp(v->as.text.at, text, v->as.text.n) == 0;
}

cer_Blob *cer_pickle_blob(cer_Pickle *p, const char *key, size_t n)
{
    cer_Blob *b = NULL;
    HASH_FIND(hh, p->blobs, key, n, b);
    if (b || !(b = cer_pickle_alloc(p, sizeof *b + n + 1))) return b;
    memcpy(b->key, key, n);
    b->key_bytes = n;
    HASH_ADD_KEYPTR(hh, p->blobs, b->key, n, b);
    return b->lost ? (cer_raise_memory(p->op, sizeof *b), NULL) : b;
}

void cer_pickle_end(cer_Pickle *p)
{
    for (cer_Blob *b = p->blobs; b; b = b->hh.next)
        if (b->storage) cer_storage_release(b->storage);
    HASH_CLEAR(hh, p->blobs);
    cer_free(p->stack, p->stack_capacity * sizeof *p->stack);
    cer_free(p->memo, p->memo_capacity * sizeof *p->memo);
    while (p->blocks) {
        cer_PickleBlock *next = p->blocks->next;
        cer_free(p->blocks, p->blocks->bytes);
        p->blocks = next;
    }
}
