/* What a DataFrame is made of. Never installed. */
#ifndef CERILLA_FRAME_H
#define CERILLA_FRAME_H

#include <string.h>

#include "core/op.h"
#include "data.h"

typedef struct cer_Column {
    const char *name;
    torch_dtype dtype; /* int64, float64 or bool; none: object, that is, text */
    void *values;      /* int64_t, double or bool; of text const char *, NULL where missing */
} cer_Column;

struct pd_DataFrame {
    int64_t rows, columns;
    bool borrowed; /* one block of a scope; pd_DataFrame_free leaves it alone */
    bool numbered; /* the names are 0, 1, 2, ... */
    cer_Column *column;
    char *names, *text; /* what the columns' names and texts point into */
    size_t names_bytes, text_bytes;
};

size_t cer_element_bytes(torch_dtype dtype); /* of a column's values */

/* A frame without values: column[i].name is set, dtype int64, values NULL. Raises. */
pd_DataFrame *cer_frame(const char *op, int64_t rows, int64_t columns, const char *const *names);

/* Room for a column's values, for a frame with that many rows. NULL and an error when there is none. */
void *cer_column_values(const char *op, int64_t rows, torch_dtype dtype);

/* The quote that Python's repr puts around a string. */
static inline char cer_quote(const char *s)
{
    return strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';
}

/* The column of these fields with the type that pandas infers. Raises. (infer.c) */
bool cer_infer(cer_Column *column, int64_t rows, int64_t stride, char *const *field);

#endif
