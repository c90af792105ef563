/* Between the files of einsum. Never installed. */
#ifndef CERILLA_OPS_EINSUM_H
#define CERILLA_OPS_EINSUM_H

#include "core/impl.h"
#include "ops/products.h"

enum {
    EINSUM_LETTERS = 52,
    EINSUM_ELLIPSIS = EINSUM_LETTERS,
    EINSUM_OPERANDS = 64,
    EINSUM_SUBSCRIPTS = TORCH_MAX_DIM + 1
};

typedef struct cer_Equation {
    int64_t n; /* operands */
    uint8_t label[EINSUM_OPERANDS][EINSUM_SUBSCRIPTS], n_labels[EINSUM_OPERANDS];
    int64_t count[EINSUM_LETTERS]; /* how often each letter occurs */
    int64_t place[EINSUM_LETTERS]; /* its dimension in the common order, or -1 */
    int64_t n_ellipsis, ellipsis;  /* how many dimensions "..." stands for at most, and where they begin */
    int64_t n_out, n_all;          /* dimensions of the output; and with those that are contracted */
    int64_t size[EINSUM_LETTERS], ellipsis_size[TORCH_MAX_DIM];
    int64_t holders[2 * TORCH_MAX_DIM + EINSUM_LETTERS]; /* operands left whose size in that dimension is not 1 */
} cer_Equation;

#define einsum_refuse(...) cer_raise(TORCH_RUNTIME_ERROR, "einsum", __VA_ARGS__)

/* Reads the equation (einsum_read.c): labels, how often each occurs, and where each stands in the common order. */
bool cer_einsum_read(cer_Equation *e, const char *equation, Tensor *const *operands);

#endif
