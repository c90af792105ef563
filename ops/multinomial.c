/* multinomial: indices drawn with probabilities in proportion to given weights. */
#include <math.h>
#include <string.h>

#include "core/generator.h"
#include "core/impl.h"
#include "ops/ops_internal.h"

typedef struct MultinomialAttrs {
    torch_Generator *generator;
    int64_t samples;
    bool replacement;
} MultinomialAttrs;

#define refuse(...) cer_raise(TORCH_RUNTIME_ERROR, "multinomial", __VA_ARGS__)

/* Row i of the weights as double, into `row`. False: a weight is no number from 0 on. */
static bool read_row(const Tensor *w, int64_t i, double *row, double *bad)
{
    int64_t n = w->shape[w->ndim - 1], step = w->stride[w->ndim - 1] * cer_size_of(w->dtype);
    const char *at = w->data + (w->ndim == 2 ? i * w->stride[0] * cer_size_of(w->dtype) : 0);
    char *ptr[2] = {(char *)row, (char *)(uintptr_t)at};
    int fine = 1;
    cer_kernels()->cast[torch_float64][w->dtype](n, ptr, (const int64_t[]){sizeof(double), step}, NULL);
    for (int64_t j = 0; j < n; j++) fine &= (row[j] >= 0) & (row[j] < INFINITY);
    for (int64_t j = 0; j < n && !fine; j++)
        if (!(row[j] >= 0 && row[j] < INFINITY)) return *bad = row[j], false;
    return true;
}

static int64_t rows_of(const Tensor *w)
{
    return w->ndim == 2 ? w->shape[0] : 1;
}

static bool shape(cer_Call *c)
{
    const MultinomialAttrs *a = c->attrs;
    const Tensor *w = c->in[0].as.t;
    if (w->ndim != 1 && w->ndim != 2) return refuse("prob_dist must be 1 or 2 dim");
    if (!torch_dtype_is_floating_point(w->dtype))
        return refuse("multinomial only supports floating-point dtypes for input, got: %s", cer_type_name(w->dtype));
    if (w->dtype == torch_float16) return refuse("multinomial is not implemented for half on CPU");
    if (a->samples <= 0) return refuse("cannot sample n_sample <= 0 samples");
    int64_t n = w->shape[w->ndim - 1];
    if (!a->replacement && a->samples > n)
        return refuse("cannot sample n_sample > prob_dist.size(-1) samples without replacement");
    if (n > 1 << 24) return refuse("number of categories cannot exceed 2^24");
    return cer_form_checked(&c->form[0], "multinomial", torch_int64, w->ndim,
                            w->ndim == 2 ? (const int64_t[]){w->shape[0], a->samples} : &a->samples);
}

/* Cumulated shares of a row, from left to right, rounded as the weights' own type rounds (of bfloat16: as float32); the last
 * is 1. Returns the sum. A sum or quotient of floats in double, then rounded, is that of floats. */
#define CUMULATE(T)                                                    \
    static double cumulate_##T(int64_t n, const double *row, T *share) \
    {                                                                  \
        T sum = 0;                                                     \
        for (int64_t j = 0; j < n; j++) share[j] = sum += (T)row[j];   \
        for (int64_t j = 0; j < n; j++) share[j] /= sum;               \
        share[n - 1] = 1;                                              \
        return (double)sum;                                            \
    }
CUMULATE(float)
CUMULATE(double)

/* Draws of one row: which index a uniform number stands for, the first whose cumulated share reaches it. A block of searches goes
 * down together, in steps of the same length: their loads do not wait for each other. */
enum { BLOCK = 64 };
#define SEARCH(T)                                                                                          \
    static void search_##T(int64_t m, const double *unit, int64_t n, const T *share, int64_t *at)          \
    {                                                                                                      \
        for (int64_t j = 0; j < m; j++) at[j] = 0;                                                         \
        for (int64_t half, length = n; length > 1; length -= half) {                                       \
            half = length / 2;                                                                             \
            for (int64_t j = 0; j < m; j++) at[j] += (double)share[at[j] + half - 1] < unit[j] ? half : 0; \
        }                                                                                                  \
        for (int64_t j = 0; j < m; j++) at[j] += (double)share[at[j]] < unit[j];                           \
    }
SEARCH(float)
SEARCH(double)

