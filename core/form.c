/* Shapes, sizes and dtypes: the arithmetic that every shape rule uses. None of it overflows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "impl.h"

/* ---- dtypes ------------------------------------------------------------------------------------------------------ */

typedef struct DtypeInfo {
    const char *text;
    uint8_t size, category; /* category: 1 bool, 2 integer, 3 floating */
} DtypeInfo;

static const DtypeInfo dtypes[] = {
    [torch_dtype_none] = {"None", 0, 0},         [torch_uint8] = {"torch.uint8", 1, 2},
    [torch_int8] = {"torch.int8", 1, 2},         [torch_int16] = {"torch.int16", 2, 2},
    [torch_int32] = {"torch.int32", 4, 2},       [torch_int64] = {"torch.int64", 8, 2},
    [torch_float16] = {"torch.float16", 2, 3},   [torch_float32] = {"torch.float32", 4, 3},
    [torch_float64] = {"torch.float64", 8, 3},   [torch_bool] = {"torch.bool", 1, 1},
    [torch_bfloat16] = {"torch.bfloat16", 2, 3},
};
_Static_assert(sizeof dtypes / sizeof *dtypes == K_TYPES, "the kernels know the same dtypes");
_Static_assert((int)torch_float32 == K_FLOAT32 && (int)torch_bfloat16 == K_BFLOAT16 && (int)torch_bool == K_BOOL, "");

const uint8_t cer_dtype_sizes[K_TYPES] = {0, 1, 1, 2, 4, 8, 2, 4, 8, 1, 2};

static bool known(torch_dtype d)
{
    return (int)d > 0 && (int)d < K_TYPES;
}

const char *torch_dtype_str(torch_dtype d)
{
    return known(d) ? dtypes[d].text : "None";
}

size_t torch_dtype_size(torch_dtype d)
{
    return known(d) ? dtypes[d].size : 0;
}

bool torch_dtype_is_floating_point(torch_dtype d)
{
    return known(d) && dtypes[d].category == 3;
}

torch_dtype torch_promote_types(torch_dtype a, torch_dtype b)
{
    if (a == b || !known(b)) return a;
    if (!known(a)) return b;
    int ca = dtypes[a].category, cb = dtypes[b].category;
    if (ca != cb) return ca > cb ? a : b;
    if (ca == 3) { /* float16 with bfloat16 has no common half type */
        if (dtypes[a].size == dtypes[b].size) return torch_float32;
        return dtypes[a].size > dtypes[b].size ? a : b;
    }
    if (a == torch_uint8 || b == torch_uint8) { /* uint8 with a signed type: the next that holds both */
        torch_dtype other = a == torch_uint8 ? b : a;
        return other == torch_int8 ? torch_int16 : other;
    }
    return dtypes[a].size > dtypes[b].size ? a : b;
}

static _Atomic int default_dtype = torch_float32;

torch_dtype torch_get_default_dtype(void)
{
    return (torch_dtype)atomic_load_explicit(&default_dtype, memory_order_relaxed);
}

int torch_set_default_dtype(torch_dtype d)
{
    if (cer_error_pending()) return torch_error_code();
    if (!torch_dtype_is_floating_point(d))
        return torch_error_raise(TORCH_TYPE_ERROR, "set_default_dtype",
                                 "only floating-point types are supported as the default type");
    atomic_store_explicit(&default_dtype, d, memory_order_relaxed);
    return TORCH_OK;
}

/* torch.result_type: the category decides first. Tensors with dimensions count before 0-d tensors, those before numbers;
 * a later class matters only if its category is higher. */
torch_dtype cer_result_type(const torch_Scalar *in, int64_t n)
{
    if (n == 2 && in[0].kind == TORCH_KIND_TENSOR) { /* the usual cases: nothing to promote */
        const Tensor *t = in[0].as.t;
        if (in[1].kind == TORCH_KIND_TENSOR && in[1].as.t->dtype == t->dtype) return t->dtype;
        if (in[1].kind != TORCH_KIND_TENSOR && dtypes[t->dtype].category == 3) return t->dtype;
    } else if (n == 1 && in[0].kind == TORCH_KIND_TENSOR) {
        return in[0].as.t->dtype;
    }
    torch_dtype dims = torch_dtype_none, zero = torch_dtype_none, number = torch_dtype_none;
    for (int64_t i = 0; i < n; i++) {
        switch (in[i].kind) {
        case TORCH_KIND_TENSOR:
            if (in[i].as.t->ndim)
                dims = torch_promote_types(dims, in[i].as.t->dtype);
            else
                zero = torch_promote_types(zero, in[i].as.t->dtype);
            break;
        case TORCH_KIND_BOOL: number = torch_promote_types(number, torch_bool); break;
        case TORCH_KIND_INT: number = torch_promote_types(number, torch_int64); break;
        case TORCH_KIND_DOUBLE: number = torch_promote_types(number, torch_get_default_dtype()); break;
        default: break;
        }
    }
    torch_dtype type = dims;
    if (dtypes[zero].category > dtypes[type].category) type = torch_promote_types(type, zero);
    if (dtypes[number].category > dtypes[type].category) type = torch_promote_types(type, number);
    return type;
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

bool cer_numel_of(const char *op, int64_t ndim, const int64_t *shape, size_t element, int64_t *numel)
{
    int64_t n = 1, bytes;
    bool overflow = false, empty = false;
    for (int64_t i = 0; i < ndim; i++) {
        if (shape[i] == 0) empty = true;
        overflow |= __builtin_mul_overflow(n, shape[i] ? shape[i] : 1, &n);
    }
    overflow |= __builtin_mul_overflow(n, (int64_t)(element ? element : 1), &bytes) || bytes > INT64_MAX / 4;
    if (overflow) {
        char text[256];
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Storage size calculation overflowed with sizes=%s",
                         cer_shape_text(ndim, shape, text, sizeof text));
    }
    *numel = empty ? 0 : n;
    return true;
}

