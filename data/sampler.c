/* Samplers: PyTorch's orders, drawn piece by piece as its generators draw them. */
#include <stdio.h>
#include <string.h>

#include "impl.h"
#include "ops/ops.h"

typedef torch_utils_data_Sampler Sampler;
typedef torch_utils_data_RandomSamplerArgs RandomArgs;
typedef torch_utils_data_WeightedRandomSamplerArgs WeightedArgs;

struct torch_utils_data_Sampler {
    enum { SEQUENTIAL, RANDOM, SUBSET, WEIGHTED, CUSTOM, BATCHES } kind;
    int64_t length; /* what it draws from: 0, 1, ..., length - 1 */
    int64_t num_samples;
    bool replacement, drop_last;
    torch_Generator *generator;
    int64_t *index;    /* subset: length of them */
    Tensor *weights;   /* weighted: float64; retained */
    const Sampler *of; /* batches */
    int64_t batch_size;
    torch_utils_data_NextIndex *next; /* custom */
    void *data;
    cer_Pass pass; /* of Sampler_iter */
};

/* ---- making ------------------------------------------------------------------------------------------------------ */

static Sampler *made(const char *op, Sampler like)
{
    Sampler *s = cer_alloc(sizeof *s);
    if (!s) return cer_raise_memory(op, sizeof *s), NULL;
    *s = like;
    return s;
}

static bool given(const void *of, const char *op, const char *what)
{
    if (cer_error_pending()) return false;
    return of || cer_raise(TORCH_TYPE_ERROR, op, "%s(): the %s is NULL", op, what);
}

static bool positive(const char *op, const char *what, int64_t value)
{
    return value > 0 || cer_raise(TORCH_VALUE_ERROR, op, "%s should be a positive integer value, but got %s=%lld", what,
                                  what, (long long)value);
}

Sampler *torch_utils_data_SequentialSampler(const torch_utils_data_Dataset *d)
{
    if (!given(d, "SequentialSampler", "dataset")) return NULL;
    return made("SequentialSampler", (Sampler){.kind = SEQUENTIAL, .length = d->length, .num_samples = d->length});
}

RandomArgs torch_utils_data_RandomSamplerArgs_defaults(void)
{
    return (RandomArgs){.struct_size = sizeof(RandomArgs), .num_samples = TORCH_NONE};
}

Sampler *torch_utils_data_RandomSampler_new(const RandomArgs *args)
{
    const char *op = "RandomSampler";
    RandomArgs a = torch_utils_data_RandomSamplerArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!given(a.data_source, op, "dataset")) return NULL;
    int64_t length = a.data_source->length, n = a.num_samples == TORCH_NONE ? length : a.num_samples;
    if (!positive(op, "num_samples", n)) return NULL;
    return made(op, (Sampler){.kind = RANDOM,
                              .length = length,
                              .num_samples = n,
                              .replacement = a.replacement,
                              .generator = a.generator});
}

Sampler *torch_utils_data_SubsetRandomSampler(int64_t n, const int64_t *indices, torch_Generator *g)
{
    const char *op = "SubsetRandomSampler";
    if (cer_error_pending()) return NULL;
    if (n < 0 || n > INT64_MAX / 8 || (n > 0 && !indices))
        return cer_raise(TORCH_VALUE_ERROR, op, "the indices are NULL, or too many or few"), NULL;
    Sampler *s = made(op, (Sampler){.kind = SUBSET, .length = n, .num_samples = n, .generator = g});
    if (!s) return NULL;
    s->index = cer_alloc((size_t)n * sizeof *indices);
    if (!s->index) {
        torch_utils_data_Sampler_free(s);
        return cer_raise_memory(op, (double)n * sizeof *indices), NULL;
    }
    if (n) memcpy(s->index, indices, (size_t)n * sizeof *indices);
    return s;
}

WeightedArgs torch_utils_data_WeightedRandomSamplerArgs_defaults(void)
{
    return (WeightedArgs){.struct_size = sizeof(WeightedArgs), .replacement = true};
}

/* (2, 3), (4,), (): as Python prints tuples */
static const char *tuple(const Tensor *t, char *text, size_t size)
{
    int n = snprintf(text, size, "(");
    for (int i = 0; i < t->ndim; i++)
        n += snprintf(text + n, size - (size_t)n, "%s%lld", i ? ", " : "", (long long)t->shape[i]);
    snprintf(text + n, size - (size_t)n, t->ndim == 1 ? ",)" : ")");
    return text;
}

