/* The recurrence of RNN, LSTM and GRU in public ops. */
#include "ops/ops_internal.h"
#include "ops/recurrent.h"

/* h = tanh(x + product) */
static void plain(bool relu, Tensor *x, Tensor *product, Tensor **h)
{
    Tensor *z = torch_add_(product, x);
    *h = relu ? torch_relu(z) : torch_tanh(z);
}

/* i, f, g, o = x + product; c = sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c) */
static void lstm(Tensor *x, Tensor *product, Tensor **h, Tensor **c)
{
    torch_TensorList gate = torch_chunk(torch_add_(product, x), 4, 1);
    if (gate.length < 4) return;
    Tensor *kept = torch_mul(torch_sigmoid(gate.tensor[1]), *c);
    *c = torch_add(kept, torch_mul(torch_sigmoid(gate.tensor[0]), torch_tanh(gate.tensor[2])));
    *h = torch_mul(torch_sigmoid(gate.tensor[3]), torch_tanh(*c));
}

/* r, z, n of x and of the product; n = tanh(x_n + r product_n); h = n + z (h - n) */
static void gru(Tensor *x, Tensor *product, Tensor **h)
{
    torch_TensorList a = torch_chunk(x, 3, 1), b = torch_chunk(product, 3, 1);
    if (a.length < 3 || b.length < 3) return;
    Tensor *r = torch_sigmoid(torch_add(b.tensor[0], a.tensor[0]));
    Tensor *z = torch_sigmoid(torch_add(b.tensor[1], a.tensor[1]));
    Tensor *fresh = torch_tanh(torch_add(a.tensor[2], torch_mul(b.tensor[2], r)));
    *h = torch_add(torch_mul(torch_sub(*h, fresh), z), fresh);
}

void cer_recurrent_step_in_ops(cer_Cell cell, Tensor *x, Tensor *product, Tensor **h, Tensor **c)
{
    if (cell == CER_LSTM)
        lstm(x, product, h, c);
    else if (cell == CER_GRU)
        gru(x, product, h);
    else
        plain(cell == CER_RNN_RELU, x, product, h);
    if (cer_error_pending()) *h = *c = NULL;
}

Tensor *cer_recurrent_in_ops(cer_Cell cell, bool reverse, Tensor *x, Tensor *h, Tensor *c, Tensor *weight, Tensor *bias,
                             Tensor **c_n)
{
    int64_t steps = x->shape[0];
    Tensor **step = cer_pool_block((size_t)steps * sizeof *step, NULL);
    for (int64_t i = 0; step && i < steps && h; i++) {
        int64_t at = reverse ? steps - 1 - i : i;
        Tensor *product = F_linear(h, weight, bias), *now = torch_select(x, 0, at);
        if (!product || !now) return NULL;
        cer_recurrent_step_in_ops(cell, now, product, &h, &c);
        step[at] = h;
    }
    if (!step || !h) return NULL;
    *c_n = c;
    return torch_stack_n(step, steps, 0);
}
