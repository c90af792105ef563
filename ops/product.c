/* One matrix product over strided memory, to which all others come down: C = beta C + alpha A B. */
#include "core/impl.h"
#include "ops/products.h"

/* what: the kernel that PyTorch misses where there is none for the type */
bool cer_product_type(const char *op, const char *what, const Tensor *a, const Tensor *b)
{
    if (!cer_kernels()->gemm[a->dtype] && a->dtype != torch_bfloat16)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", what, cer_type_name(a->dtype));
    return a->dtype == b->dtype || cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type %s but found %s",
                                             cer_type_name(a->dtype), cer_type_name(b->dtype));
}

/* bfloat16: in float32, rounded once. The elements from a_data on, as contiguous float32. */
static Tensor *widened(const Tensor *t, const char *data, int64_t rows, int64_t cols, int64_t row, int64_t col)
{
    Tensor *wide = cer_empty(torch_float32, 2, (const int64_t[]){rows, cols});
    if (!wide) return NULL;
    char *ptr[2] = {wide->data, (char *)(uintptr_t)data};
    const int64_t *stride[2] = {wide->stride, (const int64_t[]){row, col}};
    cer_Iterator it;
    cer_iterator_init(&it, 2, 2, wide->shape, ptr, stride, (const size_t[]){4, 2}, false);
    cer_iterator_run(&it, cer_kernels()->cast[torch_float32][t->dtype], NULL);
    return wide;
}

bool cer_product(Tensor *out, char *c, int64_t c_row, int64_t c_col, cer_Factor a, cer_Factor b, double beta,
                 double alpha)
{
    int64_t m = a.rows, k = a.cols, n = b.cols, mark = cer_context()->pool.length;
    if (out->dtype != torch_bfloat16) {
        cer_gemm(out->dtype, m, n, k, alpha, a.data, a.row, a.col, b.data, b.row, b.col, beta, c, c_row, c_col);
        return true;
    }
    Tensor *wide_a = widened(a.of, a.data, m, k, a.row, a.col), *wide_b = widened(b.of, b.data, k, n, b.row, b.col);
    Tensor *wide = widened(out, c, m, n, c_row, c_col);
    bool fine = wide_a && wide_b && wide;
    if (fine) {
        cer_gemm(torch_float32, m, n, k, alpha, wide_a->data, k, 1, wide_b->data, n, 1, beta, wide->data, n, 1);
        char *ptr[2] = {c, wide->data};
        const int64_t *stride[2] = {(const int64_t[]){c_row, c_col}, wide->stride};
        cer_Iterator it;
        cer_iterator_init(&it, 2, 2, wide->shape, ptr, stride, (const size_t[]){2, 4}, false);
        cer_iterator_run(&it, cer_kernels()->cast[torch_bfloat16][torch_float32], NULL);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

cer_Factor cer_factor(const Tensor *t, int64_t batch)
{
    int r = t->ndim - 2;
    return (cer_Factor){t,
                        t->data + (r ? batch * t->stride[0] * cer_size_of(t->dtype) : 0),
                        t->shape[r],
                        t->shape[r + 1],
                        t->stride[r],
                        t->stride[r + 1]};
}

cer_Factor cer_column(const Tensor *v)
{
    return (cer_Factor){v, v->data, v->shape[0], 1, v->stride[0], 1};
}
