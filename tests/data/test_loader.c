/* Datasets and loaders: PyTorch's order and PyTorch's draws (reference/make_loader.py),
 * what is collated, and errors. */
#include <stdio.h>

#include "core/print.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "ops/ops.h"
#include "tests/support.h"

#include "loader_orders.inc"

typedef torch_utils_data_Dataset Dataset;
typedef torch_utils_data_DataLoader DataLoader;

static int64_t element(const Tensor *t, int64_t i)
{
    return (int64_t)support_element(t, i);
}

/* Two passes and a draw of each generator, as make_loader.py writes them. */
static void check_passes(const int64_t *expected, int64_t n, int64_t size, bool shuffle, bool drop_last, bool own,
                         int64_t workers)
{
    torch_manual_seed(3);
    torch_Generator *g = own ? torch_Generator_manual_seed(torch_Generator(), 4) : NULL;
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(n));
    DataLoader *loader =
        torch_utils_data_DataLoader(set, size, shuffle, .drop_last = drop_last, .generator = g, .num_workers = workers);
    Tensor *x;
    ck_assert_int_eq(torch_utils_data_DataLoader_len(loader), *expected++);
    for (int pass = 0; pass < 2; pass++) {
        for (torch_utils_data_DataLoader_iter(loader); torch_utils_data_DataLoader_next(loader, &x);) {
            for (int64_t i = 0; i < torch_numel(x); i++) ck_assert_int_eq(element(x, i), *expected++);
            ck_assert_int_eq(*expected++, -1);
        }
        ck_assert_no_error();
        ck_assert_int_eq(*expected++, -2);
    }
    ck_assert_int_eq(element(torch_random_(torch_zeros_n(0, NULL, torch_int64), 0, 1000000), 0), *expected++);
    if (g) {
        Tensor *drawn = torch_random__generator(torch_zeros_n(0, NULL, torch_int64), 0, 1000000, g);
        ck_assert_int_eq(element(drawn, 0), *expected);
    }
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(set);
    torch_Generator_free(g);
}

START_TEST(goes_in_order)
{
    check_passes(in_order, 7, 3, false, false, false, 0);
}
END_TEST

START_TEST(shuffles_as_pytorch)
{
    check_passes(shuffled, 7, 3, true, false, false, 0);
    check_passes(dropped, 7, 3, true, true, false, 0);
    check_passes(own_generator, 8, 4, true, false, true, 0);
}
END_TEST

START_TEST(workers_deliver_in_order)
{
    check_passes(workers_in_order, 23, 3, false, false, false, 2);
    check_passes(workers_shuffled, 23, 3, true, false, false, 3);
    check_passes(workers_dropped, 23, 3, true, true, false, 3);
    check_passes(workers_generator, 8, 4, true, false, true, 2);
    check_passes(workers_shuffled, 23, 3, true, false, false, 16); /* more workers than batches */
}
END_TEST

/* What a dataset draws in a worker comes from a generator of that worker's own, as in a process. */
static int draws(int64_t i, Tensor **out, void *data)
{
    (void)data;
    out[0] = torch_add(torch_random_(torch_zeros_n(0, NULL, torch_int64), 0, 1000000), i * 1000000);
    return TORCH_OK;
}

static void check_noisy(const int64_t *expected, int64_t workers)
{
    torch_manual_seed(3);
    Dataset *set = torch_utils_data_Dataset_new(7, 1, draws, NULL);
    DataLoader *loader = torch_utils_data_DataLoader(set, 2, .shuffle = true, .num_workers = workers);
    Tensor *x;
    for (int pass = 0; pass < 2; pass++)
        while (torch_utils_data_DataLoader_next(loader, &x))
            for (int64_t i = 0; i < torch_numel(x); i++) ck_assert_int_eq(element(x, i), *expected++);
    ck_assert_int_eq(element(torch_random_(torch_zeros_n(0, NULL, torch_int64), 0, 1000000), 0), *expected);
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(set);
}

START_TEST(workers_draw_their_own_numbers)
{
    check_noisy(noisy, 0);
    check_noisy(noisy_workers, 2);
}
END_TEST

/* ---- samplers ---------------------------------------------------------------------------------------------------- */

