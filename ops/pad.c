/* Padding with a constant, which is its own gradient with the signs turned; the other modes are maps of planes (resample.c). */
#include "ops/pad.h"

#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/resample.h"

typedef struct PadAttrs {
    torch_Scalar value;
    int64_t before[TORCH_MAX_DIM], after[TORCH_MAX_DIM];
} PadAttrs;

static bool pad_shape(cer_Call *c)
{
    const PadAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM];
    for (int d = 0; d < x->ndim; d++) shape[d] = x->shape[d] + a->before[d] + a->after[d];
    return cer_form_checked(&c->form[0], c->op->name, x->dtype, x->ndim, shape);
}

/* The part that input and output share, at its place in either. */
static bool pad_kernel(cer_Call *c)
{
    const PadAttrs *a = c->attrs;
    Tensor *x = c->in[0].as.t, *out = c->out[0];
    size_t size = torch_dtype_size(x->dtype), element[2] = {size, size};
    int64_t shape[TORCH_MAX_DIM];
    char *data[2] = {out->data, x->data};
    bool padded = false, empty = false;
    for (int d = 0; d < x->ndim; d++) {
        int64_t before = a->before[d], after = a->after[d];
        shape[d] = x->shape[d] + (before < 0 ? before : 0) + (after < 0 ? after : 0);
        data[before > 0 ? 0 : 1] += (before > 0 ? before * out->stride[d] : -before * x->stride[d]) * (int64_t)size;
        padded |= before > 0 || after > 0;
        empty |= shape[d] <= 0;
    }
    if (padded) cer_fill_elements(out, a->value);
    if (empty) return true;
    const int64_t *stride[2] = {out->stride, x->stride};
    cer_Iterator it;
    cer_iterator_init(&it, 2, x->ndim, shape, data, stride, element, false);
    cer_iterator_copy(&it, x->dtype, x->dtype);
    return true;
}

static void pad_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    PadAttrs a = *(const PadAttrs *)cer_attrs(n);
    for (int d = 0; d < TORCH_MAX_DIM; d++) {
        a.before[d] = -a.before[d];
        a.after[d] = -a.after[d];
    }
    a.value = torch_scalar_int(0);
    in[0] = cer_call1(&cer_op_constant_pad_nd, g[0], &a);
}

const cer_Op cer_op_constant_pad_nd = {.name = "constant_pad_nd",
                                       .grad_name = "ConstantPadNdBackward0",
                                       .schema = "constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor",
                                       .shape = pad_shape,
                                       .kernel = pad_kernel,
                                       .vjp = pad_vjp,
                                       .n_outputs = 1,
                                       .attrs_bytes = sizeof(PadAttrs)};

/* PyTorch narrows first, with narrow's messages. */
static bool cut_fits(int64_t size, int64_t before, int64_t after)
{
    int64_t wrapped;
    if (before < 0 && -before != size && !cer_wrap_dim("pad", -before, size, &wrapped)) return false;
    if (before < 0) size += before;
    if (after < 0 && size + after < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "pad", "start (0) + length (%lld) exceeds dimension size (%lld).",
                         (long long)(size + after), (long long)size);
    return true;
}

Tensor *cer_constant_pad(Tensor *x, const int64_t *pad, int64_t n, torch_Scalar value)
{
    PadAttrs a = {.value = value};
    bool grows = false;
    if (!x) return NULL;
    for (int64_t i = 0; i < n / 2; i++) {
        int64_t d = x->ndim - 1 - i, before = pad[2 * i], after = pad[2 * i + 1];
        if (before > INT32_MAX || after > INT32_MAX || before < -(int64_t)INT32_MAX || after < -(int64_t)INT32_MAX)
            return cer_raise(TORCH_RUNTIME_ERROR, "pad", "pad: a padding is out of range"), NULL;
        if (!cut_fits(x->shape[d], before, after)) return NULL;
        a.before[d] = before;
        a.after[d] = after;
        grows |= before > 0 || after > 0;
    }
    for (int d = 0; d < x->ndim && grows; d++)
        if (x->shape[d] + a.before[d] + a.after[d] <= 0 && d >= x->ndim - n / 2)
            return cer_raise(
                       TORCH_RUNTIME_ERROR, "pad",
                       "The input size %lld, plus negative padding %lld and %lld resulted in a negative output size, "
                       "which is invalid. Check dimension %d of your input.",
                       (long long)x->shape[d], (long long)a.before[d], (long long)a.after[d], d),
                   NULL;
    return cer_call1(&cer_op_constant_pad_nd, x, &a);
}

/* ---- reflect, replicate, circular -------------------------------------------------------------------------------- */

