/* What Adam and AdamW share (adam_step.c). Never installed. */
#ifndef CERILLA_ADAM_H
#define CERILLA_ADAM_H

#include "optimizer.h"

enum { CER_ADAM_STEP, CER_ADAM_AVG, CER_ADAM_AVG_SQ, CER_ADAM_MAX_AVG_SQ, CER_ADAM_STATES };
extern const cer_OptimState cer_adam_states[CER_ADAM_STATES];

uint32_t cer_adam_wants(bool amsgrad);
/* Counts the step; number: the step's size, and the root of the squares' correction. */
void cer_adam_advance(Tensor *const *state, double lr, double beta1, double beta2, double *number);
/* p by the gradient d: m = b1 m + (1 - b1) d, v = b2 v + (1 - b2) d^2, p = p - size m / (sqrt(v) / correction + eps) */
void cer_adam_update(const cer_Chunk *c, char *d, double beta1, double beta2, double eps, bool amsgrad);

#endif
