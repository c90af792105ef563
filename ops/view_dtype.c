/* x.view(dtype): memory read as another type. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct Viewed {
    const Tensor *x;
    torch_dtype dtype;
    int64_t ratio; /* of the sizes of an element */
} Viewed;

static bool refuse(const Viewed *v, const char *what, int64_t got)
{
    return cer_raise(TORCH_RUNTIME_ERROR, "view",
                     "%s must be divisible by %lld to view %s as %s (different element sizes), but got %lld", what,
                     (long long)v->ratio, cer_type_name(v->x->dtype), cer_type_name(v->dtype), (long long)got);
}

static bool last_is_contiguous(const Viewed *v)
{
    int64_t stride = v->x->stride[v->x->ndim - 1];
    return stride == 1 ||
           cer_raise(TORCH_RUNTIME_ERROR, "view",
                     "self.stride(-1) must be 1 to view %s as %s (different element sizes), but got %lld",
                     cer_type_name(v->x->dtype), cer_type_name(v->dtype), (long long)stride);
}

static bool narrower(const Viewed *v, cer_Form *form) /* (2, 3) of float32 -> (2, 6) of int16 */
{
    int last = v->x->ndim - 1;
    if (!last_is_contiguous(v)) return false;
    if (__builtin_mul_overflow(form->shape[last], v->ratio, &form->shape[last]))
        return cer_raise(TORCH_RUNTIME_ERROR, "view", "numel: integer multiplication overflow");
    for (int d = 0; d < last; d++) form->stride[d] = cer_times(form->stride[d], v->ratio);
    return true;
}

static bool wider(const Viewed *v, cer_Form *form) /* (2, 6) of int16 -> (2, 3) of float32 */
{
    int last = v->x->ndim - 1;
    int64_t offset = (v->x->data - v->x->storage->data) / cer_size_of(v->x->dtype);
    if (form->shape[last] % v->ratio) return refuse(v, "self.size(-1)", form->shape[last]);
    if (offset % v->ratio) return refuse(v, "self.storage_offset()", offset);
    if (!last_is_contiguous(v)) return false;
    form->shape[last] /= v->ratio;
    for (int d = 0; d < last; d++) {
        char text[32] = "self.stride(0)";
        text[12] = (char)('0' + d);
        if (form->stride[d] % v->ratio) return refuse(v, text, form->stride[d]);
        form->stride[d] /= v->ratio;
    }
    return true;
}

static bool view_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t;
    Viewed v = {.x = x, .dtype = *(const torch_dtype *)c->attrs};
    int64_t from = cer_size_of(x->dtype), to = cer_size_of(v.dtype);
    cer_Form *form = &c->form[0];
    cer_form(form, v.dtype, x->ndim, x->shape);
    form->strided = true;
    memcpy(form->stride, x->stride, sizeof(int64_t) * x->ndim);
    if (from == to) return true;
    if (x->ndim == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "view",
                         "self.dim() cannot be 0 to view %s as %s (different element sizes)", cer_type_name(x->dtype),
                         cer_type_name(v.dtype));
    v.ratio = from > to ? from / to : to / from;
    return from > to ? narrower(&v, form) : wider(&v, form);
}

/* Without a vjp: the result has no history, not even that of what is written to the same memory. */
const cer_Op cer_op_view_dtype = {
    .name = "view",
    .shape = view_shape,
    .n_outputs = 1,
    .flags = CER_VIEW | CER_NONDIFFERENTIABLE,
    .attrs_bytes = sizeof(torch_dtype),
};

Tensor *torch_view_dtype(Tensor *x, torch_dtype dtype)
{
    if (cer_error_pending() || !cer_usable(x, "view", 1)) return NULL;
    if (torch_dtype_size(dtype) == 0) return cer_raise(TORCH_TYPE_ERROR, "view", "view(): invalid dtype"), NULL;
    return cer_call1(&cer_op_view_dtype, x, &dtype);
}
