/* cross: of vectors of three components along one dimension. */
#include <string.h>

#include "core/impl.h"
#include "ops/kernels/half.h"
#include "ops/products.h"

typedef struct CrossAttrs {
    int64_t dim;
} CrossAttrs;

static bool cross_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    int64_t ndim = x->ndim, shape[TORCH_MAX_DIM];
    if (x->dtype != y->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "linalg.cross", "expected scalar type %s but found %s",
                         cer_type_name(x->dtype), cer_type_name(y->dtype));
    memcpy(shape, x->shape, sizeof(int64_t) * x->ndim);
    if (!cer_broadcast("linalg.cross", &ndim, shape, y->ndim, y->shape)) return false;
    if (x->dtype == torch_bool || x->dtype == torch_float16)
        return cer_raise(TORCH_RUNTIME_ERROR, "linalg.cross", "\"cross\" not implemented for '%s'",
                         cer_type_name(x->dtype));
    return cer_form_checked(&c->form[0], "linalg.cross", x->dtype, ndim, shape);
}

/* Component k of all vectors of t, as a view of the out's shape without dim: strides and first element. */
typedef struct Component {
    char *data;
    int64_t stride[TORCH_MAX_DIM];
    int64_t step; /* from component to component, in bytes */
} Component;

static Component components(const Tensor *t, const Tensor *out, int64_t dim)
{
    Component c = {.data = t->data};
    int64_t stride[TORCH_MAX_DIM], k = 0;
    cer_expand_strides(t, out->ndim, out->shape, stride);
    for (int64_t d = 0; d < out->ndim; d++)
        if (d != dim) c.stride[k++] = stride[d];
    c.step = stride[dim] * cer_size_of(t->dtype);
    return c;
}

#define CROSS(name, type, TIMES, MINUS)                                                                 \
    static void cross_##name(int64_t n, char *const *ptr, const int64_t *stride, const void *param)     \
    {                                                                                                   \
        const int64_t *step = param;                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                               \
            char *o = ptr[0] + i * stride[0], *x = ptr[1] + i * stride[1], *y = ptr[2] + i * stride[2]; \
            type a[3], b[3], r[3];                                                                      \
            for (int k = 0; k < 3; k++) {                                                               \
                memcpy(&a[k], x + k * step[1], sizeof(type));                                           \
                memcpy(&b[k], y + k * step[2], sizeof(type));                                           \
            }                                                                                           \
            r[0] = (type)MINUS(TIMES(a[1], b[2]), TIMES(a[2], b[1]));                                   \
            r[1] = (type)MINUS(TIMES(a[2], b[0]), TIMES(a[0], b[2]));                                   \
            r[2] = (type)MINUS(TIMES(a[0], b[1]), TIMES(a[1], b[0]));                                   \
            for (int k = 0; k < 3; k++) memcpy(o + k * step[0], &r[k], sizeof(type));                   \
        }                                                                                               \
    }
#define TIMES(a, b) ((a) * (b))
#define MINUS(a, b) ((a) - (b))
CROSS(float, float, TIMES, MINUS)
CROSS(double, double, TIMES, MINUS)
CROSS(uint8_t, uint8_t, TIMES, MINUS)
CROSS(uint16_t, uint16_t, TIMES, MINUS)
CROSS(uint32_t, uint32_t, TIMES, MINUS)
CROSS(uint64_t, uint64_t, TIMES, MINUS)

static inline uint16_t times_bfloat16(uint16_t a, uint16_t b) /* rounded after each step, as in PyTorch */
{
    return bfloat16_from_float(float_from_bfloat16(a) * float_from_bfloat16(b));
}
static inline uint16_t minus_bfloat16(uint16_t a, uint16_t b)
{
    return bfloat16_from_float(float_from_bfloat16(a) - float_from_bfloat16(b));
}
CROSS(bfloat16, uint16_t, times_bfloat16, minus_bfloat16)

static bool cross_kernel(cer_Call *c) /* integers wrap around: signed and unsigned ones have the same bits */
{
    static const cer_Loop loops[] = {
        [torch_uint8] = cross_uint8_t,  [torch_int8] = cross_uint8_t,     [torch_int16] = cross_uint16_t,
        [torch_int32] = cross_uint32_t, [torch_int64] = cross_uint64_t,   [torch_float32] = cross_float,
        [torch_float64] = cross_double, [torch_bfloat16] = cross_bfloat16};
    const CrossAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    Component part[3] = {components(out, out, a->dim), components(x, out, a->dim), components(y, out, a->dim)};
    int64_t shape[TORCH_MAX_DIM], k = 0, step[3] = {part[0].step, part[1].step, part[2].step};
    for (int64_t d = 0; d < out->ndim; d++)
        if (d != a->dim) shape[k++] = out->shape[d];
    size_t size = (size_t)cer_size_of(out->dtype), element[3] = {size, size, size};
    char *data[3] = {part[0].data, part[1].data, part[2].data};
    const int64_t *stride[3] = {part[0].stride, part[1].stride, part[2].stride};
    cer_Iterator it;
    cer_iterator_init(&it, 3, k, shape, data, stride, element, false);
    cer_iterator_run(&it, loops[out->dtype], step);
    return true;
}

static void cross_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const CrossAttrs *a = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = torch_linalg_cross(cer_saved_tensor(n, 1), g[0], a->dim);
    if (cer_needs(n, 1)) in[1] = torch_linalg_cross(g[0], cer_saved_tensor(n, 0), a->dim);
}

const cer_Op cer_op_linalg_cross = {.name = "linalg_cross",
                                    .grad_name = "LinalgCrossBackward0",
                                    .schema = "linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor",
                                    .shape = cross_shape,
                                    .kernel = cross_kernel,
                                    .vjp = cross_vjp,
                                    .saves = {CER_SAVE(1), CER_SAVE(0)},
                                    .n_outputs = 1,
                                    .attrs_bytes = sizeof(CrossAttrs)};

Tensor *torch_linalg_cross(Tensor *a, Tensor *b, int64_t dim)
{
    CrossAttrs attrs;
    if (!cer_ready(a, "linalg.cross", 1) || !cer_ready(b, "linalg.cross", 2)) return NULL;
    if (a->ndim != b->ndim)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "linalg.cross",
                                     "linalg.cross: inputs must have the same number of dimensions."));
    if (!cer_wrap_dim("linalg.cross", dim, a->ndim, &attrs.dim)) return NULL;
    int64_t n = a->ndim ? a->shape[attrs.dim] : 1, m = b->ndim ? b->shape[attrs.dim] : 1;
    if (n != 3 || m != 3)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "linalg.cross",
                                     "linalg.cross: inputs dimension %lld must have length 3. Got %lld and %lld",
                                     (long long)dim, (long long)n, (long long)m));
    return cer_call2(&cer_op_linalg_cross, a, b, &attrs);
}

Tensor *torch_cross(Tensor *a, Tensor *b, int64_t dim)
{
    if (!cer_ready(a, "cross", 1) || !cer_ready(b, "cross", 2)) return NULL;
    if (dim != TORCH_NONE) return torch_linalg_cross(a, b, dim);
    for (dim = 0; dim < a->ndim; dim++)
        if (a->shape[dim] == 3) return torch_linalg_cross(a, b, dim);
    return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "cross", "no dimension of size 3 in input"));
}
