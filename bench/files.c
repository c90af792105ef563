/* 100 MB of weights, written and read: 25 tensors of 4 MB. Times are the processor's: the disk's flush, which PyTorch leaves
 * out, is not in them. */
#include <cerilla.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { TENSORS = 25 };

typedef struct Files {
    torch_StateDict *d;
    char pt[64], safetensors[64];
} Files;

static void save(void *data)
{
    Files *f = data;
    torch_save(f->d, f->pt);
}

static void save_safetensors(void *data)
{
    Files *f = data;
    safetensors_save_file(f->d, f->safetensors, NULL);
}

static void load(void *data)
{
    Files *f = data;
    torch_StateDict_free(torch_load(f->pt));
}

static void load_safetensors(void *data)
{
    Files *f = data;
    torch_StateDict_free(safetensors_load_file(f->safetensors));
}

/* The same, and every element is used once. */
static void use_safetensors(void *data)
{
    Files *f = data;
    torch_StateDict *d = safetensors_load_file(f->safetensors);
    for (int64_t i = 0; i < torch_StateDict_len(d); i++) {
        torch_scope();
        torch_sum(torch_StateDict_value(d, i));
    }
    torch_StateDict_free(d);
}

int main(int argc, char **argv)
{
    torch_scope();
    const char *pattern = argc > 1 ? argv[1] : "";
    Files f = {torch_StateDict_new(), "", ""};
    snprintf(f.pt, sizeof f.pt, "/tmp/cerilla-bench-%ld.pt", (long)getpid());
    snprintf(f.safetensors, sizeof f.safetensors, "/tmp/cerilla-bench-%ld.safetensors", (long)getpid());
    static const struct {
        const char *name;
        bench_Body body;
    } workloads[] = {{"files_save", save},
                     {"files_save_safetensors", save_safetensors},
                     {"files_load", load},
                     {"files_load_safetensors", load_safetensors},
                     {"files_use_safetensors", use_safetensors}};
    for (size_t i = 0, started = 0; i < sizeof workloads / sizeof *workloads; i++) {
        if (!bench_wanted(workloads[i].name, pattern)) continue;
        for (; started < TENSORS; started++) {
            char key[16];
            snprintf(key, sizeof key, "w%zu", started);
            torch_StateDict_set(f.d, key, torch_rand(1024, 1024));
        }
        save(&f);
        save_safetensors(&f);
        bench_run(workloads[i].name, workloads[i].body, &f, NULL);
    }
    remove(f.pt);
    remove(f.safetensors);
    torch_StateDict_free(f.d);
    return torch_exit_code();
}
