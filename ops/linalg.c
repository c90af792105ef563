/* What the decompositions share: checks, matrices in Fortran's order, workspaces, and masks for their vjps. */
#include <float.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ops/linalg_internal.h"

const char cer_eigh_kernel[] = "linalg_eigh_cpu";

/* ---- checks ------------------------------------------------------------------------------------------------------ */

bool cer_is_matrix(const char *op, const Tensor *a, const char *name)
{
    return a->ndim >= 2 ||
           cer_raise(TORCH_RUNTIME_ERROR, op, "%s: The input tensor %s must have at least 2 dimensions.", op, name);
}

bool cer_is_square(const char *op, const Tensor *a)
{
    return cer_is_matrix(op, a, "A") &&
           (CER_ROWS(a) == CER_COLS(a) ||
            cer_raise(TORCH_RUNTIME_ERROR, op,
                      "%s: A must be batches of square matrices, but they are %lld by %lld matrices", op,
                      (long long)CER_ROWS(a), (long long)CER_COLS(a)));
}

bool cer_is_real(const char *op, const Tensor *a, const char *kernel)
{
    bool floating = torch_dtype_is_floating_point(a->dtype);
    if (a->dtype == torch_float32 || a->dtype == torch_float64) return true;
    if (kernel && (floating || kernel == cer_eigh_kernel))
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", kernel, cer_type_name(a->dtype));
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     floating ? "%s: Low precision dtypes not supported. Got %s"
                              : "%s: Expected a floating point or complex tensor as input. Got %s",
                     op, cer_type_name(a->dtype));
}

bool cer_linear_system(const char *op, const Tensor *b, const Tensor *a)
{
    if (a->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected b and A to have the same dtype, but found b of type %s and A of type %s instead.",
                         cer_type_name(b->dtype), cer_type_name(a->dtype));
    if (CER_ROWS(a) != CER_COLS(a))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "A must be batches of square matrices, but they are %lld by %lld matrices",
                         (long long)CER_ROWS(a), (long long)CER_COLS(a));
    return CER_COLS(a) == CER_ROWS(b) ||
           cer_raise(
               TORCH_RUNTIME_ERROR, op,
               "Incompatible matrix sizes for %s: each A matrix is %lld by %lld but each b matrix is %lld by %lld", op,
               (long long)CER_ROWS(a), (long long)CER_COLS(a), (long long)CER_ROWS(b), (long long)CER_COLS(b));
}

bool cer_lapack_at_hand(const char *op, const Tensor *a)
{
    if (!cer_have_lapack())
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "%s: no LAPACK was found on this system (CERILLA_LAPACK may name one; Debian's package is "
                         "libopenblas0-pthread)",
                         op);
    return (CER_ROWS(a) <= INT_MAX / 8 && CER_COLS(a) <= INT_MAX / 8) ||
           cer_raise(TORCH_RUNTIME_ERROR, op, "%s: the matrix is too large for LAPACK", op);
}

bool cer_refuse_matrix(const char *op, const Tensor *a, int64_t batch, const char *text, ...)
{
    char why[256], where[64] = "";
    va_list args;
    va_start(args, text);
    vsnprintf(why, sizeof why, text, args);
    va_end(args);
    if (a->ndim > 2) snprintf(where, sizeof where, "(Batch element %lld): ", (long long)batch);
    return cer_raise(TORCH_RUNTIME_ERROR, op, "%s: %s%s", op, where, why);
}

/* ---- matrices in columns ----------------------------------------------------------------------------------------- */

int64_t cer_batch(const Tensor *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->ndim - 2; d++) n *= a->shape[d];
    return n;
}

void cer_form_columns(cer_Form *f)
{
    int64_t next = 1, last = f->ndim - 1;
    for (int64_t d = last; d >= 0; d--) {
        f->stride[d] = next;
        next *= f->shape[d] > 1 ? f->shape[d] : 1;
    }
    if (f->ndim >= 2) {
        f->stride[last - 1] = 1;
        f->stride[last] = f->shape[last - 1] > 1 ? f->shape[last - 1] : 1;
    }
    f->strided = true;
}

