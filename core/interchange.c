/* Tensors over memory of others, and elements copied out. */
#include <string.h>

#include "impl.h"
#include "interchange.h"
#include "repr.h"
#include "text.h"

static const cer_Op maker = {.name = "from_blob"}; /* for messages about a dead tensor */

/* ---- a tensor over foreign memory -------------------------------------------------------------------------------- */

/* How many bytes from the first element on the strides reach. */
static bool reach(const cer_Form *f, int64_t numel, int64_t *bytes)
{
    int64_t last = 0, step;
    bool overflow = false;
    for (int i = 0; i < f->ndim; i++) {
        if (f->stride[i] < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, "from_blob",
                             "from_blob: negative strides are not supported, got stride %lld in dimension %d",
                             (long long)f->stride[i], i);
        overflow |= __builtin_mul_overflow(f->stride[i], f->shape[i] ? f->shape[i] - 1 : 0, &step);
        overflow |= __builtin_add_overflow(last, step, &last);
    }
    overflow |= __builtin_add_overflow(last, 1, &last) || __builtin_mul_overflow(last, cer_size_of(f->dtype), bytes);
    if (overflow) {
        char shape[256];
        return cer_raise(TORCH_RUNTIME_ERROR, "from_blob", "Storage size calculation overflowed with sizes=%s",
                         cer_shape_text(f->ndim, f->shape, shape, sizeof shape));
    }
    if (numel == 0) *bytes = 0;
    return true;
}

static bool describe_blob(cer_Form *f, void *data, int64_t ndim, const int64_t *size, const int64_t *stride,
                          torch_dtype dtype, int64_t *bytes)
{
    int64_t numel, next = 1;
    if (!cer_form_checked(f, "from_blob", dtype, ndim, size)) return false;
    if (!cer_numel_of("from_blob", ndim, size, torch_dtype_size(f->dtype), &numel)) return false;
    for (int64_t i = ndim; i-- > 0;) {
        f->stride[i] = stride ? stride[i] : next;
        next *= size[i] > 1 ? size[i] : 1;
    }
    if (numel && !data) return cer_raise(TORCH_VALUE_ERROR, "from_blob", "from_blob: data is NULL");
    if (numel && (uintptr_t)data % torch_dtype_size(f->dtype))
        return cer_raise(TORCH_VALUE_ERROR, "from_blob", "from_blob: data is not aligned to the %d bytes of %s",
                         (int)torch_dtype_size(f->dtype), torch_dtype_str(f->dtype));
    return reach(f, numel, bytes);
}

Tensor *torch_from_blob_n(void *data, int64_t ndim, const int64_t *size, const int64_t *stride, torch_dtype dtype,
                          torch_Deleter deleter, void *context)
{
    torch_Context *c = cer_context();
    cer_Form f;
    int64_t bytes;
    if (c->code) return NULL;
    if (dtype == torch_dtype_none) dtype = torch_get_default_dtype();
    if (!describe_blob(&f, data, ndim, size, stride, dtype, &bytes) || !cer_pool_reserve(c, 1)) return NULL;
    Tensor *t = cer_tensor_header();
    if (t) t->op = &maker;
    if (t && !(t->storage = cer_storage_foreign(data, (size_t)bytes, deleter, context))) {
        cer_release(t);
        t = NULL;
    }
    if (!t) return cer_raise_memory("from_blob", sizeof *t + sizeof *t->storage), NULL;
    t->data = data;
    t->dtype = f.dtype;
    t->ndim = f.ndim;
    memcpy(t->shape, f.shape, sizeof(int64_t) * f.ndim);
    memcpy(t->stride, f.stride, sizeof(int64_t) * f.ndim);
    cer_update_contiguous(t);
    cer_pool_put(c, t);
    return t;
}

torch_BlobArgs torch_BlobArgs_defaults(void)
{
    return (torch_BlobArgs){.size = TORCH_NO_SIZES, .too_many = TORCH_NONE, .struct_size = sizeof(torch_BlobArgs)};
}

