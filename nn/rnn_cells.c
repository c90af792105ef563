/* One step of a recurrent layer. */
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

void cer_recurrent_step(cer_Recurrence *l, Tensor *x)
{
    Tensor *product = F_linear(l->h, l->weight_hh, l->bias_hh);
    if (product) cer_recurrent_step_in_ops(l->cell, x, product, &l->h, &l->c);
    if (l->weight_hr && product) l->h = F_linear(l->h, l->weight_hr, NULL);
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
