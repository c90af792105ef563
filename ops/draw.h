/* Draws that are computed in doubles, some at a time, then converted: what the files of distributions share. Not public. */
#ifndef CERILLA_OPS_DRAW_H
#define CERILLA_OPS_DRAW_H

#include "core/generator.h"
#include "core/impl.h"
#include "ops/ops_internal.h"
#include "ops/random_checks.h"

enum { CER_DRAWS = 256 }; /* at a time */

/* x[i], which holds the parameter of element i, becomes its draw; wide: the parameters were of float64 */
typedef void (*cer_Draw)(torch_Generator *g, double *x, int64_t n, bool wide);
/* c's output by draws of p's elements, which are broadcast to it, in the order of its memory. attrs: the generator */
bool cer_draw_by(cer_Call *c, const Tensor *p, cer_Draw draw);
bool cer_any_beyond(const Tensor *t, double top); /* is any element not within 0..top? NaN is not */

/* A record of draws by tensors of parameters; the gradient in these is zero, as PyTorch's formulas say */
void cer_no_old_value(cer_Node *n, Tensor *const *g, Tensor **in);
#define CER_DRAW_BY_TENSOR(id, text, grad, shape_, kernel_, flags_) \
    const cer_Op cer_op_##id = {.name = text,                       \
                                .grad_name = grad,                  \
                                .shape = shape_,                    \
                                .kernel = kernel_,                  \
                                .vjp = cer_no_old_value,            \
                                .n_outputs = 1,                     \
                                .flags = flags_,                    \
                                .attrs_bytes = sizeof(torch_Generator *)};

#endif
