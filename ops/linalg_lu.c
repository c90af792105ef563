/* LU of every matrix of a batch, on which inverses, solutions and determinants rest. A contiguous matrix is decomposed as its transpose,
 * which is what its memory is in Fortran's order; what is solved is transposed then. */
#include <string.h>

#include "ops/linalg_internal.h"

bool cer_lu(const char *op, const Tensor *a, cer_Lu *d, int **info)
{
    int64_t n = CER_ROWS(a), count = cer_batch(a);
    if (!cer_lapack_at_hand(op, a)) return false;
    d->turned = a->contiguous;
    d->lu = a->contiguous ? cer_empty(a->dtype, a->ndim, a->shape) : cer_columns(a, a->ndim, a->shape);
    d->pivot = cer_int_workspace(n * count);
    *info = cer_int_workspace(count);
    if (!d->lu || !d->pivot || !*info) return false;
    if (a->contiguous) memcpy(d->lu->data, a->data, (size_t)(a->numel * cer_size_of(a->dtype)));
    for (int64_t i = 0; i < count; i++)
        (*info)[i] = n ? cer_getrf(a->dtype, (int)n, (int)n, cer_matrix_at(d->lu, i), d->pivot + i * n) : 0;
    return true;
}

int64_t cer_batch_of(const Tensor *a, const Tensor *out, int64_t out_batch_dims, int64_t i)
{
    int64_t own = a->ndim - 3, index = 0, step = 1;
    for (int64_t d = out_batch_dims - 1; own >= 0; d--, own--) {
        int64_t at = i % out->shape[d];
        i /= out->shape[d];
        if (a->shape[own] != 1) index += at * step;
        step *= a->shape[own];
    }
    return index;
}
