/* DataLoader: passes over a dataset in batches, made here or by workers. */
#include <string.h>

#include "impl.h"
#include "ops/ops.h"

typedef torch_utils_data_DataLoader DataLoader;
typedef torch_utils_data_DataLoaderArgs Args;

struct torch_utils_data_DataLoader {
    Args args;
    torch_utils_data_Sampler *own_sampler, *own_batches; /* those that the caller did not give */
    const torch_utils_data_Sampler *batches;
    cer_Pass pass;
    cer_Workers *workers; /* of this pass */
    bool begun;
    Tensor *batch[TORCH_DATASET_FIELDS]; /* the last one; retained */
};

Args torch_utils_data_DataLoaderArgs_defaults(void)
{
    return (Args){.struct_size = sizeof(Args), .batch_size = 1, .prefetch_factor = 2};
}

static bool options_fit(const Args *a)
{
    const char *op = "DataLoader";
    if (!a->dataset) return cer_raise(TORCH_TYPE_ERROR, op, "DataLoader(): the dataset is NULL");
    if (a->num_workers < 0)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.");
    if (a->num_workers == 0 && a->prefetch_factor != 2)
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to "
                         "enable multiprocessing.");
    if (a->prefetch_factor <= 0) return cer_raise(TORCH_VALUE_ERROR, op, "prefetch_factor option should be positive");
    if (a->collate_fields < 0 || a->collate_fields > TORCH_DATASET_FIELDS)
        return cer_raise(TORCH_VALUE_ERROR, op, "a batch has 1 to %d fields", TORCH_DATASET_FIELDS);
    return true;
}

static bool samplers_fit(const Args *a)
{
    const char *op = "DataLoader";
    if (a->sampler && a->shuffle)
        return cer_raise(TORCH_VALUE_ERROR, op, "sampler option is mutually exclusive with shuffle");
    if (a->batch_sampler && (a->batch_size != 1 || a->shuffle || a->sampler || a->drop_last))
        return cer_raise(TORCH_VALUE_ERROR, op,
                         "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last");
    if (a->batch_sampler && !cer_is_batch_sampler(a->batch_sampler))
        return cer_raise(TORCH_TYPE_ERROR, op, "batch_sampler should be a BatchSampler");
    return true;
}

/* The caller's samplers, or those that PyTorch makes in their place. */
static bool choose_samplers(DataLoader *l)
{
    const Args *a = &l->args;
    l->batches = a->batch_sampler;
    if (l->batches) return true;
    const torch_utils_data_Sampler *one_by_one = a->sampler;
    if (!one_by_one)
        one_by_one = l->own_sampler = a->shuffle ? torch_utils_data_RandomSampler(a->dataset, .generator = a->generator)
                                                 : torch_utils_data_SequentialSampler(a->dataset);
    if (one_by_one)
        l->batches = l->own_batches = torch_utils_data_BatchSampler(one_by_one, a->batch_size, a->drop_last);
    return l->batches != NULL;
}

DataLoader *torch_utils_data_DataLoader_new(const Args *args)
{
    Args a = torch_utils_data_DataLoaderArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending() || !options_fit(&a) || !samplers_fit(&a)) return NULL;
    DataLoader *l = cer_alloc(sizeof *l);
    if (!l) return cer_raise_memory("DataLoader", sizeof *l), NULL;
    *l = (DataLoader){.args = a};
    if (choose_samplers(l)) return l;
    torch_utils_data_DataLoader_free(l);
    return NULL;
}

static void drop_batch(DataLoader *l)
{
    for (int k = 0; k < TORCH_DATASET_FIELDS; k++) cer_release(l->batch[k]);
    memset(l->batch, 0, sizeof l->batch);
}

static void end_pass(DataLoader *l)
{
    cer_workers_stop(l->workers);
    l->workers = NULL;
    cer_pass_end(&l->pass);
    l->begun = false;
}

void torch_utils_data_DataLoader_free(DataLoader *l)
{
    if (!l) return;
    drop_batch(l);
    end_pass(l);
    torch_utils_data_Sampler_free(l->own_batches);
    torch_utils_data_Sampler_free(l->own_sampler);
    cer_free(l, sizeof *l);
}

static bool ready(const DataLoader *l, const char *op)
{
    if (cer_error_pending()) return false;
    return l || cer_raise(TORCH_TYPE_ERROR, op, "%s(): the loader is NULL", op);
}

int64_t torch_utils_data_DataLoader_len(const DataLoader *l)
{
    return ready(l, "len") ? torch_utils_data_Sampler_len(l->batches) : 0;
}

/* Asks workers for the next batch of the pass, if there is one. */
static bool ask(DataLoader *l)
{
    int64_t n = cer_pass_batch(&l->pass);
    return n > 0 && cer_workers_ask(l->workers, n, l->pass.batch);
}

static bool begin_workers(DataLoader *l, int64_t base_seed)
{
    l->workers = cer_workers_start(&l->args, base_seed);
    while (l->workers && !cer_workers_full(l->workers) && ask(l)) continue;
    return !cer_error_pending();
}

int torch_utils_data_DataLoader_iter(DataLoader *l)
{
    if (!ready(l, "iter")) return torch_error_code();
    end_pass(l);
    int64_t base_seed = cer_drawn_seed(l->args.generator); /* drawn without workers too */
    cer_pass_begin(&l->pass, l->batches);
    l->begun = !cer_error_pending() && (l->args.num_workers == 0 || begin_workers(l, base_seed));
    if (!l->begun) end_pass(l);
    return torch_error_code();
}

/* Taken from a worker; in its place another is asked for: now, or after an error of that worker with the next call. */
static bool next_of_workers(DataLoader *l, Tensor **batch)
{
    while (!cer_workers_full(l->workers) && ask(l)) continue;
    if (cer_error_pending() || cer_workers_idle(l->workers)) return end_pass(l), false;
    if (!cer_workers_take(l->workers, batch)) return false;
    if (ask(l) || !cer_error_pending()) return true;
    return end_pass(l), false;
}

static bool next_here(DataLoader *l, Tensor **batch)
{
    int64_t n = cer_pass_batch(&l->pass);
    if (n == 0) return end_pass(l), false;
    return cer_dataset_batch(&l->args, n, l->pass.batch, batch);
}

bool torch_utils_data_DataLoader_next(DataLoader *l, Tensor **batch)
{
    if (!ready(l, "next")) return false;
    int64_t fields = cer_batch_fields(&l->args);
    Tensor *out[TORCH_DATASET_FIELDS] = {NULL};
    for (int64_t k = 0; k < fields; k++) batch[k] = NULL;
    drop_batch(l);
    if (!l->begun && torch_utils_data_DataLoader_iter(l) != TORCH_OK) return false;
    int64_t scope = torch_scope_push();
    bool more = l->workers ? next_of_workers(l, out) : next_here(l, out);
    for (int64_t k = 0; more && k < fields; k++) batch[k] = l->batch[k] = torch_retain(out[k]);
    torch_scope_pop(scope);
    return more;
}