typedef torch_utils_data_Sampler Sampler;

/* Two passes and a draw of each generator, as make_loader.py writes them. Ends the sampler. */
static void check_samples(const int64_t *expected, Sampler *sampler, bool batches, torch_Generator *g)
{
    int64_t i;
    const int64_t *index;
    ck_assert_no_error();
    ck_assert_int_eq(torch_utils_data_Sampler_len(sampler), *expected++);
    for (int pass = 0; pass < 2; pass++) {
        torch_utils_data_Sampler_iter(sampler);
        for (int64_t n; batches && (n = torch_utils_data_BatchSampler_next(sampler, &index)) > 0;) {
            for (i = 0; i < n; i++) ck_assert_int_eq(index[i], *expected++);
            ck_assert_int_eq(*expected++, -1);
        }
        while (!batches && torch_utils_data_Sampler_next(sampler, &i)) ck_assert_int_eq(i, *expected++);
        ck_assert_int_eq(*expected++, -2);
    }
    ck_assert_int_eq(element(torch_random_(torch_zeros_n(0, NULL, torch_int64), 0, 1000000), 0), *expected++);
    Tensor *drawn = torch_random__generator(torch_zeros_n(0, NULL, torch_int64), 0, 1000000, g);
    ck_assert_int_eq(element(drawn, 0), *expected);
    torch_utils_data_Sampler_free(sampler);
    torch_Generator_free(g);
}

static torch_Generator *seeded(void)
{
    torch_manual_seed(3);
    return torch_Generator_manual_seed(torch_Generator(), 4);
}

START_TEST(samples_as_pytorch)
{
    Dataset *four = torch_utils_data_TensorDataset(torch_arange(4)),
            *five = torch_utils_data_TensorDataset(torch_arange(5)),
            *seven = torch_utils_data_TensorDataset(torch_arange(7));
    const int64_t nine[] = {9, 7, 5, 3};
    torch_Generator *g = seeded();
    check_samples(sampler_sequential, torch_utils_data_SequentialSampler(four), false, g);
    g = seeded();
    check_samples(sampler_random, torch_utils_data_RandomSampler(five), false, g);
    g = seeded();
    check_samples(sampler_random_generator, torch_utils_data_RandomSampler(five, .generator = g), false, g);
    g = seeded();
    check_samples(sampler_random_more, torch_utils_data_RandomSampler(five, .num_samples = 12), false, g);
    g = seeded();
    check_samples(sampler_random_fewer, torch_utils_data_RandomSampler(five, .num_samples = 3, .generator = g), false,
                  g);
    g = seeded();
    check_samples(sampler_random_replacement, torch_utils_data_RandomSampler(five, true, 35), false, g);
    g = seeded();
    check_samples(sampler_random_replacement_generator, torch_utils_data_RandomSampler(five, true, 32, g), false, g);
    g = seeded();
    check_samples(sampler_subset, torch_utils_data_SubsetRandomSampler(4, nine, NULL), false, g);
    g = seeded();
    check_samples(sampler_subset_generator, torch_utils_data_SubsetRandomSampler(4, nine, g), false, g);
    Tensor *weights = torch_tensor(torch_list(double, 0.1, 0.9, 0.4, 0.7, 3.0, 0.6), .dtype = torch_float64);
    g = seeded();
    check_samples(sampler_weighted, torch_utils_data_WeightedRandomSampler(weights, 8), false, g);
    weights = torch_tensor(torch_list(double, 0.9, 0.4, 0.05, 0.2, 0.3, 0.1), .dtype = torch_float64);
    g = seeded();
    check_samples(sampler_weighted_once, torch_utils_data_WeightedRandomSampler(weights, 5, false, g), false, g);
    g = seeded();
    Sampler *random = torch_utils_data_RandomSampler(seven);
    check_samples(sampler_batches, torch_utils_data_BatchSampler(random, 3, false), true, g);
    torch_utils_data_Sampler_free(random);
    g = seeded();
    random = torch_utils_data_RandomSampler(seven, .generator = g);
    check_samples(sampler_batches_dropped, torch_utils_data_BatchSampler(random, 3, true), true, g);
    torch_utils_data_Sampler_free(random);
    torch_utils_data_Dataset_free(four);
    torch_utils_data_Dataset_free(five);
    torch_utils_data_Dataset_free(seven);
}
END_TEST

