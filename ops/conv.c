/* Convolution: unfolded to a product of matrices, a tile of output positions at a time. Three records are each other's
 * gradients, for convolution(x, w), transposed(g, w) and weight(x, g) are the partial derivatives of one form that is linear in
 * all of image, weight and map: sum of map[n, o, i] weight[o, c, k] image[n, c, i * stride - pad + k * dilation]. */
#include "ops/conv.h"

#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "ops/each.h"
#include "ops/ops_internal.h"

typedef struct ConvAttrs {
    int dims; /* spatial */
    int64_t stride[3], pad[3], dilation[3];
    int64_t groups;
    int64_t size
        [5]; /* of the output: the transposed convolution's and the weight gradient's are not known from the inputs */
} ConvAttrs;

enum { INPUT, WEIGHT, BIAS };
enum { TILE_BYTES = 1 << 19 }; /* of unfolded input: half of a usual second-level cache */

/* ---- the work ---------------------------------------------------------------------------------------------------- */

typedef struct Conv {
    cer_Window window;                      /* of image and map */
    int64_t images, groups, channels, maps; /* channels and maps of one group */
    int64_t image, map, kernel;             /* elements of one channel */
    int type;
    int64_t size; /* of an element */
    const cer_Spatial *spatial;
    char *columns;
    size_t columns_bytes;
} Conv;

static Conv conv_of(const ConvAttrs *a, const Tensor *image, const int64_t *weight, const Tensor *map)
{
    Conv v = {.images = image->shape[0], .groups = a->groups, .type = image->dtype, .size = cer_size_of(image->dtype)};
    cer_window(&v.window, a->dims, image->shape + 2, map->shape + 2, weight + 2, a->stride, a->pad, a->dilation);
    v.channels = image->shape[1] / a->groups;
    v.maps = map->shape[1] / a->groups;
    v.image = v.map = v.kernel = 1;
    for (int d = 0; d < 3; d++) {
        v.image *= v.window.in[d];
        v.map *= v.window.out[d];
        v.kernel *= v.window.kernel[d];
    }
    v.spatial = &cer_kernels()->spatial[v.type];
    return v;
}

/* With a kernel of one element the image is its own unfolding. */
static bool is_pointwise(const Conv *v)
{
    const cer_Window *w = &v->window;
    bool plain = v->kernel == 1;
    for (int d = 0; d < 3; d++) plain &= w->stride[d] == 1 && w->pad[d] == 0;
    return plain;
}

typedef struct Tile { /* some rows of output positions, or a part of one row */
    cer_Window window;
    int64_t from, to;    /* rows */
    int64_t position, n; /* its first position, and how many */
    const char *columns; /* [channels * kernel, n], rows `row` elements apart */
    int64_t row;
} Tile;

static bool tiles_begin(Conv *v, Tile *t, bool pointwise)
{
    int64_t depth = v->channels * v->kernel * v->size, width = v->window.out[2],
            rows = v->window.out[0] * v->window.out[1];
    int64_t fitting = TILE_BYTES / (depth ? depth : 1);
    t->window = v->window;
    t->from = t->to = t->position = t->n = 0;
    if (pointwise) return true;
    int64_t most = fitting >= width ? (fitting / (width ? width : 1)) * width : fitting > 64 ? fitting : 64;
    if (most > rows * width) most = rows * width;
    v->columns_bytes = (size_t)(depth * (most ? most : 1)) + 1;
    v->columns = cer_alloc(v->columns_bytes);
    return v->columns || cer_raise_memory("convolution", (double)v->columns_bytes);
}

