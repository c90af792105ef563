/* Normalisation: one pass over x for the moments, one for the result. The records of layer, batch and group norm. */
#include "ops/normalize.h"

#include <math.h>

static bool norm_shape(cer_Call *c)
{
    const cer_NormAttrs *a = c->attrs;
    const Tensor *x = c->in[INPUT].as.t;
    int64_t rows = a->rows;
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    cer_form(&c->form[MEAN], x->dtype, 1, &rows);
    cer_form(&c->form[RSTD], x->dtype, 1, &rows);
    return true;
}

/* Mean and biased variance of every row. */
static void moments(const cer_NormAttrs *a, const Tensor *x, double *mean, double *variance)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    if (a->run == 1 && a->images > 1) {
        k->moments_across(a->images, a->rows, x->data, mean, variance);
        return;
    }
    double n = (double)(a->images * a->run);
    for (int64_t r = 0; r < a->rows; r++) {
        double sum = 0, square = 0;
        for (int64_t i = 0; i < a->images; i++) sum += k->sum(a->run, cer_at(x, (i * a->rows + r) * a->run));
        mean[r] = sum / n;
        double about = x->dtype == torch_float64 ? mean[r] : (double)(float)mean[r], off = mean[r] - about;
        for (int64_t i = 0; i < a->images; i++) {
            const char *run = cer_at(x, (i * a->rows + r) * a->run);
            square += k->products(a->run, run, about, run, about);
        }
        variance[r] = square / n - off * off;
    }
}

/* The result, row by row of memory: with a weight for each element, or one for `share` of them. */
static void normalise(const cer_NormAttrs *a, const Tensor *x, const double *mean, const double *rstd,
                      const Tensor *weight, const Tensor *bias, Tensor *out)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    int64_t parts = a->run / (a->share ? a->share : 1);
    for (int64_t i = 0; i < a->images * a->rows; i++) {
        int64_t r = i % a->rows, first = a->batch ? r : r * parts % (a->channels ? a->channels : 1);
        if (a->share == 1 && !a->batch) {
            k->row(a->run, cer_at(x, i * a->run), mean[r], rstd[r], cer_at(weight, first), cer_at(bias, first),
                   out->data + (cer_at(x, i * a->run) - x->data));
            continue;
        }
        for (int64_t p = 0; p < parts; p++) {
            double scale = weight ? rstd[r] * cer_get(weight, first + p) : rstd[r];
            double shift = (bias ? cer_get(bias, first + p) : 0) - mean[r] * scale;
            const char *from = cer_at(x, i * a->run + p * a->share);
            k->combine(a->share, scale, from, 0, NULL, shift, out->data + (from - x->data));
        }
    }
}

/* The same for a batch of vectors: a scale and a shift for each column. */
static void normalise_across(const cer_NormAttrs *a, const Tensor *x, double *mean, double *rstd, const Tensor *weight,
                             const Tensor *bias, Tensor *out)
{
    for (int64_t r = 0; r < a->rows; r++) { /* in place: scales and shifts */
        double scale = weight ? rstd[r] * cer_get(weight, r) : rstd[r];
        mean[r] = (bias ? cer_get(bias, r) : 0) - mean[r] * scale;
        rstd[r] = scale;
    }
    cer_kernels()->norm[x->dtype].combine_across(a->images, a->rows, rstd, x->data, NULL, NULL, mean, out->data);
}

static void update_running(const cer_NormAttrs *a, cer_Call *c, const double *mean, const double *variance)
{
    Tensor *means = cer_tensor(c->in[RUNNING_MEAN]), *variances = cer_tensor(c->in[RUNNING_VAR]);
    double n = (double)(a->images * a->run);
    for (int64_t r = 0; r < a->rows; r++) {
        if (means) cer_set(means, r, a->momentum * mean[r] + (1 - a->momentum) * cer_get(means, r));
        if (variances)
            cer_set(variances, r,
                    a->momentum * (variance[r] * n / (n - 1)) + (1 - a->momentum) * cer_get(variances, r));
    }
    Tensor *const both[2] = {means, variances};
    for (int i = 0; i < 2; i++)
        if (both[i]) atomic_store_explicit(&both[i]->storage->version, cer_version(both[i]) + 1, memory_order_relaxed);
}

static bool norm_kernel(cer_Call *c)
{
    const cer_NormAttrs *a = c->attrs;
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
            mean[r] = cer_get(cer_tensor(c->in[RUNNING_MEAN]), r);
            variance[r] = cer_get(cer_tensor(c->in[RUNNING_VAR]), r);
        }
    }
    for (int64_t r = 0; r < a->rows; r++) {
        variance[r] = 1 / sqrt(variance[r] + a->eps);
        cer_set(c->out[MEAN], r, mean[r]);
        cer_set(c->out[RSTD], r, variance[r]);
    }
    if (x->numel && a->run == 1 && a->batch)
        normalise_across(a, x, mean, variance, weight, bias, c->out[0]);
    else if (x->numel)
        normalise(a, x, mean, variance, weight, bias, c->out[0]);
    cer_free(mean, bytes ? bytes : 1);
    cer_pool_unwind(cer_context(), mark);
    return true;
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
                                .vjp = cer_norm_vjp,                           \
                                .saves = {EVERYTHING, EVERYTHING, EVERYTHING}, \
                                .n_outputs = 3,                                \
                                .indices = 6,                                  \
                                .attrs_bytes = sizeof(cer_NormAttrs)};
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
