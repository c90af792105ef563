/* Random numbers: PyTorch's CPU generator (MT19937), bit for bit. */
#ifndef CERILLA_RANDOM_H
#define CERILLA_RANDOM_H

#include "tensor.h"

TORCH_BEGIN

#define TORCH_RNG_STATE_BYTES 5056

/* torch.manual_seed(seed): seeds the default generator, which the whole process shares; returns it. Only the low 32 bits
 * matter; a negative seed counts from 2^64. Without a call the default generator is seeded from the system. */
TORCH_API torch_Generator *torch_manual_seed(int64_t seed);
TORCH_API uint64_t torch_initial_seed(void);              /* torch.initial_seed() */
TORCH_API uint64_t torch_seed(void);                      /* torch.seed(): reseeds from the system; the seed */
TORCH_API torch_Generator *torch_default_generator(void); /* torch.default_generator */
TORCH_API Tensor *torch_get_rng_state(void);              /* torch.get_rng_state(): 5056 bytes, uint8 */
/* TypeError, or RuntimeError for a state of the wrong size */
TORCH_API int torch_set_rng_state(Tensor *state);

/* with torch.random.fork_rng(): what is drawn between the two leaves the default generator as it was:
 *     torch_RngState saved;
 *     torch_fork_rng_begin(&saved);  ...  torch_fork_rng_end(&saved); */
typedef struct torch_RngState {
    uint8_t bytes[TORCH_RNG_STATE_BYTES];
} torch_RngState;
TORCH_API void torch_fork_rng_begin(torch_RngState *saved);
TORCH_API void torch_fork_rng_end(const torch_RngState *saved);

/* torch.Generator(): owned; seeded with 67280421310721 like PyTorch's. Calls on one generator are serialised. */
TORCH_API torch_Generator *torch_Generator_new(void);
TORCH_API void torch_Generator_free(torch_Generator *g);
#define torch_Generator() torch_Generator_new()
/* g.manual_seed(s); returns g */
TORCH_API torch_Generator *torch_Generator_manual_seed(torch_Generator *g, int64_t seed);
TORCH_API uint64_t torch_Generator_initial_seed(const torch_Generator *g);
TORCH_API uint64_t torch_Generator_seed(torch_Generator *g);
TORCH_API Tensor *torch_Generator_get_state(torch_Generator *g);
TORCH_API int torch_Generator_set_state(torch_Generator *g, Tensor *state);

TORCH_END

#endif
