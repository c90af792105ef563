/* fill_, zero_ and copy_. The records for a number and for a copy are core's. */
#include "ops/ops_internal.h"

static void vjp_overwritten(cer_Node *n, Tensor *const *g, Tensor **in) /* nothing of the old value is left */
{
    torch_Size s = cer_input_size(n, 0);
    if (cer_needs(n, 0)) in[0] = cer_zeros(cer_input_dtype(n, 0), s.ndim, s.dim);
    if (cer_n_inputs(n) > 1 && cer_needs(n, 1)) in[1] = g[0]; /* the engine sums it up */
}

static bool value_shape(cer_Call *c)
{
    int64_t ndim = torch_dim(c->in[1].as.t);
    return ndim == 0 ||
           cer_raise(TORCH_RUNTIME_ERROR, "fill_",
                     "fill_ only supports 0-dimension value tensor but got tensor with %d dimensions.", (int)ndim);
}

static bool value_kernel(cer_Call *c)
{
    cer_fill_elements(c->self, torch_item_scalar(c->in[1].as.t));
    return true;
}

static bool any_shape(cer_Call *c)
{
    (void)c;
    return true;
}

static bool zero_kernel(cer_Call *c)
{
    cer_fill_elements(c->self, torch_scalar_int(0));
    return true;
}

const cer_Op cer_op_fill__tensor = {
    .name = "fill_",
    .grad_name = "FillBackward3",
    .schema = "fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)",
    .shape = value_shape,
    .kernel = value_kernel,
    .vjp = vjp_overwritten,
    .n_outputs = 1,
    .flags = CER_INPLACE | CER_MAY_OVERLAP,
};
const cer_Op cer_op_zero_ = {
    .name = "zero_",
    .grad_name = "ZeroBackward0",
    .schema = "zero_(Tensor(a!) self) -> Tensor(a!)",
    .shape = any_shape,
    .kernel = zero_kernel,
    .vjp = vjp_overwritten,
    .n_outputs = 1,
    .flags = CER_INPLACE | CER_MAY_OVERLAP,
};

Tensor *torch_fill__Scalar(Tensor *x, torch_Scalar value)
{
    torch_Scalar in[2] = {torch_scalar_tensor(x), value};
    return cer_call(value.kind == TORCH_KIND_TENSOR ? &cer_op_fill__tensor : &cer_op_fill_, in, 2, NULL);
}

Tensor *torch_zero_(Tensor *x)
{
    return cer_call1(&cer_op_zero_, x, NULL);
}

Tensor *torch_copy_(Tensor *x, Tensor *source)
{
    return cer_call2(&cer_op_copy_, x, source, NULL);
}
