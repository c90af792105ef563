/* What Adam and AdamW share: states, and the update by a gradient. */
#include <math.h>

#include "adam.h"

const cer_OptimState cer_adam_states[CER_ADAM_STATES] = {{"step", CER_STATE_TENSOR},
                                                         {"exp_avg", CER_STATE_LIKE},
                                                         {"exp_avg_sq", CER_STATE_LIKE},
                                                         {"max_exp_avg_sq", CER_STATE_LIKE}};

uint32_t cer_adam_wants(bool amsgrad)
{
    return amsgrad ? 0xF : 0x7;
}

void cer_adam_advance(Tensor *const *state, double lr, double beta1, double beta2, double *number)
{
    double step = cer_state_count(state[CER_ADAM_STEP]);
    number[0] = lr / (1 - pow(beta1, step));
    number[1] = sqrt(1 - pow(beta2, step));
}

void cer_adam_update(const cer_Chunk *c, char *d, double beta1, double beta2, double eps, bool amsgrad)
{
    double step_size = c->number[0], correction = c->number[1];
    char *m = c->state[CER_ADAM_AVG], *v = c->state[CER_ADAM_AVG_SQ], *top = c->state[CER_ADAM_MAX_AVG_SQ],
         *denominator = c->scratch[1];
    cer_chunk_average(c, m, d, beta1);
    cer_chunk_average_squares(c, v, d, beta2);
    if (amsgrad) {
        cer_chunk_binary(c, KERNEL_maximum, top, top, v);
        v = top;
    }
    cer_chunk_unary(c, KERNEL_sqrt, denominator, v);
    cer_chunk_number(c, KERNEL_div, denominator, denominator, correction);
    cer_chunk_number(c, KERNEL_add, denominator, denominator, eps);
    cer_chunk_addc(c, KERNEL_addcdiv, c->p, c->p, m, denominator, -step_size);
}
