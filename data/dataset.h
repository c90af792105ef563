/* Inside data: what a dataset is made of. Never installed. */
#ifndef CERILLA_DATASET_H
#define CERILLA_DATASET_H

#include "core/impl.h"
#include "data/loader.h"

struct torch_utils_data_Dataset {
    enum { CER_USER, CER_TENSORS, CER_SUBSET, CER_CONCAT } kind;
    int64_t length, fields;
    Tensor *tensor[TORCH_DATASET_FIELDS]; /* one reference each */
    torch_utils_data_GetItem *getitem;    /* a user's */
    void *data;
    const torch_utils_data_Dataset *of;    /* subset */
    int64_t *index;                        /* length of them */
    const torch_utils_data_Dataset **part; /* concat */
    int64_t parts;
};

/* Elements index[0..n), each in range, stacked: the collated batch. False after raising. */
bool cer_dataset_batch(const torch_utils_data_Dataset *d, int64_t n, const int64_t *index, Tensor **out);

#endif
