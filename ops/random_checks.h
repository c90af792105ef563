/* What the random ops accept; each raises in PyTorch's words and returns false. Never installed. */
#ifndef CERILLA_RANDOM_CHECKS_H
#define CERILLA_RANDOM_CHECKS_H

#include "core/op.h"
#include "core/repr.h"

bool cer_check_uniform(const char *op, const Tensor *t, double from, double to);
bool cer_check_normal(const char *op, const Tensor *t, double std);
bool cer_check_bernoulli(const char *op, const Tensor *t, double p);

/* random_(*from, *to): numbers *from + r % *range. to NULL: all that t's dtype holds from *from on. A floating dtype that
 * does not hold the bounds moves them inwards. */
bool cer_check_integers(const char *op, const Tensor *t, int64_t *from, const int64_t *to, uint64_t *range);

bool cer_not_implemented(const char *op, const char *kernel, const Tensor *t); /* raises: for this dtype */
typedef char cer_Number[CER_NUMBER_BYTES];
const char *cer_number_as(double value, cer_Number text); /* as C++ streams write it */

#endif
