/* What is saved here comes back with equal bits, forms and sharing; what is refused, and what a failure leaves.
 * check_with_torch.py shows that PyTorch reads the same. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "files.h"
#include "io/file.h"
#include "io/io.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/lr_scheduler.h"
#include "optim/optim.h"
#include "tests/support.h"

static void check_again(const char *name)
{
    char from[128];
    const char *to = temporary("again.pt");
    snprintf(from, sizeof from, "tests/io/files/%s.pt", name);
    torch_StateDict *d = torch_load(from);
    ck_assert_int_eq(torch_save(d, to), TORCH_OK);
    torch_StateDict_free(d);
    d = torch_load(to);
    assert_listing(d, name);
    torch_StateDict_free(d);
    remove_temporary();
}

START_TEST(comes_back)
{
    check_again("dtypes");
    check_again("views");
    check_again("views_legacy");
    check_again("parameters");
    check_again("module");
}
END_TEST

START_TEST(optimizers_come_back)
{
    torch_StateDict *d = torch_load("tests/io/files/adam.pt"), *saved = torch_StateDict_get_dict(d, "optimizer");
    ck_assert_int_eq(torch_save(saved, temporary("adam.pt")), TORCH_OK);
    torch_StateDict *again = torch_load(temporary("adam.pt"));
    ck_assert_int_eq(torch_StateDict_len(again), torch_StateDict_len(saved));
    for (int64_t i = 0; i < torch_StateDict_len(saved); i++) {
        ck_assert_str_eq(torch_StateDict_key(again, i), torch_StateDict_key(saved, i));
        ck_assert(torch_equal(torch_StateDict_value(again, i), torch_StateDict_value(saved, i)));
    }
    torch_StateDict_free(again);
    torch_StateDict_set(saved, "param_groups.2.lr", torch_tensor(1.0));
    torch_save(saved, temporary("adam.pt"));
    ck_assert_error(TORCH_VALUE_ERROR, "there is no param_groups.1");
    torch_StateDict_set(saved, "weight", torch_tensor(1.0));
    torch_save(saved, temporary("adam.pt"));
    ck_assert_error(TORCH_VALUE_ERROR, "'weight' has no place in an optimizer's state_dict");
    torch_StateDict_free(d);
    remove_temporary();
}
END_TEST

START_TEST(checkpoints)
{
    nn_Linear *model = nn_Linear(3, 2);
    optim_Optimizer *o = optim_SGD(nn_parameters(model), .lr = 0.1, .momentum = 0.9);
    optim_LRScheduler *s = optim_lr_scheduler_StepLR(o, 2);
    const char *path = temporary("checkpoint.pt");
    int code = torch_save_checkpoint(
        path, torch_entry("model", nn_state_dict(model)), torch_entry("optimizer", optim_state_dict(o)),
        torch_entry("scheduler", optim_lr_scheduler_state_dict(s)), torch_entry("epoch", 300000),
        torch_entry("best", -0.5), torch_entry("done", (bool)1), torch_entry("rows", torch_ones(2)),
        torch_entry("note", "left out by loading"), torch_entry("large", INT64_MIN),
        torch_entry("nothing", torch_scalar_none()));
    ck_assert_int_eq(code, TORCH_OK);
    torch_StateDict *d = torch_load(path);
    ck_assert_no_error();
    ck_assert_int_eq(nn_load_state_dict(model, torch_StateDict_get_dict(d, "model")), TORCH_OK);
    ck_assert_int_eq(optim_load_state_dict(o, torch_StateDict_get_dict(d, "optimizer")), TORCH_OK);
    ck_assert_int_eq(optim_lr_scheduler_load_state_dict(s, torch_StateDict_get_dict(d, "scheduler")), TORCH_OK);
    ck_assert_tensor(torch_StateDict_get(d, "epoch"), 1, &(double){300000}, 0, 0);
    ck_assert_tensor(torch_StateDict_get(d, "best"), 1, &(double){-0.5}, 0, 0);
    ck_assert_int_eq(torch_dtype_of(torch_StateDict_get(d, "done")), torch_bool);
    ck_assert_int_eq(torch_dtype_of(torch_StateDict_get(d, "scheduler.base_lrs")), torch_float64);
    ck_assert_tensor(torch_StateDict_get(d, "large"), 1, &(double){-0x1p63}, 0, 0);
    ck_assert(!torch_StateDict_contains(d, "note") && !torch_StateDict_contains(d, "nothing"));
    torch_StateDict_free(d);
    optim_lr_scheduler_free(s);
    optim_free(o);
    nn_free(model);
    remove_temporary();
}
END_TEST

START_TEST(safetensors_come_back)
{
    torch_StateDict *d = safetensors_load_file("tests/io/files/dtypes.safetensors");
    const char *const metadata[] = {"format", "pt", "a\"b", "\\", NULL}, *path = temporary("again.safetensors");
    ck_assert_int_eq(safetensors_save_file(d, path, metadata), TORCH_OK);
    torch_StateDict *again = safetensors_load_file(path);
    ck_assert_no_error();
    ck_assert_int_eq(torch_StateDict_len(again), torch_StateDict_len(d));
    ck_assert_str_eq(torch_StateDict_key(again, 0), "int64"); /* larger elements first, as the reference writes */
    ck_assert_str_eq(torch_StateDict_key(again, 1), "float64");
    ck_assert_str_eq(torch_StateDict_key(again, torch_StateDict_len(d) - 1), "bool");
    for (int64_t i = 0; i < torch_StateDict_len(d); i++) {
        const Tensor *a = torch_StateDict_value(d, i), *b = torch_StateDict_get(again, torch_StateDict_key(d, i));
        ck_assert_int_eq(torch_dtype_of(a), torch_dtype_of(b));
        ck_assert_int_eq(torch_numel(a), torch_numel(b));
        ck_assert(!torch_numel(a) || memcmp(torch_data_ptr(a), torch_data_ptr(b),
                                            (size_t)torch_numel(a) * torch_dtype_size(torch_dtype_of(a))) == 0);
    }
    const char *const *m = safetensors_metadata(path);
    for (int i = 0; i < 4; i++) ck_assert_str_eq(m[i], metadata[i]);
    torch_StateDict_free(again);
    torch_StateDict_free(d);
    remove_temporary();
}
END_TEST

