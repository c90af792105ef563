/* torch.utils.data's samplers: in which order elements are taken.
 *
 *     torch_utils_data_Sampler *sampler = torch_utils_data_RandomSampler(set, .replacement = true);    owned: ..._free
 *     int64_t i;
 *     for (torch_utils_data_Sampler_iter(sampler); torch_utils_data_Sampler_next(sampler, &i);) ...
 *
 * or .sampler = sampler of a DataLoader. Datasets, generators and samplers that a sampler is made of are borrowed and
 * must outlive it. A generator that is NULL: the default one. Constructors return NULL after an error. */
#ifndef CERILLA_SAMPLER_H
#define CERILLA_SAMPLER_H

#include "../core/random.h"
#include "dataset.h"

TORCH_BEGIN

typedef struct torch_utils_data_Sampler torch_utils_data_Sampler;

/* SequentialSampler(data_source): 0, 1, 2, ... */
TORCH_API torch_utils_data_Sampler *torch_utils_data_SequentialSampler(const torch_utils_data_Dataset *data_source);

/* RandomSampler(data_source, replacement=False, num_samples=None, generator=None): permutations; or draws with
 * replacement. num_samples TORCH_NONE: len(data_source). ValueError "num_samples should be a positive integer value,
 * but got num_samples=0" */
typedef struct torch_utils_data_RandomSamplerArgs {
    size_t struct_size;
    const torch_utils_data_Dataset *data_source;
    bool replacement;
    int64_t num_samples;
    torch_Generator *generator; /* NULL: a new one each pass, which the default one seeds */
} torch_utils_data_RandomSamplerArgs;
TORCH_API torch_utils_data_RandomSamplerArgs torch_utils_data_RandomSamplerArgs_defaults(void);
TORCH_API torch_utils_data_Sampler *torch_utils_data_RandomSampler_new(const torch_utils_data_RandomSamplerArgs *args);
#define torch_utils_data_RandomSampler(...)                                                              \
    torch_utils_data_RandomSampler_new(                                                                  \
        &(torch_utils_data_RandomSamplerArgs){.num_samples = TORCH_NONE,                                 \
                                              .struct_size = sizeof(torch_utils_data_RandomSamplerArgs), \
                                              .data_source = __VA_ARGS__})

/* SubsetRandomSampler(indices, generator): the indices, which are copied, in random order. */
TORCH_API torch_utils_data_Sampler *torch_utils_data_SubsetRandomSampler(int64_t n, const int64_t *indices,
                                                                         torch_Generator *generator);

/* WeightedRandomSampler(weights, num_samples, replacement=True, generator=None): i as often as its weight says.
 * ValueError "weights should be a 1d sequence but given weights have shape (2, 2)", "num_samples should be ..." */
typedef struct torch_utils_data_WeightedRandomSamplerArgs {
    size_t struct_size;
    Tensor *weights; /* any dtype; copied */
    int64_t num_samples;
    bool replacement;
    torch_Generator *generator;
} torch_utils_data_WeightedRandomSamplerArgs;
TORCH_API torch_utils_data_WeightedRandomSamplerArgs torch_utils_data_WeightedRandomSamplerArgs_defaults(void);
TORCH_API torch_utils_data_Sampler *
torch_utils_data_WeightedRandomSampler_new(const torch_utils_data_WeightedRandomSamplerArgs *args);
#define torch_utils_data_WeightedRandomSampler(weights_, ...)                                 \
    torch_utils_data_WeightedRandomSampler_new(&(torch_utils_data_WeightedRandomSamplerArgs){ \
        .replacement = true,                                                                  \
        .struct_size = sizeof(torch_utils_data_WeightedRandomSamplerArgs),                    \
        .weights = (weights_),                                                                \
        .num_samples = __VA_ARGS__})

/* BatchSampler(sampler, batch_size, drop_last): lists of indices. ValueError "batch_size should be a positive integer
 * value, but got batch_size=0"; TypeError for a sampler of batches. */
TORCH_API torch_utils_data_Sampler *torch_utils_data_BatchSampler(const torch_utils_data_Sampler *sampler,
                                                                  int64_t batch_size, bool drop_last);

/* class MySampler(Sampler): next returns the k-th index of a pass, k = 0, 1, ..., and -1 at its end. length is what
 * len() says. */
typedef int64_t torch_utils_data_NextIndex(int64_t k, void *data);
TORCH_API torch_utils_data_Sampler *torch_utils_data_Sampler_new(int64_t length, torch_utils_data_NextIndex *next,
                                                                 void *data);

TORCH_API void torch_utils_data_Sampler_free(torch_utils_data_Sampler *sampler);         /* always works */
TORCH_API int64_t torch_utils_data_Sampler_len(const torch_utils_data_Sampler *sampler); /* len(sampler);      0 */
/* iter(sampler): begins a pass, which draws with its first index. A code. Loaders have passes of their own. */
TORCH_API int torch_utils_data_Sampler_iter(torch_utils_data_Sampler *sampler);
/* The next index of the pass. False at its end, and after an error. */
TORCH_API bool torch_utils_data_Sampler_next(torch_utils_data_Sampler *sampler, int64_t *index);
/* The next batch of a BatchSampler, valid until the next call: how many indices; 0 at the end, and after an error. */
TORCH_API int64_t torch_utils_data_BatchSampler_next(torch_utils_data_Sampler *sampler, const int64_t **indices);

TORCH_END

#endif
