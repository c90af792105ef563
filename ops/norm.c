/* Layer, batch and group normalisation: one pass for the moments, one for the result, and a fused gradient. The gradient that
 * is to be differentiated again is written in public ops. */
#include "ops/norm.h"

#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* What is normalised together is a row. All three see contiguous x as (images, rows, run): layer norm as (1, rows, run), group
 * norm as (1, images * groups, run), batch norm as (images, channels, run), where a row is cut into one run an image. Weights
 * are one for each element of the run (layer norm) or for `share` neighbours, of `channels` in all. */
typedef struct NormAttrs {
    double eps, momentum;
    int64_t images, rows, run;
    int64_t channels, share;
    bool batch;    /* is batch norm */
    bool training; /* by the moments of x, not the running ones */
} NormAttrs;

enum { INPUT, WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, OPERANDS };
enum { MEAN = 1, RSTD = 2 }; /* outputs */

static const char *at(const Tensor *t, int64_t element)
{
    return t ? t->data + element * cer_size_of(t->dtype) : NULL;
}

static double get(const Tensor *t, int64_t i) /* of a vector */
{
    i *= t->stride[0];
    return t->dtype == torch_float64 ? ((const double *)(const void *)t->data)[i]
                                     : (double)((const float *)(const void *)t->data)[i];
}

static void put(Tensor *t, int64_t i, double v)
{
    i *= t->stride[0];
    if (t->dtype == torch_float64)
        ((double *)(void *)t->data)[i] = v;
    else
        ((float *)(void *)t->data)[i] = (float)v;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static bool norm_shape(cer_Call *c)
{
    const NormAttrs *a = c->attrs;
    const Tensor *x = c->in[INPUT].as.t;
    int64_t rows = a->rows;
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    cer_form(&c->form[MEAN], x->dtype, 1, &rows);
    cer_form(&c->form[RSTD], x->dtype, 1, &rows);
    return true;
}

/* Mean and biased variance of every row. */
static void moments(const NormAttrs *a, const Tensor *x, double *mean, double *variance)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    if (a->run == 1 && a->images > 1) {
        k->moments_across(a->images, a->rows, x->data, mean, variance);
        return;
    }
    double n = (double)(a->images * a->run);
    for (int64_t r = 0; r < a->rows; r++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < a->images; i++) sum += k->sum(a->run, at(x, (i * a->rows + r) * a->run));
        mean[r] = sum / n;
        double about = x->dtype == torch_float64 ? mean[r] : (double)(float)mean[r], off = mean[r] - about;
        for (int64_t i = 0; i < a->images; i++) {
            const char *run = at(x, (i * a->rows + r) * a->run);
            square += k->products(a->run, run, about, run, about);
        }
        variance[r] = square / n - off * off;
    }
}

/* The result, row by row of memory: with a weight for each element, or one for `share` of them. */
static void normalise(const NormAttrs *a, const Tensor *x, const double *mean, const double *rstd, const Tensor *weight,
                      const Tensor *bias, Tensor *out)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    int64_t parts = a->run / (a->share ? a->share : 1);
    for (int64_t i = 0; i < a->images * a->rows; i++) {
        int64_t r = i % a->rows, first = a->batch ? r : r * parts % (a->channels ? a->channels : 1);
        if (a->share == 1 && !a->batch) {
            k->row(a->run, at(x, i * a->run), mean[r], rstd[r], at(weight, first), at(bias, first),
                   out->data + (at(x, i * a->run) - x->data));
            continue;
        }
        for (int64_t p = 0; p < parts; p++) {
            double scale = weight ? rstd[r] * get(weight, first + p) : rstd[r];
            double shift = (bias ? get(bias, first + p) : 0) - mean[r] * scale;
            const char *from = at(x, i * a->run + p * a->share);
            k->combine(a->share, scale, from, 0, NULL, shift, out->data + (from - x->data));
        }
    }
}

/* The same for a batch of vectors: a scale and a shift for each column. */
static void normalise_across(const NormAttrs *a, const Tensor *x, double *mean, double *rstd, const Tensor *weight,
                             const Tensor *bias, Tensor *out)
{
    for (int64_t r = 0; r < a->rows; r++) { /* in place: scales and shifts */
        double scale = weight ? rstd[r] * get(weight, r) : rstd[r];
        mean[r] = (bias ? get(bias, r) : 0) - mean[r] * scale;
        rstd[r] = scale;
    }
    cer_kernels()->norm[x->dtype].combine_across(a->images, a->rows, rstd, x->data, NULL, NULL, mean, out->data);
}

