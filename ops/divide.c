/* Division in its forms: true, floored, truncated. The remainders are rows of pointwise.def. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

static Tensor *divide(const cer_Op *op, torch_Scalar a, torch_Scalar b)
{
    torch_Scalar in[2] = {a, b};
    return cer_call(op, in, 2, NULL);
}

/* ---- a zero among the divisors ----------------------------------------------------------------------------------- */

/* Sets *zero; false if it could not be found out. */
static bool has_zero(torch_Scalar divisor, bool *zero)
{
    *zero = divisor.kind != TORCH_KIND_TENSOR && divisor.as.i == 0;
    if (divisor.kind != TORCH_KIND_TENSOR) return true;
    int64_t mark = cer_context()->pool.length;
    bool before = torch_set_grad_enabled(false);
    Tensor *zeros = torch_eq(divisor.as.t, 0);
    torch_set_grad_enabled(before);
    if (!zeros) return false;
    *zero = zeros->numel && memchr(zeros->data, 1, (size_t)zeros->numel);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* Of integers: by zero is an error. PyTorch finds it on the way; here it is found before anything is written. */
bool cer_divide_kernel(cer_Call *c)
{
    bool zero = false;
    if (!torch_dtype_is_floating_point((torch_dtype)c->common) && c->out[0]->numel && !has_zero(c->in[1], &zero))
        return false;
    if (zero) return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "ZeroDivisionError");
    return cer_pointwise_kernel(c);
}

/* ---- a / b ------------------------------------------------------------------------------------------------------- */

/* 2 / x is x.reciprocal() * 2, as Python's __rtruediv__ has it. */
Tensor *torch_div_Scalar(torch_Scalar a, torch_Scalar b)
{
    if (a.kind != TORCH_KIND_TENSOR && b.kind == TORCH_KIND_TENSOR) return torch_mul(torch_reciprocal(b.as.t), a);
    return divide(&cer_op_div, a, b);
}

Tensor *torch_div__Scalar(Tensor *x, torch_Scalar other)
{
    return divide(&cer_op_div_, torch_scalar_tensor(x), other);
}

/* ---- rounded ----------------------------------------------------------------------------------------------------- */

static const cer_Op *rounded(const char *mode, const cer_Op *plain, const cer_Op *floored, const cer_Op *truncated)
{
    if (cer_error_pending()) return NULL;
    if (!mode) return plain;
    if (strcmp(mode, "floor") == 0) return floored;
    if (strcmp(mode, "trunc") == 0) return truncated;
    cer_raise(TORCH_RUNTIME_ERROR, "div",
              "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '%s'", mode);
    return NULL;
}

Tensor *torch_div_mode_Scalar(torch_Scalar a, torch_Scalar b, const char *rounding_mode)
{
    const cer_Op *op = rounded(rounding_mode, &cer_op_div, &cer_op_div_floor, &cer_op_div_trunc);
    return op ? divide(op, a, b) : NULL;
}

Tensor *torch_div_mode__Scalar(Tensor *x, torch_Scalar other, const char *rounding_mode)
{
    const cer_Op *op = rounded(rounding_mode, &cer_op_div_, &cer_op_div_floor_, &cer_op_div_trunc_);
    return op ? divide(op, torch_scalar_tensor(x), other) : NULL;
}

/* ---- floor_divide: the loop of div_floor, but without a derivative, which PyTorch has not ------------------------ */

static void floor_divide_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)g, (void)in;
    cer_no_formula(n);
}

#define FLOOR_DIVIDE(name_, schema_, flags_)                                                                     \
    {                                                                                                            \
        .name = name_, .grad_name = "NotImplemented", .schema = schema_, .shape = cer_pointwise_shape,           \
        .kernel = cer_divide_kernel, .vjp = floor_divide_vjp, .n_outputs = 1, .flags = flags_, .rule = CER_SAME, \
        .loop = KERNEL_div_floor, .dispatch = "div_floor_cpu",                                                   \
    }
const cer_Op cer_op_floor_divide = FLOOR_DIVIDE("floor_divide", "floor_divide(Tensor self, Tensor other) -> Tensor", 0);
const cer_Op cer_op_floor_divide_ =
    FLOOR_DIVIDE("floor_divide_", "floor_divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", CER_INPLACE);

Tensor *torch_floor_divide_Scalar(torch_Scalar a, torch_Scalar b)
{
    return divide(&cer_op_floor_divide, a, b);
}

Tensor *torch_floor_divide__Scalar(Tensor *x, torch_Scalar other)
{
    return divide(&cer_op_floor_divide_, torch_scalar_tensor(x), other);
}
