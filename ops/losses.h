/* A loss that is a pointwise row and a reduction: its attributes, and its record. Not public. */
#ifndef CERILLA_OPS_LOSSES_H
#define CERILLA_OPS_LOSSES_H

#include "core/impl.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"

typedef struct cer_LossAttrs {
    torch_Scalar param; /* beta or delta */
    torch_Scalar norm; /* of the gradient: 1, or 1 / n for the mean. Behind param: the gradient's loop finds it there */
    int32_t reduction;
} cer_LossAttrs;

/* What every loss checks; prepares the attributes */
bool cer_loss_ready(const char *op, Tensor *input, Tensor *target, const char *reduction, double param,
                    cer_LossAttrs *l);

/* row: of pointwise.def */
#define CER_LOSS(id, row, kernel_name, grad, schema_, vjp_)                                                    \
    static bool id##_shape(cer_Call *c)                                                                        \
    {                                                                                                          \
        return cer_loss_shape(c, &cer_op_##row, 2, kernel_name, ((const cer_LossAttrs *)c->attrs)->reduction); \
    }                                                                                                          \
    static bool id##_kernel(cer_Call *c)                                                                       \
    {                                                                                                          \
        return cer_loss_kernel(c, &cer_op_##row, 2, torch_scalar_none(),                                       \
                               ((const cer_LossAttrs *)c->attrs)->reduction);                                  \
    }                                                                                                          \
    const cer_Op cer_op_##id = {.name = #id,                                                                   \
                                .grad_name = grad,                                                             \
                                .schema = schema_,                                                             \
                                .shape = id##_shape,                                                           \
                                .kernel = id##_kernel,                                                         \
                                .vjp = vjp_,                                                                   \
                                .saves = {CER_SAVE(0) | CER_SAVE(1), CER_SAVE(0) | CER_SAVE(1)},               \
                                .n_outputs = 1,                                                                \
                                .attrs_bytes = sizeof(cer_LossAttrs)};

#endif
