/* Inside io: writing a pickle, protocol 2. Never installed. */
#ifndef CERILLA_IO_PICKLE_WRITE_H
#define CERILLA_IO_PICKLE_WRITE_H

#include "core/impl.h"

typedef struct cer_Bytes { /* grows; begins as {0}; ends with cer_bytes_free */
    uint8_t *data;
    size_t length, capacity;
    bool failed;  /* out of memory: what was put since is lost */
    uint32_t put; /* bit k: known thing k is in the pickle's memo */
} cer_Bytes;

void cer_bytes_put(cer_Bytes *b, const void *data, size_t n);
void cer_bytes_number(cer_Bytes *b, uint64_t v, int bytes); /* little-endian */
void cer_bytes_free(cer_Bytes *b);

/* What is written again and again: in whole once, then by its place in the memo. From CER_STORAGE on: that of a dtype.
 * */
enum { CER_ORDERED_DICT, CER_REBUILD_TENSOR, CER_REBUILD_PARAMETER, CER_TEXT_STORAGE, CER_TEXT_CPU, CER_STORAGE };
void cer_pickle_known(cer_Bytes *b, int what);

void cer_pickle_ops(cer_Bytes *b, const char *opcodes); /* each is a character */
void cer_pickle_int(cer_Bytes *b, int64_t v);
void cer_pickle_float(cer_Bytes *b, double v);
void cer_pickle_bool(cer_Bytes *b, bool v);
void cer_pickle_text(cer_Bytes *b, const char *text);

#endif
