/* Three operands at once: lerp, addcmul, addcdiv; and other rows of pointwise.def whose operands are checked first. */
#include <float.h>
#include <math.h>

#include "ops/ops_internal.h"

static Tensor *ternary(const cer_Op *op, torch_Scalar a, torch_Scalar b, torch_Scalar c, const torch_Scalar *params)
{
    torch_Scalar in[3] = {a, b, c};
    return cer_call(op, in, 3, params);
}

static bool usable(const char *op, torch_Scalar a, torch_Scalar b, torch_Scalar c)
{
    torch_Scalar in[3] = {a, b, c};
    if (cer_error_pending()) return false;
    for (int i = 0; i < 3; i++)
        if (in[i].kind == TORCH_KIND_TENSOR && !cer_usable(in[i].as.t, op, i + 1)) return false;
    return true;
}

/* ---- lerp -------------------------------------------------------------------------------------------------------- */

static Tensor *lerped(const cer_Op *op, Tensor *x, Tensor *end, torch_Scalar weight)
{
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(end), weight};
    static const char *const argument[] = {"self", "end", "weight"};
    if (!usable(op->name, in[0], in[1], weight)) return NULL;
    torch_dtype type = torch_dtype_of(x);
    for (int i = 1; i < 3; i++)
        if (in[i].kind == TORCH_KIND_TENSOR && torch_dtype_of(in[i].as.t) != type)
            return cer_raise(TORCH_RUNTIME_ERROR, op->name, "expected dtype %s for `%s` but got dtype %s",
                             cer_cpp_name(type), argument[i], cer_cpp_name(torch_dtype_of(in[i].as.t))),
                   NULL;
    if (!torch_dtype_is_floating_point(type))
        return cer_raise(TORCH_RUNTIME_ERROR, op->name, "\"lerp_kernel_%s\" not implemented for '%s'",
                         weight.kind == TORCH_KIND_TENSOR ? "tensor" : "scalar", cer_type_name(type)),
               NULL;
    return cer_call(op, in, 3, NULL);
}

/* g (1 - weight) */
Tensor *cer_lerp_vjp(Tensor *g, torch_Scalar weight)
{
    if (weight.kind == TORCH_KIND_TENSOR) return torch_mul(g, torch_sub(1, weight));
    return torch_mul(g, 1 - (weight.kind == TORCH_KIND_DOUBLE ? weight.as.d : (double)weight.as.i));
}

Tensor *torch_lerp_Scalar(Tensor *x, Tensor *end, torch_Scalar weight)
{
    return lerped(&cer_op_lerp, x, end, weight);
}

Tensor *torch_lerp__Scalar(Tensor *x, Tensor *end, torch_Scalar weight)
{
    return lerped(&cer_op_lerp_, x, end, weight);
}

/* ---- addcmul, addcdiv -------------------------------------------------------------------------------------------- */

/* A fractional value among integers loses its fraction, as in PyTorch. */
static torch_Scalar value_for(const torch_AddcArgs *a)
{
    torch_Scalar in[3] = {torch_scalar_tensor(a->self), torch_scalar_tensor(a->tensor1),
                          torch_scalar_tensor(a->tensor2)};
    bool whole = !torch_dtype_is_floating_point(cer_result_type(in, 3)) && fabs(a->value) < 9e18;
    return whole ? torch_scalar_int((int64_t)a->value) : torch_scalar_double(a->value);
}

static Tensor *addc(const cer_Op *op, const torch_AddcArgs *a, bool divides)
{
    torch_Scalar x = torch_scalar_tensor(a->self), y = torch_scalar_tensor(a->tensor1),
                 z = torch_scalar_tensor(a->tensor2);
    if (!usable(op->name, x, y, z)) return NULL;
    if (divides && !torch_dtype_is_floating_point(torch_dtype_of(a->tensor1)) &&
        !torch_dtype_is_floating_point(torch_dtype_of(a->tensor2)))
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will "
                         "perform a true division of tensor1 and tensor2. The historic addcdiv behavior can be "
                         "implemented as (input + value * torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer "
                         "inputs and as (input + value * tensor1 / tensor2) for float inputs. The future addcdiv "
                         "behavior is just the latter implementation: (input + value * tensor1 / tensor2), for all "
                         "dtypes."),
               NULL;
    torch_Scalar value = value_for(a);
    return ternary(op, x, y, z, &value);
}

