/* Reading zip archives: stored and deflated entries, Zip64. Sizes are read from the central directory, and nothing is
 * believed. */
#include <string.h>
#include <zlib.h>

#include "io/zip.h"

enum { END = 22, END64 = 56, LOCATOR = 20, CENTRAL = 46, LOCAL = 30 };
enum {
    UNPACKED = 1 << 20,
    UNPACKED_RATIO = 64
};                       /* what an archive may inflate to: so much, and so many times its size */
#define FULL 0xffffffffu /* of a field of 32 bits: the value stands in the Zip64 field */

typedef struct Entry {
    const char *name;
    size_t name_length;
    unsigned flags, method;
    uint32_t sum;
    uint64_t packed, bytes, local;
} Entry;

static bool broken(const cer_Zip *z, const char *what)
{
    return cer_raise(TORCH_RUNTIME_ERROR, z->op, "PytorchStreamReader failed reading zip archive: %s", what);
}

static uint64_t number(const cer_Zip *z, size_t at, int bytes)
{
    return cer_little(z->map->data + at, bytes);
}

static bool signature(const cer_Zip *z, size_t at, const char *two)
{
    return memcmp(z->map->data + at, "PK", 2) == 0 && memcmp(z->map->data + at + 2, two, 2) == 0;
}

/* Where the end record begins: the last place whose comment fills the file. */
static bool find_end(const cer_Zip *z, size_t *end)
{
    size_t n = z->map->bytes;
    for (size_t back = END; back <= n && back <= END + 0xffff; back++) {
        *end = n - back;
        if (signature(z, *end, "\5\6") && number(z, *end + 20, 2) == back - END) return true;
    }
    return false;
}

static bool read_end(cer_Zip *z, size_t end)
{
    uint64_t bytes = number(z, end + 12, 4), from = number(z, end + 16, 4);
    z->entries = number(z, end + 10, 2);
    size_t limit = end;
    if (end >= LOCATOR && signature(z, end - LOCATOR, "\6\7")) {
        uint64_t record = number(z, end - LOCATOR + 8, 8);
        if (record > end - LOCATOR || end - LOCATOR - record < END64 || !signature(z, (size_t)record, "\6\6"))
            return false;
        z->entries = number(z, (size_t)record + 32, 8);
        bytes = number(z, (size_t)record + 40, 8);
        from = number(z, (size_t)record + 48, 8);
        limit = (size_t)record;
    }
    if (from > limit || bytes > limit - from || z->entries > bytes / CENTRAL) return false;
    z->directory = (size_t)from;
    z->end = (size_t)(from + bytes);
    return true;
}

/* The Zip64 field holds, in this order, those of the values that did not fit. */
static bool read_extra(const cer_Zip *z, size_t at, size_t end, Entry *e)
{
    uint64_t *const value[] = {&e->bytes, &e->packed, &e->local};
    while (end - at >= 4) {
        size_t id = number(z, at, 2), n = number(z, at + 2, 2);
        at += 4;
        if (n > end - at) return false;
        if (id == 1) {
            size_t field = at;
            for (int i = 0; i < 3; i++) {
                if (*value[i] != FULL) continue;
                if (at + n - field < 8) return false;
                *value[i] = number(z, field, 8);
                field += 8;
            }
            return true;
        }
        at += n;
    }
    return true;
}

static bool next_entry(const cer_Zip *z, size_t *at, Entry *e)
{
    size_t p = *at, left = z->end - p;
    if (left < CENTRAL || !signature(z, p, "\1\2")) return false;
    size_t name = number(z, p + 28, 2), extra = number(z, p + 30, 2), comment = number(z, p + 32, 2);
    if (name + extra + comment > left - CENTRAL) return false;
    *e = (Entry){.name = (const char *)z->map->data + p + CENTRAL, .name_length = name};
    e->flags = (unsigned)number(z, p + 8, 2);
    e->method = (unsigned)number(z, p + 10, 2);
    e->sum = (uint32_t)number(z, p + 16, 4);
    e->packed = number(z, p + 20, 4);
    e->bytes = number(z, p + 24, 4);
    e->local = number(z, p + 42, 4);
    *at = p + CENTRAL + name + extra + comment;
    return read_extra(z, p + CENTRAL + name, p + CENTRAL + name + extra, e);
}

