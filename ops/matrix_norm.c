/* torch.linalg.matrix_norm, norm and cond, of sums, extremes and singular values; covariances. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ops/linalg_internal.h"

static Tensor *refused(bool never)
{
    (void)never;
    return NULL;
}

/* ord as text names one, else it is a number: NULL is "fro" */
static const char *order_text(const char *name, double ord, char *text, size_t bytes)
{
    if (name) return name;
    snprintf(text, bytes, "%g", ord);
    return text;
}

static bool two_dims(const char *op, const Tensor *a, const int64_t dims[2], int64_t wrapped[2])
{
    for (int i = 0; i < 2; i++)
        if (!cer_wrap_dim(op, dims[i], a->ndim, &wrapped[i])) return false;
    return wrapped[0] != wrapped[1] ||
           cer_raise(TORCH_RUNTIME_ERROR, op, "%s: dims must be different. Got (%lld, %lld)", op, (long long)dims[0],
                     (long long)dims[1]);
}

/* Sums of columns or rows, then the largest or the least of them. */
static Tensor *by_sums(Tensor *a, double ord, int64_t sum_dim, int64_t dim, bool keepdim)
{
    Tensor *sums = torch_linalg_vector_norm(a, 1, sum_dim, .keepdim = keepdim);
    if (!keepdim && sum_dim < dim) dim--;
    return ord > 0 ? torch_amax(sums, dim, .keepdim = keepdim) : torch_amin(sums, dim, .keepdim = keepdim);
}

/* Of the singular values: their sum, the largest, the least. */
static Tensor *by_spectrum(Tensor *a, const char *name, double ord, const int64_t dim[2], bool keepdim)
{
    int64_t order[TORCH_MAX_DIM], back[TORCH_MAX_DIM], k = 0;
    for (int64_t d = 0; d < a->ndim; d++)
        if (d != dim[0] && d != dim[1]) order[k++] = d;
    order[k] = dim[0];
    order[k + 1] = dim[1];
    Tensor *s = torch_linalg_svdvals(torch_permute_n(a, a->ndim, order));
    Tensor *norm = name      ? torch_sum(s, -1, .keepdim = keepdim)
                   : ord > 0 ? torch_amax(s, -1, .keepdim = keepdim)
                             : torch_amin(s, -1, .keepdim = keepdim);
    if (!keepdim) return norm;
    for (int64_t d = 0; d < a->ndim; d++) back[order[d]] = d;
    return torch_permute_n(torch_unsqueeze(norm, -1), a->ndim, back);
}

static Tensor *matrix_norm(Tensor *a, const char *name, double ord, const int64_t *dims, bool keepdim)
{
    const char *op = "linalg.matrix_norm";
    int64_t last[2] = {-2, -1}, dim[2];
    char text[32];
    if (!cer_is_matrix(op, a, "A")) return NULL;
    bool frobenius = name && strcmp(name, "fro") == 0, nuclear = name && strcmp(name, "nuc") == 0;
    double size = fabs(ord);
    if (name ? !frobenius && !nuclear : size != 1 && size != 2 && !isinf(size))
        return refused(cer_raise(TORCH_RUNTIME_ERROR, op, "%s: Order %s not supported.", op,
                                 order_text(name, ord, text, sizeof text)));
    if (!two_dims(op, a, dims ? dims : last, dim)) return NULL;
    if (!torch_dtype_is_floating_point(a->dtype)) return cer_is_real(op, a, NULL), NULL;
    if (frobenius) return torch_linalg_vector_norm(a, 2, .dims = dim, .n_dims = 2, .keepdim = keepdim);
    if (nuclear || size == 2) return by_spectrum(a, name, ord, dim, keepdim);
    return by_sums(a, ord, isinf(size) ? dim[1] : dim[0], isinf(size) ? dim[0] : dim[1], keepdim);
}

torch_LinalgNormArgs torch_LinalgNormArgs_defaults(void)
{
    return (torch_LinalgNormArgs){.struct_size = sizeof(torch_LinalgNormArgs), .ord = TORCH_NAN};
}

Tensor *torch_linalg_matrix_norm_args(const torch_LinalgNormArgs *a)
{
    if (cer_error_pending() || !cer_usable(a->self, "linalg.matrix_norm", 1)) return NULL;
    const char *name = a->name ? a->name : isnan(a->ord) ? "fro" : NULL;
    if (a->dims && a->n_dims != 2)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "linalg.matrix_norm",
                                 "linalg.matrix_norm: dim must be a 2-tuple. Got %lld dims", (long long)a->n_dims));
    return matrix_norm(a->self, name, a->ord, a->dims, a->keepdim);
}

