/* torch.linalg, for float32 and float64. Matrices are the last two dimensions, all others a batch. The work is a LAPACK's, which is
 * loaded with the first call; CERILLA_LAPACK in the environment names another one. RuntimeError if there is none. */
#ifndef CERILLA_OPS_LINALG_H
#define CERILLA_OPS_LINALG_H

#include "matrix.h"

TORCH_BEGIN

/* (*, n, n) -> same. "linalg.inv: The diagonal element 2 is zero, the inversion could not be completed because ..." */
TORCH_API Tensor *torch_linalg_inv(Tensor *a);
TORCH_API Tensor *torch_inverse(Tensor *a); /* the same */
/* The same; *info, if not NULL, says what became of each matrix, int32: 0, or the first zero pivot. Raises only if check_errors. */
TORCH_API Tensor *torch_linalg_inv_ex(Tensor *a, bool check_errors, Tensor **info);
/* torch.linalg.tensorinv(A, ind=2): of the matrix of the first ind dimensions by the others. "Expected self to satisfy the
 * requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got 6 != 4" */
TORCH_API Tensor *torch_linalg_tensorinv(Tensor *a, int64_t ind);
/* X of A X = B: (*, n, n), (*, n, k) -> (*, n, k); or B (n), (*, n). "torch.linalg.solve: The solver failed because the input
 * matrix is singular." */
TORCH_API Tensor *torch_linalg_solve(Tensor *a, Tensor *b);
TORCH_API Tensor *torch_linalg_solve_left(Tensor *a, Tensor *b, bool left); /* left=False: X of X A = B */
TORCH_API Tensor *torch_linalg_solve_ex(Tensor *a, Tensor *b, bool left, bool check_errors,
                                        Tensor **info); /* as inv_ex */
/* torch.linalg.tensorsolve(A, B, dims): X of tensordot(A, X, X.ndim) = B; the dims of A move behind all others before: none, or TORCH_DIMS(1) */
TORCH_API Tensor *torch_linalg_tensorsolve(Tensor *a, Tensor *b, int64_t n_dims, const int64_t *dims);
/* torch.linalg.solve_triangular(A, B, upper=, left=True, unitriangular=False): reads one triangle of A */
TORCH_API Tensor *torch_linalg_solve_triangular(Tensor *a, Tensor *b, bool upper, bool left, bool unitriangular);
/* torch.triangular_solve(b, A, upper=True, transpose=False, unitriangular=False), the older one: X of A X = b, or A^T X = b;
 * *cloned_coefficient, if not NULL, A as it was broadcast. "Incompatible matrix sizes for triangular_solve: each A matrix is ..." */
TORCH_API Tensor *torch_triangular_solve(Tensor *b, Tensor *a, bool upper, bool transpose, bool unitriangular,
                                         Tensor **cloned_coefficient);
TORCH_API Tensor *torch_linalg_det(Tensor *a); /* (*, n, n) -> (*) */
TORCH_API Tensor *torch_det(Tensor *a);
/* The sign; *logabsdet, if not NULL, log |det A|. (*, n, n) -> (*) */
TORCH_API Tensor *torch_linalg_slogdet(Tensor *a, Tensor **logabsdet);
TORCH_API Tensor *torch_slogdet(Tensor *a, Tensor **logabsdet);
TORCH_API Tensor *torch_logdet(Tensor *a); /* log det A; NaN where it is negative */

/* LU factors, (*, m, n) -> (*, m, n): L below the diagonal, whose own is of ones, U on and above it; *pivots, if not NULL, (*, k)
 * int32 with k = min(m, n): row i was exchanged with row pivots[i] - 1. "torch.linalg.lu_factor: U[2,2] is zero and using it on
 * lu_solve would result in a division by zero. ..." */
TORCH_API Tensor *torch_linalg_lu_factor(Tensor *a, Tensor **pivots);
TORCH_API Tensor *torch_linalg_lu_factor_ex(Tensor *a, bool check_errors, Tensor **pivots,
                                            Tensor **info); /* as inv_ex */
