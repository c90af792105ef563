/* Writing zip archives: stored entries with their sums, Zip64 where a size or an offset needs more than 32 bits. */
#include <string.h>

#include "io/zip_write.h"

enum { ALIGNED = 64, LOCAL = 30, STORED64 = 45, STORED = 20, UTF8 = 0x800, FIRST_OF_1980 = 0x21 };
#define FULL 0xffffffffu /* the value stands in the Zip64 field */

static uint64_t capped(uint64_t v)
{
    return v < FULL ? v : FULL;
}

static bool flush(cer_ZipWriter *z, cer_Bytes *b)
{
    bool fine = !b->failed ? cer_file_write(z->file, b->data, b->length)
                           : cer_raise_memory(z->file->op, (double)b->capacity * 2);
    cer_bytes_free(b);
    return fine;
}

/* What the local header and the directory say alike. */
static void put_common(cer_Bytes *b, uint32_t sum, uint64_t bytes, bool wide, size_t name, size_t extra)
{
    cer_bytes_number(b, wide ? STORED64 : STORED, 2);
    cer_bytes_number(b, UTF8, 2);
    cer_bytes_number(b, 0, 2); /* method: stored */
    cer_bytes_number(b, 0, 2);
    cer_bytes_number(b, FIRST_OF_1980, 2);
    cer_bytes_number(b, sum, 4);
    cer_bytes_number(b, wide ? FULL : bytes, 4); /* packed, and not */
    cer_bytes_number(b, wide ? FULL : bytes, 4);
    cer_bytes_number(b, name, 2);
    cer_bytes_number(b, extra, 2);
}

static void put_zip64(cer_Bytes *b, uint64_t bytes, bool wide, uint64_t offset)
{
    int fields = 2 * wide + (offset >= FULL);
    if (!fields) return;
    cer_bytes_number(b, 1, 2);
    cer_bytes_number(b, 8u * (unsigned)fields, 2);
    for (int i = 0; i < 2 * wide; i++) cer_bytes_number(b, bytes, 8);
    if (offset >= FULL) cer_bytes_number(b, offset, 8);
}

static bool put_local(cer_ZipWriter *z, const char *name, uint32_t sum, uint64_t bytes, bool wide)
{
    cer_Bytes b = {0};
    size_t n = strlen(name), before = LOCAL + n + (wide ? 20 : 0) + 4; /* 4: the padding's own head */
    size_t padding = (ALIGNED - (size_t)((z->file->at + before) % ALIGNED)) % ALIGNED;
    static const char fill[ALIGNED + 1] = "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ";
    cer_bytes_put(&b, "PK\3\4", 4);
    put_common(&b, sum, bytes, wide, n, (wide ? 20u : 0u) + 4 + padding);
    cer_bytes_put(&b, name, n);
    put_zip64(&b, bytes, wide, 0);
    cer_bytes_put(&b, "FB", 2);
    cer_bytes_number(&b, padding, 2);
    cer_bytes_put(&b, fill, padding);
    return flush(z, &b);
}

static void put_central(cer_ZipWriter *z, const char *name, uint32_t sum, uint64_t bytes, bool wide, uint64_t offset)
{
    cer_Bytes *b = &z->directory;
    unsigned fields = 2u * wide + (offset >= FULL);
    cer_bytes_put(b, "PK\1\2", 4);
    cer_bytes_number(b, STORED64, 2); /* made by */
    put_common(b, sum, bytes, wide, strlen(name), fields ? 4 + 8u * fields : 0);
    cer_bytes_number(b, 0, 2 + 2 + 2); /* comment, disk, text or not */
    cer_bytes_number(b, 0, 4);         /* attributes */
    cer_bytes_number(b, capped(offset), 4);
    cer_bytes_put(b, name, strlen(name));
    put_zip64(b, bytes, wide, offset);
}

bool cer_zip_add(cer_ZipWriter *z, const char *name, const void *data, size_t bytes)
{
    uint64_t offset = z->file->at;
    bool wide = bytes >= FULL;
    uint32_t sum = cer_crc32(bytes ? data : "", bytes);
    put_central(z, name, sum, bytes, wide, offset);
    z->entries++;
    return put_local(z, name, sum, bytes, wide) && cer_file_write(z->file, data, bytes);
}

static void put_end64(cer_Bytes *b, uint64_t entries, uint64_t bytes, uint64_t from)
{
    cer_bytes_put(b, "PK\6\6", 4);
    cer_bytes_number(b, 44, 8); /* bytes of this record that follow */
    cer_bytes_number(b, STORED64, 2);
    cer_bytes_number(b, STORED64, 2);
    cer_bytes_number(b, 0, 8); /* disks */
    cer_bytes_number(b, entries, 8);
    cer_bytes_number(b, entries, 8);
    cer_bytes_number(b, bytes, 8);
    cer_bytes_number(b, from, 8);
    cer_bytes_put(b, "PK\6\7", 4);
    cer_bytes_number(b, 0, 4);
    cer_bytes_number(b, from + bytes, 8); /* where that record begins */
    cer_bytes_number(b, 1, 4);
}

bool cer_zip_finish(cer_ZipWriter *z)
{
    cer_Bytes *b = &z->directory;
    uint64_t from = z->file->at, bytes = b->length, entries = z->entries < 0xffff ? z->entries : 0xffff;
    if (entries == 0xffff || from >= FULL || bytes >= FULL) put_end64(b, z->entries, bytes, from);
    cer_bytes_put(b, "PK\5\6", 4);
    cer_bytes_number(b, 0, 4); /* disks */
    cer_bytes_number(b, entries, 2);
    cer_bytes_number(b, entries, 2);
    cer_bytes_number(b, capped(bytes), 4);
    cer_bytes_number(b, capped(from), 4);
    cer_bytes_number(b, 0, 2); /* comment */
    return flush(z, b);
}
