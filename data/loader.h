/* torch.utils.data.DataLoader: batches of a dataset in PyTorch's order, made in the caller's thread or ahead by
 * others.
 *
 *     torch_utils_data_Dataset *set = torch_utils_data_TensorDataset(x, y);                            owned: ..._free
 *     torch_utils_data_DataLoader *loader = torch_utils_data_DataLoader(set, 32, .shuffle = true);     owned: ..._free
 *     Tensor *batch[2];
 *     for (torch_utils_data_DataLoader_iter(loader); torch_utils_data_DataLoader_next(loader, batch);) {
 *         torch_scope();
 *         ...                                                            for x, y in loader:
 *     }
 *
 * A loader borrows its dataset, samplers and generator, which must outlive it.
 *
 * Workers (num_workers > 0) are threads. Batch i comes from worker i % num_workers, and batches arrive in order; each
 * worker works prefetch_factor batches ahead. In a worker the default generator is its own, seeded with the pass's
 * base seed + its number, so that what a dataset draws is PyTorch's and the same in every run. An error of a worker is
 * raised by the next that would have returned its batch; the one after it goes on with the batch behind. Tensors of a
 * TensorDataset are marked with torch_share_memory_; a dataset's own functions must bear being called from several
 * threads, and must not use tensors that are not shared. */
#ifndef CERILLA_LOADER_H
#define CERILLA_LOADER_H

#include "sampler.h"

TORCH_BEGIN

/* collate_fn(batch): n samples, samples[k * n + i] is field k of sample i (xs, ys = zip(*batch)); fills
 * batch[0..fields) with borrowed tensors; a code. Workers call it from their threads. */
typedef int torch_utils_data_CollateFn(Tensor *const *samples, int64_t n, Tensor **batch, void *data);
/* worker_init_fn(worker_id), in the worker's thread before it begins; a code */
typedef int torch_utils_data_WorkerInitFn(int64_t worker_id, void *data);

/* DataLoader(dataset, batch_size=1, shuffle=False, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None,
 * drop_last=False, worker_init_fn=None, generator=None, prefetch_factor=2). Each pass draws a base seed; a shuffled
 * one another seed and a permutation, with its first batch, or with workers as it begins. ValueError "batch_size
 * should be a positive integer value, but got batch_size=0", "num_samples should be a positive integer value, but got
 * num_samples=0" (shuffle), "sampler option is mutually exclusive with shuffle", "batch_sampler option is mutually
 * exclusive with batch_size, shuffle, sampler, and drop_last", "num_workers option should be non-negative; ...";
 * NULL then. */
typedef struct torch_utils_data_DataLoader torch_utils_data_DataLoader;
typedef struct torch_utils_data_DataLoaderArgs {
    size_t struct_size;
    const torch_utils_data_Dataset *dataset;
    int64_t batch_size;
    bool shuffle;
    const torch_utils_data_Sampler *sampler, *batch_sampler; /* batch_sampler: a BatchSampler */
    int64_t num_workers;
    torch_utils_data_CollateFn *collate_fn; /* NULL: each field is stacked */
    bool drop_last;
    torch_utils_data_WorkerInitFn *worker_init_fn;
    torch_Generator *generator;
    int64_t prefetch_factor;
    int64_t collate_fields; /* of what collate_fn makes. 0: as many as an element has */
    void *collate_data, *worker_init_data;
} torch_utils_data_DataLoaderArgs;
TORCH_API torch_utils_data_DataLoaderArgs torch_utils_data_DataLoaderArgs_defaults(void);
TORCH_API torch_utils_data_DataLoader *torch_utils_data_DataLoader_new(const torch_utils_data_DataLoaderArgs *args);
#define torch_utils_data_DataLoader(...)                                                           \
    torch_utils_data_DataLoader_new(                                                               \
        &(torch_utils_data_DataLoaderArgs){.batch_size = 1,                                        \
                                           .prefetch_factor = 2,                                   \
                                           .struct_size = sizeof(torch_utils_data_DataLoaderArgs), \
                                           .dataset = __VA_ARGS__})
TORCH_API void
torch_utils_data_DataLoader_free(torch_utils_data_DataLoader *loader); /* ends its workers; always works */
TORCH_API int64_t
torch_utils_data_DataLoader_len(const torch_utils_data_DataLoader *loader); /* batches a pass;      0 */
/* Begins a pass; one that runs ends, with its workers. A code */
TORCH_API int torch_utils_data_DataLoader_iter(torch_utils_data_DataLoader *loader);
/* The next batch: fields into batch; the loader's until the next call or its end, so that a pass holds one batch at a
 * time (torch_set keeps one longer). False at the end of the pass, and after an error. Begins a pass where none has. */
TORCH_API bool torch_utils_data_DataLoader_next(torch_utils_data_DataLoader *loader, Tensor **batch);

/* torch.utils.data.get_worker_info(): of the worker that calls; NULL elsewhere. */
typedef struct torch_utils_data_WorkerInfo {
    int64_t id, num_workers, seed;
    const torch_utils_data_Dataset *dataset;
} torch_utils_data_WorkerInfo;
TORCH_API const torch_utils_data_WorkerInfo *torch_utils_data_get_worker_info(void);

TORCH_END

#endif
