/* Datasets: of tensors, of a user's function, parts of others and several in a row. */
#include <string.h>

#include "impl.h"
#include "ops/ops.h"

typedef torch_utils_data_Dataset Dataset;

static bool ready(const Dataset *d, const char *op)
{
    if (cer_error_pending()) return false;
    return d || cer_raise(TORCH_TYPE_ERROR, op, "%s(): the dataset is NULL", op);
}

static Dataset *made(int kind, int64_t length, int64_t fields)
{
    Dataset *d = cer_alloc(sizeof *d);
    if (!d) return cer_raise_memory("Dataset", sizeof *d), NULL;
    memset(d, 0, sizeof *d);
    d->kind = kind;
    d->length = length;
    d->fields = fields;
    return d;
}

void torch_utils_data_Dataset_free(Dataset *d)
{
    if (!d) return;
    for (int64_t k = 0; k < d->fields; k++) cer_release(d->tensor[k]);
    cer_free(d->index, (size_t)d->length * sizeof *d->index);
    cer_free(d->part, (size_t)d->parts * sizeof *d->part);
    cer_free(d, sizeof *d);
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

Dataset *torch_utils_data_Dataset_new(int64_t length, int64_t fields, torch_utils_data_GetItem *getitem, void *data)
{
    if (cer_error_pending()) return NULL;
    if (length < 0 || fields < 1 || fields > TORCH_DATASET_FIELDS || !getitem)
        return cer_raise(TORCH_VALUE_ERROR, "Dataset", "a dataset has a length, 1 to %d fields and a function",
                         TORCH_DATASET_FIELDS),
               NULL;
    Dataset *d = made(CER_USER, length, fields);
    if (d) d->getitem = getitem, d->data = data;
    return d;
}

Dataset *torch_utils_data_TensorDataset_n(Tensor *const *tensors, int64_t n)
{
    const char *op = "TensorDataset";
    if (cer_error_pending()) return NULL;
    if (n < 1 || n > TORCH_DATASET_FIELDS)
        return cer_raise(TORCH_VALUE_ERROR, op, "TensorDataset takes 1 to %d tensors, got %lld", TORCH_DATASET_FIELDS,
                         (long long)n),
               NULL;
    for (int64_t k = 0; k < n; k++) {
        if (!cer_usable(tensors[k], op, (int)k + 1)) return NULL;
        if (tensors[k]->ndim == 0)
            return cer_raise(TORCH_INDEX_ERROR, op, "Dimension specified as 0 but tensor has no dimensions"), NULL;
        if (tensors[k]->shape[0] != tensors[0]->shape[0])
            return cer_raise(TORCH_VALUE_ERROR, op, "Size mismatch between tensors"), NULL;
    }
    Dataset *d = made(CER_TENSORS, tensors[0]->shape[0], n);
    for (int64_t k = 0; d && k < n; k++) cer_retain(d->tensor[k] = tensors[k]);
    return d;
}

Dataset *torch_utils_data_Subset(const Dataset *of, int64_t n, const int64_t *indices)
{
    if (!ready(of, "Subset")) return NULL;
    if (n < 0 || (n > 0 && !indices)) return cer_raise(TORCH_VALUE_ERROR, "Subset", "the indices are NULL"), NULL;
    Dataset *d = made(CER_SUBSET, n, 0); /* its fields are not its own: see cer_dataset_fields */
    size_t bytes = (size_t)n * sizeof *indices;
    if (!d) return NULL;
    d->of = of;
    d->index = n < INT64_MAX / 8 ? cer_alloc(bytes) : NULL;
    if (!d->index) {
        d->length = 0;
        torch_utils_data_Dataset_free(d);
        return cer_raise_memory("Subset", (double)bytes), NULL;
    }
    for (int64_t i = 0; i < n; i++) {
        d->index[i] = indices[i] < 0 ? indices[i] + of->length : indices[i];
        if (d->index[i] >= 0 && d->index[i] < of->length) continue;
        torch_utils_data_Dataset_free(d);
        return cer_raise(TORCH_INDEX_ERROR, "Subset", "index %lld is out of range", (long long)indices[i]), NULL;
    }
    return d;
}

int64_t cer_dataset_fields(const Dataset *d)
{
    while (d->kind == CER_SUBSET || d->kind == CER_CONCAT) d = d->kind == CER_SUBSET ? d->of : d->part[0];
    return d->fields;
}

Dataset *torch_utils_data_ConcatDataset(const Dataset *const *datasets, int64_t n)
{
    const char *op = "ConcatDataset";
    int64_t length = 0;
    if (cer_error_pending()) return NULL;
    if (n <= 0 || !datasets) return cer_raise(TORCH_VALUE_ERROR, op, "datasets should not be an empty iterable"), NULL;
    for (int64_t k = 0; k < n; k++) {
        if (!ready(datasets[k], op)) return NULL;
        if (cer_dataset_fields(datasets[k]) != cer_dataset_fields(datasets[0]))
            return cer_raise(TORCH_VALUE_ERROR, op, "the datasets have elements of %lld and %lld fields",
                             (long long)cer_dataset_fields(datasets[0]), (long long)cer_dataset_fields(datasets[k])),
                   NULL;
        if (__builtin_add_overflow(length, datasets[k]->length, &length))
            return cer_raise(TORCH_VALUE_ERROR, op, "the datasets are too long"), NULL;
    }
    Dataset *d = made(CER_CONCAT, length, 0);
    size_t bytes = (size_t)n * sizeof *d->part;
    if (!d) return NULL;
    d->part = cer_alloc(bytes);
    if (!d->part) {
        torch_utils_data_Dataset_free(d);
        return cer_raise_memory(op, (double)bytes), NULL;
    }
    memcpy(d->part, datasets, bytes);
    d->parts = n;
    return d;
}

static bool split(const Dataset *d, int64_t n, const int64_t *lengths, torch_Generator *g, Dataset **out)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < n; k++)
        if (lengths[k] < 0 || __builtin_add_overflow(sum, lengths[k], &sum)) sum = INT64_MAX;
    if (sum != d->length)
        return cer_raise(TORCH_VALUE_ERROR, "random_split",
                         "Sum of input lengths does not equal the length of the input dataset!");
    const Tensor *order = torch_randperm_generator(sum, g);
    if (!order) return false;
    const int64_t *at = (const int64_t *)(const void *)order->data;
    for (int64_t k = 0; k < n; at += lengths[k++])
        if (!(out[k] = torch_utils_data_Subset(d, lengths[k], at))) return false;
    return true;
}