static bool tile_next(const Conv *v, Tile *t, bool pointwise)
{
    int64_t depth = v->channels * v->kernel * v->size, width = v->window.out[2],
            rows = v->window.out[0] * v->window.out[1];
    int64_t fitting = TILE_BYTES / (depth ? depth : 1);
    t->position += t->n;
    if (t->position >= rows * width) return false;
    t->from = t->position / width;
    if (pointwise || fitting >= width) {
        int64_t more = pointwise ? rows : fitting / width;
        t->to = t->from + more < rows ? t->from + more : rows;
        t->n = (t->to - t->from) * width;
    } else { /* a part of a row: as a window of its own, shifted */
        int64_t start = t->position % width, most = fitting > 64 ? fitting : 64;
        t->to = t->from + 1;
        t->n = most < width - start ? most : width - start;
        t->window.out[2] = t->n;
        t->window.pad[2] = v->window.pad[2] - start * v->window.stride[2];
    }
    t->row = pointwise ? v->map : t->n;
    t->columns = v->columns;
    return true;
}

static void fill_bias(Tensor *out, const Tensor *bias, int64_t plane) /* or zeros */
{
    int64_t size = cer_size_of(out->dtype), planes = plane ? out->numel / plane : 0;
    if (!bias) {
        memset(out->data, 0, (size_t)(out->numel * size));
        return;
    }
    for (int64_t p = 0; p < planes; p++) {
        char *ptr[1] = {out->data + p * plane * size};
        cer_kernels()->fill[out->dtype](plane, ptr, &size, bias->data + p % out->shape[1] * bias->stride[0] * size);
    }
}

static void convolve_group(Conv *v, const char *image, const char *weight, char *map)
{
    Tile t;
    bool pointwise = is_pointwise(v);
    int64_t depth = v->channels * v->kernel;
    t.window = v->window;
    t.position = t.n = 0;
    while (tile_next(v, &t, pointwise)) {
        if (!pointwise) v->spatial->unfold(&t.window, v->channels, t.from, t.to, image, v->columns);
        cer_gemm(v->type, v->maps, t.n, depth, 1, weight, depth, 1, pointwise ? image : v->columns, t.row, 1, 1,
                 map + t.position * v->size, v->map, 1);
    }
}

static void transpose_group(Conv *v, char *image, const char *weight, const char *map)
{
    Tile t;
    bool pointwise = is_pointwise(v);
    int64_t depth = v->channels * v->kernel;
    t.window = v->window;
    t.position = t.n = 0;
    while (tile_next(v, &t, pointwise)) {
        cer_gemm(v->type, depth, t.n, v->maps, 1, weight, 1, depth, map + t.position * v->size, v->map, 1,
                 pointwise ? 1 : 0, pointwise ? image : v->columns, t.row, 1);
        if (!pointwise) v->spatial->fold(&t.window, v->channels, t.from, t.to, v->columns, image);
    }
}

static void weigh_group(Conv *v, const char *image, char *weight, const char *map)
{
    Tile t;
    bool pointwise = is_pointwise(v);
    int64_t depth = v->channels * v->kernel;
    t.window = v->window;
    t.position = t.n = 0;
    while (tile_next(v, &t, pointwise)) {
        if (!pointwise) v->spatial->unfold(&t.window, v->channels, t.from, t.to, image, v->columns);
        cer_gemm(v->type, v->maps, depth, t.n, 1, map + t.position * v->size, v->map, 1, pointwise ? image : v->columns,
                 1, t.row, 1, weight, depth, 1);
    }
}

/* Each image and group in turn. Which of the three is written is the caller's; the others are read. */
typedef void (*EachGroup)(Conv *v, char *image, char *weight, char *map);

static bool run(Conv *v, EachGroup work, Tensor *image, Tensor *weight, Tensor *map)
{
    Tile t;
    if (!tiles_begin(v, &t, is_pointwise(v))) return false;
    for (int64_t n = 0; n < v->images; n++)
        for (int64_t g = 0; g < v->groups; g++)
            work(v, image->data + (n * v->groups + g) * v->channels * v->image * v->size,
                 weight->data + g * v->maps * v->channels * v->kernel * v->size,
                 map->data + (n * v->groups + g) * v->maps * v->map * v->size);
    if (v->columns) cer_free(v->columns, v->columns_bytes);
    return true;
}

