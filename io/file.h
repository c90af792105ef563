/* Inside io: files, as memory to read from and as a stream to write to; and tensors over that memory. Never installed.
 * */
#ifndef CERILLA_IO_FILE_H
#define CERILLA_IO_FILE_H

#include <stdio.h>

#include "core/impl.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* A block of memory, the file's or inflated, that ends with the last storage over it. */
typedef struct cer_Map {
    _Atomic int32_t refs;
    bool mapped; /* else from cer_alloc */
    uint8_t *data;
    size_t bytes;
} cer_Map;

cer_Map *cer_map_file(const char *path, const char *op); /* raises OSError */
cer_Map *cer_map_block(size_t bytes, const char *op);    /* uninitialised memory; raises */
void cer_map_release(cer_Map *map);                      /* NULL passes */

/* Bytes [at, at + bytes) of a map, as a storage that holds the map; a copy where they are not aligned for elements of
 * that size. Raises. */
cer_Storage *cer_map_storage(cer_Map *map, size_t at, size_t bytes, size_t element, const char *op);

/* A tensor on a storage, borrowed: offset and strides in elements. Raises when these reach beyond the storage; a form
 * without strides has its bytes there. */
Tensor *cer_storage_tensor(cer_Storage *storage, const cer_Form *form, int64_t offset, const char *op);

static inline uint64_t cer_little(const uint8_t *at, int bytes) /* an unsigned little-endian number */
{
    uint64_t v = 0;
    for (int i = bytes; i-- > 0;) v = v << 8 | at[i];
    return v;
}

uint32_t cer_crc32(const void *data, size_t n); /* data: not NULL */
bool cer_utf8(const char *text, size_t n);      /* well-formed, without surrogates and zero bytes */

/* ---- writing ----------------------------------------------------------------------------------------------------- */

typedef struct cer_File {
    FILE *file;
    const char *path, *op;
    char *target, *beside; /* where it will stand; where it is written */
    size_t target_bytes, beside_bytes;
    uint64_t at, flushing; /* bytes written so far, and of these, on their way to the disk */
} cer_File;

bool cer_file_begin(cer_File *f, const char *path, const char *op); /* raises */
bool cer_file_write(cer_File *f, const void *data, size_t bytes);   /* raises */
bool cer_file_end(cer_File *f); /* false, and the old file is as before, after an error here or before */

#endif
