/* Ten thousand steps of training on batches that threads load: as many tensors, and as much memory, at the end as after the
 * first few hundred. */
#include <stdio.h>
#include <unistd.h>

#include "data/dataset.h"
#include "data/loader.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/support.h"

enum { PASSES = 125, BATCHES = 80, SETTLED = 12 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INSTRUMENTED 1
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED 0
#endif

/* Resident bytes of the process; 0 where that is not known, or where tools keep what was freed. */
static long resident(void)
{
    long pages = 0;
    FILE *f = INSTRUMENTED || getenv("CERILLA_ALLOC") ? NULL : fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static int noisy_row(int64_t i, Tensor **out, void *data)
{
    (void)data;
    out[0] = torch_add(torch_randn(8), torch_tensor((double)(i % 2), .dtype = torch_float32));
    out[1] = torch_tensor(i % 2);
    return TORCH_OK;
}

static int64_t one_pass(torch_utils_data_DataLoader *loader, nn_Sequential *model, optim_Optimizer *optimizer)
{
    torch_scope();
    int64_t steps = 0;
    Tensor *batch[2];
    for (torch_utils_data_DataLoader_iter(loader); torch_utils_data_DataLoader_next(loader, batch); steps++) {
        torch_scope();
        optim_zero_grad(optimizer);
        torch_backward(F_cross_entropy(nn_forward(model, batch[0]), batch[1]));
        optim_step(optimizer);
    }
    return steps;
}

static void train(int64_t workers)
{
    torch_manual_seed(1);
    torch_utils_data_Dataset *set = torch_utils_data_Dataset_new(4 * BATCHES, 2, noisy_row, NULL);
    torch_utils_data_DataLoader *loader = torch_utils_data_DataLoader(set, 4, .shuffle = true, .num_workers = workers);
    nn_Sequential *model = nn_Sequential(nn_Linear(8, 8), nn_Dropout(0.1), nn_ReLU(), nn_Linear(8, 2));
    optim_Optimizer *optimizer = optim_Adam(nn_parameters(model), .lr = 0.001);
    int64_t tensors = 0, nodes = 0, steps = 0;
    long bytes = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        steps += one_pass(loader, model, optimizer);
        if (pass != SETTLED) continue;
        tensors = torch_live_tensors();
        nodes = torch_live_nodes();
        bytes = resident();
    }
    ck_assert_no_error();
    ck_assert_int_eq(steps, PASSES * BATCHES);
    ck_assert_int_eq(torch_live_tensors(), tensors);
    ck_assert_int_eq(torch_live_nodes(), nodes);
    long grown = resident() - bytes;
    ck_assert_msg(grown < 1 << 20, "%ld bytes more", grown);
    optim_free(optimizer);
    nn_free(model);
    torch_utils_data_DataLoader_free(loader);
    torch_utils_data_Dataset_free(set);
}

START_TEST(in_one_thread)
{
    train(0);
}
END_TEST

START_TEST(with_workers)
{
    train(2);
}
END_TEST

static TCase *memory(void)
{
    return test_case("memory", in_one_thread, with_workers);
}

SUITE_MAIN("memory", memory)