void cer_form(cer_Form *f, torch_dtype dtype, int64_t ndim, const int64_t *shape)
{
    f->dtype = (uint8_t)dtype;
    f->ndim = (uint8_t)ndim;
    f->strided = false;
    f->offset = 0;
    for (int64_t i = 0; i < ndim; i++) f->shape[i] = shape[i];
}

/* Which of two dimensions is further in: -1 if a, 1 if b, 0 if nobody can tell. As in iterator.c. */
static int inner_of(const cer_Form *f, int n, const int64_t *const *stride, int a, int b)
{
    for (int k = 0; k < n; k++) {
        int64_t sa = stride[k][a], sb = stride[k][b];
        if (sa == 0 || sb == 0) continue; /* broadcast dimensions tell nothing */
        if (sa != sb) return sa < sb ? -1 : 1;
        if (f->shape[a] > f->shape[b]) return 1;
    }
    return 0;
}

/* PyTorch's order: broadcast dimensions stay where they are; of equal strides the smaller size is inner. */
void cer_form_strides_of(cer_Form *f, int n, const int64_t *const *stride)
{
    int order[TORCH_MAX_DIM]; /* innermost first */
    for (int i = 0; i < f->ndim; i++) order[i] = f->ndim - 1 - i;
    for (int i = 1; i < f->ndim; i++) {
        for (int at = i, j = i - 1; j >= 0; j--) {
            int inner = inner_of(f, n, stride, order[j], order[at]);
            if (inner < 0) break;
            if (inner == 0) continue;
            int swapped = order[j];
            order[j] = order[at];
            order[at] = swapped;
            at = j;
        }
    }
    int64_t next = 1;
    for (int i = 0; i < f->ndim; i++) {
        f->stride[order[i]] = next;
        next *= f->shape[order[i]] > 1 ? f->shape[order[i]] : 1;
    }
    f->strided = true;
}

void cer_form_strides_like(cer_Form *f, const int64_t *stride)
{
    cer_form_strides_of(f, 1, &stride);
}

bool cer_form_checked(cer_Form *f, const char *op, torch_dtype dtype, int64_t ndim, const int64_t *shape)
{
    char text[256];
    int64_t numel;
    if (ndim < 0 || ndim > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "%s: a tensor has at most %d dimensions here, not %lld", op,
                         TORCH_MAX_DIM, (long long)ndim);
    if (!known(dtype)) return cer_raise(TORCH_TYPE_ERROR, op, "%s: %d is no dtype", op, (int)dtype);
    for (int64_t i = 0; i < ndim; i++)
        if (shape[i] < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op, "Trying to create tensor with negative dimension %lld: %s",
                             (long long)shape[i], cer_shape_text(ndim, shape, text, sizeof text));
    if (!cer_numel_of(op, ndim, shape, dtypes[dtype].size, &numel)) return false;
    cer_form(f, dtype, ndim, shape);
    return true;
}

bool cer_wrap_dim(const char *op, int64_t dim, int64_t ndim, int64_t *wrapped)
{
    int64_t n = ndim ? ndim : 1; /* a 0-d tensor counts as one dimension here */
    if (dim < -n || dim >= n)
        return cer_raise(TORCH_INDEX_ERROR, op,
                         "Dimension out of range (expected to be in range of [%lld, %lld], but got %lld)",
                         (long long)-n, (long long)n - 1, (long long)dim);
    *wrapped = dim < 0 ? dim + n : dim;
    return true;
}

bool cer_broadcast(const char *op, int64_t *ndim, int64_t *shape, int64_t other_ndim, const int64_t *other)
{
    int64_t n = *ndim > other_ndim ? *ndim : other_ndim, merged[TORCH_MAX_DIM];
    for (int64_t i = n; i-- > 0;) {
        int64_t ka = i - (n - *ndim), kb = i - (n - other_ndim);
        int64_t a = ka >= 0 ? shape[ka] : 1, b = kb >= 0 ? other[kb] : 1;
        if (a != b && a != 1 && b != 1)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "The size of tensor a (%lld) must match the size of tensor b (%lld) at "
                             "non-singleton dimension %lld",
                             (long long)a, (long long)b, (long long)i);
        merged[i] = a == 1 ? b : a;
    }
    memcpy(shape, merged, sizeof(int64_t) * (size_t)n);
    *ndim = n;
    return true;
}

