/* Files read whole, packed by gzip or not. Never installed. */
#ifndef CERILLA_DATA_FILE_H
#define CERILLA_DATA_FILE_H

#include "core/op.h"

typedef struct cer_File {
    char *text; /* its bytes, and a closing zero */
    size_t length, block;
} cer_File;

/* Reads path, unpacking it if it is gzip's, but not more than limit bytes: what is behind them is left out. False after
 * raising OSError "[Errno 2] No such file or directory: 'x'", "Compressed file ended before the end-of-stream marker
 * was reached", ... */
bool cer_file_read(cer_File *f, const char *op, const char *path, size_t limit);
void cer_file_free(cer_File *f);

#endif
