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
TORCH_API Tensor *torch_vdot(Tensor *a, Tensor *b);   /* the same for real numbers */
TORCH_API Tensor *torch_matmul(Tensor *a, Tensor *b); /* a @ b: any ranks, batches broadcast */

/* ---- beta self + alpha a b --------------------------------------------------------------------------------------------
 * torch_addmm(x, a, b), torch_addmm(x, a, b, .beta = 0.5, .alpha = 2). self is broadcast to the product's shape, in place it has
 * it; with beta = 0 it is not read. */
typedef struct torch_AddProductArgs {
    size_t struct_size;
    Tensor *self, *a, *b;
    double beta, alpha;
} torch_AddProductArgs;
TORCH_API torch_AddProductArgs torch_AddProductArgs_defaults(void);
#define TORCH_ADD_PRODUCT(...) \
    (&(torch_AddProductArgs){.beta = 1, .alpha = 1, .struct_size = sizeof(torch_AddProductArgs), .self = __VA_ARGS__})
TORCH_API Tensor *torch_addmm_args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_baddbmm_args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_addbmm_args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_addmv_args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_addr_args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_addmm__args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_baddbmm__args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_addbmm__args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_addmv__args(const torch_AddProductArgs *args);
TORCH_API Tensor *torch_addr__args(const torch_AddProductArgs *args);
#define torch_addmm(...) torch_addmm_args(TORCH_ADD_PRODUCT(__VA_ARGS__))     /* (n, k) x (k, m) */
#define torch_baddbmm(...) torch_baddbmm_args(TORCH_ADD_PRODUCT(__VA_ARGS__)) /* (b, n, k) x (b, k, m) -> (b, n, m) */
#define torch_addbmm(...) torch_addbmm_args(TORCH_ADD_PRODUCT(__VA_ARGS__))   /* the same, summed over b -> (n, m) */
#define torch_addmv(...) torch_addmv_args(TORCH_ADD_PRODUCT(__VA_ARGS__))     /* (n, k) x (k) -> (n) */
#define torch_addr(...) torch_addr_args(TORCH_ADD_PRODUCT(__VA_ARGS__))       /* (n), (m): outer -> (n, m) */
#define torch_addmm_(...) torch_addmm__args(TORCH_ADD_PRODUCT(__VA_ARGS__))
#define torch_baddbmm_(...) torch_baddbmm__args(TORCH_ADD_PRODUCT(__VA_ARGS__))
#define torch_addbmm_(...) torch_addbmm__args(TORCH_ADD_PRODUCT(__VA_ARGS__))
#define torch_addmv_(...) torch_addmv__args(TORCH_ADD_PRODUCT(__VA_ARGS__))
#define torch_addr_(...) torch_addr__args(TORCH_ADD_PRODUCT(__VA_ARGS__))

/* ---- made of products ------------------------------------------------------------------------------------------------ */
TORCH_API Tensor *torch_outer(Tensor *a, Tensor *b); /* (n), (m) -> (n, m) */
TORCH_API Tensor *torch_ger(Tensor *a, Tensor *b);   /* its older name */
TORCH_API Tensor *torch_inner(Tensor *a, Tensor *b); /* sums products over the last dimensions */
/* torch.tensordot(a, b, dims): over a's last and b's first dims dimensions; PyTorch's default is 2 */
TORCH_API Tensor *torch_tensordot(Tensor *a, Tensor *b, int64_t dims);
/* torch.tensordot(a, b, ([1, 2], [1, 0])): torch_tensordot_n(a, TORCH_DIMS(1, 2), b, TORCH_DIMS(1, 0)).
 * "contracted dimensions need to match, but first has size 3 in dim 1 and second has size 4 in dim 0" */
TORCH_API Tensor *torch_tensordot_n(Tensor *a, int64_t n_a, const int64_t *dims_a, Tensor *b, int64_t n_b,
                                    const int64_t *dims_b);
TORCH_API Tensor *torch_kron(Tensor *a, Tensor *b); /* sizes multiply; at most four dimensions */
TORCH_API Tensor *torch_trace(Tensor *x);           /* sum of the diagonal: (n, m) -> () */
/* torch.cross(a, b, dim): along the first dimension of size 3 where dim is TORCH_NONE */
TORCH_API Tensor *torch_cross(Tensor *a, Tensor *b, int64_t dim);
/* torch.linalg.cross(a, b, dim=-1). "linalg.cross: inputs dimension -1 must have length 3. Got 2 and 2" */
TORCH_API Tensor *torch_linalg_cross(Tensor *a, Tensor *b, int64_t dim);
/* torch.linalg.multi_dot: a product of 2 to 64 matrices in the cheapest order; a vector may stand at either end */
TORCH_API Tensor *torch_linalg_multi_dot_n(Tensor *const *tensors, int64_t n);
#define torch_linalg_multi_dot(...) torch_linalg_multi_dot_n(torch_tensors(__VA_ARGS__))
TORCH_API Tensor *torch_chain_matmul_n(Tensor *const *matrices, int64_t n);
#define torch_chain_matmul(...) torch_chain_matmul_n(torch_tensors(__VA_ARGS__))

/* torch.einsum("bij,bjk->bik", a, b): torch_einsum("bij,bjk->bik", a, b). Contracts from left to right, with PyTorch's syntax:
 * "...", an implicit output, spaces, repeated subscripts (diagonals). At most 8 different subscripts and "..." dimensions. */
TORCH_API Tensor *torch_einsum_n(const char *equation, Tensor *const *operands, int64_t n);
#define torch_einsum(equation, ...) torch_einsum_n(equation, torch_tensors(__VA_ARGS__))
/* torch.cdist(x1, x2, p=2): |x1_i - x2_j|_p of all rows: (*, n, k), (*, m, k) -> (*, n, m). torch_cdist(a, b), torch_cdist(a, b, 1) */
typedef struct torch_CdistArgs {
    size_t struct_size;
    Tensor *x1, *x2;
    double p;
} torch_CdistArgs;
TORCH_API torch_CdistArgs torch_CdistArgs_defaults(void);
TORCH_API Tensor *torch_cdist_args(const torch_CdistArgs *args);
#define torch_cdist(...) \
    torch_cdist_args(&(torch_CdistArgs){.p = 2, .struct_size = sizeof(torch_CdistArgs), .x1 = __VA_ARGS__})
/* F.bilinear: y[o] = sum over i, j of a[i] W[o, i, j] b[j], + bias[o]: (*, in1), (*, in2), (out, in1, in2), (out) or NULL */
TORCH_API Tensor *F_bilinear(Tensor *a, Tensor *b, Tensor *weight, Tensor *bias);

TORCH_END

#endif