static void update_running(const NormAttrs *a, cer_Call *c, const double *mean, const double *variance)
{
    Tensor *means = cer_tensor(c->in[RUNNING_MEAN]), *variances = cer_tensor(c->in[RUNNING_VAR]);
    double n = (double)(a->images * a->run);
    for (int64_t r = 0; r < a->rows; r++) {
        if (means) put(means, r, a->momentum * mean[r] + (1 - a->momentum) * get(means, r));
        if (variances)
            put(variances, r, a->momentum * (variance[r] * n / (n - 1)) + (1 - a->momentum) * get(variances, r));
    }
    Tensor *const both[2] = {means, variances};
    for (int i = 0; i < 2; i++)
        if (both[i]) atomic_store_explicit(&both[i]->storage->version, cer_version(both[i]) + 1, memory_order_relaxed);
}

static bool norm_kernel(cer_Call *c)
{
    const NormAttrs *a = c->attrs;
    size_t bytes = sizeof(double) * 2 * (size_t)a->rows;
    int64_t mark = cer_context()->pool.length;
    torch_dtype type = c->out[0]->dtype;
    const Tensor *x = cer_plain(c->in[INPUT].as.t, type), *weight = cer_tensor(c->in[WEIGHT]),
                 *bias = cer_tensor(c->in[BIAS]);
    if (x && weight) weight = cer_plain(c->in[WEIGHT].as.t, type);
    if (x && bias) bias = cer_plain(c->in[BIAS].as.t, type);
    double *mean = x && !cer_error_pending() ? cer_alloc(bytes ? bytes : 1) : NULL;
    if (!mean) return cer_error_pending() ? false : cer_raise_memory(c->op->name, (double)bytes);
    double *variance = mean + a->rows;
    if (a->training) {
        moments(a, x, mean, variance);
        update_running(a, c, mean, variance);
    } else {
        for (int64_t r = 0; r < a->rows; r++) {
            mean[r] = get(cer_tensor(c->in[RUNNING_MEAN]), r);
            variance[r] = get(cer_tensor(c->in[RUNNING_VAR]), r);
        }
    }
    for (int64_t r = 0; r < a->rows; r++) {
        variance[r] = 1 / sqrt(variance[r] + a->eps);
        put(c->out[MEAN], r, mean[r]);
        put(c->out[RSTD], r, variance[r]);
    }
    if (x->numel && a->run == 1 && a->batch)
        normalise_across(a, x, mean, variance, weight, bias, c->out[0]);
    else if (x->numel)
        normalise(a, x, mean, variance, weight, bias, c->out[0]);
    cer_free(mean, bytes ? bytes : 1);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* ---- the fused gradient ------------------------------------------------------------------------------------------ */

enum { G, X, W, MEANS, RSTDS };

static bool backward_shape(cer_Call *c)
{
    const NormAttrs *a = c->attrs;
    const Tensor *x = c->in[X].as.t;
    int64_t channels = a->channels;
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    cer_form(&c->form[1], x->dtype, 1, &channels);
    cer_form(&c->form[2], x->dtype, 1, &channels);
    return true;
}

/* Weights one for each element: all is the kernel's. */
static void backward_rows(const NormAttrs *a, cer_Call *c, const Tensor *g, const Tensor *x, const Tensor *w)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    for (int64_t r = 0; r < a->rows; r++) {
        int64_t first = r * a->run % a->channels;
        k->row_back(a->run, at(g, r * a->run), at(x, r * a->run), at(w, first), get(c->in[MEANS].as.t, r),
                    get(c->in[RSTDS].as.t, r), c->out[0]->data + (at(x, r * a->run) - x->data),
                    c->out[1]->data + first * cer_size_of(x->dtype), c->out[2]->data + first * cer_size_of(x->dtype));
    }
}

/* gx = w rstd (g - mean(g) - (x - mean) rstd^2 mean(g (x - mean))), where the means weigh g with its w; with the running
 * moments both means fall away. */