static int64_t backwards(int64_t k, void *data)
{
    return *(int64_t *)data - 1 - k;
}

START_TEST(takes_samplers)
{
    int64_t n = 5;
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(5));
    Sampler *own = torch_utils_data_Sampler_new(5, backwards, &n),
            *batches = torch_utils_data_BatchSampler(own, 2, false);
    Tensor *x;
    for (int64_t workers = 0; workers < 3; workers++) {
        DataLoader *loader = torch_utils_data_DataLoader(set, 3, .sampler = own, .num_workers = workers);
        ck_assert_int_eq(torch_utils_data_DataLoader_len(loader), 2);
        ck_assert(torch_utils_data_DataLoader_next(loader, &x));
        ck_assert_tensor(x, 3, ((double[]){4, 3, 2}), 0, 0);
        torch_utils_data_DataLoader_free(loader); /* half way */
        loader = torch_utils_data_DataLoader(set, .batch_sampler = batches, .num_workers = workers);
        ck_assert_int_eq(torch_utils_data_DataLoader_len(loader), 3);
        for (int64_t k = 0; k < 3; k++) ck_assert(torch_utils_data_DataLoader_next(loader, &x));
        ck_assert_tensor(x, 1, ((double[]){0}), 0, 0);
        ck_assert(!torch_utils_data_DataLoader_next(loader, &x));
        torch_utils_data_DataLoader_free(loader);
    }
    torch_utils_data_Sampler_free(batches);
    torch_utils_data_Sampler_free(own);
    torch_utils_data_Dataset_free(set);
}
END_TEST

START_TEST(refuses_samplers)
{
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(5));
    Sampler *s = torch_utils_data_SequentialSampler(set), *b = torch_utils_data_BatchSampler(s, 2, true);
    int64_t i;
    const int64_t *index;
    ck_assert_ptr_null(torch_utils_data_RandomSampler(set, .num_samples = 0));
    ck_assert_error(TORCH_VALUE_ERROR, "num_samples should be a positive integer value, but got num_samples=0");
    ck_assert_ptr_null(torch_utils_data_WeightedRandomSampler(torch_ones(2), -1));
    ck_assert_error(TORCH_VALUE_ERROR, "num_samples should be a positive integer value, but got num_samples=-1");
    ck_assert_ptr_null(torch_utils_data_WeightedRandomSampler(torch_ones(2, 3), 1));
    ck_assert_error(TORCH_VALUE_ERROR, "weights should be a 1d sequence but given weights have shape (2, 3)");
    ck_assert_ptr_null(torch_utils_data_BatchSampler(s, 0, false));
    ck_assert_error(TORCH_VALUE_ERROR, "batch_size should be a positive integer value, but got batch_size=0");
    ck_assert_ptr_null(torch_utils_data_BatchSampler(b, 2, false));
    ck_assert_error(TORCH_TYPE_ERROR, "BatchSampler(): a sampler of batches cannot be batched again");
    ck_assert_ptr_null(torch_utils_data_SequentialSampler(NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "SequentialSampler(): the dataset is NULL");
    ck_assert_ptr_null(torch_utils_data_SubsetRandomSampler(-1, NULL, NULL));
    ck_assert_error(TORCH_VALUE_ERROR, "the indices are NULL, or too many or few");
    ck_assert_ptr_null(torch_utils_data_DataLoader(set, 1, true, s));
    ck_assert_error(TORCH_VALUE_ERROR, "sampler option is mutually exclusive with shuffle");
    ck_assert_ptr_null(torch_utils_data_DataLoader(set, 2, .batch_sampler = b));
    ck_assert_error(TORCH_VALUE_ERROR,
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last");
    ck_assert_ptr_null(torch_utils_data_DataLoader(set, .batch_sampler = s));
    ck_assert_error(TORCH_TYPE_ERROR, "batch_sampler should be a BatchSampler");
    ck_assert_ptr_null(torch_utils_data_DataLoader(set, .num_workers = -1));
    ck_assert_error(TORCH_VALUE_ERROR,
                    "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.");
    ck_assert_ptr_null(torch_utils_data_DataLoader(set, .prefetch_factor = 3));
    ck_assert_error(TORCH_VALUE_ERROR,
                    "prefetch_factor option could only be specified in multiprocessing.let num_workers "
                    "> 0 to enable multiprocessing.");
    ck_assert(!torch_utils_data_Sampler_next(b, &i));
    ck_assert_error(TORCH_TYPE_ERROR, "a BatchSampler gives batches: call BatchSampler_next");
    ck_assert_int_eq(torch_utils_data_BatchSampler_next(s, &index), 0);
    ck_assert_error(TORCH_TYPE_ERROR, "not a BatchSampler");
    torch_utils_data_Sampler_free(b);
    torch_utils_data_Sampler_free(s);
    torch_utils_data_Dataset_free(set);
    torch_utils_data_Sampler_free(NULL);
}
END_TEST

static void check_split(const int64_t *expected, int64_t n, int64_t parts, const int64_t *lengths, torch_Generator *g)
{
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(n)), *part[3];
    Tensor *x;
    ck_assert_int_eq(torch_utils_data_random_split(set, parts, lengths, g, part), TORCH_OK);
    for (int64_t k = 0; k < parts; k++) {
        ck_assert_int_eq(torch_utils_data_Dataset_len(part[k]), lengths[k]);
        for (int64_t i = 0; i < lengths[k]; i++) {
            torch_utils_data_Dataset_getitem(part[k], i, &x);
            ck_assert_int_eq(element(x, 0), *expected++);
        }
        ck_assert_int_eq(*expected++, -1);
        torch_utils_data_Dataset_free(part[k]);
    }
    torch_utils_data_Dataset_free(set);
}