int torch_utils_data_random_split(const Dataset *d, int64_t n, const int64_t *lengths, torch_Generator *g,
                                  Dataset **out)
{
    for (int64_t k = 0; k < n; k++) out[k] = NULL;
    if (!ready(d, "random_split")) return torch_error_code();
    int64_t scope = torch_scope_push();
    bool fine = split(d, n, lengths, g, out);
    torch_scope_pop(scope);
    for (int64_t k = 0; k < n && !fine; k++) {
        torch_utils_data_Dataset_free(out[k]);
        out[k] = NULL;
    }
    return torch_error_code();
}

/* ---- elements and batches ---------------------------------------------------------------------------------------- */

int64_t torch_utils_data_Dataset_len(const Dataset *d)
{
    return ready(d, "len") ? d->length : 0;
}

static bool element(const Dataset *d, int64_t i, Tensor **out)
{
    while (d->kind == CER_SUBSET || d->kind == CER_CONCAT) {
        if (d->kind == CER_SUBSET) {
            i = d->index[i];
            d = d->of;
            continue;
        }
        int64_t k = 0;
        while (i >= d->part[k]->length) i -= d->part[k++]->length;
        d = d->part[k];
    }
    if (d->kind == CER_USER) {
        int code = d->getitem(i, out, d->data);
        if (code != TORCH_OK && !cer_error_pending())
            torch_error_raise((torch_Code)code, "getitem", "the function of the dataset returned an error code");
    } else {
        for (int64_t k = 0; k < d->fields; k++) out[k] = torch_select(d->tensor[k], 0, i);
    }
    return !cer_error_pending();
}

int torch_utils_data_Dataset_getitem(const Dataset *d, int64_t i, Tensor **out)
{
    if (!ready(d, "getitem")) return torch_error_code();
    int64_t at = i < 0 ? i + d->length : i;
    for (int64_t k = 0; k < cer_dataset_fields(d); k++) out[k] = NULL;
    if (at < 0 || at >= d->length)
        return torch_error_raise(TORCH_INDEX_ERROR, "getitem", "index %lld is out of range", (long long)i);
    element(d, at, out);
    return torch_error_code();
}

