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

/* Fisher and Yates, from the front. */
Tensor *torch_randperm_generator(int64_t n, torch_Generator *g)
{
    Tensor *t = cer_empty(torch_int64, 1, &n);
    if (!t) return NULL;
    int64_t *x = (int64_t *)(void *)t->data;
    for (int64_t i = 0; i < n; i++) x[i] = i;
    g = cer_generator_lock(g);
    for (int64_t i = 0; i < n - 1; i++) {
        int64_t j = i + (int64_t)(cer_random32(g) % (uint64_t)(n - i)), old = x[i];
        x[i] = x[j];
        x[j] = old;
    }
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