START_TEST(splits_as_pytorch)
{
    torch_manual_seed(3);
    check_split(split, 10, 2, (int64_t[]){7, 3}, NULL);
    torch_Generator *g = torch_Generator_manual_seed(torch_Generator(), 4);
    check_split(split_generator, 6, 3, (int64_t[]){1, 0, 5}, g);
    torch_Generator_free(g);
}
END_TEST

static int squares(int64_t i, Tensor **out, void *data)
{
    if (i == *(int64_t *)data) return TORCH_VALUE_ERROR;
    out[0] = torch_full((double)(i * i), 2);
    out[1] = torch_tensor(i);
    return TORCH_OK;
}

START_TEST(stacks_what_a_function_gives)
{
    int64_t failing = -1;
    Dataset *set = torch_utils_data_Dataset_new(5, 2, squares, &failing);
    Dataset *some = torch_utils_data_Subset(set, 2, (int64_t[]){-1, 1});
    Dataset *both = torch_utils_data_ConcatDataset((const Dataset *[]){set, some}, 2);
    DataLoader *loader = torch_utils_data_DataLoader(both, 4);
    Tensor *batch[2];
    ck_assert_int_eq(torch_utils_data_Dataset_len(both), 7);
    ck_assert(torch_utils_data_DataLoader_next(loader, batch));
    ck_assert_shape(batch[0], 4, 2);
    ck_assert_tensor(batch[1], 4, ((double[]){0, 1, 2, 3}), 0, 0);
    ck_assert(torch_utils_data_DataLoader_next(loader, batch));
    ck_assert_tensor(batch[0], 6, ((double[]){16, 16, 16, 16, 1, 1}), 0, 0);
    ck_assert(!torch_utils_data_DataLoader_next(loader, batch));
    ck_assert_no_error();
    failing = 1;
    torch_utils_data_DataLoader_iter(loader);
    ck_assert(!torch_utils_data_DataLoader_next(loader, batch));
    ck_assert_ptr_null(batch[0]);
    ck_assert_error(TORCH_VALUE_ERROR, "the function of the dataset returned an error code");
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(both);
    torch_utils_data_Dataset_free(some);
    torch_utils_data_Dataset_free(set);
}
END_TEST

/* ---- workers ----------------------------------------------------------------------------------------------------- */

/* Text of different lengths, as a collate_fn meets it: padded, and its lengths. */
static int ramp(int64_t i, Tensor **out, void *data)
{
    (void)data;
    out[0] = torch_arange(i + 1);
    return TORCH_OK;
}

