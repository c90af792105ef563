/* torch.utils.data's datasets: elements of one or more tensors, by number.
 *
 * Datasets retain tensors; Subset and ConcatDataset borrow the datasets that they are made of, which must outlive them.
 * Behind each line: what is returned after an error. */
#ifndef CERILLA_DATASET_H
#define CERILLA_DATASET_H

#include "../core/random.h"

TORCH_BEGIN

enum { TORCH_DATASET_FIELDS = 8 }; /* that an element may have */

typedef struct torch_utils_data_Dataset torch_utils_data_Dataset;
/* dataset[i]: fills out[0..fields) with borrowed tensors, of the same shape for every i unless a collate_fn takes
 * them; a code. A loader's workers call it from their threads, several at a time. */
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

TORCH_END

#endif