static void convolve(Conv *v, char *image, char *weight, char *map)
{
    if (v->channels > 1) {
        convolve_group(v, image, weight, map);
        return;
    }
    for (int64_t o = 0; o < v->maps; o++)
        v->spatial->correlate(&v->window, image, weight + o * v->kernel * v->size, map + o * v->map * v->size);
}

static void transpose(Conv *v, char *image, char *weight, char *map)
{
    transpose_group(v, image, weight, map);
}

static void weigh(Conv *v, char *image, char *weight, char *map)
{
    weigh_group(v, image, weight, map);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static bool conv_shape(cer_Call *c)
{
    const ConvAttrs *a = c->attrs;
    if (!cer_form_checked(&c->form[0], c->op->name, c->in[INPUT].as.t->dtype, a->dims + 2, a->size)) return false;
    if (c->op != &cer_op_convolution || a->groups > 1) return true;
    const Tensor *w = c->in[WEIGHT].as.t;
    int64_t kernel = 1;
    for (int d = 2; d < w->ndim; d++) kernel *= w->shape[d];
    if (kernel > 1 && (cer_channels_last(c->in[INPUT].as.t, a->dims) || cer_channels_last(w, a->dims)))
        cer_form_channels_last(&c->form[0]);
    return true;
}

/* The first two operands as contiguous ones. */
static bool plain_operands(cer_Call *c, Tensor **first, Tensor **second)
{
    *first = cer_plain(c->in[0].as.t, c->out[0]->dtype);
    *second = *first ? cer_plain(c->in[1].as.t, c->out[0]->dtype) : NULL;
    return *second != NULL;
}

static bool convolution_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    Tensor *x, *w, *out = cer_target(c->out[0]);
    if (!out || !plain_operands(c, &x, &w)) return false;
    Conv v = conv_of(c->attrs, x, w->shape, out);
    fill_bias(out, c->n_in > BIAS ? cer_tensor(c->in[BIAS]) : NULL, v.map);
    bool fine = run(&v, convolve, x, w, out);
    if (fine) cer_finish(c->out[0], out);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static bool transposed_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    Tensor *map, *w, *out = c->out[0];
    if (!plain_operands(c, &map, &w)) return false;
    Conv v = conv_of(c->attrs, out, w->shape, map);
    fill_bias(out, c->n_in > BIAS ? cer_tensor(c->in[BIAS]) : NULL, v.image);
    bool fine = run(&v, transpose, out, w, map);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static bool weight_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    Tensor *x, *map, *out = c->out[0];
    if (!plain_operands(c, &x, &map)) return false;
    memset(out->data, 0, out->storage->bytes);
    Conv v = conv_of(c->attrs, x, out->shape, map);
    bool fine = run(&v, weigh, x, out, map);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* One of the other two, with an output of the given size. */
static Tensor *partial(const cer_Op *op, const ConvAttrs *a, Tensor *first, Tensor *second, torch_Size size)
{
    ConvAttrs b = *a;
    if (!first || !second) return NULL;
    memcpy(b.size, size.dim, sizeof b.size);
    return cer_call2(op, first, second, &b);
}

static Tensor *bias_gradient(Tensor *g)
{
    int64_t dims[TORCH_MAX_DIM] = {0};
    for (int d = 2; d < g->ndim; d++) dims[d - 1] = d;
    return torch_sum(g, .dims = dims, .n_dims = g->ndim - 1);
}

static void convolution_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const ConvAttrs *a = cer_attrs(n);
    if (cer_needs(n, INPUT))
        in[INPUT] = partial(&cer_op_conv_transposed, a, g[0], cer_saved_tensor(n, WEIGHT), cer_input_size(n, INPUT));
    if (cer_needs(n, WEIGHT))
        in[WEIGHT] = partial(&cer_op_conv_weight, a, cer_saved_tensor(n, INPUT), g[0], cer_input_size(n, WEIGHT));
    if (cer_n_inputs(n) > BIAS && cer_needs(n, BIAS)) in[BIAS] = bias_gradient(g[0]);
}

