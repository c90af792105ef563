/* Random tensors: rand, randn, randint, randperm, and what is like another. */
#include "core/generator.h"
#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/random_checks.h"

static Tensor *uniform(const char *op, Tensor *t, torch_Generator *g)
{
    if (!t || !cer_check_uniform(op, t, 0, 1)) return NULL;
    cer_fill_uniform(g, t, 0, 1);
    return t;
}

static Tensor *normal(const char *op, Tensor *t, torch_Generator *g)
{
    if (!t || !cer_check_normal(op, t, 1)) return NULL;
    cer_fill_normal(g, t, 0, 1);
    return t;
}

Tensor *torch_rand_args(const torch_FactoryArgs *a)
{
    return cer_factory_done(uniform("rand", cer_factory("rand", a, torch_get_default_dtype()), a->generator), a);
}

Tensor *torch_randn_args(const torch_FactoryArgs *a)
{
    return cer_factory_done(normal("randn", cer_factory("randn", a, torch_get_default_dtype()), a->generator), a);
}

Tensor *torch_rand_n(int64_t ndim, const int64_t *size, torch_dtype dtype)
{
    return uniform("rand", torch_empty_n(ndim, size, dtype), NULL);
}

Tensor *torch_randn_n(int64_t ndim, const int64_t *size, torch_dtype dtype)
{
    return normal("randn", torch_empty_n(ndim, size, dtype), NULL);
}

Tensor *torch_rand_like_args(const torch_LikeArgs *a)
{
    return cer_like_done(uniform("rand_like", cer_like("rand_like", a), NULL), a);
}

Tensor *torch_randn_like_args(const torch_LikeArgs *a)
{
    return cer_like_done(normal("randn_like", cer_like("randn_like", a), NULL), a);
}

Tensor *torch_randint_args(int64_t low, int64_t high, const torch_FactoryArgs *a)
{
    Tensor *t = cer_factory("randint", a, torch_int64);
    uint64_t range;
    if (!t || !cer_check_integers("randint", t, &low, &high, &range)) return NULL;
    cer_fill_integers(a->generator, t, low, range);
    return cer_factory_done(t, a);
}

/* Fisher and Yates, from the front. Draws are made a block at a time, so that where they lead is in the cache when it is
 * exchanged. */
static void shuffle(int64_t n, int64_t *x, torch_Generator *g)
{
    enum { DRAWS = 64 };
    uint32_t draw[DRAWS];
    int64_t other[DRAWS];
    for (int64_t i = 0; i < n - 1; i += DRAWS) {
        int64_t here = n - 1 - i < DRAWS ? n - 1 - i : DRAWS;
        cer_random32_fill(g, draw, here);
        for (int64_t k = 0; k < here; k++) { /* of 32 bits where the number is: a shorter division */
            uint64_t left = (uint64_t)(n - i - k);
            other[k] = i + k + (int64_t)(left <= UINT32_MAX ? draw[k] % (uint32_t)left : draw[k]);
            __builtin_prefetch(x + other[k], 1);
        }
        for (int64_t k = 0; k < here; k++) {
            int64_t old = x[i + k];
            x[i + k] = x[other[k]];
            x[other[k]] = old;
        }
    }
}

Tensor *torch_randperm_generator(int64_t n, torch_Generator *g)
{
    Tensor *t = cer_empty(torch_int64, 1, &n);
    if (!t) return NULL;
    int64_t *x = (int64_t *)(void *)t->data;
    for (int64_t i = 0; i < n; i++) x[i] = i;
    g = cer_generator_lock(g);
    shuffle(n, x, g);
    cer_generator_unlock(g);
    return t;
}

Tensor *torch_randperm(int64_t n)
{
    return torch_randperm_generator(n, NULL);
}

Tensor *torch_randint_like(Tensor *x, int64_t low, int64_t high)
{
    if (cer_error_pending() || !cer_usable(x, "randint_like", 1)) return NULL;
    return torch_random_(torch_empty_like(x), low, high);
}
