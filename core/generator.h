/* Drawing random numbers, for the floors above: PyTorch's CPU generator, bit for bit. Never installed.
 *
 * A generator is an MT19937 of 32-bit words and one normal number kept for later, because Box-Muller makes two at a time.
 * Whoever draws holds its lock: cer_generator_lock(g); ... cer_random32(g) ...; cer_generator_unlock(g). The fills of
 * random_fill.c take it themselves, for their whole length. */
#ifndef CERILLA_GENERATOR_H
#define CERILLA_GENERATOR_H

#include <pthread.h>

#include "op.h"
#include "random.h"

enum { CER_MT_WORDS = 624 };

struct torch_Generator {
    pthread_mutex_t lock;
    torch_Generator *next, *previous; /* all generators: fork() takes every lock */
    uint64_t seed;
    int32_t left; /* 1: the block is used up. PyTorch's field, kept for its state's sake */
    uint32_t at;  /* the next word of the block */
    uint32_t word[CER_MT_WORDS];
    bool has_normal;
    double normal; /* the second of the last pair */
    bool
        has_float; /* PyTorch keeps a float normal too, which nothing on the CPU reads; it only travels with the state */
    float normal_float;
};

/* The default generator of the calling thread alone, which DataLoader's workers have; NULL: the process's again. */
void cer_generator_of_thread(torch_Generator *g);

/* NULL stands for the default generator, as generator=None does. Returns the one that was locked. */
torch_Generator *cer_generator_lock(torch_Generator *g);
void cer_generator_unlock(torch_Generator *g);

uint32_t cer_random32(torch_Generator *g);
uint64_t cer_random64(torch_Generator *g); /* the high word is drawn first */
void cer_random32_fill(torch_Generator *g, uint32_t *out, int64_t n);
double cer_uniform_double(torch_Generator *g); /* [0, 1), 53 bits, two words */
double cer_normal_double(torch_Generator *g);  /* N(0, 1); uses up the kept one first */

/* Fills: every element of t, in the order of memory. The arguments have been checked. */
void cer_fill_uniform(torch_Generator *g, Tensor *t, double from, double to); /* floating dtypes */
void cer_fill_normal(torch_Generator *g, Tensor *t, double mean, double std); /* floating dtypes */
void cer_fill_bernoulli(torch_Generator *g, Tensor *t, double p);
void cer_fill_integers(torch_Generator *g, Tensor *t, int64_t base, uint64_t range); /* base + draw % range */
void cer_fill_integers_of_dtype(torch_Generator *g, Tensor *t);                      /* x.random_() */

#endif
