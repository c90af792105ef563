/* The gradient of a normalisation in public ops, where it is to be differentiated again; else the fused one. */
#include "ops/normalize.h"

static Tensor *row_mean(Tensor *t) /* of (images, rows, parts, share): over all but the rows */
{
    return t ? torch_mean(t, .dims = TORCH_DIM_LIST(0, 2, 3), .keepdim = true) : NULL;
}

static Tensor *channel_sum(Tensor *t) /* of (images, repeats, groups, parts, share): one for each weight */
{
    return t ? torch_sum(t, .dims = TORCH_DIM_LIST(0, 1, 4)) : NULL;
}

static void vjp_in_ops(cer_Node *n, Tensor *g, Tensor **in)
{
    const cer_NormAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, INPUT), *w = cer_tensor(cer_saved(n, WEIGHT));
    int64_t parts = a->share ? a->run / a->share : 1, groups = a->batch ? a->rows : parts ? a->channels / parts : 1;
    const int64_t size[4] = {a->images, a->rows, parts, a->share};
    /* layer and group norm: rows of all images come after each other, so that weights repeat */
    const int64_t wide[5] = {a->images, groups ? a->rows / groups : 0, groups, parts, a->share};
    const int64_t weight_size[5] = {1, 1, groups, parts, 1};
    torch_Size x_size = torch_shape(x);
    Tensor *xs = torch_reshape_n(x, 4, size), *gs = torch_reshape_n(g, 4, size), *mean, *rstd;
    if (a->training) {
        mean = row_mean(xs);
        Tensor *off = torch_sub(xs, mean);
        rstd = torch_reciprocal(torch_sqrt(torch_add(row_mean(torch_mul(off, off)), a->eps)));
    } else {
        mean = torch_view(cer_tensor(cer_saved(n, RUNNING_MEAN)), 1, a->rows, 1, 1);
        Tensor *variance = torch_view(cer_tensor(cer_saved(n, RUNNING_VAR)), 1, a->rows, 1, 1);
        rstd = torch_reciprocal(torch_sqrt(torch_add(variance, a->eps)));
    }
    Tensor *hat = torch_mul(torch_sub(xs, mean), rstd), *gw = gs;
    if (w) gw = torch_reshape_n(torch_mul(torch_reshape_n(g, 5, wide), torch_reshape_n(w, 5, weight_size)), 4, size);
    if (cer_needs(n, INPUT)) {
        Tensor *inner = gw;
        if (a->training) inner = torch_sub(torch_sub(gw, row_mean(gw)), torch_mul(hat, row_mean(torch_mul(gw, hat))));
        in[INPUT] = torch_reshape_n(torch_mul(inner, rstd), x_size.ndim, x_size.dim);
    }
    if (cer_needs(n, WEIGHT)) {
        torch_Size size_w = cer_input_size(n, WEIGHT);
        in[WEIGHT] =
            torch_reshape_n(channel_sum(torch_reshape_n(torch_mul(gs, hat), 5, wide)), size_w.ndim, size_w.dim);
    }
    if (cer_needs(n, BIAS)) {
        torch_Size size_b = cer_input_size(n, BIAS);
        in[BIAS] = torch_reshape_n(channel_sum(torch_reshape_n(g, 5, wide)), size_b.ndim, size_b.dim);
    }
}

void cer_norm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_NormAttrs *a = cer_attrs(n);
    if (torch_is_grad_enabled() && a->rows && a->run && a->images) {
        vjp_in_ops(n, g[0], in);
        return;
    }
    Tensor *out[3];
    torch_Scalar operands[5] = {torch_scalar_tensor(g[0]), cer_saved(n, INPUT), cer_saved(n, WEIGHT),
                                torch_scalar_tensor(cer_saved_output(n, MEAN)),
                                torch_scalar_tensor(cer_saved_output(n, RSTD))};
    if (!cer_call_many(&cer_op_norm_backward, operands, 5, a, out)) return;
    if (cer_needs(n, INPUT)) in[INPUT] = out[0];
    for (int k = WEIGHT; k <= BIAS; k++)
        if (cer_needs(n, k)) {
            torch_Size size = cer_input_size(n, k);
            in[k] = torch_view_n(out[k], size.ndim, size.dim);
        }
}