/* Rows of tensors at once. */
static bool tensor_batch(const Dataset *d, int64_t n, const int64_t *index, Tensor **out)
{
    Tensor *rows = cer_empty(torch_int64, 1, &n);
    if (rows) memcpy(rows->data, index, (size_t)n * sizeof *index);
    for (int64_t k = 0; rows && k < d->fields; k++) out[k] = torch_index_select(d->tensor[k], 0, rows);
    return !cer_error_pending();
}

/* Element by element: all[k n + i] is field k of element i. */
static bool gather(const Dataset *d, int64_t n, const int64_t *index, int64_t fields, Tensor **all)
{
    Tensor *one[TORCH_DATASET_FIELDS] = {NULL};
    for (int64_t i = 0; i < n; i++) {
        if (!element(d, index[i], one)) return false;
        for (int64_t k = 0; k < fields; k++) all[k * n + i] = one[k];
    }
    return true;
}

static void collate(const torch_utils_data_DataLoaderArgs *l, int64_t n, int64_t fields, Tensor *const *all,
                    Tensor **out)
{
    if (!l->collate_fn) {
        for (int64_t k = 0; k < fields && !cer_error_pending(); k++) out[k] = torch_stack_n(all + k * n, n, 0);
        return;
    }
    int code = l->collate_fn(all, n, out, l->collate_data);
    if (code != TORCH_OK)
        torch_error_raise((torch_Code)code, "collate_fn", "the function of the loader returned an error code");
}

static bool collated_batch(const torch_utils_data_DataLoaderArgs *l, int64_t n, const int64_t *index, Tensor **out)
{
    int64_t fields = cer_dataset_fields(l->dataset), count;
    if (__builtin_mul_overflow(n, fields, &count) || count > INT64_MAX / 8)
        return cer_raise_memory("DataLoader", (double)n * (double)fields * sizeof(Tensor *));
    size_t bytes = (size_t)count * sizeof(Tensor *);
    Tensor **all = cer_alloc(bytes);
    if (!all) return cer_raise_memory("DataLoader", (double)bytes);
    if (gather(l->dataset, n, index, fields, all)) collate(l, n, fields, all, out);
    cer_free(all, bytes);
    return !cer_error_pending();
}

static bool in_range(const Dataset *d, int64_t n, int64_t *index)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t at = index[i] < 0 ? index[i] + d->length : index[i];
        if (at < 0 || at >= d->length)
            return cer_raise(TORCH_INDEX_ERROR, "getitem", "index %lld is out of range", (long long)index[i]);
        index[i] = at;
    }
    return true;
}

int64_t cer_batch_fields(const torch_utils_data_DataLoaderArgs *l)
{
    return l->collate_fn && l->collate_fields ? l->collate_fields : cer_dataset_fields(l->dataset);
}

bool cer_dataset_batch(const torch_utils_data_DataLoaderArgs *l, int64_t n, int64_t *index, Tensor **out)
{
    const Dataset *d = l->dataset;
    int64_t fields = cer_batch_fields(l), scope = torch_scope_push();
    for (int64_t k = 0; k < fields; k++) out[k] = NULL;
    bool rows = d->kind == CER_TENSORS && !l->collate_fn;
    bool fine = in_range(d, n, index) && (rows ? tensor_batch(d, n, index, out) : collated_batch(l, n, index, out));
    for (int64_t k = 0; k < fields; k++) {
        if (!fine) out[k] = NULL;
        torch_escape(out[k]);
    }
    torch_scope_pop(scope);
    return fine;
}

static bool share_own(const Dataset *d)
{
    for (int64_t k = 0; k < d->fields; k++)
        if (d->tensor[k] && (!torch_share_memory_(d->tensor[k]) || !cer_fresh(d->tensor[k]))) return false;
    return true;
}

/* Datasets are made of older ones: this ends. */
bool cer_dataset_share(const Dataset *d)
{
    while (d->kind == CER_SUBSET) d = d->of;
    for (int64_t k = 0; k < d->parts; k++)
        if (!cer_dataset_share(d->part[k])) return false;
    return share_own(d);
}