static void backward_parts(const NormAttrs *a, cer_Call *c, const Tensor *g, const Tensor *x, const Tensor *w)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    int64_t parts = a->run / a->share;
    double n = (double)(a->images * a->run);
    for (int64_t r = 0; r < a->rows; r++) {
        double mean = get(c->in[MEANS].as.t, r), rstd = get(c->in[RSTDS].as.t, r), all = 0, product = 0;
        int64_t first = a->batch ? r : r * parts % a->channels;
        for (int64_t p = 0; p < parts; p++) {
            double sum = 0, dot = 0;
            for (int64_t i = 0; i < a->images; i++) {
                int64_t from = (i * a->rows + r) * a->run + p * a->share;
                sum += k->sum(a->share, at(g, from));
                dot += k->products(a->share, at(g, from), 0, at(x, from), mean);
            }
            put(c->out[1], first + p, get(c->out[1], first + p) + dot * rstd);
            put(c->out[2], first + p, get(c->out[2], first + p) + sum);
            double scale = w ? get(w, first + p) : 1;
            all += scale * sum;
            product += scale * dot;
        }
        double slope = a->training ? -product / n * rstd * rstd * rstd : 0, rest = a->training ? -all / n * rstd : 0;
        for (int64_t p = 0; p < parts; p++)
            for (int64_t i = 0; i < a->images; i++) {
                int64_t from = (i * a->rows + r) * a->run + p * a->share;
                double scale = w ? get(w, first + p) * rstd : rstd;
                k->combine(a->share, scale, at(g, from), slope, at(x, from), rest - slope * mean,
                           c->out[0]->data + (at(x, from) - x->data));
            }
    }
}

/* A batch of vectors; room: five numbers a column. */
static void backward_across(const NormAttrs *a, cer_Call *c, const Tensor *g, const Tensor *x, const Tensor *w,
                            double *room)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    double *mean = room, *sum = room + a->rows, *dot = sum + a->rows, *scale = dot + a->rows, n = (double)a->images;
    for (int64_t r = 0; r < a->rows; r++) mean[r] = get(c->in[MEANS].as.t, r);
    k->products_across(a->images, a->rows, g->data, x->data, mean, sum, dot);
    for (int64_t r = 0; r < a->rows; r++) {
        double rstd = get(c->in[RSTDS].as.t, r), weight = w ? get(w, r) : 1;
        put(c->out[1], r, dot[r] * rstd);
        put(c->out[2], r, sum[r]);
        scale[r] = weight * rstd;
        double slope =
            a->training ? -weight * dot[r] / n * rstd * rstd * rstd : 0; /* sum and dot make room for these */
        sum[r] = (a->training ? -weight * sum[r] / n * rstd : 0) - slope * mean[r];
        dot[r] = slope;
    }
    k->combine_across(a->images, a->rows, scale, g->data, dot, x->data, sum, c->out[0]->data);
}