/* More entries than 16 bits count: the end of the archive is Zip64's. */
START_TEST(many_tensors)
{
    enum { MANY = 66000 };
    torch_StateDict *d = torch_StateDict_new();
    for (int i = 0; i < MANY; i++) {
        torch_scope();
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        torch_StateDict_set(d, key, torch_full(i, 1));
    }
    ck_assert_int_eq(torch_save(d, temporary("many.pt")), TORCH_OK);
    torch_StateDict_free(d);
    d = torch_load(temporary("many.pt"));
    ck_assert_int_eq(torch_StateDict_len(d), MANY);
    ck_assert_tensor(torch_StateDict_get(d, "k65999"), 1, &(double){65999}, 0, 0);
    torch_StateDict_free(d);
    remove_temporary();
}
END_TEST

/* Every length about a vector's, every alignment, and a long one. */
START_TEST(sums)
{
    static uint8_t data[5000];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * i >> 3 ^ i);
    for (size_t n = 0; n < 400; n++)
        for (size_t from = 0; from < 17; from++)
            ck_assert_uint_eq(cer_crc32(data + from, n), crc32(0, data + from, (unsigned)n));
    ck_assert_uint_eq(cer_crc32(data, sizeof data), crc32(0, data, sizeof data));
    ck_assert_uint_eq(cer_crc32("123456789", 9), 0xcbf43926u);
}
END_TEST

/* ---- what is refused --------------------------------------------------------------------------------------------- */

