/* Between the files of matrix products and linear algebra. Never installed. */
#ifndef CERILLA_OPS_PRODUCTS_H
#define CERILLA_OPS_PRODUCTS_H

#include "ops/ops_internal.h"

static inline Tensor *cer_refused(bool never) /* cer_refused(cer_raise(...)): NULL */
{
    (void)never;
    return NULL;
}

/* A matrix in memory, strides in elements */
typedef struct cer_Factor {
    const Tensor *of; /* its dtype counts */
    const char *data;
    int64_t rows, cols, row, col;
} cer_Factor;
cer_Factor cer_factor(const Tensor *t, int64_t batch); /* a 2-d tensor, or one matrix of a 3-d one */
cer_Factor cer_column(const Tensor *v);                /* a vector as one column */
bool cer_product_type(const char *op, const char *what, const Tensor *a,
                      const Tensor *b);                                /* raises PyTorch's refusals */
bool cer_multipliable(const Tensor *a, const Tensor *b);               /* two matrices; raises */
Tensor *cer_unsafe_view(Tensor *x, int64_t ndim, const int64_t *size); /* of something new */
/* c = beta c + alpha a b, in out's memory from c on. Raises where it needs memory and has none. */
bool cer_product(Tensor *out, char *c, int64_t c_row, int64_t c_col, cer_Factor a, cer_Factor b, double beta,
                 double alpha);

#endif