static bool backward_kernel(cer_Call *c)
{
    const NormAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    torch_dtype type = c->out[0]->dtype;
    size_t bytes = sizeof(double) * 4 * (size_t)(a->rows ? a->rows : 1);
    const Tensor *g = cer_plain(c->in[G].as.t, type), *x = g ? cer_plain(c->in[X].as.t, type) : NULL, *w = NULL;
    if (x && c->in[W].kind == TORCH_KIND_TENSOR) w = cer_plain(c->in[W].as.t, type);
    double *room = x && !cer_error_pending() ? cer_alloc(bytes) : NULL;
    if (!room) return cer_error_pending() ? false : cer_raise_memory(c->op->name, (double)bytes);
    for (int k = 1; k <= 2; k++) memset(c->out[k]->data, 0, c->out[k]->storage->bytes);
    if (x->numel && a->run == 1 && a->batch)
        backward_across(a, c, g, x, w, room);
    else if (x->numel && a->share == 1 && !a->batch)
        backward_rows(a, c, g, x, w);
    else if (x->numel)
        backward_parts(a, c, g, x, w);
    cer_free(room, bytes);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

const cer_Op cer_op_norm_backward = {.name = "norm_backward",
                                     .shape = backward_shape,
                                     .kernel = backward_kernel,
                                     .n_outputs = 3,
                                     .flags = CER_NONDIFFERENTIABLE,
                                     .attrs_bytes = sizeof(NormAttrs)};

/* ---- the gradient in public ops, as a function of x, g and the weight ---------------------------------------------- */

static Tensor *row_mean(Tensor *t) /* of (images, rows, parts, share): over all but the rows */
{
    return t ? torch_mean(t, .dims = TORCH_DIM_LIST(0, 2, 3), .keepdim = true) : NULL;
}

static Tensor *channel_sum(Tensor *t) /* of (images, repeats, groups, parts, share): one for each weight */
{
    return t ? torch_sum(t, .dims = TORCH_DIM_LIST(0, 1, 4)) : NULL;
}

static void vjp_in_ops(cer_Node *n, Tensor *g, Tensor **in)
{
    const NormAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, INPUT), *w = cer_tensor(cer_saved(n, WEIGHT));
    int64_t parts = a->share ? a->run / a->share : 1, groups = a->batch ? a->rows : parts ? a->channels / parts : 1;
    const int64_t size[4] = {a->images, a->rows, parts, a->share};
    /* layer and group norm: rows of all images come after each other, so that weights repeat */
    const int64_t wide[5] = {a->images, groups ? a->rows / groups : 0, groups, parts, a->share};
    const int64_t weight_size[5] = {1, 1, groups, parts, 1};
    torch_Size x_size = torch_shape(x);
    Tensor *xs = torch_reshape_n(x, 4, size), *gs = torch_reshape_n(g, 4, size), *mean, *rstd;
    if (a->training) {
        mean = row_mean(xs);
        Tensor *off = torch_sub(xs, mean);
        rstd = torch_reciprocal(torch_sqrt(torch_add(row_mean(torch_mul(off, off)), a->eps)));
    } else {
        mean = torch_view(cer_tensor(cer_saved(n, RUNNING_MEAN)), 1, a->rows, 1, 1);
        Tensor *variance = torch_view(cer_tensor(cer_saved(n, RUNNING_VAR)), 1, a->rows, 1, 1);
        rstd = torch_reciprocal(torch_sqrt(torch_add(variance, a->eps)));
    }
    Tensor *hat = torch_mul(torch_sub(xs, mean), rstd), *gw = gs;
    if (w) gw = torch_reshape_n(torch_mul(torch_reshape_n(g, 5, wide), torch_reshape_n(w, 5, weight_size)), 4, size);
    if (cer_needs(n, INPUT)) {
        Tensor *inner = gw;
        if (a->training) inner = torch_sub(torch_sub(gw, row_mean(gw)), torch_mul(hat, row_mean(torch_mul(gw, hat))));
        in[INPUT] = torch_reshape_n(torch_mul(inner, rstd), x_size.ndim, x_size.dim);
    }
    if (cer_needs(n, WEIGHT)) {
        torch_Size size_w = cer_input_size(n, WEIGHT);
        in[WEIGHT] =
            torch_reshape_n(channel_sum(torch_reshape_n(torch_mul(gs, hat), 5, wide)), size_w.ndim, size_w.dim);
    }
    if (cer_needs(n, BIAS)) {
        torch_Size size_b = cer_input_size(n, BIAS);
        in[BIAS] = torch_reshape_n(channel_sum(torch_reshape_n(g, 5, wide)), size_b.ndim, size_b.dim);
    }
}

static void norm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const NormAttrs *a = cer_attrs(n);
    if (torch_is_grad_enabled() && a->rows && a->run && a->images) {
        vjp_in_ops(n, g[0], in);
        return;
    }
    Tensor *out[3];
    torch_Scalar operands[5] = {torch_scalar_tensor(g[0]), cer_saved(n, INPUT), cer_saved(n, WEIGHT),
                                torch_scalar_tensor(cer_saved_output(n, MEAN)),
                                torch_scalar_tensor(cer_saved_output(n, RSTD))};
    if (!cer_call_many(&cer_op_norm_backward, operands, 5, a, out)) return;
    if (cer_needs(n, INPUT)) in[INPUT] = out[0];
    for (int k = WEIGHT; k <= BIAS; k++)
        if (cer_needs(n, k)) {
            torch_Size size = cer_input_size(n, k);
            in[k] = torch_view_n(out[k], size.ndim, size.dim);
        }
}

#define EVERYTHING                                                                                                \
    CER_SAVE(INPUT) | CER_SAVE(WEIGHT) | CER_SAVE(RUNNING_MEAN) | CER_SAVE(RUNNING_VAR) | CER_SAVE_OUTPUT(MEAN) | \
        CER_SAVE_OUTPUT(RSTD)
#define NORM(id, grad, schema_)                                                \
    const cer_Op cer_op_##id = {.name = #id,                                   \
                                .grad_name = grad,                             \
                                .schema = schema_,                             \
                                .shape = norm_shape,                           \
                                .kernel = norm_kernel,                         \
                                .vjp = norm_vjp,                               \
                                .saves = {EVERYTHING, EVERYTHING, EVERYTHING}, \
                                .n_outputs = 3,                                \
                                .indices = 6,                                  \
                                .attrs_bytes = sizeof(NormAttrs)};