Sampler *torch_utils_data_WeightedRandomSampler_new(const WeightedArgs *args)
{
    const char *op = "WeightedRandomSampler";
    WeightedArgs a = torch_utils_data_WeightedRandomSamplerArgs_defaults();
    cer_args(&a, sizeof a, args);
    char text[24 * TORCH_MAX_DIM + 4];
    if (cer_error_pending() || !positive(op, "num_samples", a.num_samples) || !cer_usable(a.weights, op, 1))
        return NULL;
    if (a.weights->ndim != 1)
        return cer_raise(TORCH_VALUE_ERROR, op, "weights should be a 1d sequence but given weights have shape %s",
                         tuple(a.weights, text, sizeof text)),
               NULL;
    int64_t scope = torch_scope_push();
    Tensor *weights = torch_clone(torch_to(torch_detach(a.weights), torch_float64));
    Sampler *s = weights ? made(op, (Sampler){.kind = WEIGHTED,
                                              .length = weights->shape[0],
                                              .num_samples = a.num_samples,
                                              .replacement = a.replacement,
                                              .generator = a.generator,
                                              .weights = weights})
                         : NULL;
    if (s) cer_retain(weights);
    torch_scope_pop(scope);
    return s;
}

Sampler *torch_utils_data_BatchSampler(const Sampler *of, int64_t batch_size, bool drop_last)
{
    const char *op = "BatchSampler";
    if (!given(of, op, "sampler") || !positive(op, "batch_size", batch_size)) return NULL;
    if (of->kind == BATCHES)
        return cer_raise(TORCH_TYPE_ERROR, op, "BatchSampler(): a sampler of batches cannot be batched again"), NULL;
    return made(op, (Sampler){.kind = BATCHES, .of = of, .batch_size = batch_size, .drop_last = drop_last});
}

Sampler *torch_utils_data_Sampler_new(int64_t length, torch_utils_data_NextIndex *next, void *data)
{
    if (!given((const void *)(uintptr_t)next, "Sampler", "function")) return NULL;
    if (length < 0) return cer_raise(TORCH_VALUE_ERROR, "Sampler", "__len__() should return >= 0"), NULL;
    return made("Sampler", (Sampler){.kind = CUSTOM, .num_samples = length, .next = next, .data = data});
}

void torch_utils_data_Sampler_free(Sampler *s)
{
    if (!s) return;
    cer_pass_end(&s->pass);
    cer_release(s->weights);
    if (s->index) cer_free(s->index, (size_t)s->length * sizeof *s->index);
    cer_free(s, sizeof *s);
}

int64_t torch_utils_data_Sampler_len(const Sampler *s)
{
    if (!given(s, "len", "sampler")) return 0;
    if (s->kind != BATCHES) return s->num_samples;
    int64_t n = s->of->num_samples;
    return n / s->batch_size + (!s->drop_last && n % s->batch_size != 0);
}

bool cer_is_batch_sampler(const Sampler *s)
{
    return s->kind == BATCHES;
}

/* ---- a pass ------------------------------------------------------------------------------------------------------ */

int64_t cer_drawn_seed(torch_Generator *g)
{
    int64_t scope = torch_scope_push(), seed = 0;
    Tensor *t = torch_random__generator(cer_empty(torch_int64, 0, NULL), 0, TORCH_NONE, g);
    if (t) memcpy(&seed, t->data, sizeof seed);
    torch_scope_pop(scope);
    return seed;
}

void cer_pass_end(cer_Pass *p)
{
    cer_release(p->drawn);
    torch_Generator_free(p->generator);
    if (p->batch) cer_free(p->batch, (size_t)p->capacity * sizeof *p->batch);
    *p = (cer_Pass){.over = true};
}

void cer_pass_begin(cer_Pass *p, const Sampler *of)
{
    cer_pass_end(p);
    *p = (cer_Pass){.of = of};
}

/* Whole permutations, then a part of one, which is drawn even where nothing of it is used; draws with replacement come
 * by 32. */
