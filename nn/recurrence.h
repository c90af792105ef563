/* Between the files of the recurrent layers. Never installed. */
#ifndef CERILLA_NN_RECURRENCE_H
#define CERILLA_NN_RECURRENCE_H

#include "layer.h"

typedef struct cer_Recurrence { /* one layer in one direction */
    const nn_RNN *m;
    const cer_Item *weights; /* weight_ih, weight_hh, and perhaps bias_ih, bias_hh, and perhaps weight_hr */
    bool reverse;
    Tensor *h, *c; /* (B, hidden), of the step before; c: of an LSTM's cell */
    Tensor **step; /* h of every step, in the input's order */
} cer_Recurrence;

/* How many weights a layer has in one direction; the k-th, NULL where it has no bias. */
static inline int64_t cer_weights_of(const nn_RNN *m)
{
    return (m->bias ? 4 : 2) + (m->proj_size > 0);
}

static inline Tensor *cer_recurrent_weight(const cer_Recurrence *l, int k)
{
    return k < 2 || l->m->bias ? l->weights[k].as.tensor : NULL;
}

/* One step from the input's product x (B, gates hidden): l->h and l->c become the next; NULL after an error. */
void cer_recurrent_step(cer_Recurrence *l, Tensor *x);
int64_t cer_gates_of(const nn_RNN *m);
bool cer_is_lstm(const nn_RNN *m);
int64_t cer_real_hidden(const nn_RNN *m); /* of what leaves a step: proj_size or hidden_size */

extern const char *const cer_rnn_modes[4]; /* "RNN_TANH", "RNN_RELU", "LSTM", "GRU" */

int cer_rnn_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out);

#endif
