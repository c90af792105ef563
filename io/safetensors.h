/* Inside io: the dtypes of safetensors. Never installed. */
#ifndef CERILLA_IO_SAFETENSORS_H
#define CERILLA_IO_SAFETENSORS_H

#include "core/impl.h"

typedef struct cer_SafeType {
    const char *name;
    torch_dtype dtype;
    uint8_t bytes, rank; /* rank: of higher ones the tensors come first in a file */
} cer_SafeType;

extern const cer_SafeType cer_safe_types[]; /* ends with a NULL name */

#endif
