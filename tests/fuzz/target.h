/* What the fuzz targets of io share: a file as memory, and a look at what a reader made of it. */
#ifndef CERILLA_TESTS_FUZZ_TARGET_H
#define CERILLA_TESTS_FUZZ_TARGET_H

#include "core/impl.h"
#include "io/readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_quiet(torch_Code code, const char *op, const char *message, void *data)
{
    (void)code, (void)op, (void)message, (void)data;
}

/* The first and the last element of each tensor are read: under AddressSanitizer they are where the storage is. */
static inline void fuzz_touch(const torch_StateDict *d)
{
    static volatile char read;
    for (int64_t i = 0; i < torch_StateDict_len(d); i++) {
        const Tensor *t = torch_StateDict_value(d, i);
        int64_t last = 0, size = cer_size_of(t->dtype);
        if (!t->numel) continue;
        for (int k = 0; k < t->ndim; k++) last += (t->shape[k] - 1) * t->stride[k];
        read = t->data[0];
        read = t->data[(last + 1) * size - 1];
    }
    (void)read;
}

static inline int fuzz_one(const uint8_t *data, size_t size, torch_StateDict *(*load)(cer_Map *file))
{
    static bool started;
    if (!started) torch_push_error_handler(fuzz_quiet, NULL);
    started = true;
    int64_t scope = torch_scope_push(), live = torch_live_tensors();
    cer_Map *map = cer_map_block(size, "fuzz");
    torch_StateDict *d = NULL;
    if (map) {
        if (size) memcpy(map->data, data, size);
        d = load(map);
        cer_map_release(map);
    }
    bool either = (d != NULL) != (torch_error() != NULL);
    if (d) fuzz_touch(d);
    torch_StateDict_free(d);
    torch_error_clear();
    torch_scope_pop(scope);
    if (!either || torch_live_tensors() != live) __builtin_trap(); /* a result or an error; nothing left */
    return 0;
}

#endif
