/* Products over all elements or along one dimension. */
#include "core/impl.h"
#include "ops/ops_internal.h"

static bool prod_kernel(cer_Call *c)
{
    return cer_sum_by(c, BLOCK_prod);
}

static bool has_zero(Tensor *x)
{
    bool before = torch_set_grad_enabled(false);
    Tensor *found = torch_any(torch_eq(x, 0));
    torch_set_grad_enabled(before);
    return found && torch_item(found) != 0;
}

/* Each element's gradient is the product of all others. Without zeros that is y / x. With zeros, as the last element of a
 * cumprod, whose gradient divides by nothing. */
static void prod_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_SumAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_output(n, 0);
    if (!x || !y) return;
    if (x->ndim == 0) {
        in[0] = torch_clone(g[0]);
        return;
    }
    if (!has_zero(x)) {
        in[0] = torch_mul(cer_beside_input(n, g[0]), torch_div(cer_beside_input(n, y), x));
        return;
    }
    bool all = n->op == &cer_op_prod;
    int64_t dim = 0;
    while (!all && !(a->reduced >> dim & 1)) dim++;
    Tensor *flat = all ? torch_reshape(x, -1) : x;
    Tensor *last = all ? torch_reshape(g[0], -1) : a->kept ? g[0] : torch_unsqueeze(g[0], dim);
    if (!flat || !last) return;
    torch_Size before = torch_shape(flat);
    before.dim[dim]--;
    Tensor *parts[2] = {cer_zeros(last->dtype, before.ndim, before.dim), last};
    Tensor *grad = cer_cumprod_backward(torch_cat_n(parts, 2, dim), flat, dim);
    in[0] = all ? torch_view_as(grad, x) : grad;
}

#define PROD(id, grad)                                                       \
    const cer_Op cer_op_##id = {.name = "prod",                              \
                                .grad_name = grad,                           \
                                .shape = cer_sum_shape,                      \
                                .kernel = prod_kernel,                       \
                                .vjp = prod_vjp,                             \
                                .saves = {CER_SAVE(0) | CER_SAVE_OUTPUT(0)}, \
                                .n_outputs = 1,                              \
                                .attrs_bytes = sizeof(cer_SumAttrs)};
PROD(prod, "ProdBackward0")
PROD(prod_dim, "ProdBackward1")

Tensor *torch_prod_args(const torch_ReduceArgs *a)
{
    cer_SumAttrs s;
    if (!cer_reduce_attrs("prod", a, &s)) return NULL;
    if (a->dims)
        return cer_raise(TORCH_TYPE_ERROR, "prod", "prod(): argument 'dim' must be int, not tuple of ints"), NULL;
    if (!a->dtype && !torch_dtype_is_floating_point(s.dtype)) s.dtype = torch_int64;
    return cer_call1(cer_reduces_all(a) ? &cer_op_prod : &cer_op_prod_dim, a->self, &s);
}