NORM(native_layer_norm, "NativeLayerNormBackward0",
     "native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, "
     "Tensor, Tensor)")
NORM(native_batch_norm, "NativeBatchNormBackward0",
     "native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool "
     "training, float momentum, float eps) -> (Tensor, Tensor, Tensor)")
NORM(native_group_norm, "NativeGroupNormBackward0",
     "native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float "
     "eps) "
     "-> (Tensor, Tensor, Tensor)")

static torch_Scalar optional(Tensor *t)
{
    return t ? torch_scalar_tensor(t) : torch_scalar_none();
}

static Tensor *call(const cer_Op *op, Tensor *x, Tensor *weight, Tensor *bias, Tensor *mean, Tensor *var,
                    const NormAttrs *a)
{
    torch_Scalar in[OPERANDS] = {torch_scalar_tensor(x), optional(weight), optional(bias), optional(mean),
                                 optional(var)};
    return cer_call(op, in, OPERANDS, a);
}

static bool usable(const char *op, const Tensor *x, const Tensor *weight, const Tensor *bias)
{
    return !cer_error_pending() && cer_usable(x, op, 1) && (!weight || cer_usable(weight, op, 2)) &&
           (!bias || cer_usable(bias, op, 3));
}

static bool floating(const char *op, const char *kernel, const Tensor *x, const Tensor *const *others, int n)
{
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", kernel, cer_type_name(x->dtype));
    for (int i = 0; i < n; i++) {
        if (!others[i] || others[i]->dtype == x->dtype) continue;
        if (strcmp(op, "batch_norm") == 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "mixed dtype (CPU): expect parameter to have scalar type of Float");
        return cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type %s but found %s", cer_type_name(x->dtype),
                         cer_type_name(others[i]->dtype));
    }
    return true;
}

/* ---- layer norm -------------------------------------------------------------------------------------------------- */

F_LayerNormArgs F_LayerNormArgs_defaults(void)
{
    return (F_LayerNormArgs){.struct_size = sizeof(F_LayerNormArgs), .eps = 1e-5};
}

static bool same_as(const char *name, const Tensor *t, int64_t n, const int64_t *shape)
{
    char have[128], want[128];
    if (!t || (t->ndim == n && cer_same_sizes(n, t->shape, shape))) return true;
    return cer_raise(
        TORCH_RUNTIME_ERROR, "layer_norm",
        "Expected %s to be of same shape as normalized_shape, but got %s of shape %s and normalized_shape = %s", name,
        name, cer_shape_text(t->ndim, t->shape, have, sizeof have), cer_shape_text(n, shape, want, sizeof want));
}

Tensor *F_layer_norm_args(const F_LayerNormArgs *p)
{
    const char *op = "layer_norm";
    char have[128], want[128];
    Tensor *x = p->input;
    int64_t n = p->n_shape;
    const int64_t *shape = p->normalized_shape;
    if (!usable(op, x, p->weight, p->bias)) return NULL;
    if (n < 1 || n > TORCH_MAX_DIM || !shape)
        return cer_raise(
                   TORCH_RUNTIME_ERROR, op,
                   "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
                   "but got normalized_shape = []"),
               NULL;
    if (!same_as("weight", p->weight, n, shape) || !same_as("bias", p->bias, n, shape)) return NULL;
    if (x->ndim < n || !cer_same_sizes(n, x->shape + x->ndim - n, shape)) {
        size_t length = strlen(cer_shape_text(n, shape, want, sizeof want));
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Given normalized_shape=%s, expected input with shape [*, %.*s], but got input of size%s",
                         want, (int)length - 2, want + 1, cer_shape_text(x->ndim, x->shape, have, sizeof have)),
               NULL;
    }
    const Tensor *others[2] = {p->weight, p->bias};
    if (!floating(op, "LayerNormKernelImpl", x, others, 2)) return NULL;
    NormAttrs a = {.eps = p->eps, .images = 1, .rows = 1, .run = 1, .share = 1, .training = true};
    for (int64_t d = 0; d < x->ndim; d++) *(d < x->ndim - n ? &a.rows : &a.run) *= x->shape[d];
    a.channels = a.run;
    return call(&cer_op_native_layer_norm, x, p->weight, p->bias, NULL, NULL, &a);
}

