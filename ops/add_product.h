/* Between the files of the products that are added to something, beta input + alpha a b (add_product.c). Never installed. */
#ifndef CERILLA_OPS_ADD_PRODUCT_H
#define CERILLA_OPS_ADD_PRODUCT_H

#include "core/impl.h"
#include "ops/products.h"

typedef struct cer_AddAttrs {
    double beta, alpha;
    uint8_t dtype; /* addr: the promoted type */
} cer_AddAttrs;

/* For shape rules. Can input be broadcast to that shape? In place it must have it. */
bool cer_add_expandable(const cer_Call *c, int64_t ndim, const int64_t *shape);
/* The form of the result; in place, input has that shape already, and its dtype. */
bool cer_add_formed(cer_Call *c, torch_dtype dtype, int64_t ndim, const int64_t *shape);
bool cer_add_sized(const char *op, const Tensor *t,
                   int64_t dim); /* has it that dimension? PyTorch asks for t.size(dim) */

/* For kernels. out = input, where the product does not overwrite it anyway */
void cer_add_start(cer_Call *c);
/* In place, a factor that lies in the memory which is written would change on the way: it is copied first. */
const Tensor *cer_add_factor(cer_Call *c, int i);
Tensor *cer_add_scaled(Tensor *t, double by);

Tensor *cer_add_product(const cer_Op *op, const torch_AddProductArgs *args);

/* The op and its twin in place, and their functions. Operands: input, a, b. */
#define ADD_OP(id, grad, in_place)                       \
    const cer_Op cer_op_##id##in_place = {               \
        .name = #id #in_place,                           \
        .grad_name = grad,                               \
        .shape = id##_shape,                             \
        .kernel = id##_kernel,                           \
        .vjp = id##_vjp,                                 \
        .saves = {0, CER_SAVE(2), CER_SAVE(1)},          \
        .n_outputs = 1,                                  \
        .flags = sizeof #in_place > 1 ? CER_INPLACE : 0, \
        .attrs_bytes = sizeof(cer_AddAttrs),             \
    };
#define ADD(id, grad)                                            \
    ADD_OP(id, grad, )                                           \
    ADD_OP(id, grad, _)                                          \
    Tensor *torch_##id##_args(const torch_AddProductArgs *args)  \
    {                                                            \
        return cer_add_product(&cer_op_##id, args);              \
    }                                                            \
    Tensor *torch_##id##__args(const torch_AddProductArgs *args) \
    {                                                            \
        return cer_add_product(&cer_op_##id##_, args);           \
    }

#endif