TORCH_API Tensor *torch_linalg_lu(Tensor *a, Tensor **l,
                                  Tensor **u); /* P (*, m, m) of A = P L U; *l (*, m, k), *u (*, k, n) */
/* The same of the factors. "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype. ..." */
TORCH_API Tensor *torch_lu_unpack(Tensor *lu, Tensor *pivots, Tensor **l, Tensor **u);
/* X of A X = B by A's factors; as torch.linalg.lu_solve(LU, pivots, B, left=, adjoint=) also of X A = B, and with A^T for A */
TORCH_API Tensor *torch_linalg_lu_solve(Tensor *lu, Tensor *pivots, Tensor *b);
TORCH_API Tensor *torch_linalg_lu_solve_left(Tensor *lu, Tensor *pivots, Tensor *b, bool left, bool adjoint);
TORCH_API Tensor *torch_lu_solve(Tensor *b, Tensor *lu, Tensor *pivots);

/* L of A = L L^T, or upper: U of A = U^T U. "... the input is not positive-definite (the leading minor of order 1 ...)" */
TORCH_API Tensor *torch_linalg_cholesky(Tensor *a, bool upper);
TORCH_API Tensor *torch_cholesky(Tensor *a, bool upper);
TORCH_API Tensor *torch_linalg_cholesky_ex(Tensor *a, bool upper, bool check_errors, Tensor **info); /* as inv_ex */
/* X of A X = b, and A's inverse, where A = L L^T comes as L, or U^T U as U */
TORCH_API Tensor *torch_cholesky_solve(Tensor *b, Tensor *l, bool upper);
TORCH_API Tensor *torch_cholesky_inverse(Tensor *l, bool upper);
/* torch.linalg.qr(A, mode): Q; *r, if not NULL, R. mode "reduced" (NULL too): (*, m, k), (*, k, n) with k = min(m, n);
 * "complete": (*, m, m), (*, m, n); "r": no Q. */
TORCH_API Tensor *torch_linalg_qr(Tensor *a, const char *mode, Tensor **r);
TORCH_API Tensor *torch_qr(Tensor *a, bool some, Tensor **r);
/* torch.linalg.svd(A, full_matrices): U; *s and *vh, if not NULL, S in descending order and V^T. Of full matrices U is (m, m) and
 * V^T (n, n), else (m, k) and (k, n). Signs are LAPACK's. */
TORCH_API Tensor *torch_linalg_svd(Tensor *a, bool full_matrices, Tensor **s, Tensor **vh);
TORCH_API Tensor *torch_svd(Tensor *a, bool some, Tensor **s, Tensor **v); /* the older one: V, not V^T */
TORCH_API Tensor *torch_linalg_svdvals(Tensor *a);                         /* S alone: (*, m, n) -> (*, k) */
/* torch.linalg.eigh(A, UPLO): eigenvalues in ascending order; *eigenvectors, if not NULL, V in columns. UPLO "L" (NULL too) or "U":
 * the triangle that is read. */
TORCH_API Tensor *torch_linalg_eigh(Tensor *a, const char *uplo, Tensor **eigenvectors);
TORCH_API Tensor *torch_linalg_eigvalsh(Tensor *a, const char *uplo);

/* torch_linalg_pinv(A), torch_linalg_pinv(A, .rtol = 1e-3, .hermitian = true) */
typedef struct torch_PinvArgs {
    size_t struct_size;
    Tensor *self;
    double atol,
        rtol; /* singular values up to max(atol, rtol largest) count as 0; rtol NaN: epsilon times the longer side */
    bool hermitian;
} torch_PinvArgs;
TORCH_API torch_PinvArgs torch_PinvArgs_defaults(void);
#define TORCH_PINV(...) \
    (&(torch_PinvArgs){.rtol = TORCH_NAN, .struct_size = sizeof(torch_PinvArgs), .self = __VA_ARGS__})
