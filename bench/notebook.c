/* The notebook's training step, as its users write it: examples/simple_rnn.c without the printing. */
#include <cerilla.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

typedef struct {
    nn_Module module;
    nn_RNN *rnn;
    nn_Linear *fc;
} SimpleRNN;

typedef struct Training {
    SimpleRNN *model;
    nn_MSELoss *criterion;
    optim_Optimizer *optimizer;
    Tensor *x, *y;
} Training;

static Tensor *forward(SimpleRNN *self, Tensor *x, Tensor **hidden)
{
    Tensor *out = nn_RNN_forward(self->rnn, x, *hidden, hidden);
    return nn_forward(self->fc, torch_index(out, ":, -1, :"));
}

static void step(void *data)
{
    Training *t = data;
    torch_scope();
    Tensor *hidden = torch_zeros(1, 10, 5);
    optim_zero_grad(t->optimizer);
    Tensor *loss = nn_forward(t->criterion, forward(t->model, t->x, &hidden), t->y);
    torch_backward(loss);
    optim_step(t->optimizer);
}

static void only_forward(void *data)
{
    Training *t = data;
    torch_scope();
    torch_no_grad();
    Tensor *hidden = torch_zeros(1, 10, 5);
    forward(t->model, t->x, &hidden);
}

int main(int argc, char **argv)
{
    torch_scope();
    torch_set_warning_handler(NULL);
    torch_manual_seed(0);
    SimpleRNN *model = nn_new(SimpleRNN);
    nn_set(model, rnn, nn_RNN(1, 5, .batch_first = true));
    nn_set(model, fc, nn_Linear(5, 1));
    Training t = {model, nn_MSELoss(), optim_SGD(nn_parameters(model), .lr = 0.01), torch_randn(10, 1, 1),
                  torch_randn(10, 1, 1)};
    const char *pattern = argc > 1 ? argv[1] : "";
    if (bench_wanted("notebook_step", pattern)) bench_run("notebook_step", step, &t, torch_allocations);
    if (bench_wanted("notebook_forward", pattern)) bench_run("notebook_forward", only_forward, &t, torch_allocations);
    optim_free(t.optimizer);
    nn_free(t.criterion);
    nn_free(model);
    return torch_exit_code();
}