Tensor *cer_columns(const Tensor *a, int64_t ndim, const int64_t *shape)
{
    int64_t stride[TORCH_MAX_DIM];
    Tensor *t = cer_empty(a->dtype, ndim, shape);
    if (!t) return NULL;
    cer_Form f;
    cer_form(&f, a->dtype, ndim, shape);
    cer_form_columns(&f);
    memcpy(t->stride, f.stride, sizeof(int64_t) * (size_t)ndim);
    cer_update_contiguous(t);
    cer_expand_strides(a, ndim, shape, stride);
    cer_copy_elements(t, a, stride);
    return t;
}

Tensor *cer_workspace(torch_dtype dtype, int64_t n)
{
    n = n > 1 ? n : 1;
    return cer_empty(dtype, 1, &n);
}

int *cer_int_workspace(int64_t n)
{
    Tensor *t = cer_workspace(torch_int32, n);
    return t ? (int *)(void *)t->data : NULL;
}

int cer_asked_length(const Tensor *work)
{
    double n;
    cer_convert(&n, torch_float64, work->data, work->dtype, 1);
    return n < 1 ? 1 : n > INT_MAX ? INT_MAX : (int)n;
}

void cer_set_identity(Tensor *t)
{
    size_t size = (size_t)cer_size_of(t->dtype);
    double one = 1;
    memset(t->data, 0, (size_t)t->numel * size);
    if (t->numel == 0) return;
    for (int64_t i = 0; i < cer_batch(t); i++)
        for (int64_t k = 0; k < CER_ROWS(t) && k < CER_COLS(t); k++)
            cer_convert(cer_matrix_at(t, i) + (size_t)(k * (CER_ROWS(t) + 1)) * size, t->dtype, &one, torch_float64, 1);
}

double cer_epsilon(torch_dtype dtype)
{
    return dtype == torch_float64 ? DBL_EPSILON : FLT_EPSILON;
}

/* ---- for vjps ---------------------------------------------------------------------------------------------------- */

Tensor *cer_mT(Tensor *a)
{
    return torch_transpose(a, -2, -1);
}

/* 1 where the column is in [low, high] of the row, counted from the diagonal. */
static Tensor *mask(const Tensor *a, int64_t low, int64_t high)
{
    int64_t rows = CER_ROWS(a), cols = CER_COLS(a);
    Tensor *t = cer_zeros(a->dtype, 2, (const int64_t[]){rows, cols});
    for (int64_t i = 0; t && i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            if (j - i < low || j - i > high) continue;
            if (a->dtype == torch_float64)
                ((double *)(void *)t->data)[i * cols + j] = 1;
            else
                ((float *)(void *)t->data)[i * cols + j] = 1;
        }
    return t;
}

Tensor *cer_triangle(Tensor *a, bool upper, int64_t from)
{
    return a ? torch_mul(a, mask(a, upper ? from : INT64_MIN / 2, upper ? INT64_MAX / 2 : from)) : NULL;
}

Tensor *cer_off_diagonal(Tensor *a)
{
    Tensor *eye = a ? mask(a, 0, 0) : NULL;
    return eye ? torch_mul(a, torch_sub(1, eye)) : NULL;
}

Tensor *cer_diag_embed(Tensor *v)
{
    if (!v) return NULL;
    int64_t n = v->shape[v->ndim - 1];
    return torch_mul(torch_unsqueeze(v, -1), cer_to(torch_eye(n), v->dtype));
}

Tensor *cer_differences(Tensor *s)
{
    Tensor *difference = torch_sub(torch_unsqueeze(s, -2), torch_unsqueeze(s, -1));
    return difference ? torch_add(difference, cer_to(torch_eye(s->shape[s->ndim - 1]), s->dtype)) : NULL;
}