static int pad(Tensor *const *samples, int64_t n, Tensor **batch, void *data)
{
    int64_t longest = 0;
    for (int64_t i = 0; i < n; i++)
        if (torch_numel(samples[i]) > longest) longest = torch_numel(samples[i]);
    Tensor *lengths = torch_zeros_n(1, &n, torch_int64), *rows[8];
    for (int64_t i = 0; i < n; i++) {
        int64_t have = torch_numel(samples[i]);
        torch_fill_(torch_select(lengths, 0, i), have);
        Tensor *rest[2] = {samples[i], torch_full(*(int64_t *)data, longest - have, .dtype = torch_int64)};
        rows[i] = torch_cat_n(rest, 2, 0);
    }
    batch[0] = torch_stack_n(rows, n, 0);
    batch[1] = lengths;
    return TORCH_OK;
}

START_TEST(collates_as_told)
{
    int64_t filler = -7;
    Dataset *set = torch_utils_data_Dataset_new(5, 1, ramp, NULL);
    Tensor *batch[2];
    for (int64_t workers = 0; workers < 3; workers++) {
        DataLoader *loader = torch_utils_data_DataLoader(set, 3, .collate_fn = pad, .collate_data = &filler,
                                                         .collate_fields = 2, .num_workers = workers);
        ck_assert(torch_utils_data_DataLoader_next(loader, batch));
        ck_assert_shape(batch[0], 3, 3);
        ck_assert_tensor(batch[0], 9, ((double[]){0, -7, -7, 0, 1, -7, 0, 1, 2}), 0, 0);
        ck_assert(torch_utils_data_DataLoader_next(loader, batch));
        ck_assert_tensor(batch[1], 2, ((double[]){4, 5}), 0, 0);
        torch_utils_data_DataLoader_free(loader);
    }
    torch_utils_data_Dataset_free(set);
}
END_TEST

START_TEST(errors_of_workers_arrive)
{
    int64_t failing = 3; /* of batches (0 1) (2 3) (4) the second, worker 1's */
    Dataset *set = torch_utils_data_Dataset_new(5, 2, squares, &failing);
    DataLoader *loader = torch_utils_data_DataLoader(set, 2, .num_workers = 2);
    Tensor *batch[2];
    ck_assert(torch_utils_data_DataLoader_next(loader, batch));
    ck_assert(!torch_utils_data_DataLoader_next(loader, batch));
    ck_assert_ptr_null(batch[0]);
    ck_assert_error(TORCH_VALUE_ERROR, "Caught ValueError in DataLoader worker thread 1.\nOriginal error:\nValueError: "
                                       "the function of the dataset returned an error code");
    ck_assert(torch_utils_data_DataLoader_next(loader, batch)); /* goes on */
    ck_assert_tensor(batch[1], 1, ((double[]){4}), 0, 0);
    ck_assert(!torch_utils_data_DataLoader_next(loader, batch));
    ck_assert_no_error();
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(set);
}
END_TEST

static int64_t beyond(int64_t k, void *data)
{
    (void)data;
    return k < 2 ? 7 * k - 1 : -2; /* -1 would be the end */
}

static int refuses_to_start(int64_t id, void *data)
{
    return id == *(int64_t *)data ? TORCH_KEY_ERROR : TORCH_OK;
}

static int knows_its_worker(int64_t i, Tensor **out, void *data)
{
    const torch_utils_data_WorkerInfo *me = torch_utils_data_get_worker_info();
    out[0] = torch_tensor(me ? me->id * 10 + me->num_workers : -1);
    (void)i, (void)data;
    return TORCH_OK;
}

static int with_history(int64_t i, Tensor **out, void *data)
{
    (void)data;
    out[0] = torch_mul(torch_tensor((double)i, .requires_grad = true), 2);
    return TORCH_OK;
}

static int without_memory(int64_t i, Tensor **out, void *data)
{
    (void)data;
    if (i == 1) torch_fail_allocation(1);
    out[0] = torch_zeros(3);
    torch_fail_allocation(0);
    return TORCH_OK;
}

