/* quantile and nanquantile: sorted, and interpolated between the neighbours of a rank. Composed, as in PyTorch. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

torch_QuantileArgs torch_QuantileArgs_defaults(void)
{
    return (torch_QuantileArgs){
        .struct_size = sizeof(torch_QuantileArgs), .q = TORCH_NAN, .dim = TORCH_NONE, .interpolation = "linear"};
}

typedef enum Mode { LINEAR, LOWER, HIGHER, MIDPOINT, NEAREST, UNKNOWN } Mode;

static Mode mode_of(const char *text)
{
    static const char *const names[] = {"linear", "lower", "higher", "midpoint", "nearest"};
    int mode = LINEAR;
    while (text && mode < UNKNOWN && strcmp(text, names[mode]) != 0) mode++;
    return (Mode)mode;
}

static bool refuse(const char *text)
{
    return cer_raise(TORCH_RUNTIME_ERROR, "quantile", "quantile() %s", text);
}

static bool check(const torch_QuantileArgs *a)
{
    const Tensor *x = a->self, *q = a->q_tensor;
    if (x->numel == 0) return refuse("input tensor must be non-empty");
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return refuse("input tensor must be either float or double dtype");
    if (q && q->ndim > 1) return refuse("q must be a scalar or 1D tensor");
    if (q && q->dtype != x->dtype) return refuse("q tensor must be same dtype as the input tensor");
    if (mode_of(a->interpolation) == UNKNOWN)
        return cer_raise(
            TORCH_RUNTIME_ERROR, "quantile",
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got %s",
            a->interpolation);
    if (!q && !(a->q >= 0 && a->q <= 1)) {
        char text[32];
        return cer_raise(TORCH_RUNTIME_ERROR, "quantile", "quantile() q must be in the range [0, 1] but got %s",
                         isnan(a->q) ? "nan" : (snprintf(text, sizeof text, "%g", a->q), text));
    }
    return true;
}

static bool within_range(Tensor *q)
{
    bool before = torch_set_grad_enabled(false);
    Tensor *outside = torch_add(torch_lt(q, 0), torch_gt(q, 1)), *any = torch_any(outside);
    torch_set_grad_enabled(before);
    return any && (torch_item(any) == 0 || refuse("q values must be in the range [0, 1]"));
}

/* Sorted along the last dimension; the others are those of the result, with size 1 where the reduced one is kept. */
static Tensor *sorted_rows(const torch_QuantileArgs *a)
{
    Tensor *x = a->self;
    torch_Size size = torch_shape(x);
    int64_t d;
    if (a->dim == TORCH_NONE || x->ndim == 0) {
        x = torch_sort(torch_reshape(x, -1));
        if (!a->keepdim) size.ndim = 0;
        for (int64_t i = 0; i < size.ndim; i++) size.dim[i] = 1;
    } else {
        if (!cer_wrap_dim("quantile", a->dim, x->ndim, &d)) return NULL;
        x = torch_sort(d == x->ndim - 1 ? x : torch_transpose(torch_unsqueeze(x, -1), d, -1));
        if (a->keepdim)
            size.dim[d] = 1;
        else
            for (size.ndim--; d < size.ndim; d++) size.dim[d] = size.dim[d + 1];
    }
    if (size.ndim >= TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, "quantile", "quantile() has a result of more than %d dimensions",
                         TORCH_MAX_DIM),
               NULL;
    size.dim[size.ndim++] = -1;
    return x ? torch_reshape_n(x, size.ndim, size.dim) : NULL;
}

/* q of the way from the first to the last element; where there are NaNs, the last one, or the last that is none. */
static Tensor *ranks_of(Tensor *sorted, Tensor *q, bool ignore_nan, Mode mode)
{
    Tensor *ranks, *nan = torch_ne(sorted, sorted);
    if (ignore_nan) {
        ranks = torch_mul(q, torch_sub(torch_sum(torch_eq(sorted, sorted), -1, true), 1));
        ranks = cer_where(TORCH_SCALAR(torch_lt(ranks, 0)), torch_scalar_int(0), TORCH_SCALAR(ranks));
    } else {
        int64_t last = sorted ? sorted->shape[sorted->ndim - 1] - 1 : 0;
        ranks =
            cer_where(TORCH_SCALAR(torch_any(nan, -1, true)), torch_scalar_int(last), TORCH_SCALAR(torch_mul(q, last)));
    }
    return mode == LOWER     ? torch_floor(ranks)
           : mode == HIGHER  ? torch_ceil(ranks)
           : mode == NEAREST ? torch_round(ranks)
                             : ranks;
}

static Tensor *quantile(const torch_QuantileArgs *a, bool ignore_nan)
{
    Mode mode = mode_of(a->interpolation);
    if (cer_error_pending() || !cer_usable(a->self, "quantile", 1) || !check(a)) return NULL;
    Tensor *q = a->q_tensor ? a->q_tensor : torch_full_n(0, NULL, torch_scalar_double(a->q), a->self->dtype);
    if (!q || (a->q_tensor && !within_range(q))) return NULL;
    Tensor *sorted = sorted_rows(a), *ranks = sorted ? ranks_of(sorted, torch_reshape(q, -1), ignore_nan, mode) : NULL;
    Tensor *y = torch_gather(sorted, -1, torch_to(ranks, torch_int64));
    if (mode == LINEAR || mode == MIDPOINT) {
        Tensor *weight =
            mode == LINEAR ? torch_sub(ranks, torch_floor(ranks)) : torch_full_like(torch_detach(ranks), 0.5);
        y = torch_lerp(y, torch_gather(sorted, -1, torch_to(torch_ceil(ranks), torch_int64)), weight);
    }
    if (!y) return NULL;
    if (q->ndim == 0) return cer_squeeze_fresh(y, y->ndim - 1);
    y = torch_transpose(torch_unsqueeze(y, 0), 0, -1);
    return y ? cer_squeeze_fresh(y, y->ndim - 1) : NULL;
}

Tensor *torch_quantile_args(const torch_QuantileArgs *args)
{
    return quantile(args, false);
}

Tensor *torch_nanquantile_args(const torch_QuantileArgs *args)
{
    return quantile(args, true);
}