TORCH_API Tensor *torch_linalg_pinv_args(const torch_PinvArgs *args);
TORCH_API Tensor *torch_linalg_matrix_rank_args(const torch_PinvArgs *args);
#define torch_linalg_pinv(...) torch_linalg_pinv_args(TORCH_PINV(__VA_ARGS__)) /* (*, m, n) -> (*, n, m) */
#define torch_linalg_matrix_rank(...) \
    torch_linalg_matrix_rank_args(TORCH_PINV(__VA_ARGS__)) /* (*, m, n) -> (*), int64 */
/* torch.pinverse(A, rcond=1e-15), the older one: .rtol is its rcond */
#define torch_pinverse(...) \
    torch_linalg_pinv_args(&(torch_PinvArgs){.rtol = 1e-15, .struct_size = sizeof(torch_PinvArgs), .self = __VA_ARGS__})
/* torch.linalg.lstsq(A, B): the solution with the smallest norm; *rank, if not NULL, A's. (*, m, n), (*, m, k) -> (*, n, k);
 * or B (*, m). Batches broadcast. */
TORCH_API Tensor *torch_linalg_lstsq(Tensor *a, Tensor *b, Tensor **rank);

/* torch.linalg.matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False): torch_linalg_matrix_norm(A), torch_linalg_matrix_norm(A, 2),
 * torch_linalg_matrix_norm(A, .name = "nuc"). ord 1, -1: column sums; INFINITY, -INFINITY: row sums; 2, -2: singular values.
 * torch.linalg.norm is the same for matrices, and the vector norm of vectors, and of everything where no ord is given. */
typedef struct torch_LinalgNormArgs {
    size_t struct_size;
    Tensor *self;
    double ord;          /* NaN: not given */
    const char *name;    /* "fro" or "nuc", instead of ord */
    const int64_t *dims; /* n_dims of them: .dims = TORCH_DIM_LIST(0, 1) */
    int64_t n_dims;
    bool keepdim;
} torch_LinalgNormArgs;
TORCH_API torch_LinalgNormArgs torch_LinalgNormArgs_defaults(void);
#define TORCH_LINALG_NORM(...) \
    (&(torch_LinalgNormArgs){.ord = TORCH_NAN, .struct_size = sizeof(torch_LinalgNormArgs), .self = __VA_ARGS__})
TORCH_API Tensor *torch_linalg_matrix_norm_args(const torch_LinalgNormArgs *args);
TORCH_API Tensor *torch_linalg_norm_args(const torch_LinalgNormArgs *args);
#define torch_linalg_matrix_norm(...) torch_linalg_matrix_norm_args(TORCH_LINALG_NORM(__VA_ARGS__))
#define torch_linalg_norm(...) torch_linalg_norm_args(TORCH_LINALG_NORM(__VA_ARGS__))
/* torch.linalg.cond(A, p): the norm of A times that of its inverse; of singular values where no ord or 2 or -2 is given */
TORCH_API Tensor *torch_linalg_cond_args(const torch_LinalgNormArgs *args);
#define torch_linalg_cond(...) torch_linalg_cond_args(TORCH_LINALG_NORM(__VA_ARGS__))
/* torch.cov(x, correction=1): of the rows of (variables, observations). UserWarning "cov(): degrees of freedom is <= 0" */
TORCH_API Tensor *torch_cov(Tensor *x, int64_t correction);
TORCH_API Tensor *torch_corrcoef(Tensor *x); /* the same, divided by the standard deviations */

TORCH_API Tensor *torch_matrix_power(Tensor *a, int64_t n); /* (*, n, n); n < 0: of the inverse */
TORCH_API Tensor *torch_linalg_matrix_power(Tensor *a, int64_t n);
TORCH_API Tensor *torch_linalg_matrix_exp(Tensor *a); /* (*, n, n): the sum of A^k / k! */
TORCH_API Tensor *torch_matrix_exp(Tensor *a);

TORCH_END

#endif
