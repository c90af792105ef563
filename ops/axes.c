/* What PyTorch composes of the views of view.c and dims.c: no records of their own. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- movedim ----------------------------------------------------------------------------------------------------- */

static bool distinct(int64_t n, const int64_t *given, const int64_t *dims, const char *what)
{
    char text[256];
    uint32_t seen = 0;
    for (int64_t i = 0; i < n; seen |= 1u << dims[i++])
        if (seen >> dims[i] & 1)
            return cer_raise(TORCH_RUNTIME_ERROR, "movedim", "movedim: repeated dim in `%s` (%s)", what,
                             cer_shape_text(n, given, text, sizeof text));
    return true;
}

static bool wrapped(const Tensor *x, int64_t n, const int64_t *dims, int64_t *to)
{
    for (int64_t i = 0; i < n; i++)
        if (!cer_wrap_dim("movedim", dims[i], x->ndim, &to[i])) return false;
    return true;
}

Tensor *torch_movedim_dims(Tensor *x, int64_t n, const int64_t *source, int64_t n_to, const int64_t *destination)
{
    static const char op[] = "movedim";
    int64_t from[TORCH_MAX_DIM], to[TORCH_MAX_DIM], order[TORCH_MAX_DIM];
    char a[256], b[256];
    if (!cer_ready(x, op, 1)) return NULL;
    if (n != n_to)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "movedim: Invalid source or destination dims: source (%s dims) should contain the same number "
                         "of dims as destination (%s dims)",
                         cer_shape_text(n, source, a, sizeof a), cer_shape_text(n_to, destination, b, sizeof b)),
               NULL;
    if (n < 0 || n > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "movedim: a tensor has at most %d dimensions here, not %lld",
                         TORCH_MAX_DIM, (long long)n),
               NULL;
    if (!wrapped(x, n, source, from) || !wrapped(x, n, destination, to) || !distinct(n, source, from, "source") ||
        !distinct(n, destination, to, "destination"))
        return NULL;
    if (x->ndim == 0) return cer_call1(&cer_op_alias, x, NULL);
    uint32_t moved = 0, taken = 0;
    for (int64_t i = 0; i < n; i++) order[to[i]] = from[i], moved |= 1u << from[i], taken |= 1u << to[i];
    for (int64_t d = 0, k = 0; d < x->ndim; d++) { /* the others keep their order */
        if (moved >> d & 1) continue;
        while (taken >> k & 1) k++;
        order[k++] = d;
    }
    return torch_permute_n(x, x->ndim, order);
}

Tensor *torch_movedim(Tensor *x, int64_t source, int64_t destination)
{
    return torch_movedim_dims(x, 1, &source, 1, &destination);
}

/* ---- matrix transposes ------------------------------------------------------------------------------------------- */

static Tensor *matrix_transpose(Tensor *x, const char *op, const char *text)
{
    if (!cer_ready(x, op, 1)) return NULL;
    if (x->ndim == 0) return x;
    if (x->ndim == 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "tensor.%s is only supported on matrices or batches of matrices. Got 1-D tensor.", text),
               NULL;
    return torch_transpose(x, -2, -1);
}

Tensor *torch_mT(Tensor *x)
{
    return matrix_transpose(x, "mT", "mT");
}

Tensor *torch_mH(Tensor *x) /* there is nothing to conjugate */
{
    return matrix_transpose(x, "mH", "mH");
}

Tensor *torch_adjoint(Tensor *x)
{
    return matrix_transpose(x, "adjoint", "adjoint()");
}

Tensor *torch_H(Tensor *x)
{
    if (!cer_ready(x, "H", 1)) return NULL;
    if (x->ndim == 0) return x;
    if (x->ndim != 2)
        return cer_raise(TORCH_RUNTIME_ERROR, "H",
                         "tensor.H is only supported on matrices (2-D tensors). Got %d-D tensor.%s", x->ndim,
                         x->ndim > 2 ? " For batches of matrices, consider using tensor.mH" : ""),
               NULL;
    return torch_transpose(x, 0, 1);
}

/* ---- other sizes ------------------------------------------------------------------------------------------------- */

