/* Between the files of linear algebra. Matrices are the last two dimensions, all others a batch. Never installed. */
#ifndef CERILLA_OPS_LINALG_INTERNAL_H
#define CERILLA_OPS_LINALG_INTERNAL_H

#include "core/impl.h"
#include "ops/kernels/lapack.h"
#include "ops/products.h"

#define CER_ROWS(t) ((t)->shape[(t)->ndim - 2])
#define CER_COLS(t) ((t)->shape[(t)->ndim - 1])

/* Checks, each raises in PyTorch's words ("linalg.inv: The input tensor A must have at least 2 dimensions."). */
bool cer_is_matrix(const char *op, const Tensor *a, const char *name);
bool cer_is_square(const char *op, const Tensor *a);
/* float32 or float64; kernel: the one that PyTorch misses for half types, or NULL where it says so otherwise */
bool cer_is_real(const char *op, const Tensor *a, const char *kernel);
extern const char cer_eigh_kernel[];                      /* which it misses for integers too */
bool cer_lapack_at_hand(const char *op, const Tensor *a); /* also: sizes fit an int */

/* One matrix of the batch could not be done: raises "op: (Batch element 1): text", the number only where there is a batch. */
bool cer_refuse_matrix(const char *op, const Tensor *a, int64_t batch, const char *text, ...);

int64_t cer_batch(const Tensor *a); /* how many matrices */
void cer_form_columns(cer_Form *f); /* each matrix of the form in Fortran's order */
/* A copy of a, broadcast to that shape, in that order. Borrowed; NULL if there is no memory. */
Tensor *cer_columns(const Tensor *a, int64_t ndim, const int64_t *shape);
static inline char *cer_matrix_at(const Tensor *t, int64_t batch) /* of a tensor made by these two */
{
    return t->data + batch * CER_ROWS(t) * CER_COLS(t) * cer_size_of(t->dtype);
}

/* Workspace of n elements: a borrowed tensor. And of n ints. */
Tensor *cer_workspace(torch_dtype dtype, int64_t n);
int *cer_int_workspace(int64_t n);
int cer_asked_length(const Tensor *work); /* what LAPACK wrote into work[0] */

/* For vjps. */
Tensor *cer_mT(Tensor *a);                                 /* a.mT: the last two dimensions exchanged */
Tensor *cer_triangle(Tensor *a, bool upper, int64_t from); /* a.triu(from) or a.tril(from), as a product with a mask */
Tensor *cer_off_diagonal(Tensor *a);                       /* with zeros on the diagonal */
Tensor *cer_diag_embed(Tensor *v);                         /* (*, n) -> (*, n, n) */

#endif