static const char *first_error(torch_utils_data_GetItem *getitem, int64_t workers)
{
    static char text[1024];
    Dataset *set = torch_utils_data_Dataset_new(4, 1, getitem, NULL);
    DataLoader *loader = torch_utils_data_DataLoader(set, 2, .num_workers = workers);
    Tensor *x;
    torch_utils_data_DataLoader_next(loader, &x);
    snprintf(text, sizeof text, "%s", torch_error() ? torch_error() : "");
    torch_error_clear();
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(set);
    return text;
}

START_TEST(workers_and_their_errors)
{
    int64_t first = 0;
    Tensor *x;
    Dataset *set = torch_utils_data_Dataset_new(4, 1, knows_its_worker, NULL);
    DataLoader *loader = torch_utils_data_DataLoader(set, .num_workers = 3);
    for (int64_t i = 0; i < 4; i++) {
        ck_assert(torch_utils_data_DataLoader_next(loader, &x));
        ck_assert_int_eq(element(x, 0), i % 3 * 10 + 3);
    }
    torch_utils_data_DataLoader_free(loader);
    ck_assert_ptr_null(torch_utils_data_get_worker_info());
    loader = torch_utils_data_DataLoader(set, .num_workers = 1, .worker_init_fn = refuses_to_start,
                                         .worker_init_data = &first);
    ck_assert(!torch_utils_data_DataLoader_next(loader, &x));
    ck_assert_error(TORCH_KEY_ERROR, "Caught KeyError in DataLoader worker thread 0.\nOriginal error:\nKeyError: the "
                                     "function of the loader returned an error code");
    torch_utils_data_DataLoader_free(loader);
    Sampler *wrong = torch_utils_data_Sampler_new(2, beyond, NULL);
    loader = torch_utils_data_DataLoader(set, 2, .sampler = wrong, .num_workers = 1);
    ck_assert(!torch_utils_data_DataLoader_next(loader, &x));
    ck_assert_no_error(); /* -1 is the end */
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Sampler_free(wrong);
    wrong = torch_utils_data_SubsetRandomSampler(1, (int64_t[]){9}, NULL);
    loader = torch_utils_data_DataLoader(set, 2, .sampler = wrong, .num_workers = 1);
    ck_assert(!torch_utils_data_DataLoader_next(loader, &x));
    ck_assert_error(TORCH_INDEX_ERROR, "Caught IndexError in DataLoader worker thread 0.\nOriginal error:\nIndexError: "
                                       "index 9 is out of range");
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Sampler_free(wrong);
    torch_utils_data_Dataset_free(set);
    ck_assert_ptr_nonnull(strstr(first_error(with_history, 2), "Cowardly refusing to serialize non-leaf tensor"));
    ck_assert_ptr_nonnull(strstr(first_error(without_memory, 2), "Caught MemoryError in DataLoader worker thread 0."));
    ck_assert_ptr_nonnull(strstr(first_error(without_memory, 0), "DefaultCPUAllocator"));
}
END_TEST

/* Batches of workers are the caller's own: nothing is left behind however many come. */
START_TEST(workers_leave_nothing_behind)
{
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(64), torch_zeros(64, 3));
    int64_t before = torch_live_tensors();
    for (int pass = 0; pass < 20; pass++) {
        torch_scope();
        DataLoader *loader = torch_utils_data_DataLoader(set, 2, .shuffle = true, .num_workers = 2);
        Tensor *batch[2];
        int64_t n = 0;
        while (n < 20 + pass && torch_utils_data_DataLoader_next(loader, batch)) {
            torch_scope();
            torch_add_(batch[1], 1); /* written like any other */
            n++;
        }
        torch_utils_data_DataLoader_free(loader); /* early, mostly */
    }
    ck_assert_int_eq(torch_live_tensors(), before);
    torch_utils_data_Dataset_free(set);
}
END_TEST

