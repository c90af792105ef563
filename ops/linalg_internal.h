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

void cer_set_identity(Tensor *t); /* ones on the diagonal of each; of no elements, whatever dimensions it has */

/* LU of every matrix; info[i] > 0 where matrix i is singular. Borrowed. */
typedef struct cer_Lu {
    Tensor *lu;
    int *pivot;
    bool turned; /* lu is of the transpose */
} cer_Lu;
bool cer_lu(const char *op, const Tensor *a, cer_Lu *d, int **info);

/* "lu_factor: Expected tensor with 2 or more dimensions. Got size: [3] instead", "\"kernel\" not implemented for 'Long'" */
bool cer_lu_operand(const char *op, const Tensor *a, const char *kernel);
Tensor *cer_lu_backward(Tensor *gl, Tensor *gu, Tensor *p, Tensor *l,
                        Tensor *u); /* gA of A = P L U; gl or gu may be NULL */

/* Of A X = B or X A = B: do the sizes fit? Batches of A and B broadcast against each other: the solution has that batch and B's
 * matrix. And which matrix of a belongs to matrix i of something whose batch a's is broadcast to? */
bool cer_linear_system(const char *op, const Tensor *b, const Tensor *a); /* what the older solvers ask for; raises */
bool cer_compatible(const char *op, const Tensor *a, int64_t rows, int64_t cols, bool left);
bool cer_vector_side(const Tensor *a, const Tensor *b); /* is B a vector, or a batch of them? */
bool cer_solution_form(cer_Call *c, const char *op, int64_t b_ndim, const int64_t *b_shape);
int64_t cer_batch_of(const Tensor *a, const Tensor *out, int64_t out_batch_dims, int64_t i);

/* Workspace of n elements: a borrowed tensor. And of n ints. */
Tensor *cer_workspace(torch_dtype dtype, int64_t n);
int *cer_int_workspace(int64_t n);
int cer_asked_length(const Tensor *work); /* what LAPACK wrote into work[0] */

double cer_epsilon(torch_dtype dtype);

/* For vjps. */
Tensor *cer_mT(Tensor *a);                                 /* a.mT: the last two dimensions exchanged */
Tensor *cer_triangle(Tensor *a, bool upper, int64_t from); /* a.triu(from) or a.tril(from), as a product with a mask */
Tensor *cer_off_diagonal(Tensor *a);                       /* with zeros on the diagonal */
Tensor *cer_diag_embed(Tensor *v);                         /* (*, n) -> (*, n, n) */
Tensor *cer_differences(Tensor *s);                        /* s_j - s_i at (i, j), and 1 on the diagonal */
Tensor *cer_pinv_backward(Tensor *g, Tensor *pinv,
                          Tensor *a); /* Golub and Pereyra's formula, its smaller products first */

#endif
