/* What one step of a recurrent layer computes, in the order of PyTorch's operations. */
#include "recurrence.h"

const char *const cer_rnn_modes[4] = {"RNN_TANH", "RNN_RELU", "LSTM", "GRU"};

cer_Cell cer_cell_of(const nn_RNN *m)
{
    int cell = CER_RNN_TANH;
    while (cell < CER_GRU && m->mode != cer_rnn_modes[cell]) cell++;
    return (cer_Cell)cell;
}

int64_t cer_gates_of(cer_Cell cell)
{
    return cell == CER_LSTM ? 4 : cell == CER_GRU ? 3 : 1;
}

Tensor *cer_recurrent_product(const cer_Recurrence *l, Tensor *x)
{
    return F_linear(x, l->weight_ih, l->bias_ih);
}

static Tensor *hidden_product(const cer_Recurrence *l)
{
    return F_linear(l->h, l->weight_hh, l->bias_hh);
}

/* h = tanh(x + h W_hh^T + b_hh) */
static void plain(cer_Recurrence *l, Tensor *x)
{
    Tensor *z = torch_add_(hidden_product(l), x);
    l->h = l->cell == CER_RNN_RELU ? torch_relu(z) : torch_tanh(z);
}

/* i, f, g, o = x + h W_hh^T + b_hh; c = sigmoid(f) c + sigmoid(i) tanh(g); h = sigmoid(o) tanh(c), perhaps projected */
static void lstm(cer_Recurrence *l, Tensor *x)
{
    torch_TensorList gate = torch_chunk(torch_add_(hidden_product(l), x), 4, 1);
    if (gate.length < 4) {
        l->h = l->c = NULL;
        return;
    }
    Tensor *kept = torch_mul(torch_sigmoid(gate.tensor[1]), l->c);
    l->c = torch_add(kept, torch_mul(torch_sigmoid(gate.tensor[0]), torch_tanh(gate.tensor[2])));
    l->h = torch_mul(torch_sigmoid(gate.tensor[3]), torch_tanh(l->c));
    if (l->weight_hr) l->h = F_linear(l->h, l->weight_hr, NULL);
}

/* r, z, n of x and of h W_hh^T + b_hh; n = tanh(x_n + r h_n); h = n + z (h - n) */
static void gru(cer_Recurrence *l, Tensor *x)
{
    torch_TensorList a = torch_chunk(x, 3, 1), b = torch_chunk(hidden_product(l), 3, 1);
    if (a.length < 3 || b.length < 3) {
        l->h = NULL;
        return;
    }
    Tensor *r = torch_sigmoid(torch_add(b.tensor[0], a.tensor[0])),
           *z = torch_sigmoid(torch_add(b.tensor[1], a.tensor[1]));
    Tensor *fresh = torch_tanh(torch_add(a.tensor[2], torch_mul(b.tensor[2], r)));
    l->h = torch_add(torch_mul(torch_sub(l->h, fresh), z), fresh);
}

void cer_recurrent_step(cer_Recurrence *l, Tensor *x)
{
    (l->cell == CER_LSTM ? lstm : l->cell == CER_GRU ? gru : plain)(l, x);
    if (cer_error_pending()) l->h = l->c = NULL;
}

bool cer_recurrent_step_alone(cer_Recurrence *l, Tensor *x)
{
    int64_t scope = torch_scope_push();
    cer_recurrent_step(l, x);
    torch_escape(l->h);
    torch_escape(l->c);
    torch_scope_pop(scope);
    return l->h != NULL;
}