Tensor *torch_from_blob_args(void *data, const torch_BlobArgs *a)
{
    int64_t ndim = 0;
    if (cer_error_pending()) return NULL;
    while (ndim < TORCH_MAX_DIM && a->size[ndim] != TORCH_NONE) ndim++;
    if (a->too_many != TORCH_NONE)
        return cer_raise(TORCH_VALUE_ERROR, "from_blob", "from_blob: a tensor has at most %d dimensions here",
                         TORCH_MAX_DIM),
               NULL;
    return torch_from_blob_n(data, ndim, a->size, a->stride, a->dtype, a->deleter, a->context);
}

/* ---- tolist ------------------------------------------------------------------------------------------------------ */

int torch_tolist_n(const Tensor *x, void *out, torch_dtype dtype, int64_t n)
{
    if (cer_error_pending() || !cer_usable(x, "tolist", 1)) return torch_error_code();
    if (!torch_dtype_size(dtype)) return torch_error_raise(TORCH_TYPE_ERROR, "tolist", "tolist: no such dtype");
    if (n != x->numel)
        return torch_error_raise(TORCH_VALUE_ERROR, "tolist", "tolist: %lld elements do not fill an array of %lld",
                                 (long long)x->numel, (long long)n);
    if (n && !out) return torch_error_raise(TORCH_VALUE_ERROR, "tolist", "tolist: the array is NULL");
    Tensor to = {.dtype = (uint8_t)dtype, .ndim = x->ndim, .contiguous = true, .data = out, .numel = n};
    int64_t next = 1;
    for (int i = x->ndim; i-- > 0;) {
        to.shape[i] = x->shape[i];
        to.stride[i] = next;
        next *= x->shape[i];
    }
    if (n) cer_copy_elements(&to, x, x->stride);
    return TORCH_OK;
}

int torch_tolist_array(const Tensor *x, torch_Array a)
{
    static const uint8_t dtypes[] = {
        [TORCH_ELEMENT_BOOL] = torch_bool,   [TORCH_ELEMENT_I8] = torch_int8,    [TORCH_ELEMENT_U8] = torch_uint8,
        [TORCH_ELEMENT_I16] = torch_int16,   [TORCH_ELEMENT_I32] = torch_int32,  [TORCH_ELEMENT_I64] = torch_int64,
        [TORCH_ELEMENT_F32] = torch_float32, [TORCH_ELEMENT_F64] = torch_float64};
    if (cer_error_pending()) return torch_error_code();
    if (a.ndim < 1 || a.element < 1 || a.element > TORCH_ELEMENT_F64)
        return torch_error_raise(TORCH_TYPE_ERROR, "tolist", "tolist: needs an array of numbers; for one: torch_item");
    torch_dtype dtype = (torch_dtype)dtypes[a.element];
    return torch_tolist_n(x, (void *)(uintptr_t)a.data, dtype, a.bytes[0] / (int64_t)torch_dtype_size(dtype));
}

static void list_element(cer_Text *text, const Tensor *x, const char *at)
{
    int64_t i;
    double d;
    if (torch_dtype_is_floating_point(x->dtype)) {
        char number[CER_REPR_BYTES];
        cer_convert(&d, torch_float64, at, x->dtype, 1);
        cer_text_add(text, "%s", cer_repr(d, number));
        return;
    }
    cer_convert(&i, torch_int64, at, x->dtype, 1);
    if (x->dtype == torch_bool)
        cer_text_add(text, "%s", i ? "True" : "False");
    else
        cer_text_add(text, "%lld", (long long)i);
}

static void list_text(cer_Text *text, const Tensor *x, int dim, const char *at) /* as deep as x has dimensions */
{
    if (dim == x->ndim) {
        list_element(text, x, at);
        return;
    }
    cer_text_add(text, "[");
    for (int64_t i = 0; i < x->shape[dim] && !text->failed; i++) {
        if (i) cer_text_add(text, ", ");
        list_text(text, x, dim + 1, at + i * x->stride[dim] * cer_size_of(x->dtype));
    }
    cer_text_add(text, "]");
}

const char *torch_tolist_str(const Tensor *x)
{
    cer_Text text = {0};
    if (cer_error_pending() || !cer_usable(x, "tolist", 1)) return "";
    list_text(&text, x, 0, x->data);
    const char *s = cer_text_borrowed(&text);
    return s ? s : "";
}
