/* Random numbers: PyTorch's, bit for bit. Generators: core/random.h. */
#ifndef CERILLA_OPS_RANDOM_H
#define CERILLA_OPS_RANDOM_H

#include "create.h"

TORCH_BEGIN

/* torch.randint(low, high, size): int64 in [low, high). RuntimeError "random_ expects 'from' to be less than 'to', ...". */
TORCH_API Tensor *torch_randint_args(int64_t low, int64_t high, const torch_FactoryArgs *args);
#define torch_randint(low, high, ...) torch_randint_args(low, high, TORCH_FACTORY(__VA_ARGS__))
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

TORCH_END

#endif