Tensor *torch_reshape_as(Tensor *x, Tensor *other)
{
    return cer_ready(other, "reshape_as", 1) ? torch_reshape_n(x, other->ndim, other->shape) : NULL;
}

Tensor *torch_ravel(Tensor *x)
{
    return torch_view(torch_contiguous(x), -1);
}

/* sizes with -1 resolved, against the size of the dimension that they replace. PyTorch lets view's own words through. */
static bool unflattened(const Tensor *x, int64_t dim, int64_t n, const int64_t *sizes, int64_t *resolved)
{
    static const char op[] = "unflatten";
    char text[256];
    int64_t known = 1, unknown = -1, whole = x->ndim ? x->shape[dim] : 1;
    bool overflow = false;
    for (int64_t i = 0; i < n; i++) {
        resolved[i] = sizes[i];
        if (sizes[i] == -1 && unknown >= 0)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "unflatten got an unexpected error:\nonly one dimension can be inferred");
        if (sizes[i] < -1)
            return cer_raise(TORCH_RUNTIME_ERROR, op,
                             "unflatten got an unexpected error:\ninvalid shape dimension %lld", (long long)sizes[i]);
        if (sizes[i] == -1)
            unknown = i;
        else
            overflow |= __builtin_mul_overflow(known, sizes[i], &known);
    }
    if (unknown >= 0 && !overflow && known > 0 && whole % known == 0) return resolved[unknown] = whole / known, true;
    if (unknown < 0 && !overflow && known == whole) return true;
    cer_shape_text(n, sizes, text, sizeof text);
    if (unknown >= 0 && known == 0 && whole == 0)
        return cer_raise(
            TORCH_RUNTIME_ERROR, op,
            "unflatten got an unexpected error:\ncannot reshape tensor of 0 elements into shape %s because "
            "the unspecified dimension size -1 can be any value and is ambiguous",
            text);
    return cer_raise(
        TORCH_RUNTIME_ERROR, op,
        "unflatten: Provided sizes %s don't multiply up to the size of dim %lld (%lld) in the input tensor", text,
        (long long)dim, (long long)whole);
}

Tensor *torch_unflatten(Tensor *x, int64_t dim, int64_t n, const int64_t *sizes)
{
    int64_t d, size[2 * TORCH_MAX_DIM], k = 0;
    if (!cer_ready(x, "unflatten", 1) || !cer_wrap_dim("unflatten", dim, x->ndim, &d)) return NULL;
    if (n <= 0) return cer_raise(TORCH_RUNTIME_ERROR, "unflatten", "unflatten: sizes must be non-empty"), NULL;
    if (n > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, "unflatten", "unflatten: a tensor has at most %d dimensions here",
                         TORCH_MAX_DIM),
               NULL;
    if (!unflattened(x, d, n, sizes, size + d)) return NULL;
    for (; k < d; k++) size[k] = x->shape[k];
    for (k = d + 1; k < x->ndim; k++) size[n - 1 + k] = x->shape[k];
    return torch_view_n(x, (x->ndim ? x->ndim - 1 : 0) + n, size);
}

/* ---- at least so many dimensions --------------------------------------------------------------------------------- */

Tensor *torch_atleast_1d(Tensor *x)
{
    if (!cer_ready(x, "atleast_1d", 1)) return NULL;
    return x->ndim == 0 ? torch_reshape(x, 1) : x;
}

Tensor *torch_atleast_2d(Tensor *x)
{
    if (!cer_ready(x, "atleast_2d", 1)) return NULL;
    return x->ndim == 0 ? torch_reshape(x, 1, 1) : x->ndim == 1 ? torch_unsqueeze(x, 0) : x;
}

Tensor *torch_atleast_3d(Tensor *x)
{
    if (!cer_ready(x, "atleast_3d", 1)) return NULL;
    if (x->ndim == 0) return torch_reshape(x, 1, 1, 1);
    if (x->ndim == 1) return torch_unsqueeze(torch_unsqueeze(x, 0), -1);
    return x->ndim == 2 ? torch_unsqueeze(x, -1) : x;
}