static void draw(torch_Generator *g, bool wide, int64_t n, const void *share, int64_t samples, int64_t *out)
{
    double unit[BLOCK];
    for (int64_t k = 0; k < samples; k += BLOCK) {
        int64_t m = samples - k < BLOCK ? samples - k : BLOCK;
        for (int64_t j = 0; j < m; j++) unit[j] = cer_uniform_double(g);
        if (wide)
            search_double(m, unit, n, share, out + k);
        else
            search_float(m, unit, n, share, out + k);
    }
}

static bool with_replacement(cer_Call *c, double *row)
{
    const MultinomialAttrs *a = c->attrs;
    const Tensor *w = c->in[0].as.t;
    int64_t n = w->shape[w->ndim - 1], *out = (int64_t *)(void *)c->out[0]->data;
    bool fine = true, wide = w->dtype == torch_float64;
    Tensor *shares = cer_empty(wide ? torch_float64 : torch_float32, 1, &n);
    if (!shares) return false;
    torch_Generator *g = cer_generator_lock(a->generator);
    for (int64_t i = 0; fine && i < rows_of(w); i++) {
        double sum, bad;
        if (!read_row(w, i, row, &bad)) {
            fine = refuse(bad < 0 || bad != bad
                              ? "invalid multinomial distribution (encountering probability entry < 0)"
                              : "invalid multinomial distribution (encountering probability entry = infinity or NaN)");
            break;
        }
        sum = wide ? cumulate_double(n, row, (double *)(void *)shares->data)
                   : cumulate_float(n, row, (float *)(void *)shares->data);
        if (!(sum > 0)) {
            fine = refuse("invalid multinomial distribution (sum of probabilities <= 0)");
            break;
        }
        draw(g, wide, n, shares->data, a->samples, out + i * a->samples);
    }
    cer_generator_unlock(g);
    return fine;
}

/* The largest of weight / q with q ~ Exp(1). */
static bool without_replacement(cer_Call *c, double *row)
{
    const MultinomialAttrs *a = c->attrs;
    Tensor *w = c->in[0].as.t;
    for (int64_t i = 0; i < rows_of(w); i++) {
        double bad;
        if (!read_row(w, i, row, &bad)) return refuse("probability tensor contains either `inf`, `nan` or element < 0");
    }
    for (int64_t i = 0; i < rows_of(w); i++) {
        double sum = 0, bad;
        read_row(w, i, row, &bad);
        for (int64_t j = 0; j < w->shape[w->ndim - 1]; j++) sum += row[j];
        if (sum == 0) return refuse("invalid multinomial distribution (sum of probabilities <= 0)");
    }
    bool before = torch_set_grad_enabled(false);
    Tensor *q = torch_exponential__generator(torch_empty_like(w), 1, a->generator), *index = NULL;
    q = torch_div(w, q);
    if (a->samples == 1)
        index = torch_argmax(q, -1, .keepdim = true);
    else
        torch_topk(q, a->samples, .indices = &index);
    torch_set_grad_enabled(before);
    if (index) cer_copy_elements(c->out[0], index, index->stride);
    return index != NULL;
}

static bool kernel(cer_Call *c)
{
    const MultinomialAttrs *a = c->attrs;
    const Tensor *w = c->in[0].as.t;
    int64_t n = w->shape[w->ndim - 1], mark = cer_context()->pool.length, room = n > 0 ? n : 1;
    if (c->out[0]->numel == 0) return true;
    Tensor *row = cer_empty(torch_float64, 1, &room);
    if (!row) return false;
    double *numbers = (double *)(void *)row->data;
    bool fine = a->replacement && a->samples > 1 ? with_replacement(c, numbers) : without_replacement(c, numbers);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

const cer_Op cer_op_multinomial = {
    .name = "multinomial",
    .schema =
        "multinomial(Tensor self, int num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor",
    .shape = shape,
    .kernel = kernel,
    .n_outputs = 1,
    .flags = CER_NONDIFFERENTIABLE,
    .attrs_bytes = sizeof(MultinomialAttrs)};

torch_MultinomialArgs torch_MultinomialArgs_defaults(void)
{
    return (torch_MultinomialArgs){.struct_size = sizeof(torch_MultinomialArgs)};
}

Tensor *torch_multinomial_args(const torch_MultinomialArgs *a)
{
    return cer_call1(&cer_op_multinomial, a->self, &(MultinomialAttrs){a->generator, a->num_samples, a->replacement});
}