static void transposed_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const ConvAttrs *a = cer_attrs(n);
    if (cer_needs(n, INPUT))
        in[INPUT] = partial(&cer_op_convolution, a, g[0], cer_saved_tensor(n, WEIGHT), cer_input_size(n, INPUT));
    if (cer_needs(n, WEIGHT))
        in[WEIGHT] = partial(&cer_op_conv_weight, a, g[0], cer_saved_tensor(n, INPUT), cer_input_size(n, WEIGHT));
    if (cer_n_inputs(n) > BIAS && cer_needs(n, BIAS)) in[BIAS] = bias_gradient(g[0]);
}

static void weight_vjp(cer_Node *n, Tensor *const *g, Tensor **in) /* of (image, map) */
{
    const ConvAttrs *a = cer_attrs(n);
    if (cer_needs(n, 0))
        in[0] = partial(&cer_op_conv_transposed, a, cer_saved_tensor(n, 1), g[0], cer_input_size(n, 0));
    if (cer_needs(n, 1)) in[1] = partial(&cer_op_convolution, a, cer_saved_tensor(n, 0), g[0], cer_input_size(n, 1));
}

#define CONV(id, grad, schema_, kernel_, vjp_)                       \
    const cer_Op cer_op_##id = {.name = "convolution",               \
                                .grad_name = grad,                   \
                                .schema = schema_,                   \
                                .shape = conv_shape,                 \
                                .kernel = kernel_,                   \
                                .vjp = vjp_,                         \
                                .saves = {CER_SAVE(1), CER_SAVE(0)}, \
                                .n_outputs = 1,                      \
                                .attrs_bytes = sizeof(ConvAttrs)};
CONV(convolution, "ConvolutionBackward0",
     "convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, SymInt[] padding, int[] dilation, bool "
     "transposed, "
     "SymInt[] output_padding, int groups) -> Tensor",
     convolution_kernel, convolution_vjp)
CONV(conv_transposed, "ConvolutionBackward0", NULL, transposed_kernel, transposed_vjp)
CONV(conv_weight, "ConvolutionBackwardBackward0", NULL, weight_kernel, weight_vjp)

/* ---- checks ------------------------------------------------------------------------------------------------------ */

typedef struct Request { /* what the public functions have in common */
    const char *op;
    Tensor *input, *weight, *bias;
    ConvAttrs a;
    int64_t output_pad[3];
    bool transposed;
} Request;

static const char *text_of(const Tensor *t, char *text, size_t bytes)
{
    return cer_shape_text(t->ndim, t->shape, text, bytes);
}

static bool all_at_least(int dims, const int64_t *v, int64_t least)
{
    for (int d = 0; d < dims; d++)
        if (v[d] < least) return false;
    return true;
}

/* PyTorch tries oneDNN with float32 first, which words it differently. */
static bool types_differ(const Request *q, const Tensor *other, const char *what)
{
    torch_dtype own = q->input->dtype;
    if (own == torch_float32)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op,
                         "Input type (torch.%sTensor) and %s type (torch.%sTensor) should be the same or input should "
                         "be a MKLDNN tensor and %s is a dense tensor",
                         cer_type_name(own), what, cer_type_name(other->dtype), what);
    if (other == q->bias)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op, "Input type (%s) and bias type (%s) should be the same",
                         cer_cpp_name(own), cer_cpp_name(other->dtype));
    return cer_raise(TORCH_RUNTIME_ERROR, q->op, "expected scalar type %s but found %s", cer_type_name(own),
                     cer_type_name(other->dtype));
}

static bool check_types(const Request *q)
{
    torch_dtype own = q->input->dtype;
    bool weight = q->weight->dtype != own, bias = q->bias && q->bias->dtype != own;
    if (bias && (own != torch_float32 || !weight)) return types_differ(q, q->bias, "bias");
    if (weight) return types_differ(q, q->weight, "weight");
    if (own != torch_float32 && own != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op, "\"slow_conv2d_cpu\" not implemented for '%s'",
                         cer_type_name(own));
    return true;
}

