/* cdist of many rows for p = 2: |x|^2 + |y|^2 - 2 x y, as one product. */
#include <math.h>

#include "ops/distance.h"

static bool euclidean_kernel(cer_Call *c)
{
    Tensor *x = c->in[0].as.t, *y = c->in[1].as.t, *out = c->out[0];
    int64_t mark = cer_context()->pool.length, n = x->shape[1], m = y->shape[1];
    bool before = torch_set_grad_enabled(false);
    Tensor *xx = torch_sum(torch_mul(x, x), -1, .keepdim = true), *yy = torch_sum(torch_mul(y, y), -1, .keepdim = true);
    Tensor *left = xx && yy ? torch_cat(torch_tensors(torch_mul(x, -2), xx, torch_ones_like(xx)), -1) : NULL;
    Tensor *right = left ? torch_cat(torch_tensors(y, torch_ones_like(yy), yy), -1) : NULL;
    bool fine = right != NULL;
    for (int64_t i = 0; fine && i < x->shape[0]; i++) {
        cer_Factor a = cer_factor(left, i), b = cer_factor(right, i);
        cer_Factor turned = {b.of, b.data, b.cols, b.rows, b.col, b.row};
        fine = cer_product(out, out->data + i * n * m * cer_size_of(out->dtype), m, 1, a, turned, 0, 1);
    }
    for (int64_t i = 0; fine && i < out->numel; i++) {
        if (out->dtype == torch_float64) {
            double *v = (double *)(void *)out->data + i;
            *v = sqrt(*v < 0 ? 0 : *v);
        } else {
            float *v = (float *)(void *)out->data + i;
            *v = sqrtf(*v < 0 ? 0 : *v);
        }
    }
    torch_set_grad_enabled(before);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static void euclidean_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_tensor(n, 1), *distance;
    if (!x || !y) return;
    distance = cer_cdist_flat(cer_saved_output(n, 0), x, y);
    Tensor *gradient = cer_cdist_flat(g[0], x, y);
    Tensor *zero = torch_eq(distance, 0),
           *ratio = torch_where(zero, 0.0, torch_div(gradient, torch_where(zero, 1.0, distance)));
    if (cer_needs(n, 0)) in[0] = torch_sub(torch_mul(x, torch_sum(ratio, -1, .keepdim = true)), torch_matmul(ratio, y));
    if (cer_needs(n, 1))
        in[1] = torch_sub(torch_mul(y, torch_unsqueeze(torch_sum(ratio, -2), -1)), torch_matmul(cer_mT(ratio), x));
}

const cer_Op cer_op_euclidean_dist = {
    .name = "cdist",
    .grad_name = "EuclideanDistBackward0",
    .shape = cer_cdist_shape,
    .kernel = euclidean_kernel,
    .vjp = euclidean_vjp,
    .saves = {(CER_SAVE(0) | CER_SAVE(1) | CER_SAVE_OUTPUT(0)), (CER_SAVE(0) | CER_SAVE(1) | CER_SAVE_OUTPUT(0))},
    .n_outputs = 1,
    .attrs_bytes = sizeof(cer_CdistAttrs)};
