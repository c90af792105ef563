/* Files that PyTorch wrote (reference/make_io.py), read here: equal bits, forms, sharing and flags. */
#include <stdio.h>

#include "core/print.h"
#include "core/random.h"
#include "files.h"
#include "io/io.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/support.h"

static torch_StateDict *load(const char *name, const char *extension)
{
    char path[128];
    snprintf(path, sizeof path, "tests/io/files/%s%s", name, extension);
    return *extension == '.' && extension[1] == 'p' ? torch_load(path) : safetensors_load_file(path);
}

START_TEST(reads_what_pytorch_wrote)
{
    static const char *const names[] = {
        "dtypes",  "views",        "parameters",        "module",        "tensor",      "sgd",           "adam",
        "rmsprop", "views_legacy", "parameters_legacy", "dtypes_legacy", "adam_legacy", "views_deflated"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        torch_StateDict *d = load(names[i], ".pt");
        assert_listing(d, names[i]);
        torch_StateDict_free(d);
    }
}
END_TEST

START_TEST(reads_safetensors)
{
    static const char *const names[] = {"dtypes", "unpadded", "nothing"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char listed[64];
        torch_StateDict *d = load(names[i], ".safetensors");
        snprintf(listed, sizeof listed, "%s_safetensors", names[i]);
        assert_listing(d, listed);
        torch_StateDict_free(d);
    }
    ck_assert_ptr_null(safetensors_load_file("tests/io/files/stray.safetensors"));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Error while deserializing header: MetadataIncompleteBuffer: bytes follow the last tensor");
    torch_StateDict *d = safetensors_load_file_lenient("tests/io/files/stray.safetensors");
    assert_listing(d, "stray_safetensors");
    torch_StateDict_free(d);
}
END_TEST

START_TEST(reads_metadata)
{
    const char *const *m = safetensors_metadata("tests/io/files/dtypes.safetensors");
    ck_assert_no_error();
    ck_assert_str_eq(m[0], "format");
    ck_assert_str_eq(m[1], "pt");
    ck_assert_str_eq(m[2], "ümlaut");
    ck_assert_str_eq(m[3], "\"quoted\" \\ text");
    ck_assert_ptr_null(m[4]);
    m = safetensors_metadata("tests/io/files/nothing.safetensors");
    ck_assert(m && !m[0]);
}
END_TEST

/* Writing to a loaded tensor leaves the file alone, and the tensor outlives its dictionary. */
START_TEST(is_private)
{
    Content before = read_file("tests/io/files/tensor.pt");
    torch_StateDict *d = torch_load("tests/io/files/tensor.pt");
    Tensor *t = torch_retain(torch_StateDict_get(d, ""));
    torch_StateDict_free(d);
    torch_add_(t, 1);
    ck_assert_tensor(t, 6, ((double[]){1, 2, 3, 4, 5, 6}), 0, 0);
    torch_release(t);
    Content after = read_file("tests/io/files/tensor.pt");
    ck_assert(after.bytes == before.bytes && memcmp(after.data, before.data, after.bytes) == 0);
    free(before.data);
    free(after.data);
}
END_TEST

START_TEST(parts_of_a_checkpoint)
{
    torch_StateDict *d = torch_load("tests/io/files/sgd.pt");
    torch_StateDict *model = torch_StateDict_get_dict(d, "model");
    ck_assert_int_eq(torch_StateDict_len(model), 2);
    ck_assert_str_eq(torch_StateDict_key(model, 0), "weight");
    ck_assert_int_eq(torch_StateDict_len(torch_StateDict_get_dict(d, "nested.0")), 1);
    ck_assert_ptr_null(torch_StateDict_get_dict(d, "mode"));
    ck_assert_error(TORCH_KEY_ERROR, "'mode'");
    ck_assert_ptr_null(torch_StateDict_get_dict(d, "epoch"));
    ck_assert_error(TORCH_KEY_ERROR, "'epoch'");
    torch_StateDict_free(d);
}
END_TEST

/* ---- PyTorch's checkpoint goes on here as it does there ---------------------------------------------------------- */

static void check_goes_on(const char *name, optim_Optimizer *(*make)(torch_ParameterList params))
{
    torch_StateDict *d = load(name, ".pt");
    nn_Linear *model = nn_Linear(3, 2);
    optim_Optimizer *o = make(nn_parameters(model));
    ck_assert_int_eq(nn_load_state_dict(model, torch_StateDict_get_dict(d, "model")), TORCH_OK);
    ck_assert_int_eq(optim_load_state_dict(o, torch_StateDict_get_dict(d, "optimizer")), TORCH_OK);
    optim_zero_grad(o);
    Tensor *y = nn_forward(model, torch_StateDict_get(d, "x"));
    torch_backward(torch_mean(torch_pow(y, 2)));
    optim_step(o);
    ck_assert_no_error();
    Tensor *weight = torch_StateDict_get(d, "after.weight"), *bias = torch_StateDict_get(d, "after.bias");
    ck_assert(torch_allclose(model->weight, weight, .rtol = 1e-6, .atol = 1e-7));
    ck_assert(torch_allclose(model->bias, bias, .rtol = 1e-6, .atol = 1e-7));
    ck_assert(!torch_allclose(model->weight, torch_StateDict_get(d, "model.weight"), .rtol = 1e-6, .atol = 1e-7));
    optim_free(o);
    nn_free(model);
    torch_StateDict_free(d);
}

static optim_Optimizer *sgd(torch_ParameterList params)
{
    return optim_SGD(params, .lr = 1); /* lr and momentum are the file's */
}

static optim_Optimizer *adam(torch_ParameterList params)
{
    return optim_Adam(params);
}

static optim_Optimizer *rmsprop(torch_ParameterList params)
{
    return optim_RMSprop(params);
}

START_TEST(optimizers_go_on)
{
    check_goes_on("sgd", sgd);
    check_goes_on("adam", adam);
    check_goes_on("adam_legacy", adam);
    check_goes_on("rmsprop", rmsprop);
}
END_TEST

START_TEST(module_loads)
{
    torch_StateDict *d = torch_load("tests/io/files/module.pt");
    nn_Sequential *m = nn_Sequential(nn_Conv2d(1, 2, 3), nn_BatchNorm2d(2), nn_ReLU(), nn_Linear(3, 2));
    ck_assert_int_eq(nn_load_state_dict(m, d), TORCH_OK);
    assert_listing(d, "module");
    nn_free(m);
    torch_StateDict_free(d);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static void check_failures(const char *name, const char *extension)
{
    for (int64_t k = 1, done = 0; !done; k++) {
        torch_scope();
        torch_fail_allocation(k);
        torch_StateDict *d = load(name, extension);
        torch_fail_allocation(0);
        done = d != NULL;
        ck_assert_msg(done || torch_error_code() == TORCH_MEMORY_ERROR, "%s, allocation %lld: %s", name, (long long)k,
                      torch_error() ? torch_error() : "no error");
        torch_error_clear();
        torch_StateDict_free(d);
    }
}

START_TEST(memory_runs_out)
{
    check_failures("adam", ".pt");
    check_failures("views_legacy", ".pt");
    check_failures("views_deflated", ".pt");
    check_failures("parameters", ".pt");
    check_failures("dtypes", ".safetensors");
}
END_TEST

static TCase *files(void)
{
    return test_case("files", reads_what_pytorch_wrote, reads_safetensors, reads_metadata, is_private,
                     parts_of_a_checkpoint, optimizers_go_on, module_loads, memory_runs_out);
}

SUITE_MAIN("io_load", files)