/* ---- entries by name: a hash table of their places in the directory --------------------------------------------- */

typedef struct Name { /* in two parts */
    const char *first, *second;
    size_t n_first, n_second;
} Name;

static bool is_named(const Entry *e, const Name *name)
{
    return e->name_length == name->n_first + name->n_second && memcmp(e->name, name->first, name->n_first) == 0 &&
           memcmp(e->name + name->n_first, name->second, name->n_second) == 0;
}

static uint64_t hash_of(uint64_t hash, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
    return hash;
}

/* The entry's slot, or the free one where it would be. */
static size_t *slot_of(const cer_Zip *z, const Name *name, Entry *e)
{
    uint64_t i = hash_of(hash_of(0xcbf29ce484222325u, name->first, name->n_first), name->second, name->n_second);
    for (i ^= i >> 32;; i++) {
        size_t *slot = &z->slot[i & (z->slots - 1)], at = *slot - 1;
        if (!*slot || (next_entry(z, &at, e) && is_named(e, name))) return slot;
    }
}

static bool index_entries(cer_Zip *z)
{
    size_t at = z->directory, slots = 16;
    while (slots / 2 < z->entries) slots *= 2;
    z->slot = cer_alloc(slots * sizeof *z->slot);
    if (!z->slot) return cer_raise_memory(z->op, (double)slots * sizeof *z->slot);
    z->slots = slots;
    memset(z->slot, 0, slots * sizeof *z->slot);
    for (uint64_t i = 0; i < z->entries; i++) {
        size_t from = at;
        Entry e, other;
        if (!next_entry(z, &at, &e)) return broken(z, "invalid header or archive is corrupted");
        size_t *slot = slot_of(z, &(Name){e.name, "", e.name_length, 0}, &other);
        if (*slot) return broken(z, "two entries have the same name");
        *slot = from + 1;
    }
    return true;
}

bool cer_zip_open(cer_Zip *z, cer_Map *map, const char *op)
{
    size_t end, at;
    Entry e;
    *z = (cer_Zip){.map = map, .op = op, .stored = map->bytes, .unpacked = UNPACKED + UNPACKED_RATIO * map->bytes};
    if (!find_end(z, &end) || !read_end(z, end)) return broken(z, "failed finding central directory");
    at = z->directory;
    if (!z->entries || !next_entry(z, &at, &e)) return broken(z, "invalid header or archive is corrupted");
    const char *slash = memchr(e.name, '/', e.name_length);
    if (!slash)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "file in archive is not in a subdirectory: %.*s",
                         (int)(e.name_length < 200 ? e.name_length : 200), e.name);
    z->prefix = e.name;
    z->prefix_length = (size_t)(slash - e.name) + 1;
    return index_entries(z);
}

void cer_zip_close(cer_Zip *z)
{
    if (z->slot) cer_free(z->slot, z->slots * sizeof *z->slot);
    z->slot = NULL;
}

static bool find(const cer_Zip *z, const char *name, Entry *e)
{
    return *slot_of(z, &(Name){z->prefix, name, z->prefix_length, strlen(name)}, e) != 0;
}

bool cer_zip_has(const cer_Zip *z, const char *name)
{
    Entry e;
    return find(z, name, &e);
}

/* ---- their bytes --------------------------------------------------------------------------------------------------
 * */

/* Where the entry's bytes begin: behind its local header, whose name must be the same, and all before the directory. */
static bool locate(const cer_Zip *z, const Entry *e, size_t *at)
{
    if (e->local > z->directory || z->directory - e->local < LOCAL) return false;
    size_t p = (size_t)e->local;
    if (!signature(z, p, "\3\4") || number(z, p + 26, 2) != e->name_length) return false;
    size_t header = LOCAL + e->name_length + number(z, p + 28, 2);
    if (header > z->directory - p || e->packed > z->directory - p - header) return false;
    *at = p + header;
    return memcmp(z->map->data + p + LOCAL, e->name, e->name_length) == 0;
}

