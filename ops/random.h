/* Random numbers: PyTorch's, bit for bit. Generators: core/random.h. */
#ifndef CERILLA_OPS_RANDOM_H
#define CERILLA_OPS_RANDOM_H

#include "create.h"

TORCH_BEGIN

/* torch.randint(low, high, size): int64 in [low, high). RuntimeError "random_ expects 'from' to be less than 'to', ...". */
TORCH_API Tensor *torch_randint_args(int64_t low, int64_t high, const torch_FactoryArgs *args);
#define torch_randint(low, high, ...) torch_randint_args(low, high, TORCH_FACTORY(__VA_ARGS__))
#define torch_randint_high(high, ...) \
    torch_randint_args(0, high, TORCH_FACTORY(__VA_ARGS__))                /* torch.randint(high, size) */
TORCH_API Tensor *torch_randperm(int64_t n);                               /* torch.randperm(n): (n), int64 */
TORCH_API Tensor *torch_randperm_generator(int64_t n, torch_Generator *g); /* torch.randperm(n, generator=g) */
/* Random numbers in place, in memory order; floating dtypes, bernoulli_ any. Their _generator twins take a generator. */
/* U[from, to). "uniform_ expects to return a [from, to) range ..." */
TORCH_API Tensor *torch_uniform_(Tensor *x, double from, double to);
/* N(mean, std^2). "normal expects std >= 0.0, but found std -1" */
TORCH_API Tensor *torch_normal_(Tensor *x, double mean, double std);
/* 1 with probability p. "bernoulli_ expects p to be in [0, 1], ..." */
TORCH_API Tensor *torch_bernoulli_(Tensor *x, double p);
/* integers in [from, to); TORCH_NONE, TORCH_NONE: the dtype's range */
TORCH_API Tensor *torch_random_(Tensor *x, int64_t from, int64_t to);
TORCH_API Tensor *torch_uniform__generator(Tensor *x, double from, double to, torch_Generator *g);
TORCH_API Tensor *torch_normal__generator(Tensor *x, double mean, double std, torch_Generator *g);
TORCH_API Tensor *torch_bernoulli__generator(Tensor *x, double p, torch_Generator *g);
TORCH_API Tensor *torch_random__generator(Tensor *x, int64_t from, int64_t to, torch_Generator *g);

/* ---- more distributions, in place -------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_exponential_(Tensor *x, double lambd); /* lambd e^(-lambd x). PyTorch's default is 1 */
TORCH_API Tensor *torch_geometric_(Tensor *x, double p);       /* (1 - p)^(k - 1) p for k from 1 on; not for bool */
TORCH_API Tensor *torch_cauchy_(Tensor *x, double median, double sigma); /* defaults 0, 1 */
TORCH_API Tensor *torch_log_normal_(Tensor *x, double mean, double std); /* e^N(mean, std^2); defaults 1, 2 */
TORCH_API Tensor *torch_exponential__generator(Tensor *x, double lambd, torch_Generator *g);
TORCH_API Tensor *torch_geometric__generator(Tensor *x, double p, torch_Generator *g);
TORCH_API Tensor *torch_cauchy__generator(Tensor *x, double median, double sigma, torch_Generator *g);
TORCH_API Tensor *torch_log_normal__generator(Tensor *x, double mean, double std, torch_Generator *g);

/* ---- parameters of each element ---------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_bernoulli(Tensor *p); /* 1 with probability p_i; float32, float64, bfloat16 */
TORCH_API Tensor *torch_bernoulli_generator(Tensor *p, torch_Generator *g);
TORCH_API Tensor *torch_bernoulli_p(Tensor *x, double p); /* torch.bernoulli(x, p): x's shape and dtype */
TORCH_API Tensor *torch_bernoulli_p_generator(Tensor *x, double p, torch_Generator *g);
TORCH_API Tensor *torch_bernoulli__tensor(Tensor *x, Tensor *p); /* x.bernoulli_(p): p is broadcast to x */
TORCH_API Tensor *torch_bernoulli__tensor_generator(Tensor *x, Tensor *p, torch_Generator *g);
TORCH_API Tensor *torch_poisson(Tensor *rate); /* "invalid Poisson rate, ..." */
TORCH_API Tensor *torch_poisson_generator(Tensor *rate, torch_Generator *g);
TORCH_API Tensor *torch_randint_like(Tensor *x, int64_t low, int64_t high); /* x's shape and dtype */
#define torch_randint_like_high(x, high) torch_randint_like(x, 0, high)     /* torch.randint_like(x, high) */
/* torch.normal(mean, std): a tensor each, or one of them a number. "normal expects all elements of std >= 0.0" */
TORCH_API Tensor *torch_normal_Scalar(torch_Scalar mean, torch_Scalar std, torch_Generator *g);
#define torch_normal(mean, std) torch_normal_Scalar(TORCH_SCALAR(mean), TORCH_SCALAR(std), NULL)
/* torch.normal(mean, std, size): numbers; torch_normal_size(0, 1, 2, 3, .dtype = torch_float64) */
TORCH_API Tensor *torch_normal_size_args(double mean, double std, const torch_FactoryArgs *args);
#define torch_normal_size(mean, std, ...) torch_normal_size_args(mean, std, TORCH_FACTORY(__VA_ARGS__))

/* torch.multinomial(weights, num_samples, replacement=False, generator=None): indices, int64: (n) -> (k), (m, n) -> (m, k).
 * "cannot sample n_sample > prob_dist.size(-1) samples without replacement" */
typedef struct torch_MultinomialArgs {
    size_t struct_size;
    Tensor *self;
    int64_t num_samples;
    bool replacement;
    torch_Generator *generator;
} torch_MultinomialArgs;
TORCH_API torch_MultinomialArgs torch_MultinomialArgs_defaults(void);
TORCH_API Tensor *torch_multinomial_args(const torch_MultinomialArgs *args);
#define torch_multinomial(...) \
    torch_multinomial_args(&(torch_MultinomialArgs){.struct_size = sizeof(torch_MultinomialArgs), .self = __VA_ARGS__})

TORCH_END

#endif
