/* cdist: distances between all rows of two batches of matrices. */
#include <string.h>

#include "ops/distance.h"

torch_CdistArgs torch_CdistArgs_defaults(void)
{
    return (torch_CdistArgs){.struct_size = sizeof(torch_CdistArgs), .p = 2};
}

static bool acceptable(const Tensor *x, const Tensor *y, double p)
{
#define refuse(...) cer_raise(TORCH_RUNTIME_ERROR, "cdist", __VA_ARGS__)
    if (x->ndim < 2) return refuse("cdist only supports at least 2D tensors, X1 got: %dD", x->ndim);
    if (y->ndim < 2) return refuse("cdist only supports at least 2D tensors, X2 got: %dD", y->ndim);
    if (CER_COLS(x) != CER_COLS(y))
        return refuse("X1 and X2 must have the same number of columns. X1: %lld X2: %lld", (long long)CER_COLS(x),
                      (long long)CER_COLS(y));
    if (!torch_dtype_is_floating_point(x->dtype))
        return refuse("cdist only supports floating-point dtypes, X1 got: %s", cer_type_name(x->dtype));
    if (!torch_dtype_is_floating_point(y->dtype))
        return refuse("cdist only supports floating-point dtypes, X2 got: %s", cer_type_name(y->dtype));
    return p >= 0 || refuse("cdist only supports non-negative p values");
}

/* (*, n, k) of that batch -> (b, n, k) */
static Tensor *in_one_batch(Tensor *t, int64_t n_batch, const int64_t *batch, int64_t count)
{
    int64_t size[TORCH_MAX_DIM];
    memcpy(size, batch, sizeof(int64_t) * (size_t)n_batch);
    size[n_batch] = CER_ROWS(t);
    size[n_batch + 1] = CER_COLS(t);
    return torch_contiguous(torch_reshape(torch_expand_n(t, n_batch + 2, size), count, CER_ROWS(t), CER_COLS(t)));
}

Tensor *torch_cdist_args(const torch_CdistArgs *args)
{
    Tensor *x = args->x1, *y = args->x2;
    if (cer_error_pending() || !cer_usable(x, "cdist", 1) || !cer_usable(y, "cdist", 2) || !acceptable(x, y, args->p))
        return NULL;
    int64_t batch[TORCH_MAX_DIM], n_batch = x->ndim - 2, count = 1, n = CER_ROWS(x), m = CER_ROWS(y);
    memcpy(batch, x->shape, sizeof(int64_t) * (size_t)n_batch);
    if (!cer_broadcast("cdist", &n_batch, batch, y->ndim - 2, y->shape)) return NULL;
    for (int64_t d = 0; d < n_batch; d++) count *= batch[d];
    Tensor *a = in_one_batch(x, n_batch, batch, count), *b = in_one_batch(y, n_batch, batch, count);
    torch_Scalar in[2] = {torch_scalar_tensor(a), torch_scalar_tensor(b)};
    batch[n_batch] = n;
    batch[n_batch + 1] = m;
    if (!a || !b) return NULL;
    bool by_product = args->p == 2 && CER_COLS(x) > 0 && count * n * m > 0 && (n > 25 || m > 25);
    cer_CdistAttrs attrs = {.p = args->p, .ndim = n_batch + 2};
    memcpy(attrs.size, batch, sizeof(int64_t) * (size_t)attrs.ndim);
    if (!by_product) return cer_call(&cer_op_cdist, in, 2, &attrs);
    attrs.ndim = 3; /* PyTorch's is a view of the product */
    memcpy(attrs.size, (const int64_t[]){count, n, m}, 3 * sizeof(int64_t));
    return torch_view_n(cer_call(&cer_op_euclidean_dist, in, 2, &attrs), n_batch + 2, batch);
}
