/* Products of two matrices, and of two batches of them. */
#include "core/impl.h"
#include "ops/products.h"

/* ---- mm ---------------------------------------------------------------------------------------------------------- */

bool cer_multipliable(const Tensor *a, const Tensor *b)
{
    return a->shape[1] == b->shape[0] ||
           cer_raise(TORCH_RUNTIME_ERROR, "mm", "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and %lldx%lld)",
                     (long long)a->shape[0], (long long)a->shape[1], (long long)b->shape[0], (long long)b->shape[1]);
}

static bool mm_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    if (a->ndim != 2) return cer_raise(TORCH_RUNTIME_ERROR, "mm", "self must be a matrix");
    if (b->ndim != 2) return cer_raise(TORCH_RUNTIME_ERROR, "mm", "mat2 must be a matrix");
    if (!cer_multipliable(a, b) || !cer_product_type("mm", "addmm_impl_cpu_", a, b)) return false;
    cer_form(&c->form[0], a->dtype, 2, (const int64_t[]){a->shape[0], b->shape[1]});
    return true;
}

static bool mm_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    Tensor *out = c->out[0];
    return cer_product(out, out->data, out->stride[0], out->stride[1], cer_factor(a, 0), cer_factor(b, 0), 0, 1);
}

static void mm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    if (cer_needs(n, 0)) in[0] = torch_mm(g[0], torch_t(cer_saved_tensor(n, 1)));
    if (cer_needs(n, 1)) in[1] = torch_mm(torch_t(cer_saved_tensor(n, 0)), g[0]);
}

const cer_Op cer_op_mm = {.name = "mm",
                          .grad_name = "MmBackward0",
                          .schema = "mm(Tensor self, Tensor mat2) -> Tensor",
                          .shape = mm_shape,
                          .kernel = mm_kernel,
                          .vjp = mm_vjp,
                          .saves = {CER_SAVE(1), CER_SAVE(0)},
                          .n_outputs = 1};

Tensor *torch_mm(Tensor *a, Tensor *b)
{
    return cer_call2(&cer_op_mm, a, b, NULL);
}

/* ---- bmm --------------------------------------------------------------------------------------------------------- */

static bool bmm_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    if (a->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, "bmm", "batch1 must be a 3D tensor");
    if (b->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, "bmm", "batch2 must be a 3D tensor");
    if (a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1])
        return cer_raise(
            TORCH_RUNTIME_ERROR, "bmm",
            "Expected size for first two dimensions of batch2 tensor to be: [%lld, %lld] but got: [%lld, %lld].",
            (long long)a->shape[0], (long long)a->shape[2], (long long)b->shape[0], (long long)b->shape[1]);
    if (!cer_product_type("bmm", a->shape[1] * a->shape[2] * b->shape[2] < 400 ? "bmm" : "addmm_impl_cpu_", a, b))
        return false;
    return cer_form_checked(&c->form[0], "bmm", a->dtype, 3, (const int64_t[]){a->shape[0], a->shape[1], b->shape[2]});
}

static bool bmm_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    Tensor *out = c->out[0];
    int64_t size = (int64_t)torch_dtype_size(out->dtype);
    for (int64_t i = 0; i < out->shape[0]; i++)
        if (!cer_product(out, out->data + i * out->stride[0] * size, out->stride[1], out->stride[2], cer_factor(a, i),
                         cer_factor(b, i), 0, 1))
            return false;
    return true;
}

static void bmm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    if (cer_needs(n, 0)) in[0] = torch_bmm(g[0], torch_transpose(cer_saved_tensor(n, 1), 1, 2));
    if (cer_needs(n, 1)) in[1] = torch_bmm(torch_transpose(cer_saved_tensor(n, 0), 1, 2), g[0]);
}

const cer_Op cer_op_bmm = {.name = "bmm",
                           .grad_name = "BmmBackward0",
                           .schema = "bmm(Tensor self, Tensor mat2) -> Tensor",
                           .shape = bmm_shape,
                           .kernel = bmm_kernel,
                           .vjp = bmm_vjp,
                           .saves = {CER_SAVE(1), CER_SAVE(0)},
                           .n_outputs = 1};

Tensor *torch_bmm(Tensor *a, Tensor *b)
{
    return cer_call2(&cer_op_bmm, a, b, NULL);
}
