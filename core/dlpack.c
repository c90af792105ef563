/* DLPack: the struct by which libraries hand tensors to each other without copying. Its layout is an ABI (version 0.8); the
 * test compares it with the real dlpack.h. */
#include <string.h>

#include "impl.h"
#include "interchange.h"

enum { CPU = 1, PINNED_CPU = 3 }; /* DLDeviceType: memory that we can read */
enum { CODE_INT = 0, CODE_UINT = 1, CODE_FLOAT = 2, CODE_BFLOAT = 4, CODE_BOOL = 6 }; /* DLDataTypeCode */

struct DLManagedTensor {
    struct {
        void *data;
        struct {
            int32_t type, id;
        } device;
        int32_t ndim;
        struct {
            uint8_t code, bits;
            uint16_t lanes;
        } dtype;
        int64_t *shape, *strides; /* strides in elements; NULL: contiguous */
        uint64_t byte_offset;
    } tensor;
    void *context;
    void (*deleter)(struct DLManagedTensor *self);
};

static const struct {
    uint8_t code, bits;
} types[] = {
    [torch_uint8] = {CODE_UINT, 8},       [torch_int8] = {CODE_INT, 8},       [torch_int16] = {CODE_INT, 16},
    [torch_int32] = {CODE_INT, 32},       [torch_int64] = {CODE_INT, 64},     [torch_float16] = {CODE_FLOAT, 16},
    [torch_float32] = {CODE_FLOAT, 32},   [torch_float64] = {CODE_FLOAT, 64}, [torch_bool] = {CODE_BOOL, 8},
    [torch_bfloat16] = {CODE_BFLOAT, 16},
};
enum { TYPES = sizeof types / sizeof *types };

/* ---- out --------------------------------------------------------------------------------------------------------- */

typedef struct Exported {
    struct DLManagedTensor managed;
    int64_t shape[TORCH_MAX_DIM], stride[TORCH_MAX_DIM];
} Exported;

static void exported_end(struct DLManagedTensor *m)
{
    if (!m) return;
    cer_storage_release(m->context);
    cer_free(m, sizeof(Exported));
}

struct DLManagedTensor *torch_to_dlpack(const Tensor *x)
{
    if (cer_error_pending() || !cer_usable(x, "to_dlpack", 1)) return NULL;
    if (x->flags & CER_REQUIRES_GRAD)
        return cer_raise(TORCH_RUNTIME_ERROR, "to_dlpack",
                         "Can't export tensors that require gradient, use tensor.detach()"),
               NULL;
    Exported *e = cer_alloc(sizeof *e);
    if (!e) return cer_raise_memory("to_dlpack", sizeof *e), NULL;
    memset(e, 0, sizeof *e);
    memcpy(e->shape, x->shape, sizeof(int64_t) * x->ndim);
    for (int i = 0; i < x->ndim; i++)
        e->stride[i] = x->shape[i] < 2 ? 1 : x->stride[i]; /* as PyTorch normalises them */
    x->storage->shared = true;                             /* from now on another library's thread may let go of it */
    cer_count_up(&x->storage->refs, true);
    struct DLManagedTensor *m = &e->managed;
    m->tensor.data = x->data;
    m->tensor.device.type = CPU;
    m->tensor.ndim = x->ndim;
    m->tensor.dtype.code = types[x->dtype].code;
    m->tensor.dtype.bits = types[x->dtype].bits;
    m->tensor.dtype.lanes = 1;
    m->tensor.shape = e->shape;
    m->tensor.strides = e->stride;
    m->context = x->storage;
    m->deleter = exported_end;
    return m;
}

/* ---- in ---------------------------------------------------------------------------------------------------------- */

static bool type_of(const struct DLManagedTensor *m, torch_dtype *dtype)
{
    static const char *const names[] = {"kInt", "kUInt", "kFloat", "kOpaqueHandle", "kBfloat", "kComplex", "kBool"};
    unsigned code = m->tensor.dtype.code, bits = m->tensor.dtype.bits;
    if (m->tensor.dtype.lanes != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "from_dlpack", "ATen does not support lanes != 1");
    for (int d = 1; d < TYPES; d++)
        if (types[d].bits == bits && types[d].code == code) return *dtype = (torch_dtype)d, true;
    if (code < sizeof names / sizeof *names)
        return cer_raise(TORCH_RUNTIME_ERROR, "from_dlpack", "Unsupported %s bits %u", names[code], bits);
    return cer_raise(TORCH_RUNTIME_ERROR, "from_dlpack", "Unsupported code %u", code);
}

static void imported_end(void *data, void *managed)
{
    struct DLManagedTensor *m = managed;
    (void)data;
    if (m->deleter) m->deleter(m);
}

Tensor *torch_from_dlpack(struct DLManagedTensor *m)
{
    torch_dtype dtype;
    if (cer_error_pending()) return NULL;
    if (!m) return cer_raise(TORCH_TYPE_ERROR, "from_dlpack", "from_dlpack(): the DLManagedTensor is NULL"), NULL;
    if (m->tensor.device.type != CPU && m->tensor.device.type != PINNED_CPU)
        return cer_raise(TORCH_RUNTIME_ERROR, "from_dlpack", "Unsupported device_type: %d", (int)m->tensor.device.type),
               NULL;
    if (!type_of(m, &dtype)) return NULL;
    if (m->tensor.ndim < 0 || m->tensor.ndim > TORCH_MAX_DIM || (m->tensor.ndim && !m->tensor.shape))
        return cer_raise(TORCH_RUNTIME_ERROR, "from_dlpack",
                         "from_dlpack: a tensor has 0 to %d dimensions here, not %d", TORCH_MAX_DIM,
                         (int)m->tensor.ndim),
               NULL;
    char *data = m->tensor.data ? (char *)m->tensor.data + m->tensor.byte_offset : NULL;
    return torch_from_blob_n(data, m->tensor.ndim, m->tensor.shape, m->tensor.strides, dtype, imported_end, m);
}