static bool check_options(const Request *q)
{
    int dims = q->a.dims;
    const char *what = !all_at_least(dims, q->a.pad, 0)        ? "negative padding"
                       : !all_at_least(dims, q->output_pad, 0) ? "negative output_padding"
                       : !all_at_least(dims, q->a.stride, 1)   ? "non-positive stride"
                       : !all_at_least(dims, q->a.dilation, 1) ? "non-positive dilation"
                       : q->a.groups < 1                       ? "non-positive groups"
                                                               : NULL;
    return !what || cer_raise(TORCH_RUNTIME_ERROR, q->op, "%s is not supported", what);
}

static bool check_channels(const Request *q)
{
    const Tensor *x = q->input, *w = q->weight;
    char a[128], b[128];
    long long groups = (long long)q->a.groups;
    if (w->shape[0] < groups)
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Given groups=%lld, expected weight to be at least %lld at dimension 0, but got weight of size %s "
            "instead",
            groups, groups, text_of(w, a, sizeof a));
    if (w->shape[0] % groups)
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Given groups=%lld, expected weight to be divisible by %lld at dimension 0, but got weight of size "
            "[%s] instead",
            groups, groups, text_of(w, a, sizeof a));
    int64_t wanted = q->transposed ? w->shape[0] : w->shape[1] * groups;
    int64_t out = q->transposed ? w->shape[1] * groups : w->shape[0];
    if (x->shape[1] != wanted)
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Given %s=%lld, weight of size %s, expected input%s to have %lld channels, but got %lld channels "
            "instead",
            q->transposed ? "transposed" : "groups", q->transposed ? 1 : groups, text_of(w, a, sizeof a),
            text_of(x, b, sizeof b), (long long)wanted, (long long)x->shape[1]);
    if (q->bias && (q->bias->ndim != 1 || q->bias->shape[0] != out))
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Given %sweight of size %s, expected bias to be 1-dimensional with %lld elements, but got bias of "
            "size %s instead",
            q->transposed ? "transposed=1, " : "", text_of(w, a, sizeof a), (long long)out,
            text_of(q->bias, b, sizeof b));
    return true;
}

static bool size_of_convolution(Request *q)
{
    const Tensor *x = q->input, *w = q->weight;
    ConvAttrs *a = &q->a;
    int64_t padded[3], kernel[3];
    bool fits = true;
    char have[96], want[96];
    for (int d = 0; d < a->dims; d++) {
        padded[d] = x->shape[d + 2] + 2 * a->pad[d];
        kernel[d] = a->dilation[d] * (w->shape[d + 2] - 1) + 1;
        fits &= w->shape[d + 2] > 0 && padded[d] >= kernel[d];
        a->size[d + 2] = fits ? (padded[d] - kernel[d]) / a->stride[d] + 1 : 0;
    }
    a->size[0] = x->shape[0];
    a->size[1] = w->shape[0];
    return fits || cer_raise(TORCH_RUNTIME_ERROR, q->op,
                             "Calculated padded input size per channel: (%s). Kernel size: (%s). Kernel size can't be "
                             "greater than actual input size",
                             cer_each_text(a->dims, padded, " x ", have, sizeof have),
                             cer_each_text(a->dims, kernel, " x ", want, sizeof want));
}

/* A transposed convolution of one dimension is PyTorch's of two: its messages say so. */
static bool check_output_padding(const Request *q)
{
    static const char *const dim_names[] = {"depth", "height", "width"};
    const ConvAttrs *a = &q->a;
    int lead = a->dims == 3 ? 0 : 1, missing = a->dims == 1 ? 2 : lead;
    char text[256] = "";
    size_t used = 0;
    bool fine = true;
    for (int d = 0; d < a->dims; d++) fine &= q->output_pad[d] < a->stride[d] || q->output_pad[d] < a->dilation[d];
    for (int part = 0; part < 3 && !fine; part++)
        for (int d = lead; d < 3; d++) {
            const int64_t *v = part == 0 ? q->output_pad : part == 1 ? a->stride : a->dilation;
            used += (size_t)snprintf(text + used, sizeof text - used, " %s_%s: %lld",
                                     part == 0   ? "output_padding"
                                     : part == 1 ? "stride"
                                                 : "dilation",
                                     dim_names[d],
                                     (long long)(d >= missing ? v[d - missing]
                                                 : part == 0  ? 0
                                                              : 1));
        }
    return fine || cer_raise(TORCH_RUNTIME_ERROR, q->op,
                             "output padding must be smaller than either stride or dilation, but got%s", text);
}

