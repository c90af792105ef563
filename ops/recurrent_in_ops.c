/* The recurrence of RNN, LSTM and GRU in public ops. */
#include "ops/ops_internal.h"
#include "ops/recurrent.h"

typedef struct State {
    Tensor *h, *c;
} State;

static State plain(bool relu, Tensor *x, Tensor *product)
{
    Tensor *z = torch_add(product, x);
    return (State){relu ? torch_relu(z) : torch_tanh(z), NULL};
}

/* c = sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c) */
static State lstm(Tensor *x, Tensor *product, Tensor *c)
{
    torch_TensorList gate = torch_chunk(torch_add(product, x), 4, 1);
    if (gate.length < 4) return (State){NULL, NULL};
    Tensor *kept = torch_mul(torch_sigmoid(gate.tensor[1]), c);
    c = torch_add(kept, torch_mul(torch_sigmoid(gate.tensor[0]), torch_tanh(gate.tensor[2])));
    return (State){torch_mul(torch_sigmoid(gate.tensor[3]), torch_tanh(c)), c};
}

/* n = tanh(x_n + r h_n); h = n + z (h - n) */
static State gru(Tensor *x, Tensor *product, Tensor *h)
{
    torch_TensorList a = torch_chunk(x, 3, 1), b = torch_chunk(product, 3, 1);
    if (a.length < 3 || b.length < 3) return (State){NULL, NULL};
    Tensor *r = torch_sigmoid(torch_add(b.tensor[0], a.tensor[0]));
    Tensor *z = torch_sigmoid(torch_add(b.tensor[1], a.tensor[1]));
    Tensor *fresh = torch_tanh(torch_add(a.tensor[2], torch_mul(b.tensor[2], r)));
    return (State){torch_add(torch_mul(torch_sub(h, fresh), z), fresh), NULL};
}

Tensor *cer_recurrent_in_ops(cer_Cell cell, bool reverse, Tensor *x, Tensor *h, Tensor *c, Tensor *weight, Tensor *bias,
                             Tensor **c_n)
{
    int64_t steps = x->shape[0];
    Tensor **step = cer_pool_block((size_t)steps * sizeof *step, NULL);
    State s = {h, c};
    for (int64_t i = 0; step && i < steps && s.h; i++) {
        int64_t at = reverse ? steps - 1 - i : i;
        Tensor *product = F_linear(s.h, weight, bias), *now = torch_select(x, 0, at);
        if (!product || !now) return NULL;
        s = cell == CER_LSTM  ? lstm(now, product, s.c)
            : cell == CER_GRU ? gru(now, product, s.h)
                              : plain(cell == CER_RNN_RELU, now, product);
        step[at] = s.h;
    }
    if (!step || !s.h) return NULL;
    *c_n = s.c;
    return torch_stack_n(step, steps, 0);
}
