/* Reductions to a truth value or a count: all, any, count_nonzero. */
#include "core/impl.h"
#include "ops/ops_internal.h"

static bool all_kernel(cer_Call *c)
{
    return cer_reduce_kernel(c, BLOCK_all, NULL, torch_bool, torch_scalar_bool(true));
}

static bool any_kernel(cer_Call *c)
{
    return cer_reduce_kernel(c, BLOCK_any, NULL, torch_bool, torch_scalar_bool(false));
}

static bool count_kernel(cer_Call *c)
{
    return cer_reduce_kernel(c, BLOCK_nonzero, NULL, torch_int64, torch_scalar_int(0));
}

#define TRUTH(id, kernel_)                                      \
    const cer_Op cer_op_##id = {.name = #id,                    \
                                .shape = cer_reduce_shape,      \
                                .kernel = kernel_,              \
                                .n_outputs = 1,                 \
                                .flags = CER_NONDIFFERENTIABLE, \
                                .attrs_bytes = sizeof(cer_SumAttrs)};
TRUTH(all, all_kernel)
TRUTH(any, any_kernel)
TRUTH(count_nonzero, count_kernel)

static Tensor *truth(const cer_Op *op, const torch_ReduceArgs *a)
{
    cer_SumAttrs s;
    if (!cer_reduce_attrs(op->name, a, &s)) return NULL;
    if (a->dims)
        return cer_raise(TORCH_TYPE_ERROR, op->name, "%s(): argument 'dim' must be int, not tuple of ints", op->name),
               NULL;
    s.dtype = a->self->dtype == torch_uint8 ? torch_uint8 : torch_bool;
    return cer_call1(op, a->self, &s);
}

Tensor *torch_all_args(const torch_ReduceArgs *a)
{
    return truth(&cer_op_all, a);
}

Tensor *torch_any_args(const torch_ReduceArgs *a)
{
    return truth(&cer_op_any, a);
}

Tensor *torch_count_nonzero_args(const torch_ReduceArgs *a)
{
    cer_SumAttrs s;
    torch_ReduceArgs plain = *a;
    plain.keepdim = false; /* PyTorch has none */
    if (!cer_reduce_attrs("count_nonzero", &plain, &s)) return NULL;
    s.dtype = torch_int64;
    return cer_call1(&cer_op_count_nonzero, a->self, &s);
}
