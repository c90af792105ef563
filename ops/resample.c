/* Separable maps between planes: an output is a weighted sum of a few inputs along each dimension, from tables of indices and
 * weights. Every map has a record and the adjoint of it another; each is the other's gradient. */
#include "ops/resample.h"

#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static int taps_of(int kind)
{
    return kind == CER_LINEAR ? 2 : kind == CER_CUBIC ? 4 : 1;
}

static int64_t padded_index(int kind, int64_t o, int64_t before, int64_t n)
{
    int64_t i = o - before;
    if (kind == CER_REPLICATE) return i < 0 ? 0 : i >= n ? n - 1 : i;
    if (kind == CER_CIRCULAR) return i < 0 ? i + n : i >= n ? i - n : i;
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

/* PyTorch computes positions in the element type: so does this, for a float's rounding decides which neighbour is nearest. */
static double rounded(torch_dtype type, double v)
{
    return type == torch_float64 ? v : (double)(float)v;
}

static double scale_of(const cer_Resample *r, int d, torch_dtype type)
{
    double in = (double)r->in[d], out = (double)r->out[d];
    if (r->align_corners) return out > 1 ? rounded(type, (in - 1) / (out - 1)) : 0;
    return rounded(type, r->scale[d] > 0 ? 1 / r->scale[d] : in / out);
}

static void cubic_weights(double t, double *w) /* Keys, with A = -0.75 as in PyTorch */
{
    const double a = -0.75;
    double u = t + 1, v = 1 - t, x = 2 - t;
    w[0] = ((a * u - 5 * a) * u + 8 * a) * u - 4 * a;
    w[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
    w[2] = ((a + 2) * v - (a + 3)) * v * v + 1;
    w[3] = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

static void interpolated(const cer_Resample *r, int d, torch_dtype type, int64_t o, int64_t *index, double *weight)
{
    int64_t n = r->in[d];
    double scale = scale_of(r, d, type), at = (double)o;
    if (r->kind == CER_NEAREST || r->kind == CER_NEAREST_EXACT) {
        int64_t i = (int64_t)floor(rounded(type, (r->kind == CER_NEAREST ? at : at + 0.5) * scale));
        index[0] = i < n - 1 ? i : n - 1;
        return;
    }
    double source =
        r->align_corners ? rounded(type, scale * at) : rounded(type, rounded(type, scale * (at + 0.5)) - 0.5);
    if (r->kind == CER_LINEAR && source < 0) source = 0;
    if (r->kind == CER_LINEAR && r->in[d] == r->out[d]) source = at;
    int64_t i = (int64_t)floor(source);
    if (i > n - 1) i = n - 1;
    double t = source - (double)i;
    if (r->kind == CER_LINEAR) {
        index[0] = i;
        index[1] = i < n - 1 ? i + 1 : i;
        weight[0] = 1 - t;
        weight[1] = t;
        return;
    }
    cubic_weights(t, weight);
    for (int k = 0; k < 4; k++) {
        int64_t j = i - 1 + k;
        index[k] = j < 0 ? 0 : j > n - 1 ? n - 1 : j;
    }
}

/* Tables of one dimension, in memory of the scope: positions, and behind them the weights of the element type. */
static bool make_taps(const cer_Resample *r, int d, torch_dtype type, cer_Taps *t)
{
    bool plane = d >= 3 - r->dims;
    int taps = plane ? taps_of(r->kind) : 1;
    t->in[d] = plane ? r->in[d] : 1;
    t->out[d] = plane ? r->out[d] : 1;
    t->taps[d] = taps;
    int64_t n = t->out[d] * taps;
    size_t size = (size_t)cer_size_of((uint8_t)type), bytes = (size_t)n * (sizeof(int64_t) + size);
    int64_t *index = (int64_t *)(void *)cer_pool_string(bytes + 1);
    if (!index) return false;
    char *weight = (char *)(index + n);
    for (int64_t o = 0; o < t->out[d]; o++) {
        int64_t *i = index + o * taps;
        double w[4] = {1, 0, 0, 0};
        if (!plane)
            *i = 0;
        else if (r->kind <= CER_CIRCULAR)
            *i = padded_index(r->kind, o, r->before[d], r->in[d]);
        else
            interpolated(r, d, type, o, i, w);
        for (int k = 0; k < taps; k++)
            cer_scalar_as(torch_scalar_double(w[k]), type, weight + (size_t)(o * taps + k) * size);
    }
    t->index[d] = index;
    t->weight[d] = taps_of(r->kind) > 1 ? weight : NULL;
    return true;
}

/* ---- the records ------------------------------------------------------------------------------------------------- */

static bool form_of(cer_Call *c, const int64_t *plane)
{
    const cer_Resample *r = c->attrs;
    const Tensor *x = c->in[0].as.t;
    int64_t shape[TORCH_MAX_DIM];
    memcpy(shape, x->shape, sizeof shape);
    for (int d = 0; d < r->dims; d++) shape[x->ndim - 1 - d] = plane[2 - d];
    return cer_form_checked(&c->form[0], c->op->name, x->dtype, x->ndim, shape);
}

static bool forward_shape(cer_Call *c)
{
    return form_of(c, ((const cer_Resample *)c->attrs)->out);
}

static bool adjoint_shape(cer_Call *c)
{
    return form_of(c, ((const cer_Resample *)c->attrs)->in);
}

static bool work(cer_Call *c, bool back)
{
    const cer_Resample *r = c->attrs;
    Tensor *out = c->out[0];
    int64_t mark = cer_context()->pool.length, plane = 1;
    cer_Taps t;
    Tensor *x = cer_plain(c->in[0].as.t, out->dtype);
    bool fine = x != NULL;
    for (int d = 0; d < 3 && fine; d++) fine = make_taps(r, d, out->dtype, &t);
    for (int d = 0; d < 3 && fine; d++) plane *= back ? t.in[d] : t.out[d];
    if (fine && back) memset(out->data, 0, out->storage->bytes);
    if (fine && out->numel && x->numel)
        cer_kernels()->spatial[out->dtype].resample(&t, out->numel / plane, x->data, out->data, back);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static bool forward_kernel(cer_Call *c)
{
    return work(c, false);
}

static bool adjoint_kernel(cer_Call *c)
{
    return work(c, true);
}

#define PAIR(id, grad, grad_back)                                            \
    static void id##_vjp(cer_Node *n, Tensor *const *g, Tensor **in)         \
    {                                                                        \
        in[0] = cer_call1(&cer_op_##id##_backward, g[0], cer_attrs(n));      \
    }                                                                        \
    static void id##_adjoint_vjp(cer_Node *n, Tensor *const *g, Tensor **in) \
    {                                                                        \
        in[0] = cer_call1(&cer_op_##id, g[0], cer_attrs(n));                 \
    }                                                                        \
    const cer_Op cer_op_##id = {.name = #id,                                 \
                                .grad_name = grad,                           \
                                .shape = forward_shape,                      \
                                .kernel = forward_kernel,                    \
                                .vjp = id##_vjp,                             \
                                .n_outputs = 1,                              \
                                .attrs_bytes = sizeof(cer_Resample)};        \
    const cer_Op cer_op_##id##_backward = {.name = #id "_backward",          \
                                           .grad_name = grad_back,           \
                                           .shape = adjoint_shape,           \
                                           .kernel = adjoint_kernel,         \
                                           .vjp = id##_adjoint_vjp,          \
                                           .n_outputs = 1,                   \
                                           .attrs_bytes = sizeof(cer_Resample)};
PAIR(reflection_pad1d, "ReflectionPad1DBackward0", "ReflectionPad1DBackwardBackward0")
PAIR(reflection_pad2d, "ReflectionPad2DBackward0", "ReflectionPad2DBackwardBackward0")
PAIR(reflection_pad3d, "ReflectionPad3DBackward0", "ReflectionPad3DBackwardBackward0")
PAIR(replication_pad1d, "ReplicationPad1DBackward0", "ReplicationPad1DBackwardBackward0")
PAIR(replication_pad2d, "ReplicationPad2DBackward0", "ReplicationPad2DBackwardBackward0")
PAIR(replication_pad3d, "ReplicationPad3DBackward0", "ReplicationPad3DBackwardBackward0")
PAIR(circular_pad, "CopySlices", "CopySlices")
PAIR(upsample_nearest1d, "UpsampleNearest1DBackward1", "UpsampleNearest1DBackwardBackward1")
PAIR(upsample_nearest2d, "UpsampleNearest2DBackward1", "UpsampleNearest2DBackwardBackward1")
PAIR(upsample_nearest3d, "UpsampleNearest3DBackward1", "UpsampleNearest3DBackwardBackward1")
PAIR(upsample_nearest_exact1d, "UpsampleNearestExact1DBackward1", "UpsampleNearestExact1DBackwardBackward1")
PAIR(upsample_nearest_exact2d, "UpsampleNearestExact2DBackward1", "UpsampleNearestExact2DBackwardBackward1")
PAIR(upsample_nearest_exact3d, "UpsampleNearestExact3DBackward1", "UpsampleNearestExact3DBackwardBackward1")
PAIR(upsample_linear1d, "UpsampleLinear1DBackward1", "UpsampleLinear1DBackwardBackward1")
PAIR(upsample_bilinear2d, "UpsampleBilinear2DBackward1", "UpsampleBilinear2DBackwardBackward1")
PAIR(upsample_trilinear3d, "UpsampleTrilinear3DBackward1", "UpsampleTrilinear3DBackwardBackward1")
PAIR(upsample_bicubic2d, "UpsampleBicubic2DBackward1", "UpsampleBicubic2DBackwardBackward1")

Tensor *cer_resample(const cer_Op *op, Tensor *x, const cer_Resample *r)
{
    return cer_call1(op, x, r);
}