START_TEST(refuses_tensors)
{
    torch_StateDict *d = torch_StateDict_new();
    const char *path = temporary("refused");
    Tensor *x = torch_ones(4, 2);
    torch_StateDict_set(d, "whole", x);
    torch_StateDict_set(d, "row", torch_select(x, 0, 1));
    safetensors_save_file(d, path, NULL);
    ck_assert_error(
        TORCH_RUNTIME_ERROR,
        "\n            Some tensors share memory, this will lead to duplicate memory on disk and potential "
        "differences when loading them again: [{'whole', 'row'}].\n            A potential way to correctly "
        "save your model is to use `save_model`.\n            More information at "
        "https://huggingface.co/docs/safetensors/torch_shared_tensors\n            ");
    torch_StateDict_del(d, "row");
    torch_StateDict_set(d, "whole", torch_select(x, 0, 0));
    torch_StateDict_set(d, "other", torch_select(x, 0, 1)); /* beside it */
    ck_assert_int_eq(safetensors_save_file(d, path, NULL), TORCH_OK);
    torch_StateDict_set(d, "other", torch_t(torch_ones(4, 2)));
    safetensors_save_file(d, path, NULL);
    ck_assert_error(TORCH_VALUE_ERROR,
                    "You are trying to save a non contiguous tensor: `other` which is not allowed. It either means you "
                    "are trying to save tensors which are reference of each other in which case it's recommended to "
                    "save only the full tensors, and reslice at load time, or simply call `.contiguous()` on your "
                    "tensor to pack it before saving.");
    torch_StateDict_del(d, "other");
    torch_StateDict_set(d, "__metadata__", x);
    safetensors_save_file(d, path, NULL);
    ck_assert_error(TORCH_VALUE_ERROR, "a tensor cannot have the name `__metadata__`");
    torch_StateDict_free(d);
    d = torch_StateDict_new();
    torch_StateDict_set(d, "floats", x);
    torch_StateDict_set(d, "bits", torch_view_dtype(x, torch_int32));
    torch_save(d, path);
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Cannot save multiple tensors or storages that view the same data as different types");
    torch_StateDict_free(d);
    d = torch_StateDict_new();
    torch_StateDict_set(d, "\xff", x);
    torch_save(d, path);
    ck_assert_error(TORCH_VALUE_ERROR, "a key is not UTF-8: \xff");
    safetensors_save_file(d, path, NULL);
    ck_assert_error(TORCH_VALUE_ERROR, "a tensor cannot have the name `\xff`");
    torch_save(NULL, path);
    ck_assert_error(TORCH_TYPE_ERROR, "save(): the state_dict is NULL");
    torch_StateDict_free(d);
    remove_temporary();
}
END_TEST

