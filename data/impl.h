/* Inside data: what datasets, samplers and workers are made of. Never installed. */
#ifndef CERILLA_DATA_IMPL_H
#define CERILLA_DATA_IMPL_H

#include "core/impl.h"
#include "data/loader.h"

/* ---- datasets (dataset.c) ---------------------------------------------------------------------------------------- */

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

int64_t cer_dataset_fields(const torch_utils_data_Dataset *d); /* of an element */

/* Its tensors may be read by several threads from now on. False after raising. */
bool cer_dataset_share(const torch_utils_data_Dataset *d);

/* Elements index[0..n), collated as the loader says: the batch, borrowed. Negative indices are made positive. False
 * after raising: then out is all NULL. */
bool cer_dataset_batch(const torch_utils_data_DataLoaderArgs *loader, int64_t n, int64_t *index, Tensor **out);
int64_t cer_batch_fields(const torch_utils_data_DataLoaderArgs *loader); /* of a batch */

/* ---- samplers (sampler.c) ---------------------------------------------------------------------------------------- */

typedef struct cer_Pass { /* over a sampler: Python's iterator */
    const torch_utils_data_Sampler *of;
    Tensor *drawn;              /* indices that were drawn together; retained */
    int64_t at, n;              /* the next of them, and how many count */
    int64_t given;              /* indices that were drawn so far */
    bool last, over;            /* nothing will be drawn after these; the end was met */
    torch_Generator *generator; /* of this pass alone, or NULL */
    int64_t *batch, capacity;   /* of a BatchSampler: the indices of the batch */
} cer_Pass;

void cer_pass_begin(cer_Pass *p, const torch_utils_data_Sampler *of);
bool cer_pass_next(cer_Pass *p, int64_t *index); /* false at the end, and after raising */
int64_t cer_pass_batch(cer_Pass *p);             /* fills p->batch; 0 at the end, and after raising */
void cer_pass_end(cer_Pass *p);

bool cer_is_batch_sampler(const torch_utils_data_Sampler *s);
int64_t cer_drawn_seed(torch_Generator *g); /* int(torch.empty((), dtype=torch.int64).random_(generator=g)) */

/* ---- workers (workers.c) ----------------------------------------------------------------------------------------- */

typedef struct cer_Workers cer_Workers;
/* Threads for one pass; args must outlive them. NULL after raising. */
cer_Workers *cer_workers_start(const torch_utils_data_DataLoaderArgs *args, int64_t base_seed);
bool cer_workers_full(const cer_Workers *w);                           /* as many batches are asked for as may be */
bool cer_workers_ask(cer_Workers *w, int64_t n, const int64_t *index); /* for the batch behind the others; raises */
bool cer_workers_idle(const cer_Workers *w);                           /* everything that was asked for was taken */
bool cer_workers_take(cer_Workers *w, Tensor **out); /* waits for the next batch; raises what its worker did */
void cer_workers_stop(cer_Workers *w);               /* NULL passes */

#endif