bool cer_expand_strides(const Tensor *t, int64_t ndim, const int64_t *shape, int64_t *stride)
{
    int64_t lead = ndim - t->ndim;
    if (lead < 0) return false;
    for (int64_t i = 0; i < lead; i++) stride[i] = 0;
    for (int64_t i = 0; i < t->ndim; i++) {
        if (t->shape[i] != shape[lead + i] && t->shape[i] != 1) return false;
        stride[lead + i] = t->shape[i] == shape[lead + i] ? t->stride[i] : 0;
    }
    return true;
}

const char *cer_type_name(torch_dtype dtype)
{
    static const char *const names[] = {"Undefined", "Byte",  "Char",   "Short", "Int",     "Long",
                                        "Half",      "Float", "Double", "Bool",  "BFloat16"};
    return names[(unsigned)dtype < sizeof names / sizeof *names ? dtype : 0];
}

const char *cer_cpp_name(torch_dtype dtype)
{
    static const char *const names[] = {"nullptr (uninitialized)",
                                        "unsigned char",
                                        "signed char",
                                        "short int",
                                        "int",
                                        "long int",
                                        "c10::Half",
                                        "float",
                                        "double",
                                        "bool",
                                        "c10::BFloat16"};
    return names[(unsigned)dtype < sizeof names / sizeof *names ? dtype : 0];
}

const char *cer_shape_text(int64_t ndim, const int64_t *shape, char *text, size_t bytes)
{
    size_t used = (size_t)snprintf(text, bytes, "[");
    for (int64_t i = 0; i < ndim && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%lld", i ? ", " : "", (long long)shape[i]);
    if (used < bytes) snprintf(text + used, bytes - used, "]");
    return text;
}

const char *cer_size_text(const Tensor *t, char *text, size_t bytes)
{
    return cer_shape_text(t->ndim, t->shape, text, bytes);
}

/* ---- numbers as elements ----------------------------------------------------------------------------------------- */

bool cer_convert(void *to, torch_dtype to_type, const void *from, torch_dtype from_type, int64_t n)
{
    char *ptr[2] = {to, (char *)(uintptr_t)from};
    int64_t stride[2] = {(int64_t)torch_dtype_size(to_type), (int64_t)torch_dtype_size(from_type)};
    cer_kernels()->cast[to_type][from_type](n, ptr, stride, NULL);
    return true;
}

/* Bounds, and what PyTorch calls the type. To unsigned types negative numbers wrap, as far as their size fits. */
bool cer_number_fits(const char *op, torch_Scalar s, torch_dtype dtype)
{
    static const struct {
        const char *name;
        double low, high;
    } range[] = {
        [torch_uint8] = {"uint8_t", 0, 255},
        [torch_int8] = {"int8_t", -128, 127},
        [torch_int16] = {"int16_t", -32768, 32767},
        [torch_int32] = {"int", -0x1p31, 0x1p31 - 1},
        [torch_int64] = {"int64_t", -0x1p63, 0x1p63},
        [torch_float16] = {"at::Half", -65504, 65504},
        [torch_float32] = {"float", -0x1.fffffep127, 0x1.fffffep127},
        [torch_float64] = {"double", -0x1.fffffffffffffp1023, 0x1.fffffffffffffp1023},
        [torch_bool] = {"bool", -(double)INFINITY, (double)INFINITY},
        [torch_bfloat16] = {"at::BFloat16", -0x1.fep127, 0x1.fep127},
    };
    bool fits = true, floating = torch_dtype_is_floating_point(dtype);
    if (s.kind == TORCH_KIND_INT && dtype != torch_int64)
        fits =
            (double)s.as.i >= (dtype == torch_uint8 ? -255 : range[dtype].low) && (double)s.as.i <= range[dtype].high;
    if (s.kind == TORCH_KIND_DOUBLE && dtype != torch_bool && !(floating && !isfinite(s.as.d)))
        fits = s.as.d >= range[dtype].low && s.as.d <= range[dtype].high;
    return fits || cer_raise(TORCH_RUNTIME_ERROR, op, "value cannot be converted to type %s without overflow",
                             range[dtype].name);
}

bool cer_scalar_as(torch_Scalar s, torch_dtype dtype, void *element)
{
    switch (s.kind) {
    case TORCH_KIND_BOOL:
    case TORCH_KIND_INT: return cer_convert(element, dtype, &s.as.i, torch_int64, 1);
    case TORCH_KIND_DOUBLE: return cer_convert(element, dtype, &s.as.d, torch_float64, 1);
    default: return false;
    }
}
