/* torch.utils.data: datasets, and the loader that draws batches of them in PyTorch's order.
 *
 *     torch_utils_data_Dataset *set = torch_utils_data_TensorDataset(x, y);                            owned: ..._free
 *     torch_utils_data_DataLoader *loader = torch_utils_data_DataLoader(set, 32, .shuffle = true);     owned: ..._free
 *     Tensor *batch[2];
 *     for (torch_utils_data_DataLoader_iter(loader); torch_utils_data_DataLoader_next(loader, batch);) {
 *         torch_scope();
 *         ...                                                            for x, y in loader:
 *     }
 *
 * Datasets retain tensors; Subset, ConcatDataset and loaders borrow the datasets that they are made of, which must
 * outlive them. One thread: no workers yet. Behind each line: what is returned after an error. */
#ifndef CERILLA_LOADER_H
#define CERILLA_LOADER_H

#include "../core/random.h"

TORCH_BEGIN

enum { TORCH_DATASET_FIELDS = 8 }; /* that an element may have */

typedef struct torch_utils_data_Dataset torch_utils_data_Dataset;
/* dataset[i]: fills out[0..fields) with borrowed tensors of the same shape for every i; a code. */
typedef int torch_utils_data_GetItem(int64_t i, Tensor **out, void *data);

/* class MyDataset(Dataset): of that length, with so many fields; getitem is called in
 * order of the samples.      NULL */
TORCH_API torch_utils_data_Dataset *torch_utils_data_Dataset_new(int64_t length, int64_t fields,
                                                                 torch_utils_data_GetItem *getitem, void *data);
/* TensorDataset(x, y): element i is (x[i], y[i]). ValueError "Size mismatch between tensors".      NULL */
TORCH_API torch_utils_data_Dataset *torch_utils_data_TensorDataset_n(Tensor *const *tensors, int64_t n);
#define torch_utils_data_TensorDataset(...)                          \
    torch_utils_data_TensorDataset_n((Tensor *const[]){__VA_ARGS__}, \
                                     (int64_t)(sizeof((Tensor *const[]){__VA_ARGS__}) / sizeof(Tensor *)))
/* Subset(dataset, indices): the indices are copied; negative ones count from the end. IndexError
 * when out of range.      NULL */
TORCH_API torch_utils_data_Dataset *torch_utils_data_Subset(const torch_utils_data_Dataset *dataset, int64_t n,
                                                            const int64_t *indices);
/* ConcatDataset([a, b]). ValueError "datasets should not be an empty iterable".      NULL */
TORCH_API torch_utils_data_Dataset *torch_utils_data_ConcatDataset(const torch_utils_data_Dataset *const *datasets,
                                                                   int64_t n);
/* random_split(dataset, lengths, generator): n subsets into out, owned each. generator NULL: the default
 * one. ValueError "Sum of input lengths does not equal the length of the input dataset!". A code;
 * out is all NULL after an error */
TORCH_API int torch_utils_data_random_split(const torch_utils_data_Dataset *dataset, int64_t n, const int64_t *lengths,
                                            torch_Generator *generator, torch_utils_data_Dataset **out);
TORCH_API void torch_utils_data_Dataset_free(torch_utils_data_Dataset *dataset);         /* always works */
TORCH_API int64_t torch_utils_data_Dataset_len(const torch_utils_data_Dataset *dataset); /* len(dataset);      0 */
/* dataset[i], its fields into out. IndexError "index 7 is out of range". A code */
TORCH_API int torch_utils_data_Dataset_getitem(const torch_utils_data_Dataset *dataset, int64_t i, Tensor **out);

/* DataLoader(dataset, batch_size=1, shuffle=False, drop_last=False, generator=None): batches of stacked elements.
 * Each pass draws a seed, shuffled passes another and a permutation, in PyTorch's order. ValueError "batch_size
 * should be a positive integer value, but got batch_size=0", "num_samples should be a positive integer value, but got
 * num_samples=0" (shuffle).      NULL */
typedef struct torch_utils_data_DataLoader torch_utils_data_DataLoader;
typedef struct torch_utils_data_DataLoaderArgs {
    size_t struct_size;
    const torch_utils_data_Dataset *dataset;
    int64_t batch_size;
    bool shuffle, drop_last;
    torch_Generator *generator; /* must outlive the loader */
} torch_utils_data_DataLoaderArgs;
TORCH_API torch_utils_data_DataLoaderArgs torch_utils_data_DataLoaderArgs_defaults(void);
TORCH_API torch_utils_data_DataLoader *torch_utils_data_DataLoader_new(const torch_utils_data_DataLoaderArgs *args);
#define torch_utils_data_DataLoader(...)                                \
    torch_utils_data_DataLoader_new(&(torch_utils_data_DataLoaderArgs){ \
        .batch_size = 1, .struct_size = sizeof(torch_utils_data_DataLoaderArgs), .dataset = __VA_ARGS__})
TORCH_API void torch_utils_data_DataLoader_free(torch_utils_data_DataLoader *loader); /* always works */
TORCH_API int64_t
torch_utils_data_DataLoader_len(const torch_utils_data_DataLoader *loader);          /* batches a pass;      0 */
TORCH_API int torch_utils_data_DataLoader_iter(torch_utils_data_DataLoader *loader); /* begins a pass. A code */
/* The next batch: fields into batch, borrowed. False at the end of the pass, and after an error.
 * Begins a pass where none has. */
TORCH_API bool torch_utils_data_DataLoader_next(torch_utils_data_DataLoader *loader, Tensor **batch);

TORCH_END

#endif
