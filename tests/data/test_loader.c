/* Datasets and loaders: PyTorch's order and PyTorch's draws (reference/make_loader.py),
 * what is collated, and errors. */
#include "core/print.h"
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
static void check_passes(const int64_t *expected, int64_t n, int64_t size, bool shuffle, bool drop_last, bool own)
{
    torch_manual_seed(3);
    torch_Generator *g = own ? torch_Generator_manual_seed(torch_Generator(), 4) : NULL;
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(n));
    DataLoader *loader = torch_utils_data_DataLoader(set, size, shuffle, drop_last, .generator = g);
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
    check_passes(in_order, 7, 3, false, false, false);
}
END_TEST

START_TEST(shuffles_as_pytorch)
{
    check_passes(shuffled, 7, 3, true, false, false);
    check_passes(dropped, 7, 3, true, true, false);
    check_passes(own_generator, 8, 4, true, false, true);
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

static bool whole_pass(void)
{
    torch_scope();
    Dataset *set = torch_utils_data_TensorDataset(torch_arange(5)), *part[2] = {NULL, NULL};
    if (set) torch_utils_data_random_split(set, 2, (int64_t[]){4, 1}, NULL, part);
    DataLoader *loader = part[0] ? torch_utils_data_DataLoader(part[0], 3, true) : NULL;
    Tensor *x;
    while (loader && torch_utils_data_DataLoader_next(loader, &x)) continue;
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(part[0]);
    torch_utils_data_Dataset_free(part[1]);
    torch_utils_data_Dataset_free(set);
    return !torch_error();
}

START_TEST(memory_runs_out)
{
    ck_assert(whole_pass());
    int64_t n = torch_allocations();
    ck_assert(whole_pass());
    n = torch_allocations() - n;
    for (int64_t k = 1; k <= n; k++) {
        torch_fail_allocation(k);
        bool fine = whole_pass();
        torch_fail_allocation(0);
        ck_assert_msg(!fine, "allocation %lld failed without an error", (long long)k);
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
    }
}
END_TEST

static TCase *loaders(void)
{
    return test_case("loaders", goes_in_order, shuffles_as_pytorch, splits_as_pytorch, stacks_what_a_function_gives,
                     refuses, memory_runs_out);
}

SUITE_MAIN("loader", loaders)
