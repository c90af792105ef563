/* Powers of matrices, by squaring. */
#include "ops/linalg_internal.h"

Tensor *torch_matrix_power(Tensor *a, int64_t exponent)
{
    if (cer_error_pending() || !cer_usable(a, "linalg.matrix_power", 1) || !cer_is_square("linalg.matrix_power", a))
        return NULL;
    if (exponent == 0) {
        Tensor *copy = cer_call1(&cer_op_clone, a, &(cer_CloneAttrs){.contiguous = true});
        return copy ? torch_copy_(copy, cer_to(torch_eye(a->shape[a->ndim - 1]), a->dtype)) : NULL;
    }
    if (exponent == 1) return cer_call1(&cer_op_clone, a, &(cer_CloneAttrs){.contiguous = true});
    if (exponent < 0 && !(a = torch_linalg_inv(a))) return NULL;
    uint64_t n = exponent < 0 ? 0 - (uint64_t)exponent : (uint64_t)exponent;
    if (n == 1) return a;
    if (n == 2) return torch_matmul(a, a);
    if (n == 3) return torch_matmul(torch_matmul(a, a), a);
    Tensor *square = NULL, *result = NULL;
    for (; n > 0; n /= 2) {
        square = square ? torch_matmul(square, square) : a;
        if (!square) return NULL;
        if (n % 2 && !(result = result ? torch_matmul(result, square) : square)) return NULL;
    }
    return result;
}

Tensor *torch_linalg_matrix_power(Tensor *a, int64_t exponent)
{
    return torch_matrix_power(a, exponent);
}
