/* clamp with bounds of either kind, and how the gradient of a choice by size goes. */
#include <math.h>

#include "ops/ops_internal.h"

static bool is_tensor(torch_Scalar s)
{
    return s.kind == TORCH_KIND_TENSOR;
}

/* The bound that bounds nothing, in the type that is compared. */
static torch_Scalar no_bound(torch_dtype type, bool upper)
{
    static const int bits[] = {
        [torch_uint8] = 8, [torch_int8] = 7, [torch_int16] = 15, [torch_int32] = 31, [torch_int64] = 63};
    if (torch_dtype_is_floating_point(type)) return torch_scalar_double(upper ? (double)INFINITY : (double)-INFINITY);
    int64_t top = type == torch_bool ? 1 : (int64_t)((UINT64_C(1) << bits[type]) - 1);
    return torch_scalar_int(upper ? top : type == torch_uint8 || type == torch_bool ? 0 : -top - 1);
}

static bool clampable(const char *op, Tensor *x, torch_Scalar min, torch_Scalar max)
{
    if (cer_error_pending() || !cer_usable(x, op, 1)) return false;
    if (min.kind == TORCH_KIND_NONE && max.kind == TORCH_KIND_NONE)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "torch.clamp: At least one of 'min' or 'max' must not be None");
    return (!is_tensor(min) || cer_usable(min.as.t, op, 2)) && (!is_tensor(max) || cer_usable(max.as.t, op, 3));
}

/* ops: for numbers as bounds, for tensors. */
static Tensor *clamped(const cer_Op *numbers, const cer_Op *tensors, Tensor *x, torch_Scalar min, torch_Scalar max)
{
    if (!clampable(numbers->name, x, min, max)) return NULL;
    torch_Scalar in[3] = {torch_scalar_tensor(x), min, max};
    torch_dtype type = cer_result_type(in, 3);
    for (int i = 0; i < 2; i++) {
        bool missing = in[i + 1].kind == TORCH_KIND_NONE;
        if (!cer_number_fits(numbers->name, in[i + 1], type)) return NULL;
        if (missing) in[i + 1] = type == torch_bool ? torch_scalar_bool(i) : no_bound(type, i);
    }
    return is_tensor(min) || is_tensor(max) ? cer_call(tensors, in, 3, NULL) : cer_call(numbers, in, 1, in + 1);
}

Tensor *torch_clamp_Scalar(Tensor *x, torch_Scalar min, torch_Scalar max)
{
    return clamped(&cer_op_clamp, &cer_op_clamp_tensor, x, min, max);
}

Tensor *torch_clamp__Scalar(Tensor *x, torch_Scalar min, torch_Scalar max)
{
    return clamped(&cer_op_clamp_, &cer_op_clamp_tensor_, x, min, max);
}

static torch_Scalar optional(Tensor *t)
{
    return t ? torch_scalar_tensor(t) : torch_scalar_none();
}

Tensor *torch_clamp_tensor(Tensor *x, Tensor *min, Tensor *max)
{
    return torch_clamp_Scalar(x, optional(min), optional(max));
}

Tensor *torch_clamp_tensor_(Tensor *x, Tensor *min, Tensor *max)
{
    return torch_clamp__Scalar(x, optional(min), optional(max));
}

torch_ClampArgs torch_ClampArgs_defaults(void)
{
    return (torch_ClampArgs){.struct_size = sizeof(torch_ClampArgs), .min = (double)NAN, .max = (double)NAN};
}

/* A whole number stands for itself: clamp(x, 0, 3) of an integer tensor stays an integer tensor. */
static torch_Scalar bound_of(double v, torch_dtype type)
{
    if (isnan(v)) return torch_scalar_none();
    bool whole = !torch_dtype_is_floating_point(type) && v == floor(v) && fabs(v) < 9e15;
    return whole ? torch_scalar_int((int64_t)v) : torch_scalar_double(v);
}

static Tensor *clamped_args(const char *op, const torch_ClampArgs *a,
                            Tensor *(*clamp)(Tensor *, torch_Scalar, torch_Scalar))
{
    if (cer_error_pending() || !cer_usable(a->self, op, 1)) return NULL;
    torch_dtype type = torch_dtype_of(a->self);
    return clamp(a->self, bound_of(a->min, type), bound_of(a->max, type));
}

Tensor *torch_clamp_args(const torch_ClampArgs *a)
{
    return clamped_args("clamp", a, torch_clamp_Scalar);
}

Tensor *torch_clamp__args(const torch_ClampArgs *a)
{
    return clamped_args("clamp_", a, torch_clamp__Scalar);
}

/* ---- gradients --------------------------------------------------------------------------------------------------- */

Tensor *cer_clamp_vjp(Tensor *g, torch_Scalar x, torch_Scalar min, torch_Scalar max)
{
    torch_Scalar in[2] = {torch_scalar_tensor(g), x}, bound[2] = {min, max};
    return cer_call(&cer_op_clamp_backward, in, 2, bound);
}

/* To a bound that is a tensor, where it is what came out. A missing bound stands here as a number. */
Tensor *cer_clamp_vjp_min(Tensor *g, torch_Scalar x, torch_Scalar min, torch_Scalar max)
{
    Tensor *below = torch_lt(x, min);
    return cer_kept(g, is_tensor(max) ? torch_mul(below, torch_lt(min, max)) : below);
}

Tensor *cer_clamp_vjp_max(Tensor *g, torch_Scalar x, torch_Scalar min, torch_Scalar max)
{
    Tensor *above = torch_gt(x, max);
    return cer_kept(g, is_tensor(min) ? torch_add(above, torch_lt(max, min)) : above);
}

/* Of a maximum or minimum: all to the winner, evenly between equals. */
Tensor *cer_extreme_vjp(Tensor *g, torch_Scalar x, torch_Scalar y, Tensor *loses)
{
    Tensor *shared = cer_where(TORCH_SCALAR(torch_eq(x, y)), TORCH_SCALAR(torch_div(g, 2)), TORCH_SCALAR(g));
    return cer_masked(shared, loses);
}