static bool reflection_fits(const Tensor *x, int d, int64_t before, int64_t after)
{
    char text[128], size[32];
    int64_t n = x->shape[d];
    int spatial = x->ndim <= 3 ? 1 : x->ndim - 2, last = x->ndim - 1 - d;
    snprintf(size, sizeof size, "%d", (int)x->ndim); /* what PyTorch tells of two dimensions */
    if (before < n && after < n) return true;
    return cer_raise(
        TORCH_RUNTIME_ERROR, "pad",
        "Argument #%d: Padding size should be less than the corresponding input dimension, but got: padding "
        "(%lld, %lld) at dimension %d of input %s",
        4 + 2 * last, (long long)before, (long long)after, d,
        spatial == 2 ? size : cer_size_text(x, text, sizeof text));
}

static bool plane_fits(const char *mode, const Tensor *x, int dims, const int64_t *pad)
{
    bool reflects = mode[2] == 'f', circular = mode[0] == 'c';
    for (int i = 0; i < dims; i++) {
        int d = x->ndim - 1 - i;
        int64_t n = x->shape[d], before = pad[2 * i], after = pad[2 * i + 1];
        if (before > INT32_MAX || after > INT32_MAX || before < -(int64_t)INT32_MAX || after < -(int64_t)INT32_MAX)
            return cer_raise(TORCH_RUNTIME_ERROR, "pad", "pad: a padding is out of range");
        if (circular && (before > n || after > n))
            return cer_raise(TORCH_RUNTIME_ERROR, "pad", "Padding value causes wrapping around more than once.");
        if (circular && n + before + after < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, "pad", "Negative padding value is resulting in an empty dimension.");
        if (reflects && !reflection_fits(x, d, before, after)) return false;
        if (!circular && (n == 0 || n + before + after < 1))
            return cer_raise(TORCH_RUNTIME_ERROR, "pad", "input (W: %lld) is too small. Calculated output W: %lld",
                             (long long)n, (long long)(n + before + after));
    }
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "pad", "\"%s_pad%dd%s\" not implemented for '%s'",
                         reflects ? "reflection" : "replication", dims, reflects ? "" : "_cpu",
                         cer_type_name(x->dtype));
    return true;
}

static Tensor *pad_planes(const char *mode, Tensor *x, int dims, const int64_t *pad)
{
    const cer_Op *const records[3][3] = {
        {&cer_op_reflection_pad1d, &cer_op_reflection_pad2d, &cer_op_reflection_pad3d},
        {&cer_op_replication_pad1d, &cer_op_replication_pad2d, &cer_op_replication_pad3d},
        {&cer_op_circular_pad, &cer_op_circular_pad, &cer_op_circular_pad}};
    int kind = mode[2] == 'f' ? 0 : mode[0] == 'r' ? 1 : 2;
    if (!plane_fits(mode, x, dims, pad)) return NULL;
    cer_Resample r = {.kind = kind == 0 ? CER_REFLECT : kind == 1 ? CER_REPLICATE : CER_CIRCULAR, .dims = dims};
    for (int i = 0; i < dims; i++) {
        int d = 2 - i;
        r.in[d] = x->shape[x->ndim - 1 - i];
        r.before[d] = pad[2 * i];
        r.out[d] = r.in[d] + pad[2 * i] + pad[2 * i + 1];
    }
    return cer_resample(records[kind][dims - 1], x, &r);
}

F_PadArgs F_PadArgs_defaults(void)
{
    return (F_PadArgs){.struct_size = sizeof(F_PadArgs), .mode = "constant"};
}

Tensor *F_pad_args(const F_PadArgs *p)
{
    Tensor *x = p->input;
    const char *mode = p->mode ? p->mode : "None";
    int64_t n = p->n_pad;
    if (cer_error_pending() || !cer_usable(x, "pad", 1)) return NULL;
    if (n < 0 || n % 2 || (n && !p->pad))
        return cer_raise(TORCH_RUNTIME_ERROR, "pad", "Padding length must be divisible by 2"), NULL;
    if (n / 2 > x->ndim) return cer_raise(TORCH_RUNTIME_ERROR, "pad", "Padding length too large"), NULL;
    if (strcmp(mode, "constant") == 0) return cer_constant_pad(x, p->pad, n, torch_scalar_double(p->value));
    if (p->value != 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "pad", "Padding mode \"%.40s\" doesn't take in value argument", mode),
               NULL;
    bool circular = strcmp(mode, "circular") == 0;
    if (circular && n != 2 * (x->ndim - 2))
        return cer_raise(TORCH_RUNTIME_ERROR, "pad", "Invalid padding size, expected %d but got %lld",
                         2 * (x->ndim - 2), (long long)n),
               NULL;
    bool known = circular || strcmp(mode, "reflect") == 0 || strcmp(mode, "replicate") == 0;
    bool fits = (n == 2 && (x->ndim == 2 || x->ndim == 3)) || (n == 4 && (x->ndim == 3 || x->ndim == 4)) ||
                (n == 6 && (x->ndim == 4 || x->ndim == 5));
    if (fits && !known)
        return cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "pad", "Unrecognised padding mode %.40s", mode), NULL;
    if (!fits)
        return cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "pad",
                         "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now"),
               NULL;
    return pad_planes(mode, x, (int)(n / 2), p->pad);
}
