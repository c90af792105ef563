/* Writes files of every kind into a folder, with listings of what is in them, for check_with_torch.py. */
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/random.h"
#include "io/io.h"
#include "listing.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/lr_scheduler.h"
#include "optim/optim.h"

static const char *folder;

static const char *place(const char *name, const char *extension)
{
    static char path[2][1024];
    static int next;
    next = !next;
    snprintf(path[next], sizeof path[next], "%s/%s%s", folder, name, extension);
    return path[next];
}

static void list(const torch_StateDict *d, const char *name)
{
    FILE *f = d ? fopen(place(name, ".txt"), "w") : NULL;
    if (!f) return;
    write_listing(d, f);
    fclose(f);
}

static void both(const torch_StateDict *d, const char *name)
{
    torch_save(d, place(name, ".pt"));
    list(d, name);
}

/* What PyTorch wrote, written again. */
static void again(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "tests/io/files/%s.pt", name);
    torch_StateDict *d = torch_load(path);
    both(d, name);
    torch_StateDict_free(d);
}

static void safe(void)
{
    torch_StateDict *d = safetensors_load_file("tests/io/files/dtypes.safetensors");
    safetensors_save_file(d, place("dtypes", ".safetensors"),
                          torch_list(const char *, "format", "pt", "ü\"", "\n", NULL));
    list(d, "dtypes_safetensors");
    torch_StateDict_free(d);
    d = torch_StateDict_new();
    safetensors_save_file(d, place("nothing", ".safetensors"), NULL);
    list(d, "nothing_safetensors");
    torch_StateDict_free(d);
}

static void step(nn_Linear *model, optim_Optimizer *o, Tensor *x)
{
    torch_scope();
    optim_zero_grad(o);
    torch_backward(torch_mean(torch_pow(nn_forward(model, x), 2)));
    optim_step(o);
}

/* A checkpoint after two steps, and the weights after a third. */
static void trained(const char *name, optim_Optimizer *(*make)(torch_ParameterList params))
{
    torch_manual_seed(1);
    nn_Linear *model = nn_Linear(3, 2);
    optim_Optimizer *o = make(nn_parameters(model));
    optim_LRScheduler *s = optim_lr_scheduler_StepLR(o, 2, .gamma = 0.5);
    Tensor *x = torch_div(torch_view(torch_arange(12.), 4, 3), 8);
    for (int i = 0; i < 2; i++) {
        step(model, o, x);
        optim_lr_scheduler_step(s);
    }
    torch_StateDict *before = torch_StateDict_deepcopy(nn_state_dict(model));
    torch_save(optim_state_dict(o), place(name, "_optimizer.pt"));
    torch_StateDict *optimizer = torch_StateDict_deepcopy(optim_state_dict(o));
    step(model, o, x);
    torch_save_checkpoint(place(name, ".pt"), torch_entry("model", before), torch_entry("optimizer", optimizer),
                          torch_entry("scheduler", optim_lr_scheduler_state_dict(s)), torch_entry("epoch", 3),
                          torch_entry("best", 0.25), torch_entry("done", (bool)0), torch_entry("note", "text"),
                          torch_entry("none", torch_scalar_none()), torch_entry("x", x),
                          torch_entry("after", nn_state_dict(model)));
    torch_StateDict_free(before);
    torch_StateDict_free(optimizer);
    optim_lr_scheduler_free(s);
    optim_free(o);
    nn_free(model);
}

static void chained(void)
{
    nn_Linear *model = nn_Linear(3, 2);
    optim_Optimizer *o = optim_SGD(nn_parameters(model), .lr = 0.1);
    optim_LRScheduler *s[2];
    s[0] = optim_lr_scheduler_StepLR(o, 2, .gamma = 0.5);
    s[1] = optim_lr_scheduler_ExponentialLR(o, 0.9);
    optim_LRScheduler *both_ = optim_lr_scheduler_ChainedScheduler(2, s);
    for (int i = 0; i < 3; i++) {
        optim_step(o);
        optim_lr_scheduler_step(both_);
    }
    both(optim_lr_scheduler_state_dict(both_), "chained");
    optim_lr_scheduler_free(both_);
    optim_free(o);
    nn_free(model);
}

static optim_Optimizer *sgd(torch_ParameterList params)
{
    return optim_SGD(params, .lr = 0.1, .momentum = 0.9);
}

static optim_Optimizer *adam(torch_ParameterList params)
{
    return optim_Adam(params, .lr = 0.01, .amsgrad = true);
}

static optim_Optimizer *rmsprop(torch_ParameterList params)
{
    return optim_RMSprop(params, .lr = 0.01);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    folder = argv[1];
    again("dtypes");
    again("views");
    again("parameters");
    again("module");
    again("views_legacy");
    safe();
    chained();
    trained("sgd", sgd);
    trained("adam", adam);
    trained("rmsprop", rmsprop);
    return torch_error() ? fprintf(stderr, "%s\n", torch_error()), 1 : 0;
}
