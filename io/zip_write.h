/* Inside io: writing a zip archive of stored entries. Never installed. */
#ifndef CERILLA_IO_ZIP_WRITE_H
#define CERILLA_IO_ZIP_WRITE_H

#include "io/file.h"
#include "io/pickle_write.h"

typedef struct cer_ZipWriter { /* begins as {.file = &file} */
    cer_File *file;
    cer_Bytes directory;
    uint64_t entries;
} cer_ZipWriter;

/* Appends an entry, its bytes at a multiple of 64 in the file, as PyTorch places them. Raises. */
bool cer_zip_add(cer_ZipWriter *z, const char *name, const void *data, size_t bytes);
bool cer_zip_finish(cer_ZipWriter *z); /* the directory and its end; raises. Frees z's memory, also after an error */

#endif
