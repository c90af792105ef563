/* Between the files of the recurrent layers. Never installed. */
#ifndef CERILLA_NN_RECURRENCE_H
#define CERILLA_NN_RECURRENCE_H

#include "layer.h"
#include "ops/recurrent.h"

extern const char *const cer_rnn_modes[4]; /* what PyTorch calls them */

typedef struct cer_Recurrence { /* one layer in one direction, or a cell */
    cer_Cell cell;
    Tensor *weight_ih, *weight_hh, *bias_ih, *bias_hh, *weight_hr; /* NULL where it has none */
    bool reverse;
    Tensor *h, *c; /* (B, hidden), of the step before; c: of an LSTM's cell */
    Tensor **step; /* h of every step, in the input's order */
} cer_Recurrence;

/* One step from the input's product x (B, gates hidden): l->h and l->c become the next; NULL after an error. */
void cer_recurrent_step(cer_Recurrence *l, Tensor *x);
/* The same in a scope of its own, of which h and c are left over. False after an error. */
bool cer_recurrent_step_alone(cer_Recurrence *l, Tensor *x);
Tensor *cer_recurrent_product(const cer_Recurrence *l, Tensor *x); /* x W_ih^T + b_ih */
int64_t cer_gates_of(cer_Cell cell);

static inline bool cer_is_lstm(const nn_RNN *m)
{
    return m->mode == cer_rnn_modes[CER_LSTM];
}

static inline int64_t cer_real_hidden(const nn_RNN *m) /* of what leaves a step */
{
    return m->proj_size > 0 ? m->proj_size : m->hidden_size;
}

cer_Cell cer_cell_of(const nn_RNN *m);

/* Packed steps: x (sum of sizes, input) -> (sum of sizes, hidden). l->h, l->c are the states before the first step and
 * become those behind each sequence's last one. room: 3 steps + 3. */
Tensor *cer_packed_direction(cer_Recurrence *l, Tensor *x, int64_t steps, const int64_t *size, Tensor **room);

/* U(-bound, bound) for all parameters, in order. */
void cer_reset_recurrent(const nn_Module *m, double bound);

/* in: x, h_0, c_0; of a packed sequence also batch_sizes, sorted_indices and unsorted_indices. */
int cer_rnn_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out);

#endif