static Tensor *draw_random(cer_Pass *p, const Sampler *s)
{
    torch_Generator *g = s->generator ? s->generator : p->generator;
    if (!g) {
        int64_t seed = cer_drawn_seed(NULL);
        g = p->generator = torch_Generator_new();
        if (!g) return NULL;
        torch_Generator_manual_seed(g, seed);
    }
    if (s->length == 0 && !s->replacement)
        return cer_raise(TORCH_VALUE_ERROR, "RandomSampler", "integer division or modulo by zero"), NULL;
    int64_t piece = s->replacement ? 32 : s->length, left = s->num_samples - p->given;
    p->last = left < piece;
    p->n = p->last ? left : piece;
    return s->replacement ? torch_randint(0, s->length, p->n, .dtype = torch_int64, .generator = g)
                          : torch_randperm_generator(s->length, g);
}

static Tensor *draw(cer_Pass *p, const Sampler *s)
{
    if (s->kind == RANDOM) return draw_random(p, s);
    p->n = s->num_samples;
    p->last = true;
    if (s->kind == SUBSET) return torch_randperm_generator(s->length, s->generator);
    return torch_multinomial(s->weights, s->num_samples, s->replacement, s->generator);
}

static bool refill(cer_Pass *p, const Sampler *s)
{
    if (p->last) return false;
    int64_t scope = torch_scope_push();
    Tensor *drawn = draw(p, s);
    if (drawn) cer_retain(drawn);
    torch_scope_pop(scope);
    cer_release(p->drawn);
    p->drawn = drawn;
    p->at = 0;
    p->given += p->n;
    return drawn != NULL;
}

static bool custom_next(cer_Pass *p, const Sampler *s, int64_t *index)
{
    *index = s->next(p->given, s->data);
    p->given++;
    return *index != -1 && !cer_error_pending();
}

static bool innermost_next(cer_Pass *p, const Sampler *s, int64_t *index)
{
    if (s->kind == SEQUENTIAL) {
        *index = p->given;
        return p->given++ < s->length;
    }
    if (s->kind == CUSTOM) return custom_next(p, s, index);
    while (p->at == p->n)
        if (!refill(p, s)) return false;
    *index = ((const int64_t *)(const void *)p->drawn->data)[p->at++];
    if (s->kind == SUBSET) *index = s->index[*index];
    return true;
}

bool cer_pass_next(cer_Pass *p, int64_t *index)
{
    const Sampler *s = p->over ? NULL : p->of->kind == BATCHES ? p->of->of : p->of;
    if (!s) return false;
    p->over = !innermost_next(p, s, index);
    return !p->over;
}

static bool room(cer_Pass *p)
{
    int64_t more = p->capacity ? 2 * p->capacity : 64;
    int64_t *grown = more < INT64_MAX / 16
                         ? cer_grow(p->batch, (size_t)p->capacity * sizeof *grown, (size_t)more * sizeof *grown)
                         : NULL;
    if (!grown) return cer_raise_memory("BatchSampler", (double)more * sizeof *grown);
    p->batch = grown;
    p->capacity = more;
    return true;
}

int64_t cer_pass_batch(cer_Pass *p)
{
    if (p->over) return 0;
    const Sampler *s = p->of;
    int64_t n = 0;
    while (n < s->batch_size && (n < p->capacity || room(p)) && cer_pass_next(p, p->batch + n)) n++;
    if (cer_error_pending()) p->over = true;
    return p->over && (cer_error_pending() || s->drop_last) ? 0 : n;
}

int torch_utils_data_Sampler_iter(Sampler *s)
{
    if (given(s, "iter", "sampler")) cer_pass_begin(&s->pass, s);
    return torch_error_code();
}

bool torch_utils_data_Sampler_next(Sampler *s, int64_t *index)
{
    if (!given(s, "next", "sampler")) return false;
    if (s->kind == BATCHES)
        return cer_raise(TORCH_TYPE_ERROR, "next", "a BatchSampler gives batches: call BatchSampler_next");
    if (!s->pass.of) cer_pass_begin(&s->pass, s);
    return cer_pass_next(&s->pass, index);
}

int64_t torch_utils_data_BatchSampler_next(Sampler *s, const int64_t **indices)
{
    *indices = NULL;
    if (!given(s, "next", "sampler")) return 0;
    if (s->kind != BATCHES) return cer_raise(TORCH_TYPE_ERROR, "next", "not a BatchSampler");
    if (!s->pass.of) cer_pass_begin(&s->pass, s);
    int64_t n = cer_pass_batch(&s->pass);
    *indices = s->pass.batch;
    return n;
}