START_TEST(refuses_paths)
{
    torch_StateDict *d = torch_StateDict_new();
    torch_save(d, "/tmp/no-such-folder-of-cerilla/x.pt");
    ck_assert_error(TORCH_RUNTIME_ERROR, "Parent directory /tmp/no-such-folder-of-cerilla does not exist.");
    torch_save(d, "/tmp");
    ck_assert_error(TORCH_OS_ERROR, "[Errno 21] Is a directory: '/tmp'");
    torch_save(d, NULL);
    ck_assert_error(TORCH_TYPE_ERROR, "save(): the path is NULL");
    torch_save(d, "/dev/null");
    ck_assert_error(TORCH_OS_ERROR, "not a regular file: '/dev/null'");
    ck_assert_ptr_null(torch_load("/tmp/no-such-folder-of-cerilla/x.pt"));
    ck_assert_error(TORCH_OS_ERROR, "[Errno 2] No such file or directory: '/tmp/no-such-folder-of-cerilla/x.pt'");
    ck_assert_ptr_null(torch_load("/tmp"));
    ck_assert_error(TORCH_OS_ERROR, "[Errno 21] Is a directory: '/tmp'");
    ck_assert_ptr_null(safetensors_load_file(NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "load_file(): the path is NULL");
    torch_error_raise(TORCH_VALUE_ERROR, "test", "before");
    ck_assert_int_eq(torch_save(d, temporary("never.pt")), TORCH_VALUE_ERROR);
    ck_assert_int_eq(safetensors_save_file(d, temporary("never.pt"), NULL), TORCH_VALUE_ERROR);
    ck_assert_ptr_null(torch_load(temporary("never.pt")));
    ck_assert_error(TORCH_VALUE_ERROR, "before");
    ck_assert_int_eq(count_temporary(), 0);
    torch_StateDict_free(d);
    remove_temporary();
}
END_TEST

/* A link stays a link, the file behind it is replaced and keeps its permissions. */
START_TEST(keeps_links_and_modes)
{
    struct stat s;
    torch_StateDict *d = torch_StateDict_new();
    const char *target = temporary("target.pt"), *link_ = temporary("link.pt");
    write_file(target, "old", 3);
    ck_assert_int_eq(chmod(target, 0640), 0);
    ck_assert_int_eq(symlink(target, link_), 0);
    ck_assert_int_eq(torch_save(d, link_), TORCH_OK);
    ck_assert(lstat(link_, &s) == 0 && S_ISLNK(s.st_mode));
    ck_assert(stat(target, &s) == 0 && (s.st_mode & 0777) == 0640 && s.st_size > 3);
    ck_assert_int_eq(count_temporary(), 2);
    torch_StateDict_free(d);
    remove_temporary();
}
END_TEST

/* ---- whatever fails, the old file is as before and nothing stands beside it -------------------------------------- */

static torch_StateDict *some(void)
{
    torch_StateDict *d = torch_StateDict_new();
    for (int i = 0; i < 40; i++) {
        char key[16];
        snprintf(key, sizeof key, "w%d", i);
        torch_StateDict_set(d, key, torch_ones(i + 1));
    }
    return d;
}

static int save_pt(const torch_StateDict *d, const char *path)
{
    return torch_save(d, path);
}

static int save_safe(const torch_StateDict *d, const char *path)
{
    return safetensors_save_file(d, path, NULL);
}

static void check_failures(const torch_StateDict *d, int (*save)(const torch_StateDict *d, const char *path))
{
    const char *path = temporary("file");
    write_file(path, "old", 3);
    for (int64_t k = 1, done = 0; !done; k++) {
        torch_scope();
        torch_fail_allocation(k);
        done = save(d, path) == TORCH_OK;
        torch_fail_allocation(0);
        ck_assert_int_eq(count_temporary(), 1);
        if (done) break;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        Content c = read_file(path);
        ck_assert(c.bytes == 3 && memcmp(c.data, "old", 3) == 0);
        free(c.data);
    }
    remove_temporary();
}

START_TEST(memory_runs_out)
{
    torch_StateDict *d = some(), *adam = torch_load("tests/io/files/adam.pt");
    check_failures(d, save_pt);
    check_failures(d, save_safe);
    check_failures(torch_StateDict_get_dict(adam, "optimizer"), save_pt);
    torch_StateDict_free(d);
    torch_StateDict_free(adam);
}
END_TEST

/* As on a full disk: a file may not grow beyond 1000 bytes. */
START_TEST(disk_is_full)
{
    torch_StateDict *d = some();
    const char *path = temporary("full.pt");
    struct rlimit before, small;
    write_file(path, "old", 3);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 1000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int pt = torch_save(d, path);
    torch_error_clear();
    int safe = safetensors_save_file(d, path, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    char text[200];
    snprintf(text, sizeof text, "[Errno 27] File too large: '%s'", path);
    ck_assert_error(TORCH_OS_ERROR, text);
    ck_assert_int_eq(pt, TORCH_OS_ERROR);
    ck_assert_int_eq(safe, TORCH_OS_ERROR);
    ck_assert_int_eq(count_temporary(), 1);
    Content c = read_file(path);
    ck_assert(c.bytes == 3 && memcmp(c.data, "old", 3) == 0);
    free(c.data);
    torch_StateDict_free(d);
    remove_temporary();
}
END_TEST

static TCase *saving(void)
{
    return test_case("saving", comes_back, optimizers_come_back, checkpoints, many_tensors, sums, safetensors_come_back,
                     refuses_tensors, refuses_paths, keeps_links_and_modes, memory_runs_out, disk_is_full);
}

SUITE_MAIN("io_save", saving)