Tensor *torch_linalg_norm_args(const torch_LinalgNormArgs *args)
{
    Tensor *a = args->self;
    char text[160];
    if (cer_error_pending() || !cer_usable(a, "linalg.norm", 1)) return NULL;
    bool given = args->name || !isnan(args->ord);
    if (args->dims && args->n_dims != 1 && args->n_dims != 2)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "linalg.norm",
                                 "linalg.norm: If dim is specified, it must be of length 1 or 2. Got %s",
                                 cer_shape_text(args->n_dims, args->dims, text, sizeof text)));
    if (!args->dims && given && a->ndim != 1 && a->ndim != 2)
        return refused(cer_raise(
            TORCH_RUNTIME_ERROR, "linalg.norm",
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got %dD.", a->ndim));
    if (given && (args->dims ? args->n_dims == 2 : a->ndim == 2))
        return matrix_norm(a, args->name, args->ord, args->dims, args->keepdim);
    if (args->name)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "linalg.norm", "linalg.norm: Order %s not supported for vectors.",
                                 args->name));
    return torch_linalg_vector_norm(a, isnan(args->ord) ? 2 : args->ord, .dims = args->dims, .n_dims = args->n_dims,
                                    .keepdim = args->keepdim);
}

/* ---- cond -------------------------------------------------------------------------------------------------------- */

Tensor *torch_linalg_cond_args(const torch_LinalgNormArgs *args)
{
    Tensor *a = args->self, *s;
    if (cer_error_pending() || !cer_usable(a, "linalg.cond", 1) || !cer_is_matrix("linalg.cond", a, "A")) return NULL;
    if (!args->name && (isnan(args->ord) || fabs(args->ord) == 2)) {
        if (!(s = torch_linalg_svdvals(a))) return NULL;
        Tensor *least = torch_narrow(s, -1, -1, 1), *largest = torch_narrow(s, -1, 0, 1);
        return torch_squeeze_dim(args->ord == -2 ? torch_div(least, largest) : torch_div(largest, least), -1);
    }
    if (!args->name && fabs(args->ord) != 1 && !isinf(args->ord))
        return refused(
            cer_raise(TORCH_RUNTIME_ERROR, "linalg.cond", "linalg.cond got an invalid norm type: %g", args->ord));
    if (!cer_is_square("linalg.cond", a)) return NULL;
    Tensor *first = matrix_norm(a, args->name, args->ord, NULL, false), *inverse = torch_linalg_inv(a);
    Tensor *second = inverse ? matrix_norm(inverse, args->name, args->ord, NULL, false) : NULL;
    return torch_nan_to_num(torch_mul(first, second), .nan = INFINITY, .posinf = INFINITY, .neginf = -INFINITY);
}

/* ---- cov, corrcoef: rows are variables, columns observations ----------------------------------------------------- */

static Tensor *covariance(const char *op, Tensor *x, int64_t correction)
{
    if (x->ndim > 2)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, op,
                                 "%s(): expected input to have two or fewer dimensions but got an "
                                 "input with %d dimensions",
                                 op, x->ndim));
    if (x->dtype == torch_bool)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, op, "cov(): bool dtype is not supported for input"));
    if (x->ndim < 2 && !(x = torch_view(x, 1, -1))) return NULL;
    int64_t n = x->shape[1], freedom = n - correction;
    if (freedom <= 0) {
        torch_warn("UserWarning", "cov(): degrees of freedom is <= 0");
        freedom = 0;
    }
    Tensor *centred = torch_sub(x, torch_unsqueeze(torch_div(torch_sum(x, 1), n), 1));
    return torch_squeeze(torch_div(torch_mm(centred, torch_t(centred)), freedom));
}

Tensor *torch_cov(Tensor *x, int64_t correction)
{
    if (cer_error_pending() || !cer_usable(x, "cov", 1)) return NULL;
    return covariance("cov", x, correction);
}

Tensor *torch_corrcoef(Tensor *x)
{
    if (cer_error_pending() || !cer_usable(x, "corrcoef", 1)) return NULL;
    Tensor *c = covariance("corrcoef", x, 1);
    if (!c || c->ndim == 0) return c ? torch_div(c, c) : NULL;
    Tensor *deviation = torch_sqrt(torch_diagonal(c, 0, 0, 1));
    c = torch_div(c, torch_view(deviation, -1, 1));
    return torch_clip(torch_div(c, torch_view(deviation, 1, -1)), -1, 1);
}
