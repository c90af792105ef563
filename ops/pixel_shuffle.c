/* pixel_shuffle: channels to blocks of pixels, and pixel_unshuffle, the way back: each is the other's gradient. And
 * channel_shuffle. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/pad.h"

typedef struct ShuffleAttrs {
    int64_t factor;
} ShuffleAttrs;

static bool shuffle_shape(cer_Call *c)
{
    int64_t r = ((const ShuffleAttrs *)c->attrs)->factor, shape[TORCH_MAX_DIM];
    const Tensor *x = c->in[0].as.t;
    memcpy(shape, x->shape, sizeof shape);
    shape[x->ndim - 3] /= r * r;
    shape[x->ndim - 2] *= r;
    shape[x->ndim - 1] *= r;
    return cer_form_checked(&c->form[0], c->op->name, x->dtype, x->ndim, shape);
}

static bool unshuffle_shape(cer_Call *c)
{
    int64_t r = ((const ShuffleAttrs *)c->attrs)->factor, shape[TORCH_MAX_DIM];
    const Tensor *x = c->in[0].as.t;
    memcpy(shape, x->shape, sizeof shape);
    shape[x->ndim - 3] *= r * r;
    shape[x->ndim - 2] /= r;
    shape[x->ndim - 1] /= r;
    return cer_form_checked(&c->form[0], c->op->name, x->dtype, x->ndim, shape);
}

/* Both as a copy of six dimensions: (batch, channel, i, j, h, w), i and j the place within a block. */
static bool shuffle(cer_Call *c, bool back)
{
    int64_t mark = cer_context()->pool.length, r = ((const ShuffleAttrs *)c->attrs)->factor;
    Tensor *out = c->out[0];
    const Tensor *x = cer_plain(c->in[0].as.t, out->dtype), *small = back ? x : out; /* small: fewer channels */
    if (!x || out->numel == 0) return x != NULL;
    int64_t width = small->shape[small->ndim - 1], height = small->shape[small->ndim - 2];
    int64_t channels = small->shape[small->ndim - 3], w = width / r, h = height / r, plane = width * height;
    int64_t shape[6] = {x->numel / (channels * plane), channels, r, r, h, w};
    int64_t deep[6] = {channels * plane, plane, r * h * w, h * w, w, 1},
            wide[6] = {channels * plane, plane, width, 1, r * width, r};
    char *data[2] = {out->data, x->data};
    const int64_t *stride[2] = {back ? deep : wide, back ? wide : deep};
    size_t size = torch_dtype_size(out->dtype), element[2] = {size, size};
    cer_Iterator it;
    cer_iterator_init(&it, 2, 6, shape, data, stride, element, false);
    cer_iterator_copy(&it, out->dtype, out->dtype);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static bool shuffle_kernel(cer_Call *c)
{
    return shuffle(c, false);
}

static bool unshuffle_kernel(cer_Call *c)
{
    return shuffle(c, true);
}

static void shuffle_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call1(&cer_op_pixel_unshuffle, g[0], cer_attrs(n));
}

static void unshuffle_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call1(&cer_op_pixel_shuffle, g[0], cer_attrs(n));
}

#define SHUFFLE(id, grad, which)                          \
    const cer_Op cer_op_##id = {.name = #id,              \
                                .grad_name = grad,        \
                                .shape = which##_shape,   \
                                .kernel = which##_kernel, \
                                .vjp = which##_vjp,       \
                                .n_outputs = 1,           \
                                .attrs_bytes = sizeof(ShuffleAttrs)};
SHUFFLE(pixel_shuffle, "PixelShuffleBackward0", shuffle)
SHUFFLE(pixel_unshuffle, "PixelUnshuffleBackward0", unshuffle)

static bool shuffle_ready(const char *op, const Tensor *x, const char *name, int64_t factor)
{
    if (cer_error_pending() || !cer_usable(x, op, 1)) return false;
    if (x->ndim < 3)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "%s expects input to have at least 3 dimensions, but got input with %d dimension(s)", op,
                         (int)x->ndim);
    if (factor <= 0 || factor > INT32_MAX)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "%s expects a positive %s, but got %lld", op, name,
                         (long long)factor);
    return true;
}

Tensor *F_pixel_shuffle(Tensor *x, int64_t upscale_factor)
{
    const char *op = "pixel_shuffle";
    if (!shuffle_ready(op, x, "upscale_factor", upscale_factor)) return NULL;
    int64_t square = upscale_factor * upscale_factor, channels = x->shape[x->ndim - 3];
    if (channels % square)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
                         "upscale_factor, but input.size(-3)=%lld is not divisible by %lld",
                         (long long)channels, (long long)square),
               NULL;
    return cer_call1(&cer_op_pixel_shuffle, x, &(ShuffleAttrs){upscale_factor});
}

Tensor *F_pixel_unshuffle(Tensor *x, int64_t downscale_factor)
{
    const char *op = "pixel_unshuffle";
    if (!shuffle_ready(op, x, "downscale_factor", downscale_factor)) return NULL;
    for (int d = 2; d >= 1; d--)
        if (x->shape[x->ndim - d] % downscale_factor)
            return cer_raise(
                       TORCH_RUNTIME_ERROR, op,
                       "pixel_unshuffle expects %s to be divisible by downscale_factor, but input.size(-%d)=%lld is "
                       "not divisible by %lld",
                       d == 2 ? "height" : "width", d, (long long)x->shape[x->ndim - d], (long long)downscale_factor),
                   NULL;
    return cer_call1(&cer_op_pixel_unshuffle, x, &(ShuffleAttrs){downscale_factor});
}

Tensor *torch_channel_shuffle(Tensor *x, int64_t groups)
{
    const char *op = "channel_shuffle";
    char shape[256];
    if (cer_error_pending() || !cer_usable(x, op, 1)) return NULL;
    if (x->ndim < 3)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "channel_shuffle expects input with > 2 dims, but got input with sizes %s",
                         cer_shape_text(x->ndim, x->shape, shape, sizeof shape)),
               NULL;
    if (groups <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Number of groups to divide channels in must be positive. Value of groups:%lld",
                         (long long)groups),
               NULL;
    if (x->shape[1] % groups)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Number of channels must be divisible by groups. Got %lld channels and %lld groups.",
                         (long long)x->shape[1], (long long)groups),
               NULL;
    int64_t split[2] = {groups, x->shape[1] / groups};
    Tensor *parts = torch_unflatten(x, 1, 2, split);
    return parts ? torch_flatten_dims(torch_transpose(parts, 1, 2), 1, 2) : NULL;
}
