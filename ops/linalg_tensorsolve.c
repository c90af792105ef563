/* tensorinv and tensorsolve: dimensions are taken together until there is a matrix. */
#include "ops/linalg_internal.h"

/* The sizes of dimensions [from, to), multiplied: they are those of one tensor, so no product overflows where none is zero. */
static int64_t product(const Tensor *t, int64_t from, int64_t to)
{
    int64_t n = 1;
    for (int64_t d = from; d < to; d++)
        if (t->shape[d] == 0) return 0;
    for (int64_t d = from; d < to; d++)
        if (__builtin_mul_overflow(n, t->shape[d], &n)) return INT64_MAX;
    return n;
}

Tensor *torch_linalg_tensorinv(Tensor *a, int64_t ind)
{
    const char *op = "linalg.tensorinv";
    int64_t size[TORCH_MAX_DIM];
    if (!cer_ready(a, op, 1)) return NULL;
    if (ind <= 0)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, op,
                                     "Expected a strictly positive integer for 'ind', but got %lld", (long long)ind));
    if (ind > a->ndim) ind = a->ndim;
    int64_t rows = product(a, 0, ind), cols = product(a, ind, a->ndim);
    if (rows != cols)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, op,
                                     "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
                                     "prod(self.shape[:ind]), but got %lld != %lld",
                                     (long long)cols, (long long)rows));
    for (int64_t d = 0; d < a->ndim; d++) size[d] = a->shape[(d + ind) % a->ndim];
    Tensor *inverse = torch_linalg_inv(torch_reshape(a, rows, cols));
    return inverse ? torch_reshape_n(inverse, a->ndim, size) : NULL;
}

/* a with dims behind all others, in their order */
static Tensor *moved_behind(Tensor *a, const int64_t *dims, int64_t n)
{
    int64_t to[TORCH_MAX_DIM];
    if (n > a->ndim)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "linalg.tensorsolve",
                                     "linalg.tensorsolve: %lld dims of a tensor that has %d", (long long)n, a->ndim));
    for (int64_t i = 0; i < n; i++) to[i] = a->ndim - n + i;
    return torch_movedim_dims(a, n, dims, n, to);
}

Tensor *torch_linalg_tensorsolve(Tensor *a, Tensor *b, int64_t n_dims, const int64_t *dims)
{
    const char *op = "linalg.tensorsolve";
    if (!cer_ready(a, op, 1) || !cer_ready(b, op, 2)) return NULL;
    if (dims && n_dims > 0 && !(a = moved_behind(a, dims, n_dims))) return NULL;
    int64_t split = b->ndim < a->ndim ? b->ndim : a->ndim, cols = product(a, split, a->ndim);
    if (b->numel != cols)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, op,
                                     "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
                                     "prod(self.shape[:other.ndim]), but got %lld != %lld",
                                     (long long)cols, (long long)b->numel));
    Tensor *x = torch_linalg_solve(torch_reshape(a, -1, cols), torch_reshape(b, -1));
    return x ? torch_reshape_n(x, a->ndim - split, a->shape + split) : NULL;
}
