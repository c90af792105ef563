/* F.linear: x W^T + b as one op, so that W need not be transposed for it. Rows of x beyond two dimensions are folded. */
#include <string.h>

#include "core/impl.h"
#include "ops/products.h"

/* All dimensions of x but the last are rows. */
static int64_t rows_of(const Tensor *x)
{
    int64_t rows = 1;
    for (int d = 0; d < x->ndim - 1; d++) rows *= x->shape[d];
    return rows;
}

static bool linear_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *w = c->in[1].as.t, *b = c->n_in > 2 ? c->in[2].as.t : NULL;
    int64_t in = x->shape[x->ndim - 1];
    if (b && b->dtype != w->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "linear", "self and mat2 must have the same dtype");
    if (b && x->dtype != w->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "linear", "mat1 and mat2 must have the same dtype");
    if (w->ndim != 2)
        return cer_raise(TORCH_RUNTIME_ERROR, "linear", "t() expects a tensor with <= 2 dimensions, but self is %dD",
                         w->ndim);
    if (in != w->shape[1])
        return cer_raise(TORCH_RUNTIME_ERROR, "linear",
                         "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and %lldx%lld)", (long long)rows_of(x),
                         (long long)in, (long long)w->shape[1], (long long)w->shape[0]);
    if (b && (b->ndim != 1 || (b->shape[0] != w->shape[0] && b->shape[0] != 1)))
        return cer_raise(TORCH_RUNTIME_ERROR, "linear",
                         "The expanded size of the tensor (%lld) must match the existing size (%lld) at non-singleton "
                         "dimension 1.  Target sizes: [%lld, %lld].  Tensor sizes: [%lld]",
                         (long long)w->shape[0], (long long)(b->ndim ? b->shape[0] : 1), (long long)rows_of(x),
                         (long long)w->shape[0], (long long)(b->ndim ? b->shape[0] : 1));
    if (x->dtype != w->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "linear", "expected scalar type %s but found %s", cer_type_name(x->dtype),
                         cer_type_name(w->dtype));
    if (!cer_product_type("linear", "addmm_impl_cpu_", x, w)) return false;
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    c->form[0].shape[x->ndim - 1] = w->shape[0];
    return true;
}

static void copy_rows(Tensor *out, int64_t rows, const Tensor *bias) /* every row of out = bias */
{
    int64_t width = out->shape[out->ndim - 1];
    size_t row = (size_t)(width * cer_size_of(out->dtype));
    if (bias->contiguous && bias->numel == width) {
        for (int64_t i = 0; i < rows; i++) memcpy(out->data + (size_t)i * row, bias->data, row);
        return;
    }
    int64_t stride[TORCH_MAX_DIM];
    cer_expand_strides(bias, out->ndim, out->shape, stride);
    cer_copy_elements(out, bias, stride);
}

static bool linear_kernel(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *w = c->in[1].as.t;
    Tensor *out = c->out[0];
    int64_t rows = rows_of(x), width = w->shape[0], last = x->ndim - 1;
    bool bias = c->n_in > 2;
    int64_t x_row = x->ndim == 2
                        ? x->stride[0]
                        : x->shape[last]; /* folded x is contiguous, but a dimension of 1 may have any stride */
    if (bias) copy_rows(out, rows, c->in[2].as.t);
    cer_Factor a = {x, x->data, rows, x->shape[last], x_row, x->ndim == 2 ? x->stride[1] : 1};
    cer_Factor b = {w, w->data, w->shape[1], width, w->stride[1], w->stride[0]};
    return cer_product(out, out->data, width, 1, a, b, bias ? 1 : 0, 1);
}

static Tensor *fold(Tensor *t) /* (..., n) -> (rows, n) */
{
    return t && t->ndim != 2 ? torch_reshape(t, rows_of(t), t->shape[t->ndim - 1]) : t;
}

static void linear_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *rows = fold(g[0]);
    if (cer_needs(n, 0)) {
        torch_Size size = cer_input_size(n, 0);
        Tensor *gx = torch_mm(rows, cer_saved_tensor(n, 1));
        in[0] = size.ndim == 2 ? gx : torch_view_n(gx, size.ndim, size.dim);
    }
    if (cer_needs(n, 1)) in[1] = torch_mm(torch_t(rows), fold(cer_saved_tensor(n, 0)));
    if (cer_n_inputs(n) > 2 && cer_needs(n, 2)) in[2] = g[0];
}

#define LINEAR(id, grad)                                                                                      \
    const cer_Op cer_op_##id = {.name = "linear",                                                             \
                                .grad_name = grad,                                                            \
                                .schema = "linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", \
                                .shape = linear_shape,                                                        \
                                .kernel = linear_kernel,                                                      \
                                .vjp = linear_vjp,                                                            \
                                .saves = {CER_SAVE(1), CER_SAVE(0)},                                          \
                                .n_outputs = 1};
LINEAR(linear, "AddmmBackward0")
LINEAR(linear_no_bias, "MmBackward0")
LINEAR(linear_folded,
       "ViewBackward0") /* PyTorch's view, addmm, view in one: contiguous x of three dimensions, with a bias */

Tensor *F_linear(Tensor *x, Tensor *weight, Tensor *bias)
{
    if (cer_error_pending() || !cer_usable(x, "linear", 1) || !cer_usable(weight, "linear", 2) ||
        (bias && !cer_usable(bias, "linear", 3)))
        return NULL;
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(weight), torch_scalar_tensor(bias)};
    if (x->ndim == 2 && (bias || weight->ndim == 2))
        return cer_call(bias ? &cer_op_linear : &cer_op_linear_no_bias, in, bias ? 3 : 2, NULL);
    if (x->ndim == 3 && bias && x->contiguous && x->numel > 0) return cer_call(&cer_op_linear_folded, in, 3, NULL);
    Tensor *product = torch_matmul(x, torch_t(weight));
    return bias ? torch_add(product, bias)
                : product; /* not in place: the product may be a view, which the engine refuses */
}
