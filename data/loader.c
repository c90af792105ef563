/* DataLoader: passes over a dataset in batches, in order or shuffled as PyTorch shuffles. */
#include <string.h>

#include "dataset.h"
#include "ops/ops.h"

typedef torch_utils_data_DataLoader DataLoader;

struct torch_utils_data_DataLoader {
    torch_utils_data_DataLoaderArgs args;
    int64_t *order; /* of this pass: length indices; drawn with its first batch */
    int64_t length, at;
    bool begun, drawn;
};

torch_utils_data_DataLoaderArgs torch_utils_data_DataLoaderArgs_defaults(void)
{
    return (torch_utils_data_DataLoaderArgs){.batch_size = 1, .struct_size = sizeof(torch_utils_data_DataLoaderArgs)};
}

static bool fits(const torch_utils_data_DataLoaderArgs *a)
{
    const char *op = "DataLoader";
    if (!a->dataset) return cer_raise(TORCH_TYPE_ERROR, op, "DataLoader(): the dataset is NULL");
    if (a->shuffle && a->dataset->length <= 0)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "num_samples should be a positive integer value, but got num_samples=0");
    return a->batch_size > 0 ||
           cer_raise(TORCH_VALUE_ERROR, op, "batch_size should be a positive integer value, but got batch_size=%lld",
                     (long long)a->batch_size);
}

DataLoader *torch_utils_data_DataLoader_new(const torch_utils_data_DataLoaderArgs *args)
{
    torch_utils_data_DataLoaderArgs a = torch_utils_data_DataLoaderArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending() || !fits(&a)) return NULL;
    int64_t length = a.dataset->length;
    size_t bytes = (size_t)length * sizeof(int64_t);
    DataLoader *l = cer_alloc(sizeof *l);
    int64_t *order = l && length < INT64_MAX / 8 ? cer_alloc(bytes) : NULL;
    if (!order) {
        cer_free(l, sizeof *l);
        return cer_raise_memory("DataLoader", (double)bytes), NULL;
    }
    *l = (DataLoader){.args = a, .order = order, .length = length};
    return l;
}

void torch_utils_data_DataLoader_free(DataLoader *l)
{
    if (!l) return;
    cer_free(l->order, (size_t)l->length * sizeof *l->order);
    cer_free(l, sizeof *l);
}

static bool ready(const DataLoader *l, const char *op)
{
    if (cer_error_pending()) return false;
    return l || cer_raise(TORCH_TYPE_ERROR, op, "%s(): the loader is NULL", op);
}

int64_t torch_utils_data_DataLoader_len(const DataLoader *l)
{
    if (!ready(l, "len")) return 0;
    int64_t whole = l->length / l->args.batch_size;
    return whole + (!l->args.drop_last && l->length % l->args.batch_size != 0);
}

/* int(torch.empty((), dtype=torch.int64).random_(generator=g)) */
static int64_t drawn_seed(torch_Generator *g)
{
    Tensor *t = torch_random__generator(cer_empty(torch_int64, 0, NULL), 0, TORCH_NONE, g);
    int64_t seed = 0;
    if (t) memcpy(&seed, t->data, sizeof seed);
    return seed;
}

int torch_utils_data_DataLoader_iter(DataLoader *l)
{
    if (!ready(l, "iter")) return torch_error_code();
    int64_t scope = torch_scope_push();
    drawn_seed(l->args.generator); /* the workers' base seed */
    torch_scope_pop(scope);
    l->at = 0;
    l->begun = true;
    l->drawn = false;
    return torch_error_code();
}

/* The permutation of this pass, from a generator of its own that the default one seeds, or from the loader's. */
static bool draw_order(DataLoader *l)
{
    l->drawn = true;
    for (int64_t i = 0; i < l->length; i++) l->order[i] = i;
    if (!l->args.shuffle) return true;
    torch_Generator *own = NULL, *g = l->args.generator;
    if (!g) {
        int64_t seed = drawn_seed(NULL);
        g = own = torch_Generator_new();
        if (own) torch_Generator_manual_seed(own, seed);
    }
    const Tensor *order = g ? torch_randperm_generator(l->length, g) : NULL;
    if (order) memcpy(l->order, order->data, (size_t)l->length * sizeof *l->order);
    torch_Generator_free(own);
    return order != NULL;
}

/* PyTorch's sampler draws one more permutation when it ends, of which nothing is used. */
static void end_pass(DataLoader *l)
{
    if (l->args.shuffle && l->args.generator) torch_randperm_generator(l->length, l->args.generator);
    l->begun = false;
}

bool torch_utils_data_DataLoader_next(DataLoader *l, Tensor **batch)
{
    if (!ready(l, "next")) return false;
    if (!l->begun) torch_utils_data_DataLoader_iter(l);
    int64_t scope = torch_scope_push(), n = l->length - l->at, size = l->args.batch_size;
    bool fine = !cer_error_pending() && (l->drawn || draw_order(l));
    if (n > size) n = size;
    bool more = fine && n > 0 && (n == size || !l->args.drop_last);
    if (fine && !more) end_pass(l);
    torch_scope_pop(scope);
    if (!more || !cer_dataset_batch(l->args.dataset, n, l->order + l->at, batch)) return false;
    l->at += n;
    return true;
}
