/* Memory. Blocks are kept per thread, by size class. Small ones, because a tensor, its storage and its node are made and
 * dropped at every op: a list pop instead of malloc. Large ones, because fresh pages cost more than the arithmetic on them:
 * malloc gives large blocks back to the system, and every page of the next one faults. Classes: multiples of 64 bytes to
 * 1 KiB, then four per doubling. A thread keeps at most SMALL_CACHE and LARGE_CACHE bytes; all goes when it ends. */
#include <stdlib.h>
#include <string.h>

#include "impl.h"

enum { ALIGNMENT = 64, FINE_LIMIT = 1024, LINEAR_CLASSES = 16, CLASSES = LINEAR_CLASSES + 4 * 26 };
static const size_t LARGE = 64 << 10, LARGEST = (size_t)1 << 30; /* blocks above the second are malloc's */
static const size_t SMALL_CACHE = 16 << 20, LARGE_CACHE = 256 << 20;

typedef struct Block {
    struct Block *next;
} Block;

typedef struct cer_Cache {
    Block *free[CLASSES];
    size_t small, large; /* bytes held in blocks up to LARGE, and above */
} cer_Cache;

void cer_cache_release(cer_Cache *cache); /* called by thread.c when a thread ends */

#if defined(__SANITIZE_ADDRESS__)
#define ALWAYS_BYPASS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALWAYS_BYPASS 1
#endif
#endif
#ifndef ALWAYS_BYPASS
#define ALWAYS_BYPASS 0
#endif

_Atomic int cer_alloc_mode; /* 0 not decided yet, 1 cached, 2 bypassed */

bool cer_alloc_decide(void)
{
    const char *wish = getenv("CERILLA_ALLOC");
    bool bypassed = ALWAYS_BYPASS || (wish && strcmp(wish, "malloc") == 0);
    atomic_store_explicit(&cer_alloc_mode, bypassed ? 2 : 1, memory_order_relaxed);
    return bypassed;
}

/* The class of a size, and the size of the class's blocks. */
static int class_of(size_t bytes, size_t *block)
{
    if (bytes <= FINE_LIMIT) {
        size_t k = bytes ? (bytes - 1) / ALIGNMENT : 0;
        *block = (k + 1) * ALIGNMENT;
        return (int)k;
    }
    int doubling = 0;
    size_t base = FINE_LIMIT;
    while (base * 2 < bytes) {
        base *= 2;
        doubling++;
    }
    size_t quarter = base / 4, step = (bytes - base + quarter - 1) / quarter; /* 1..4 */
    *block = base + step * quarter;
    return LINEAR_CLASSES + 4 * doubling + (int)step - 1;
}

static void *fresh(size_t bytes)
{
    if (bytes > PTRDIFF_MAX - ALIGNMENT) return NULL; /* no object is larger; tools rightly frown on asking */
    return aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

static bool made_to_fail(cer_Thread *t)
{
    t->allocations++;
    return t->fail_at && t->allocations == t->fail_at;
}

void *cer_alloc(size_t bytes)
{
    cer_Thread *t = cer_thread();
    if (made_to_fail(t)) return NULL;
    if (bytes > LARGEST || cer_alloc_bypassed()) return fresh(bytes ? bytes : 1);
    size_t size;
    int k = class_of(bytes, &size);
    cer_Cache *cache = t->cache;
    if (!cache) {
        cache = t->cache = calloc(1, sizeof *cache);
        if (!cache) return NULL;
    }
    Block *b = cache->free[k];
    if (!b) return fresh(size);
    cache->free[k] = b->next;
    *(size > LARGE ? &cache->large : &cache->small) -= size;
    return b;
}

/* What does not fit any more: of small blocks the new one goes; of large ones all the old ones, for the sizes that a
 * program works with have changed. */
static bool keeps(cer_Cache *cache, size_t size)
{
    if (size <= LARGE) return cache->small + size <= SMALL_CACHE;
    if (cache->large + size > LARGE_CACHE) torch_empty_cache();
    return size <= LARGE_CACHE;
}

void cer_free(void *block, size_t bytes)
{
    if (!block) return;
    cer_Cache *cache = cer_thread()->cache;
    size_t size = 0;
    int k = bytes > LARGEST || !cache || cer_alloc_bypassed() ? -1 : class_of(bytes, &size);
    if (k < 0 || !keeps(cache, size)) {
        free(block);
        return;
    }
    Block *b = block;
    b->next = cache->free[k];
    cache->free[k] = b;
    *(size > LARGE ? &cache->large : &cache->small) += size;
}

void *cer_grow(void *block, size_t old_bytes, size_t new_bytes)
{
    void *moved = cer_alloc(new_bytes);
    if (!moved) return NULL;
    if (block) memcpy(moved, block, old_bytes < new_bytes ? old_bytes : new_bytes);
    cer_free(block, old_bytes);
    return moved;
}

static void drop(cer_Cache *cache, int from)
{
    for (int k = from; k < CLASSES; k++)
        for (Block *b = cache->free[k], *next; b; b = next) {
            next = b->next;
            free(b);
            cache->free[k] = next;
        }
}

void cer_cache_release(cer_Cache *cache)
{
    if (cache) drop(cache, 0);
    free(cache);
}

void torch_empty_cache(void)
{
    cer_Cache *cache = cer_thread()->cache;
    size_t size;
    if (!cache) return;
    drop(cache, class_of(LARGE, &size) + 1);
    cache->large = 0;
}

void torch_fail_allocation(int64_t k)
{
    cer_Thread *t = cer_thread();
    t->fail_at = k > 0 ? t->allocations + k : 0;
}

int64_t torch_allocations(void)
{
    return cer_thread()->allocations;
}

/* ---- storage ----------------------------------------------------------------------------------------------------- */

/* Large blocks all begin at the same place of a page. Tensors in them would too, and a CPU that compares only the lower
 * twelve bits of addresses would take reads of one for reads of what it is writing to the other: x + y.T took four times as
 * long. So their data begin at different lines. */
static size_t colour(size_t bytes)
{
    return bytes > LARGE ? cer_thread()->colour++ % 16 * 5 * ALIGNMENT : 0;
}

cer_Storage *cer_storage_new(size_t bytes)
{
    size_t header = (sizeof(cer_Storage) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + colour(bytes);
    if (bytes > SIZE_MAX / 2) return NULL;
    cer_Storage *s = cer_alloc(header + bytes);
    if (!s) return NULL;
    atomic_init(&s->refs, 1);
    atomic_init(&s->version, 0);
    s->shared = false;
    s->data = (char *)s + header;
    s->bytes = bytes;
    s->block_bytes = header + bytes;
    s->deleter = NULL;
    s->context = NULL;
    return s;
}

cer_Storage *cer_storage_foreign(void *data, size_t bytes, void (*deleter)(void *data, void *context), void *context)
{
    cer_Storage *s = cer_storage_new(0);
    if (!s) return NULL;
    s->data = data;
    s->bytes = bytes;
    s->deleter = deleter;
    s->context = context;
    return s;
}

void cer_storage_release(cer_Storage *s)
{
    if (!cer_count_down(&s->refs, s->shared)) return;
    if (s->deleter) s->deleter(s->data, s->context);
    cer_free(s, s->block_bytes);
}
