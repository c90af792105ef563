/* Matrix products. */
#ifndef CERILLA_OPS_MATRIX_H
#define CERILLA_OPS_MATRIX_H

#include "../core/autograd.h"

TORCH_BEGIN

/* (n, k) x (k, m) -> (n, m). "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)" */
TORCH_API Tensor *torch_mm(Tensor *a, Tensor *b);
TORCH_API Tensor *torch_bmm(Tensor *a, Tensor *b);    /* (b, n, k) x (b, k, m) -> (b, n, m) */
TORCH_API Tensor *torch_mv(Tensor *a, Tensor *v);     /* (n, k) x (k) -> (n) */
TORCH_API Tensor *torch_dot(Tensor *a, Tensor *b);    /* (k) x (k) -> () */
TORCH_API Tensor *torch_matmul(Tensor *a, Tensor *b); /* a @ b: any ranks, batches broadcast */
TORCH_API Tensor *torch_addmm_n(Tensor *input, Tensor *a, Tensor *b, double beta, double alpha);
TORCH_API Tensor *torch_addmm(Tensor *input, Tensor *a, Tensor *b); /* input + a b, input broadcast to (n, m) */

TORCH_END

#endif
