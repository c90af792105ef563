/* Comparisons of whole tensors, and with a tolerance. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

/* ---- equal ------------------------------------------------------------------------------------------------------- */

static bool all_set(const Tensor *mask) /* a fresh one, contiguous up to the order of dimensions */
{
    return mask && !memchr(mask->data, 0, (size_t)mask->numel);
}

bool torch_equal(Tensor *x, Tensor *other)
{
    if (cer_error_pending() || !cer_usable(x, "equal", 1) || !cer_usable(other, "equal", 2)) return false;
    if (!cer_same_shape(x, other)) return false;
    if (x->numel == 0) return true;
    int64_t mark = cer_context()->pool.length;
    Tensor *same = torch_eq(x, other);
    bool equal = all_set(same);
    cer_pool_unwind(cer_context(), mark);
    return equal;
}

/* ---- isclose, allclose ------------------------------------------------------------------------------------------- */

torch_CloseArgs torch_CloseArgs_defaults(void)
{
    return (torch_CloseArgs){.struct_size = sizeof(torch_CloseArgs), .rtol = 1e-5, .atol = 1e-8};
}

static bool comparable(const torch_CloseArgs *a)
{
    if (cer_error_pending() || !cer_usable(a->self, "isclose", 1) || !cer_usable(a->other, "isclose", 2)) return false;
    if (a->self->dtype != a->other->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "isclose", "%s did not match %s", cer_type_name(a->self->dtype),
                         cer_type_name(a->other->dtype));
    if (!(a->rtol >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "isclose", "rtol must be greater than or equal to zero, but got %g",
                         a->rtol);
    if (!(a->atol >= 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "isclose", "atol must be greater than or equal to zero, but got %g",
                         a->atol);
    return true;
}

/* |x - other| <= atol + rtol |other|, or equal (infinities), or both NaN where that counts. */
static Tensor *close(const torch_CloseArgs *a)
{
    Tensor *x = a->self, *other = a->other, *near = torch_eq(x, other);
    bool floating = torch_dtype_is_floating_point((torch_dtype)x->dtype);
    if (a->equal_nan && floating) near = torch_logical_or(near, torch_logical_and(torch_isnan(x), torch_isnan(other)));
    if (a->rtol == 0 && a->atol == 0) return near;
    if (!floating) { /* differences of integers and bools could wrap */
        x = cer_to(x, torch_get_default_dtype());
        other = cer_to(other, torch_get_default_dtype());
    }
    Tensor *allowed = torch_add(torch_abs(torch_mul(other, a->rtol)), a->atol),
           *actual = torch_abs(torch_sub(x, other));
    return torch_logical_or(near, torch_logical_and(torch_isfinite(actual), torch_le(actual, allowed)));
}

Tensor *torch_isclose_args(const torch_CloseArgs *a)
{
    if (!comparable(a)) return NULL;
    bool before = torch_set_grad_enabled(false);
    Tensor *near = close(a);
    torch_set_grad_enabled(before);
    return near;
}

bool torch_allclose_args(const torch_CloseArgs *a)
{
    int64_t mark = cer_context()->pool.length;
    Tensor *near = torch_isclose_args(a);
    bool all = all_set(near);
    cer_pool_unwind(cer_context(), mark);
    return all;
}

/* ---- isreal ------------------------------------------------------------------------------------------------------ */

Tensor *torch_isreal(Tensor *x)
{
    return torch_fill_(torch_isnan(x), (bool)true);
}