static bool size_of_transposed(Request *q)
{
    const Tensor *x = q->input, *w = q->weight;
    ConvAttrs *a = &q->a;
    char have[96], want[96];
    bool fits = true;
    if (!check_output_padding(q)) return false;
    for (int d = 0; d < a->dims; d++) {
        int64_t span; /* (d - 1) stride, which may overflow */
        if (__builtin_mul_overflow(x->shape[d + 2] - 1, a->stride[d], &span) || span > INT64_MAX / 4)
            return cer_raise(TORCH_RUNTIME_ERROR, q->op, "Storage size calculation overflowed");
        a->size[d + 2] = span - 2 * a->pad[d] + a->dilation[d] * (w->shape[d + 2] - 1) + q->output_pad[d] + 1;
        fits &= a->size[d + 2] >= 1;
    }
    a->size[0] = x->shape[0];
    a->size[1] = w->shape[1] * a->groups;
    const char *lead = a->dims == 1 ? "1 x " : "";
    return fits ||
           cer_raise(TORCH_RUNTIME_ERROR, q->op,
                     "Given input size per channel: (%s%s). Calculated output size per channel: (%s%s). Output size "
                     "is too small",
                     lead, cer_each_text(a->dims, x->shape + 2, " x ", have, sizeof have), lead,
                     cer_each_text(a->dims, a->size + 2, " x ", want, sizeof want));
}

static bool check_ranks(const Request *q)
{
    char a[128], b[128];
    int dims = q->a.dims, rank = q->input->ndim;
    if (rank != dims + 1 && rank != dims + 2)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op,
                         "Expected %dD (unbatched) or %dD (batched) input to %s, but got input of size: %s", dims + 1,
                         dims + 2, q->op, text_of(q->input, a, sizeof a));
    if (q->weight->ndim < 3)
        return cer_raise(TORCH_RUNTIME_ERROR, q->op, "weight should have at least three dimensions");
    if (q->weight->ndim != dims + 2)
        return cer_raise(
            TORCH_RUNTIME_ERROR, q->op,
            "Expected %d-dimensional input for %d-dimensional weight %s, but got %d-dimensional input of size "
            "%s instead",
            q->weight->ndim, q->weight->ndim, text_of(q->weight, b, sizeof b), rank, text_of(q->input, a, sizeof a));
    return true;
}

/* All checks and the call; the input is a batch by now. */
static Tensor *convolution(Request *q)
{
    if (!q->input || !check_options(q) || !check_channels(q) || !check_types(q) ||
        !(q->transposed ? size_of_transposed(q) : size_of_convolution(q)))
        return NULL;
    torch_Scalar in[3] = {torch_scalar_tensor(q->input), torch_scalar_tensor(q->weight), torch_scalar_tensor(q->bias)};
    return cer_call(q->transposed ? &cer_op_conv_transposed : &cer_op_convolution, in, q->bias ? 3 : 2, &q->a);
}

static Tensor *of_batch_or_one(Request *q)
{
    if (!check_ranks(q)) return NULL;
    if (q->input->ndim == q->a.dims + 2) return convolution(q);
    q->input = torch_unsqueeze(q->input, 0);
    Tensor *out = convolution(q);
    return out ? torch_squeeze_dim(out, 0) : NULL;
}

/* ---- public ------------------------------------------------------------------------------------------------------ */

F_ConvArgs F_ConvArgs_defaults(void)
{
    return (F_ConvArgs){.struct_size = sizeof(F_ConvArgs), .stride = 1, .dilation = 1, .groups = 1};
}