torch_AddcArgs torch_AddcArgs_defaults(void)
{
    return (torch_AddcArgs){.struct_size = sizeof(torch_AddcArgs), .value = 1};
}

Tensor *torch_addcmul_args(const torch_AddcArgs *a)
{
    return addc(&cer_op_addcmul, a, false);
}

Tensor *torch_addcmul__args(const torch_AddcArgs *a)
{
    return addc(&cer_op_addcmul_, a, false);
}

Tensor *torch_addcdiv_args(const torch_AddcArgs *a)
{
    return addc(&cer_op_addcdiv, a, true);
}

Tensor *torch_addcdiv__args(const torch_AddcArgs *a)
{
    return addc(&cer_op_addcdiv_, a, true);
}

/* ---- heaviside, copysign, nextafter ------------------------------------------------------------------------------ */

static Tensor *stepped(const cer_Op *op, Tensor *x, Tensor *values)
{
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !cer_usable(values, op->name, 2)) return NULL;
    if (torch_dtype_of(x) != torch_dtype_of(values))
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "heaviside is not yet implemented for tensors with different dtypes."),
               NULL;
    return cer_call2(op, x, values, NULL);
}

Tensor *torch_heaviside(Tensor *x, Tensor *values)
{
    return stepped(&cer_op_heaviside, x, values);
}

Tensor *torch_heaviside_(Tensor *x, Tensor *values)
{
    return stepped(&cer_op_heaviside_, x, values);
}

/* y / x is the sign that x was given; 0 where x has none. */
Tensor *cer_copysign_vjp(Tensor *g, torch_Scalar x, Tensor *y)
{
    return torch_mul(g, cer_masked(torch_div(y, x), torch_eq(x, 0)));
}

Tensor *cer_nextafter_vjp(void)
{
    cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "nextafter", "the derivative for 'nextafter' is not implemented.");
    return NULL;
}

/* ---- nan_to_num -------------------------------------------------------------------------------------------------- */

torch_NanToNumArgs torch_NanToNumArgs_defaults(void)
{
    return (torch_NanToNumArgs){
        .struct_size = sizeof(torch_NanToNumArgs), .posinf = (double)NAN, .neginf = (double)NAN};
}

static double largest(torch_dtype type)
{
    switch (type) {
    case torch_float16: return 65504;
    case torch_bfloat16: return 0x1.fep127;
    case torch_float32: return (double)FLT_MAX;
    default: return DBL_MAX;
    }
}

static Tensor *without_nan(const cer_Op *op, const torch_NanToNumArgs *a)
{
    if (cer_error_pending() || !cer_usable(a->self, op->name, 1)) return NULL;
    torch_dtype type = torch_dtype_of(a->self);
    if (!torch_dtype_is_floating_point(type)) return op->flags & CER_INPLACE ? a->self : torch_clone(a->self);
    double top = largest(type);
    torch_Scalar to[3] = {torch_scalar_double(a->nan), torch_scalar_double(isnan(a->posinf) ? top : a->posinf),
                          torch_scalar_double(isnan(a->neginf) ? -top : a->neginf)};
    return cer_call1(op, a->self, to);
}

Tensor *torch_nan_to_num_args(const torch_NanToNumArgs *a)
{
    return without_nan(&cer_op_nan_to_num, a);
}

Tensor *torch_nan_to_num__args(const torch_NanToNumArgs *a)
{
    return without_nan(&cer_op_nan_to_num_, a);
}

/* ---- round to decimals ------------------------------------------------------------------------------------------- */

static Tensor *rounded(const cer_Op *op, Tensor *x, int64_t decimals)
{
    if (cer_error_pending() || !cer_usable(x, op->name, 1)) return NULL;
    torch_Scalar power[2] = {torch_scalar_double(pow(10, fabs((double)decimals))), torch_scalar_double(decimals < 0)};
    if (torch_dtype_is_floating_point(torch_dtype_of(x))) return cer_call1(op, x, power);
    cer_raise(TORCH_RUNTIME_ERROR, op->name, "\"round_%scpu\" not implemented for '%s'", decimals ? "" : "vml_",
              cer_type_name(torch_dtype_of(x)));
    return NULL;
}

Tensor *torch_round_decimals(Tensor *x, int64_t decimals)
{
    return rounded(&cer_op_round_decimals, x, decimals);
}

Tensor *torch_round_decimals_(Tensor *x, int64_t decimals)
{
    return rounded(&cer_op_round_decimals_, x, decimals);
}