/* ---- batch norm, instance norm ----------------------------------------------------------------------------------- */

F_BatchNormArgs F_BatchNormArgs_defaults(void)
{
    return (F_BatchNormArgs){.struct_size = sizeof(F_BatchNormArgs), .momentum = 0.1, .eps = 1e-5};
}

static bool channels_match(const char *name, const Tensor *t, int64_t channels)
{
    if (!t || (t->numel == channels && t->ndim == 1)) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, "batch_norm", "%s should contain %lld elements not %lld", name,
                     (long long)channels, (long long)t->numel);
}

static Tensor *batch_norm(Tensor *x, Tensor *mean, Tensor *var, Tensor *weight, Tensor *bias, bool training,
                          double momentum, double eps)
{
    const char *op = "batch_norm";
    int64_t channels = x->ndim > 1 ? x->shape[1] : 0;
    if (x->numel == 0) return torch_clone(x); /* as PyTorch, which forgets the weights there */
    if (!training && !(mean && var))
        return cer_raise(TORCH_RUNTIME_ERROR, op, "running_%s must be defined in evaluation mode",
                         mean ? "var" : "mean"),
               NULL;
    if (!channels_match("running_mean", mean, channels) || !channels_match("running_var", var, channels) ||
        !channels_match("weight", weight, channels) || !channels_match("bias", bias, channels))
        return NULL;
    const Tensor *others[4] = {weight, bias, mean, var};
    int64_t dim;
    if (!cer_wrap_dim(op, 1, x->ndim, &dim) || !floating(op, "batch_norm", x, others, 4)) return NULL;
    NormAttrs a = {.eps = eps,
                   .momentum = momentum,
                   .images = x->shape[0],
                   .rows = channels,
                   .run = 1,
                   .channels = channels,
                   .batch = true};
    for (int d = 2; d < x->ndim; d++) a.run *= x->shape[d];
    a.share = a.run;
    a.training = training;
    return call(&cer_op_native_batch_norm, x, weight, bias, mean, var, &a);
}

Tensor *F_batch_norm_args(const F_BatchNormArgs *p)
{
    const char *op = "batch_norm";
    const Tensor *x = p->input;
    if (!usable(op, x, p->weight, p->bias) || (p->running_mean && !cer_usable(p->running_mean, op, 4)) ||
        (p->running_var && !cer_usable(p->running_var, op, 5)))
        return NULL;
    int64_t n = x->ndim ? x->shape[0] : 1;
    for (int d = 2; d < x->ndim; d++) n *= x->shape[d];
    if (p->training && n == 1)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "Expected more than 1 value per channel when training, got input size %s",
                         torch_size_str(torch_shape(x))),
               NULL;
    return batch_norm(p->input, p->running_mean, p->running_var, p->weight, p->bias, p->training, p->momentum, p->eps);
}

F_InstanceNormArgs F_InstanceNormArgs_defaults(void)
{
    return (F_InstanceNormArgs){
        .struct_size = sizeof(F_InstanceNormArgs), .use_input_stats = true, .momentum = 0.1, .eps = 1e-5};
}

/* t repeated once for each image: (C) -> (N C) */
static Tensor *repeated(Tensor *t, int64_t images)
{
    return t ? torch_reshape(torch_expand(t, images, t->numel), images * t->numel) : NULL;
}