/* padding='same': what does not split evenly is padded on the right beforehand. */
static bool pad_to_same(Request *q)
{
    int64_t pad[6] = {0};
    bool uneven = false;
    int dims = q->a.dims;
    for (int d = 0; d < dims; d++) {
        if (q->a.stride[d] != 1)
            return cer_raise(TORCH_RUNTIME_ERROR, q->op, "padding='same' is not supported for strided convolutions");
        int64_t k = q->weight->ndim == dims + 2 ? q->weight->shape[d + 2] : 1, total = q->a.dilation[d] * (k - 1);
        q->a.pad[d] = total / 2;
        if (total % 2) pad[2 * (dims - 1 - d) + 1] = 1, uneven = true;
    }
    if (!uneven) return true;
    torch_warn("UserWarning",
               "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy "
               "of the input be created");
    q->input = cer_constant_pad(q->input, pad, 2 * dims, torch_scalar_int(0));
    return q->input != NULL;
}

static bool usable(const char *op, const Tensor *x, const Tensor *w, const Tensor *b)
{
    return !cer_error_pending() && cer_usable(x, op, 1) && cer_usable(w, op, 2) && (!b || cer_usable(b, op, 3));
}

static Tensor *conv(const char *op, int dims, const F_ConvArgs *p)
{
    Request q = {
        .op = op, .input = p->input, .weight = p->weight, .bias = p->bias, .a = {.dims = dims, .groups = p->groups}};
    bool same = p->padding == F_SAME && p->paddings.n == 0;
    int64_t padding = p->padding == F_VALID || same ? 0 : p->padding;
    if (!usable(op, p->input, p->weight, p->bias) ||
        !cer_each(op, "stride", p->stride, &p->strides, dims, q.a.stride) ||
        !cer_each(op, "padding", padding, &p->paddings, dims, q.a.pad) ||
        !cer_each(op, "dilation", p->dilation, &p->dilations, dims, q.a.dilation) || !check_ranks(&q) ||
        (same && !pad_to_same(&q)))
        return NULL;
    return of_batch_or_one(&q);
}

Tensor *F_conv1d_args(const F_ConvArgs *p)
{
    return conv("conv1d", 1, p);
}

Tensor *F_conv2d_args(const F_ConvArgs *p)
{
    return conv("conv2d", 2, p);
}

Tensor *F_conv3d_args(const F_ConvArgs *p)
{
    return conv("conv3d", 3, p);
}

F_ConvTransposeArgs F_ConvTransposeArgs_defaults(void)
{
    return (F_ConvTransposeArgs){.struct_size = sizeof(F_ConvTransposeArgs), .stride = 1, .dilation = 1, .groups = 1};
}

static Tensor *conv_transpose(const char *op, int dims, const F_ConvTransposeArgs *p)
{
    Request q = {.op = op,
                 .input = p->input,
                 .weight = p->weight,
                 .bias = p->bias,
                 .a = {.dims = dims, .groups = p->groups},
                 .transposed = true};
    if (!usable(op, p->input, p->weight, p->bias) ||
        !cer_each(op, "stride", p->stride, &p->strides, dims, q.a.stride) ||
        !cer_each(op, "padding", p->padding, &p->paddings, dims, q.a.pad) ||
        !cer_each(op, "output_padding", p->output_padding, &p->output_paddings, dims, q.output_pad) ||
        !cer_each(op, "dilation", p->dilation, &p->dilations, dims, q.a.dilation))
        return NULL;
    return of_batch_or_one(&q);
}

Tensor *F_conv_transpose1d_args(const F_ConvTransposeArgs *p)
{
    return conv_transpose("conv_transpose1d", 1, p);
}

Tensor *F_conv_transpose2d_args(const F_ConvTransposeArgs *p)
{
    return conv_transpose("conv_transpose2d", 2, p);
}

Tensor *F_conv_transpose3d_args(const F_ConvTransposeArgs *p)
{
    return conv_transpose("conv_transpose3d", 3, p);
}
