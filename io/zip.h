/* Inside io: entries of a zip archive in memory. Never installed. */
#ifndef CERILLA_IO_ZIP_H
#define CERILLA_IO_ZIP_H

#include "io/file.h"

typedef struct cer_Zip {
    cer_Map *map; /* not retained */
    const char *op;
    size_t directory, end; /* where the central directory begins and ends */
    uint64_t entries;
    const char *prefix; /* "archive/": that of the first entry; not ended by a zero byte */
    size_t prefix_length;
    size_t *slot, slots; /* entries by name */
    size_t stored,
        unpacked; /* bytes that may still be read, as they are stored: entries that overlap would need more than
                                there are; and that they may still inflate to */
} cer_Zip;

bool cer_zip_open(cer_Zip *zip, cer_Map *map, const char *op); /* raises; to be closed in any case */
void cer_zip_close(cer_Zip *zip);
bool cer_zip_has(const cer_Zip *zip, const char *name);

/* The entry's bytes, checked against its sum, in a map (one reference for the caller, released by it) from *at on.
 * Raises. */
cer_Map *cer_zip_read(cer_Zip *zip, const char *name, size_t *at, size_t *bytes);

#endif
