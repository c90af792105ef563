/* tensordot: both operands become matrices. */
#include "core/impl.h"
#include "ops/products.h"

/* The dims as a mask; wrapped[i] is dims[i] counted from the front. */
static bool mask_of(int64_t ndim, int64_t n, const int64_t *dims, int64_t *wrapped, uint32_t *mask)
{
    *mask = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!cer_wrap_dim("tensordot", dims[i], ndim, &wrapped[i])) return false;
        if (*mask >> wrapped[i] & 1)
            return cer_raise(TORCH_RUNTIME_ERROR, "tensordot", "dim %lld appears multiple times in the list of dims",
                             (long long)wrapped[i]);
        *mask |= 1u << wrapped[i];
    }
    return true;
}

/* Dimensions of size 1 on one side are summed on the other right away. */
static bool contract(Tensor **a, Tensor **b, int64_t n, const int64_t *da, const int64_t *db, int64_t *contracted)
{
    const Tensor *first = *a, *second = *b;
    *contracted = 1;
    for (int64_t i = 0; i < n; i++) {
        int64_t wa, wb;
        if (!cer_wrap_dim("tensordot", da[i], first->ndim, &wa) || !cer_wrap_dim("tensordot", db[i], second->ndim, &wb))
            return false;
        int64_t na = first->ndim ? first->shape[wa] : 1, nb = second->ndim ? second->shape[wb] : 1;
        if (nb == 1)
            *a = torch_sum(*a, .dim = wa, .keepdim = true);
        else if (na == 1)
            *b = torch_sum(*b, .dim = wb, .keepdim = true);
        else if (na != nb)
            return cer_raise(TORCH_RUNTIME_ERROR, "tensordot",
                             "contracted dimensions need to match, but first has size %lld in dim %lld and second has "
                             "size %lld in dim %lld",
                             (long long)na, (long long)da[i], (long long)nb, (long long)db[i]);
        else
            *contracted *= na;
        if (!*a || !*b) return false;
    }
    return true;
}

Tensor *torch_tensordot_n(Tensor *a, int64_t n_a, const int64_t *dims_a, Tensor *b, int64_t n_b, const int64_t *dims_b)
{
    int64_t da[TORCH_MAX_DIM], db[TORCH_MAX_DIM], size[2 * TORCH_MAX_DIM], pa[TORCH_MAX_DIM], pb[TORCH_MAX_DIM];
    int64_t contracted, rows = 1, cols = 1, n_size = 0, ka = 0, kb = 0;
    uint32_t mask_a, mask_b;
    if (!cer_ready(a, "tensordot", 1) || !cer_ready(b, "tensordot", 2)) return NULL;
    if (n_a != n_b)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "tensordot", "both dimension lists should have same length"));
    if (n_a > TORCH_MAX_DIM) n_a = TORCH_MAX_DIM + (n_b = 0); /* more than there are dimensions: one of them twice */
    if (!mask_of(a->ndim, n_a, dims_a, da, &mask_a) || !mask_of(b->ndim, n_a, dims_b, db, &mask_b)) return NULL;
    Tensor *first = a, *second = b;
    if (!contract(&first, &second, n_a, dims_a, dims_b, &contracted)) return NULL;
    for (int64_t i = 0; i < first->ndim; i++)
        if (!(mask_a >> i & 1)) pa[ka++] = i, rows *= size[n_size++] = first->shape[i];
    for (int64_t i = 0; i < n_a; i++) pa[ka++] = da[i], pb[kb++] = db[i];
    for (int64_t i = 0; i < second->ndim; i++)
        if (!(mask_b >> i & 1)) pb[kb++] = i, cols *= size[n_size++] = second->shape[i];
    first = torch_reshape(torch_permute_n(first, first->ndim, pa), rows, contracted);
    second = torch_reshape(torch_permute_n(second, second->ndim, pb), contracted, cols);
    return torch_reshape_n(torch_mm(first, second), n_size, size);
}

Tensor *torch_tensordot(Tensor *a, Tensor *b, int64_t dims)
{
    int64_t da[TORCH_MAX_DIM], db[TORCH_MAX_DIM];
    if (!cer_ready(a, "tensordot", 1) || !cer_ready(b, "tensordot", 2)) return NULL;
    if (dims < 0)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "tensordot", "tensordot expects dims >= 0, but got dims=%lld",
                                     (long long)dims));
    if (dims > a->ndim || dims > b->ndim) {
        int64_t wrapped;
        cer_wrap_dim("tensordot", dims > a->ndim ? -dims : dims - 1, dims > a->ndim ? a->ndim : b->ndim, &wrapped);
        return NULL;
    }
    for (int64_t i = 0; i < dims; i++) da[i] = i - dims, db[i] = i;
    return torch_tensordot_n(a, dims, da, b, dims, db);
}
