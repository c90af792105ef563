/* A pickle, opcode by opcode. */
#include <string.h>

#include "io/pickle_write.h"

enum { FIRST_CAPACITY = 1 << 12 };

void cer_bytes_put(cer_Bytes *b, const void *data, size_t n)
{
    if (b->failed || n == 0) return;
    if (n > b->capacity - b->length) {
        size_t capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
        while (capacity - b->length < n) capacity *= 2;
        uint8_t *moved = cer_grow(b->data, b->capacity, capacity);
        if (!moved) {
            b->failed = true;
            return;
        }
        b->data = moved;
        b->capacity = capacity;
    }
    memcpy(b->data + b->length, data, n);
    b->length += n;
}

void cer_bytes_number(cer_Bytes *b, uint64_t v, int bytes)
{
    uint8_t little[8];
    for (int i = 0; i < bytes; i++) little[i] = (uint8_t)(v >> 8 * i);
    cer_bytes_put(b, little, (size_t)bytes);
}

void cer_bytes_free(cer_Bytes *b)
{
    if (b->data) cer_free(b->data, b->capacity);
    *b = (cer_Bytes){0};
}

void cer_pickle_ops(cer_Bytes *b, const char *opcodes)
{
    cer_bytes_put(b, opcodes, strlen(opcodes));
}

void cer_pickle_known(cer_Bytes *b, int what)
{
#define STORAGE(dtype, name) [CER_STORAGE + dtype] = "ctorch\n" name "Storage\n"
    static const char *const global[] = {[CER_ORDERED_DICT] = "ccollections\nOrderedDict\n",
                                         [CER_REBUILD_TENSOR] = "ctorch._utils\n_rebuild_tensor_v2\n",
                                         [CER_REBUILD_PARAMETER] = "ctorch._utils\n_rebuild_parameter\n",
                                         STORAGE(torch_bool, "Bool"),
                                         STORAGE(torch_uint8, "Byte"),
                                         STORAGE(torch_int8, "Char"),
                                         STORAGE(torch_int16, "Short"),
                                         STORAGE(torch_int32, "Int"),
                                         STORAGE(torch_int64, "Long"),
                                         STORAGE(torch_float16, "Half"),
                                         STORAGE(torch_bfloat16, "BFloat16"),
                                         STORAGE(torch_float32, "Float"),
                                         STORAGE(torch_float64, "Double")};
#undef STORAGE
    bool there = b->put >> what & 1;
    if (!there && (what == CER_TEXT_STORAGE || what == CER_TEXT_CPU))
        cer_pickle_text(b, what == CER_TEXT_CPU ? "cpu" : "storage");
    else if (!there)
        cer_pickle_ops(b, global[what]);
    cer_pickle_ops(b, there ? "h" : "q");
    cer_bytes_number(b, (uint64_t)what, 1);
    b->put |= 1u << what;
}

void cer_pickle_int(cer_Bytes *b, int64_t v)
{
    int bytes = v >= 0 && v < 1 << 8 ? 1 : v >= 0 && v < 1 << 16 ? 2 : v >= INT32_MIN && v <= INT32_MAX ? 4 : 8;
    cer_pickle_ops(b, bytes == 1 ? "K" : bytes == 2 ? "M" : bytes == 4 ? "J" : "\x8a\x08");
    cer_bytes_number(b, (uint64_t)v, bytes);
}

void cer_pickle_float(cer_Bytes *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    cer_pickle_ops(b, "G");
    for (int i = 7; i >= 0; i--) cer_bytes_number(b, bits >> 8 * i, 1); /* big-endian */
}

void cer_pickle_bool(cer_Bytes *b, bool v)
{
    cer_pickle_ops(b, v ? "\x88" : "\x89");
}

void cer_pickle_text(cer_Bytes *b, const char *text)
{
    size_t n = strlen(text);
    cer_pickle_ops(b, "X");
    cer_bytes_number(b, n, 4);
    cer_bytes_put(b, text, n);
}
