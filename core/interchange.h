/* Memory that crosses the border: tensors over the caller's memory, DLPack both ways, and values copied out. */
#ifndef CERILLA_INTERCHANGE_H
#define CERILLA_INTERCHANGE_H

#include "tensor.h"

TORCH_BEGIN

/* ---- torch::from_blob -----------------------------------------------------------------------------------------------
 * A tensor over memory of the caller's, not copied: torch_from_blob(data, 2, 3), torch_from_blob(data, n, .dtype = torch_int64,
 * .deleter = release, .context = owner). What writes the one shows in the other. The memory must stay until the deleter is
 * called: once, by whichever thread lets go of the last tensor that shows it. After an error it is not called.
 * stride: in elements, one per size; NULL: contiguous. ValueError for data that is NULL or not aligned to its dtype;
 * RuntimeError for negative sizes and strides and for products that overflow.      NULL */
typedef void (*torch_Deleter)(void *data, void *context);
typedef struct torch_BlobArgs {
    size_t struct_size;
    int64_t size[TORCH_MAX_DIM]; /* TORCH_NONE: not given */
    int64_t too_many;            /* a ninth size lands here, and is refused */
    const int64_t *stride;
    torch_dtype dtype; /* default: torch_get_default_dtype() */
    torch_Deleter deleter;
    void *context;
} torch_BlobArgs;
TORCH_API torch_BlobArgs torch_BlobArgs_defaults(void);
TORCH_API Tensor *torch_from_blob_args(void *data, const torch_BlobArgs *args);
TORCH_API Tensor *torch_from_blob_n(void *data, int64_t ndim, const int64_t *size, const int64_t *stride,
                                    torch_dtype dtype, torch_Deleter deleter, void *context);
#define torch_from_blob(data, ...)                                                      \
    torch_from_blob_args(data, &(torch_BlobArgs){.size = TORCH_NO_SIZES,                \
                                                 .too_many = TORCH_NONE,                \
                                                 .struct_size = sizeof(torch_BlobArgs), \
                                                 .size[0] = __VA_ARGS__})

/* ---- DLPack -----------------------------------------------------------------------------------------------------------
 * torch.utils.dlpack.to_dlpack(x): x's memory for another library, not copied; *owned*: whoever takes it calls its deleter.
 * RuntimeError "Can't export tensors that require gradient, use tensor.detach()".      NULL
 * torch.utils.dlpack.from_dlpack(m): a tensor over another library's memory; m belongs to it from then on, and its deleter is
 * called with the last tensor. After an error m is still the caller's. RuntimeError "Unsupported device_type: 2", "ATen does
 * not support lanes != 1", "Unsupported kFloat bits 8".      NULL
 * The struct is that of dlpack.h, version 0.8, which may be included before or after. */
struct DLManagedTensor;
TORCH_API struct DLManagedTensor *torch_to_dlpack(const Tensor *x);
TORCH_API Tensor *torch_from_dlpack(struct DLManagedTensor *managed);

/* ---- x.tolist() -------------------------------------------------------------------------------------------------------
 * Copies x's elements in row order into a C array of one to four dimensions, or a variable: float v[2][3]; torch_tolist(x, v);
 * converted as by x.to(); the array's own element type decides. ValueError "tolist: 6 elements do not fill an array of 4". A code.
 * The _n twin takes memory for n elements of the dtype. */
TORCH_API int torch_tolist_array(const Tensor *x, torch_Array array);
TORCH_API int torch_tolist_n(const Tensor *x, void *out, torch_dtype dtype, int64_t n);
#define torch_tolist(x, array) torch_tolist_array(x, TORCH_ARRAY(array))
TORCH_API const char *
torch_tolist_str(const Tensor *x); /* str(x.tolist()): "[[1.0, 2.5], [3.0, 4.0]]", borrowed;      "" */

TORCH_END

#endif
