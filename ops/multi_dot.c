/* Chains of matrix products, associated so that the fewest multiplications are needed. */
#include "core/impl.h"
#include "ops/products.h"

enum { CHAIN = 64 }; /* factors, at most */

static Tensor *chain(Tensor *const *t, int64_t i, int64_t j, const uint8_t split[CHAIN][CHAIN])
{
    if (i == j) return t[i];
    int64_t s = split[i][j];
    return torch_mm(chain(t, i, s, split), chain(t, s + 1, j, split));
}

/* As PyTorch: of three factors a count decides; of more, dynamic programming over all ways to put parentheses. */
static Tensor *ordered(Tensor *const *t, int64_t n)
{
    if (n == 2) return torch_mm(t[0], t[1]);
    if (n == 3) {
        double a = (double)t[0]->shape[0], b = (double)t[1]->shape[0], c = (double)t[1]->shape[1],
               d = (double)t[2]->shape[1];
        return a * c * (b + d) > b * d * (a + c) ? torch_mm(t[0], torch_mm(t[1], t[2]))
                                                 : torch_mm(torch_mm(t[0], t[1]), t[2]);
    }
    uint8_t split[CHAIN][CHAIN] = {{0}};
    double cost[CHAIN][CHAIN], p[CHAIN + 1];
    for (int64_t i = 0; i < n; i++) p[i] = (double)t[i]->shape[0], cost[i][i] = 0;
    p[n] = (double)t[n - 1]->shape[1];
    for (int64_t length = 1; length < n; length++)
        for (int64_t i = 0; i + length < n; i++) {
            int64_t j = i + length;
            cost[i][j] = -1;
            for (int64_t k = i; k < j; k++) {
                double q = cost[i][k] + cost[k + 1][j] + p[i] * p[k + 1] * p[j + 1];
                if (cost[i][j] < 0 || q < cost[i][j]) cost[i][j] = q, split[i][j] = (uint8_t)k;
            }
        }
    return chain(t, 0, n - 1, (const uint8_t(*)[CHAIN])split);
}

static bool chain_fits(Tensor *const *t, Tensor *const *given, int64_t n)
{
    char one[160], other[160];
    for (int64_t i = 1; i < n - 1; i++)
        if (t[i]->ndim != 2)
            return cer_raise(TORCH_RUNTIME_ERROR, "multi_dot", "multi_dot(): tensor %lld must be 2D but got %dD",
                             (long long)i, t[i]->ndim);
    for (int64_t i = 1; i < n; i++)
        if (t[i]->dtype != t[0]->dtype)
            return cer_raise(
                TORCH_RUNTIME_ERROR, "multi_dot",
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is %s and tensor %lld %s",
                cer_cpp_name(t[0]->dtype), (long long)i, cer_cpp_name(t[i]->dtype));
    for (int64_t i = 0; i < n - 1; i++)
        if (t[i]->shape[1] != t[i + 1]->shape[0])
            return cer_raise(TORCH_RUNTIME_ERROR, "multi_dot",
                             "multi_dot(): tensors %lld and %lld with shapes %s and %s cannot be multiplied",
                             (long long)i, (long long)i + 1,
                             cer_shape_text(given[i]->ndim, given[i]->shape, one, sizeof one),
                             cer_shape_text(given[i + 1]->ndim, given[i + 1]->shape, other, sizeof other));
    return true;
}

Tensor *torch_linalg_multi_dot_n(Tensor *const *tensors, int64_t n)
{
    Tensor *t[CHAIN];
    int64_t size[2], n_size = 0;
    if (cer_error_pending()) return NULL;
    if (n < 2 || n > CHAIN || !tensors)
        return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "multi_dot",
                                     n > CHAIN ? "multi_dot(): expected at most 64 tensors but got %lld"
                                               : "multi_dot(): expected at least 2 tensors but got %lld",
                                     (long long)n));
    for (int64_t i = 0; i < n; i++)
        if (!cer_usable(t[i] = tensors[i], "multi_dot", (int)i + 1)) return NULL;
    for (int end = 0; end < 2; end++) { /* a vector at an end is a row or a column */
        Tensor **at = end ? &t[n - 1] : &t[0];
        if ((*at)->ndim != 1 && (*at)->ndim != 2)
            return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "multi_dot",
                                         "multi_dot(): the %s tensor must be 1D or 2D but got %dD",
                                         end ? "last" : "first", (*at)->ndim));
        if ((*at)->ndim == 2)
            size[n_size++] = (*at)->shape[end];
        else if (!(*at = torch_unsqueeze(*at, end ? -1 : 0)))
            return NULL;
    }
    if (!chain_fits(t, tensors, n)) return NULL;
    return torch_view_n(ordered(t, n), n_size, size);
}

Tensor *torch_chain_matmul_n(Tensor *const *matrices, int64_t n)
{
    if (cer_error_pending()) return NULL;
    if (n < 1 || !matrices)
        return cer_refused(
            cer_raise(TORCH_RUNTIME_ERROR, "chain_matmul", "chain_matmul(): Expected one or more matrices"));
    for (int64_t i = 0; i < n; i++) {
        if (!cer_usable(matrices[i], "chain_matmul", (int)i + 1)) return NULL;
        if (matrices[i]->ndim != 2)
            return cer_refused(cer_raise(TORCH_RUNTIME_ERROR, "chain_matmul",
                                         "Tensor dimension is %d, expected 2 instead.", matrices[i]->ndim));
    }
    return n == 1 ? torch_clone(matrices[0]) : torch_linalg_multi_dot_n(matrices, n);
}
