/* Choosing by a mask: where, masked_fill. */
#include "ops/ops_internal.h"

/* ---- inside: the mask is known to be bool ------------------------------------------------------------------------ */

Tensor *cer_where(torch_Scalar condition, torch_Scalar yes, torch_Scalar no)
{
    torch_Scalar in[3] = {condition, yes, no};
    return cer_call(&cer_op_where, in, 3, NULL);
}

Tensor *cer_kept(Tensor *g, Tensor *mask)
{
    return cer_where(torch_scalar_tensor(mask), torch_scalar_tensor(g), torch_scalar_int(0));
}

Tensor *cer_masked(Tensor *g, Tensor *mask)
{
    return cer_where(torch_scalar_tensor(mask), torch_scalar_int(0), torch_scalar_tensor(g));
}

Tensor *cer_or_nan(Tensor *mask, torch_Scalar x)
{
    return torch_logical_or(mask, torch_ne(x, x));
}

/* ---- where ------------------------------------------------------------------------------------------------------- */

Tensor *torch_where_Scalar(Tensor *condition, torch_Scalar yes, torch_Scalar no)
{
    if (cer_error_pending() || !cer_usable(condition, "where", 1)) return NULL;
    torch_dtype type = torch_dtype_of(condition);
    if (type == torch_uint8)
        torch_warn("UserWarning", "where received a uint8 condition tensor. This behavior is deprecated and will be "
                                  "removed in a future version of PyTorch. Use a boolean condition instead.");
    else if (type != torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, "where",
                         "where expected condition to be a boolean tensor, but got a tensor with dtype %s",
                         cer_type_name(type)),
               NULL;
    return cer_where(torch_scalar_tensor(condition), yes, no);
}

/* ---- masked_fill ------------------------------------------------------------------------------------------------- */

/* The result is contiguous, however x lies: PyTorch fills a contiguous clone. */
bool cer_fill_shape(cer_Call *c)
{
    torch_Size size = torch_shape(c->in[1].as.t), own = torch_shape(c->in[0].as.t);
    bool in_place = c->op->flags & CER_INPLACE;
    if (!in_place && !cer_broadcast(c->op->name, &size.ndim, size.dim, own.ndim, own.dim)) return false;
    if (!cer_pointwise_shape(c)) return false;
    c->form[0].strided = c->form[0].strided && in_place;
    return true;
}

static bool fillable(const char *op, Tensor *x, Tensor *mask, torch_Scalar value)
{
    if (cer_error_pending() || !cer_usable(x, op, 1) || !cer_usable(mask, op, 2)) return false;
    torch_dtype type = torch_dtype_of(mask);
    if (value.kind == TORCH_KIND_TENSOR) {
        if (!cer_usable(value.as.t, op, 3)) return false;
        if (torch_dim(value.as.t))
            return cer_raise(
                TORCH_RUNTIME_ERROR, op,
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).",
                (int)torch_dim(value.as.t));
    }
    if (type == torch_uint8)
        torch_warn("UserWarning",
                   "masked_fill_ received a mask with dtype torch.uint8, this behavior is now deprecated,"
                   "please use a mask with dtype torch.bool instead.");
    else if (type != torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "masked_fill_ only supports boolean masks, but got mask with dtype %s", cer_type_name(type));
    return true;
}

/* The value takes x's type: nothing is promoted. */
static Tensor *filled(const cer_Op *op, Tensor *x, Tensor *mask, torch_Scalar value)
{
    if (!fillable(op->name, x, mask, value)) return NULL;
    torch_dtype type = torch_dtype_of(x);
    if (value.kind != TORCH_KIND_TENSOR && !cer_number_fits(op->name, value, type)) return NULL;
    if (value.kind == TORCH_KIND_TENSOR)
        value.as.t = cer_to(value.as.t, type);
    else if (type == torch_bool)
        value = torch_scalar_bool(value.kind == TORCH_KIND_DOUBLE ? value.as.d != 0 : value.as.i != 0);
    else if (value.kind == TORCH_KIND_DOUBLE && !torch_dtype_is_floating_point(type)) {
        int64_t whole;
        if (!cer_scalar_as(value, torch_int64, &whole)) return NULL;
        value = torch_scalar_int(whole);
    }
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(mask), value};
    return cer_call(op, in, 3, NULL);
}

Tensor *torch_masked_fill_Scalar(Tensor *x, Tensor *mask, torch_Scalar value)
{
    return filled(&cer_op_masked_fill, x, mask, value);
}

Tensor *torch_masked_fill__Scalar(Tensor *x, Tensor *mask, torch_Scalar value)
{
    return filled(&cer_op_masked_fill_, x, mask, value);
}