/* Batch norm of (1, N C, ...); running moments are those of the repeated ones, averaged over the images. */
Tensor *F_instance_norm_args(const F_InstanceNormArgs *p)
{
    const char *op = "instance_norm";
    Tensor *x = p->input;
    if (!usable(op, x, p->weight, p->bias) || (p->running_mean && !cer_usable(p->running_mean, op, 4)) ||
        (p->running_var && !cer_usable(p->running_var, op, 5)))
        return NULL;
    int64_t n = 1, size[TORCH_MAX_DIM];
    for (int d = 2; d < x->ndim; d++) n *= x->shape[d];
    if (p->use_input_stats && n == 1)
        return cer_raise(TORCH_VALUE_ERROR, op, "Expected more than 1 spatial element when training, got input size %s",
                         torch_size_str(torch_shape(x))),
               NULL;
    if (!p->use_input_stats && !(p->running_mean && p->running_var))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected running_mean and running_var to be defined when use_input_stats is false"),
               NULL;
    if (x->ndim < 2)
        return cer_raise(TORCH_INDEX_ERROR, op,
                         "Dimension out of range (expected to be in range of [-1, 0], but got 1)"),
               NULL;
    int64_t images = x->shape[0], channels = x->shape[1];
    if (!channels_match("weight", p->weight, channels) || !channels_match("bias", p->bias, channels) ||
        !channels_match("running_mean", p->running_mean, channels) ||
        !channels_match("running_var", p->running_var, channels))
        return NULL;
    memcpy(size, x->shape, sizeof size);
    size[0] = 1;
    size[1] = images * channels;
    Tensor *mean = repeated(p->running_mean, images), *var = repeated(p->running_var, images);
    if (mean && mean->storage == p->running_mean->storage) mean = torch_clone(mean); /* one image: a view */
    if (var && var->storage == p->running_var->storage) var = torch_clone(var);
    Tensor *flat = torch_view_n(torch_contiguous(x), x->ndim, size), *weight = repeated(p->weight, images);
    Tensor *bias = repeated(p->bias, images);
    if (!flat || cer_error_pending()) return NULL;
    Tensor *out = batch_norm(flat, mean, var, weight, bias, p->use_input_stats, p->momentum, p->eps);
    if (!out) return NULL;
    if (p->use_input_stats && mean) torch_copy_(p->running_mean, torch_mean(torch_view(mean, images, channels), 0));
    if (p->use_input_stats && var) torch_copy_(p->running_var, torch_mean(torch_view(var, images, channels), 0));
    return torch_view_n(out, x->ndim, x->shape);
}

/* ---- group norm -------------------------------------------------------------------------------------------------- */

F_GroupNormArgs F_GroupNormArgs_defaults(void)
{
    return (F_GroupNormArgs){.struct_size = sizeof(F_GroupNormArgs), .eps = 1e-5};
}

static bool one_per_channel(const char *name, const Tensor *t, const Tensor *x, const Tensor *told)
{
    char have[128], want[128];
    if (!t || (t->ndim == 1 && t->numel == x->shape[1])) return true;
    return cer_raise(
        TORCH_RUNTIME_ERROR, "group_norm",
        "Expected %s to be a vector of size equal to the number of channels in input, but got %s of shape %s "
        "and input of shape %s",
        name, name, cer_shape_text(told->ndim, told->shape, have, sizeof have),
        cer_shape_text(x->ndim, x->shape, want, sizeof want));
}

Tensor *F_group_norm_args(const F_GroupNormArgs *p)
{
    const char *op = "group_norm";
    char text[128];
    Tensor *x = p->input;
    int64_t groups = p->num_groups, dim;
    if (!usable(op, x, p->weight, p->bias) || !cer_wrap_dim(op, 1, x->ndim, &dim)) return NULL;
    if (groups <= 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Expected num groups to be greater than 0, got %lld",
                         (long long)groups),
               NULL;
    int64_t n = x->shape[0] * x->shape[1] / groups, spatial = 1;
    for (int d = 2; d < x->ndim; d++) spatial *= x->shape[d];
    if (n * spatial == 1) {
        torch_Size size = torch_shape(x);
        size.dim[0] = n;
        size.dim[1] = groups;
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "Expected more than 1 value per channel when training, got input size %s",
                         cer_shape_text(size.ndim, size.dim, text, sizeof text)),
               NULL;
    }
    if (x->shape[1] % groups)
        return cer_raise(
                   TORCH_RUNTIME_ERROR, op,
                   "Expected number of channels in input to be divisible by num_groups, but got input of shape %s "
                   "and num_groups=%lld",
                   cer_shape_text(x->ndim, x->shape, text, sizeof text), (long long)groups),
               NULL;
    if (!one_per_channel("weight", p->weight, x, p->weight) ||
        !one_per_channel("bias", p->bias, x, p->weight ? p->weight : p->bias) /* PyTorch tells the weight's shape */)
        return NULL;
    const Tensor *others[2] = {p->weight, p->bias};
    if (!floating(op, "GroupNormKernelImpl", x, others, 2)) return NULL;
    NormAttrs a = {.eps = p->eps,
                   .images = 1,
                   .rows = x->shape[0] * groups,
                   .run = x->shape[1] / groups * spatial,
                   .channels = x->shape[1],
                   .share = spatial,
                   .training = true};
    return call(&cer_op_native_group_norm, x, p->weight, p->bias, NULL, NULL, &a);
}
