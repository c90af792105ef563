/* The gradient of a normalisation, fused. */
#include <string.h>

#include "ops/normalize.h"

enum { G, X, W, MEANS, RSTDS };

static bool backward_shape(cer_Call *c)
{
    const cer_NormAttrs *a = c->attrs;
    const Tensor *x = c->in[X].as.t;
    int64_t channels = a->channels;
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    cer_form(&c->form[1], x->dtype, 1, &channels);
    cer_form(&c->form[2], x->dtype, 1, &channels);
    return true;
}

/* Weights one for each element: all is the kernel's. */
static void backward_rows(const cer_NormAttrs *a, cer_Call *c, const Tensor *g, const Tensor *x, const Tensor *w)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    for (int64_t r = 0; r < a->rows; r++) {
        int64_t first = r * a->run % a->channels;
        k->row_back(a->run, cer_at(g, r * a->run), cer_at(x, r * a->run), cer_at(w, first),
                    cer_get(c->in[MEANS].as.t, r), cer_get(c->in[RSTDS].as.t, r),
                    c->out[0]->data + (cer_at(x, r * a->run) - x->data),
                    c->out[1]->data + first * cer_size_of(x->dtype), c->out[2]->data + first * cer_size_of(x->dtype));
    }
}

/* gx = w rstd (g - mean(g) - (x - mean) rstd^2 mean(g (x - mean))), where the means weigh g with its w; with the running
 * moments both means fall away. */
static void backward_parts(const cer_NormAttrs *a, cer_Call *c, const Tensor *g, const Tensor *x, const Tensor *w)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    int64_t parts = a->run / a->share;
    double n = (double)(a->images * a->run);
    for (int64_t r = 0; r < a->rows; r++) {
        double mean = cer_get(c->in[MEANS].as.t, r), rstd = cer_get(c->in[RSTDS].as.t, r), all = 0, product = 0;
        int64_t first = a->batch ? r : r * parts % a->channels;
        for (int64_t p = 0; p < parts; p++) {
            double sum = 0, dot = 0;
            for (int64_t i = 0; i < a->images; i++) {
                int64_t from = (i * a->rows + r) * a->run + p * a->share;
                sum += k->sum(a->share, cer_at(g, from));
                dot += k->products(a->share, cer_at(g, from), 0, cer_at(x, from), mean);
            }
            cer_set(c->out[1], first + p, cer_get(c->out[1], first + p) + dot * rstd);
            cer_set(c->out[2], first + p, cer_get(c->out[2], first + p) + sum);
            double scale = w ? cer_get(w, first + p) : 1;
            all += scale * sum;
            product += scale * dot;
        }
        double slope = a->training ? -product / n * rstd * rstd * rstd : 0, rest = a->training ? -all / n * rstd : 0;
        for (int64_t p = 0; p < parts; p++)
            for (int64_t i = 0; i < a->images; i++) {
                int64_t from = (i * a->rows + r) * a->run + p * a->share;
                double scale = w ? cer_get(w, first + p) * rstd : rstd;
                k->combine(a->share, scale, cer_at(g, from), slope, cer_at(x, from), rest - slope * mean,
                           c->out[0]->data + (cer_at(x, from) - x->data));
            }
    }
}

/* A batch of vectors; room: five numbers a column. */
static void backward_across(const cer_NormAttrs *a, cer_Call *c, const Tensor *g, const Tensor *x, const Tensor *w,
                            double *room)
{
    const cer_Norm *k = &cer_kernels()->norm[x->dtype];
    double *mean = room, *sum = room + a->rows, *dot = sum + a->rows, *scale = dot + a->rows, n = (double)a->images;
    for (int64_t r = 0; r < a->rows; r++) mean[r] = cer_get(c->in[MEANS].as.t, r);
    k->products_across(a->images, a->rows, g->data, x->data, mean, sum, dot);
    for (int64_t r = 0; r < a->rows; r++) {
        double rstd = cer_get(c->in[RSTDS].as.t, r), weight = w ? cer_get(w, r) : 1;
        cer_set(c->out[1], r, dot[r] * rstd);
        cer_set(c->out[2], r, sum[r]);
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
    const cer_NormAttrs *a = c->attrs;
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
                                     .attrs_bytes = sizeof(cer_NormAttrs)};