static void *zlib_alloc(void *unused, unsigned items, unsigned bytes)
{
    (void)unused;
    size_t n = (size_t)items * bytes + 16; /* a header holds the size, for zlib_free */
    size_t *block = cer_alloc(n);
    if (!block) return NULL;
    *block = n;
    return (char *)block + 16;
}

static void zlib_free(void *unused, void *block)
{
    (void)unused;
    size_t *from = (size_t *)((char *)block - 16);
    cer_free(from, *from);
}

/* All of the packed bytes become exactly all of the others. */
static int inflate_all(const uint8_t *from, size_t packed, uint8_t *to, size_t bytes)
{
    z_stream s = {.zalloc = zlib_alloc, .zfree = zlib_free, .next_in = (uint8_t *)(uintptr_t)from, .next_out = to};
    int status = inflateInit2(&s, -15);
    if (status != Z_OK) return status;
    while (status == Z_OK) {
        size_t in = packed > 1u << 30 ? 1u << 30 : packed, out = bytes > 1u << 30 ? 1u << 30 : bytes;
        s.avail_in = (unsigned)in;
        s.avail_out = (unsigned)out;
        status = inflate(&s, Z_NO_FLUSH);
        packed -= in - s.avail_in;
        bytes -= out - s.avail_out;
    }
    inflateEnd(&s);
    return status == Z_STREAM_END && !packed && !bytes ? Z_OK : status == Z_MEM_ERROR ? status : Z_DATA_ERROR;
}

static cer_Map *unpack(cer_Zip *z, const Entry *e, size_t at)
{
    if (e->bytes > z->unpacked)
        return cer_raise(TORCH_RUNTIME_ERROR, z->op,
                         "%.*s inflates to %llu bytes: the archive's entries are more than %d "
                         "times as large as the file",
                         (int)(e->name_length < 200 ? e->name_length : 200), e->name, (unsigned long long)e->bytes,
                         UNPACKED_RATIO),
               NULL;
    z->unpacked -= (size_t)e->bytes;
    cer_Map *map = cer_map_block((size_t)e->bytes, z->op);
    if (!map) return NULL;
    int status = inflate_all(z->map->data + at, (size_t)e->packed, map->data, map->bytes);
    if (status == Z_OK) return map;
    cer_map_release(map);
    if (status == Z_MEM_ERROR) cer_raise_memory(z->op, 1 << 15);
    return NULL;
}

static bool sum_fits(const cer_Zip *z, const Entry *e, const uint8_t *data)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION /* a fuzzer that would have to guess sums never sees what lies behind */
    (void)z, (void)e, (void)data;
    return true;
#else
    return cer_crc32(data, (size_t)e->bytes) == e->sum ||
           cer_raise(TORCH_RUNTIME_ERROR, z->op,
                     "PytorchStreamReader failed reading file %.*s: its CRC-32 is not the "
                     "archive's",
                     (int)(e->name_length < 200 ? e->name_length : 200), e->name);
#endif
}

cer_Map *cer_zip_read(cer_Zip *z, const char *name, size_t *at, size_t *bytes)
{
    Entry e;
    cer_Map *map = NULL;
    if (!find(z, name, &e))
        return cer_raise(TORCH_RUNTIME_ERROR, z->op, "PytorchStreamReader failed locating file %.200s: file not found",
                         name),
               NULL;
    bool plain = (e.flags & 0x2041) == 0 && locate(z, &e, at) && e.packed <= z->stored; /* not encrypted */
    if (plain) z->stored -= (size_t)e.packed;
    if (plain && e.method == 0 && e.packed == e.bytes) {
        map = z->map;
        atomic_fetch_add_explicit(&map->refs, 1, memory_order_relaxed);
    } else if (plain && e.method == Z_DEFLATED && (map = unpack(z, &e, *at))) {
        *at = 0;
    }
    *bytes = (size_t)e.bytes;
    if (map && sum_fits(z, &e, map->data + *at)) return map;
    cer_map_release(map);
    if (!cer_error_pending())
        cer_raise(TORCH_RUNTIME_ERROR, z->op, "PytorchStreamReader failed reading file %.200s: file read failed", name);
    return NULL;
}