START_TEST(refuses)
{
    Tensor *x = torch_zeros(3), *y = torch_zeros(2);
    ck_assert_ptr_null(torch_utils_data_TensorDataset(x, y));
    ck_assert_error(TORCH_VALUE_ERROR, "Size mismatch between tensors");
    Dataset *set = torch_utils_data_TensorDataset(x), *part[2];
    ck_assert_ptr_null(torch_utils_data_DataLoader(set, 0));
    ck_assert_error(TORCH_VALUE_ERROR, "batch_size should be a positive integer value, but got batch_size=0");
    ck_assert_ptr_null(torch_utils_data_ConcatDataset(NULL, 0));
    ck_assert_error(TORCH_VALUE_ERROR, "datasets should not be an empty iterable");
    ck_assert_int_eq(torch_utils_data_random_split(set, 2, (int64_t[]){1, 1}, NULL, part), TORCH_VALUE_ERROR);
    ck_assert_error(TORCH_VALUE_ERROR, "Sum of input lengths does not equal the length of the input dataset!");
    ck_assert_ptr_null(torch_utils_data_Subset(set, 1, (int64_t[]){3}));
    ck_assert_error(TORCH_INDEX_ERROR, "index 3 is out of range");
    ck_assert_int_eq(torch_utils_data_Dataset_getitem(set, -4, &x), TORCH_INDEX_ERROR);
    ck_assert_error(TORCH_INDEX_ERROR, "index -4 is out of range");
    Dataset *empty = torch_utils_data_TensorDataset(torch_zeros(0));
    ck_assert_ptr_null(torch_utils_data_DataLoader(empty, 1, true));
    ck_assert_error(TORCH_VALUE_ERROR, "num_samples should be a positive integer value, but got num_samples=0");
    torch_utils_data_Dataset_free(empty);
    torch_utils_data_Dataset_free(set);
    torch_utils_data_DataLoader_free(NULL);
}
END_TEST

static bool whole_pass(int64_t workers)
{
    torch_scope();
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(5)), *part[2] = {NULL, NULL};
    if (set) torch_utils_data_random_split(set, 2, (int64_t[]){4, 1}, NULL, part);
    DataLoader *loader = part[0] ? torch_utils_data_DataLoader(part[0], 3, true, .num_workers = workers) : NULL;
    Tensor *x;
    while (loader && torch_utils_data_DataLoader_next(loader, &x)) continue;
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(part[0]);
    torch_utils_data_Dataset_free(part[1]);
    torch_utils_data_Dataset_free(set);
    return !torch_error();
}

static bool samples_once(int64_t kind)
{
    torch_scope();
    const int64_t index[] = {3, 1};
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(5));
    Sampler *s = !set        ? NULL
                 : kind == 0 ? torch_utils_data_RandomSampler(set, true, 40)
                 : kind == 1 ? torch_utils_data_SubsetRandomSampler(2, index, NULL)
                             : torch_utils_data_WeightedRandomSampler(torch_ones(5), 9),
            *batches = s ? torch_utils_data_BatchSampler(s, 2, false) : NULL;
    const int64_t *batch;
    while (batches && torch_utils_data_BatchSampler_next(batches, &batch) > 0) continue;
    torch_utils_data_Sampler_free(batches);
    torch_utils_data_Sampler_free(s);
    torch_utils_data_Dataset_free(set);
    return !torch_error();
}

static void check_memory(bool (*body)(int64_t), int64_t argument)
{
    ck_assert(body(argument));
    int64_t n = torch_allocations();
    ck_assert(body(argument));
    n = torch_allocations() - n;
    for (int64_t k = 1; k <= n; k++) {
        torch_fail_allocation(k);
        bool fine = body(argument);
        torch_fail_allocation(0);
        ck_assert_msg(!fine, "allocation %lld failed without an error", (long long)k);
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
    }
}

START_TEST(memory_runs_out)
{
    check_memory(whole_pass, 0);
    check_memory(whole_pass, 2);
    for (int64_t kind = 0; kind < 3; kind++) check_memory(samples_once, kind);
}
END_TEST

static TCase *loaders(void)
{
    return test_case("loaders", goes_in_order, shuffles_as_pytorch, splits_as_pytorch, stacks_what_a_function_gives,
                     collates_as_told, refuses, memory_runs_out);
}

static TCase *samplers(void)
{
    return test_case("samplers", samples_as_pytorch, takes_samplers, refuses_samplers);
}

static TCase *workers(void)
{
    return test_case("workers", workers_deliver_in_order, workers_draw_their_own_numbers, errors_of_workers_arrive,
                     workers_and_their_errors, workers_leave_nothing_behind);
}

SUITE_MAIN("loader", loaders, samplers, workers)
