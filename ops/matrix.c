/* Matrix products. All come down to one call per product: C = beta C + alpha A B over strided memory. */
#include <string.h>

#include "core/impl.h"
#include "ops/ops_internal.h"

static const char *const type_names[] = {"Undefined", "Byte",  "Char",   "Short", "Int",     "Long",
                                         "Half",      "Float", "Double", "Bool",  "BFloat16"};

typedef struct GemmAttrs {
    double beta, alpha;
} GemmAttrs;

static bool ready(const Tensor *x, const char *op, int position)
{
    return !cer_error_pending() && cer_usable(x, op, position);
}

/* what: the kernel that PyTorch misses where there is none for the type */
static bool same_type(const char *op, const char *what, const Tensor *a, const Tensor *b)
{
    if (!cer_kernels()->gemm[a->dtype])
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", what, type_names[a->dtype]);
    return a->dtype == b->dtype || cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type %s but found %s",
                                             type_names[a->dtype], type_names[b->dtype]);
}

/* out (m, n) = beta out + alpha a (m, k) b (k, n), from the given elements on */
static void gemm(Tensor *out, char *c, const Tensor *a, const char *a_data, const Tensor *b, const char *b_data,
                 double beta, double alpha)
{
    int ra = a->ndim - 2, rb = b->ndim - 2, rc = out->ndim - 2;
    cer_gemm(out->dtype, out->shape[rc], out->shape[rc + 1], a->shape[ra + 1], alpha, a_data, a->stride[ra],
             a->stride[ra + 1], b_data, b->stride[rb], b->stride[rb + 1], beta, c, out->stride[rc],
             out->stride[rc + 1]);
}

/* ---- mm, addmm --------------------------------------------------------------------------------------------------- */

static bool multipliable(const Tensor *a, const Tensor *b)
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
    if (!multipliable(a, b) || !same_type("mm", "addmm_impl_cpu_", a, b)) return false;
    cer_form(&c->form[0], a->dtype, 2, (const int64_t[]){a->shape[0], b->shape[1]});
    return true;
}

static bool mm_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    gemm(c->out[0], c->out[0]->data, a, a->data, b, b->data, 0, 1);
    return true;
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

static bool addmm_shape(cer_Call *c)
{
    const Tensor *input = c->in[0].as.t, *a = c->in[1].as.t, *b = c->in[2].as.t;
    int64_t stride[TORCH_MAX_DIM];
    char want[64], have[128];
    if (input->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "addmm", "self and mat2 must have the same dtype");
    if (a->dtype != b->dtype) return cer_raise(TORCH_RUNTIME_ERROR, "addmm", "mat1 and mat2 must have the same dtype");
    if (a->ndim != 2) return cer_raise(TORCH_RUNTIME_ERROR, "addmm", "mat1 must be a matrix, got %d-D tensor", a->ndim);
    if (b->ndim != 2) return cer_raise(TORCH_RUNTIME_ERROR, "addmm", "mat2 must be a matrix, got %d-D tensor", b->ndim);
    if (!multipliable(a, b)) return false;
    int64_t shape[2] = {a->shape[0], b->shape[1]};
    if (input->ndim > 2)
        return cer_raise(TORCH_RUNTIME_ERROR, "addmm",
                         "expand(torch.%sTensor{%s}, size=%s): the number of sizes provided (2) must be greater or "
                         "equal to the number of dimensions in the tensor (%d)",
                         type_names[input->dtype], cer_shape_text(input->ndim, input->shape, have, sizeof have),
                         cer_shape_text(2, shape, want, sizeof want), input->ndim);
    if (!cer_expand_strides(input, 2, shape, stride)) {
        int own = input->ndim - 1, at = own >= 0 && input->shape[own] != shape[1] && input->shape[own] != 1 ? 1 : 0;
        int64_t size = input->shape[input->ndim - 2 + at];
        return cer_raise(TORCH_RUNTIME_ERROR, "addmm",
                         "The expanded size of the tensor (%lld) must match the existing size (%lld) at "
                         "non-singleton dimension %d.  Target sizes: %s.  Tensor sizes: %s",
                         (long long)shape[at], (long long)size, at, cer_shape_text(2, shape, want, sizeof want),
                         cer_shape_text(input->ndim, input->shape, have, sizeof have));
    }
    if (!same_type("addmm", "addmm_impl_cpu_", a, b)) return false;
    cer_form(&c->form[0], a->dtype, 2, shape);
    return true;
}

static bool addmm_kernel(cer_Call *c)
{
    const GemmAttrs *s = c->attrs;
    const Tensor *input = c->in[0].as.t, *a = c->in[1].as.t, *b = c->in[2].as.t;
    Tensor *out = c->out[0];
    int64_t stride[TORCH_MAX_DIM];
    cer_expand_strides(input, 2, out->shape, stride);
    if (s->beta != 0) cer_copy_elements(out, input, stride);
    gemm(out, out->data, a, a->data, b, b->data, s->beta, s->alpha);
    return true;
}

static Tensor *scaled(Tensor *t, double by)
{
    return by == 1 ? t : torch_mul(t, by);
}

static void addmm_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const GemmAttrs *s = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = scaled(g[0], s->beta);
    if (cer_needs(n, 1)) in[1] = scaled(torch_mm(g[0], torch_t(cer_saved_tensor(n, 2))), s->alpha);
    if (cer_needs(n, 2)) in[2] = scaled(torch_mm(torch_t(cer_saved_tensor(n, 1)), g[0]), s->alpha);
}

const cer_Op cer_op_addmm = {
    .name = "addmm",
    .grad_name = "AddmmBackward0",
    .schema = "addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
    .shape = addmm_shape,
    .kernel = addmm_kernel,
    .vjp = addmm_vjp,
    .saves = {0, CER_SAVE(2), CER_SAVE(1)},
    .n_outputs = 1,
    .attrs_bytes = sizeof(GemmAttrs)};

Tensor *torch_addmm_n(Tensor *input, Tensor *a, Tensor *b, double beta, double alpha)
{
    GemmAttrs s = {beta, alpha};
    return cer_call3(&cer_op_addmm, input, a, b, &s);
}

Tensor *torch_addmm(Tensor *input, Tensor *a, Tensor *b)
{
    return torch_addmm_n(input, a, b, 1, 1);
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
    if (!same_type("bmm", a->shape[1] * a->shape[2] * b->shape[2] < 400 ? "bmm" : "addmm_impl_cpu_", a, b))
        return false;
    return cer_form_checked(&c->form[0], "bmm", a->dtype, 3, (const int64_t[]){a->shape[0], a->shape[1], b->shape[2]});
}

static bool bmm_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    Tensor *out = c->out[0];
    int64_t size = (int64_t)torch_dtype_size(out->dtype);
    for (int64_t i = 0; i < out->shape[0]; i++)
        gemm(out, out->data + i * out->stride[0] * size, a, a->data + i * a->stride[0] * size, b,
             b->data + i * b->stride[0] * size, 0, 1);
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

/* ---- mv, dot ----------------------------------------------------------------------------------------------------- */

static bool mv_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *v = c->in[1].as.t;
    if (a->ndim != 2 || v->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "mv", "vector + matrix @ vector expected, got 1, %d, %d", a->ndim,
                         v->ndim);
    if (a->shape[1] != v->shape[0])
        return cer_raise(TORCH_RUNTIME_ERROR, "mv", "size mismatch, got %lld, %lldx%lld,%lld", (long long)a->shape[0],
                         (long long)a->shape[0], (long long)a->shape[1], (long long)v->shape[0]);
    if (!same_type("mv", "addmv_impl_cpu", a, v)) return false;
    cer_form(&c->form[0], a->dtype, 1, &a->shape[0]);
    return true;
}

static bool mv_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *v = c->in[1].as.t;
    cer_gemm(a->dtype, a->shape[0], 1, a->shape[1], 1, a->data, a->stride[0], a->stride[1], v->data, v->stride[0], 1, 0,
             c->out[0]->data, 1, 1);
    return true;
}

static void mv_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    if (cer_needs(n, 0)) in[0] = torch_mul(torch_unsqueeze(g[0], 1), cer_saved_tensor(n, 1));
    if (cer_needs(n, 1)) in[1] = torch_mv(torch_t(cer_saved_tensor(n, 0)), g[0]);
}

const cer_Op cer_op_mv = {.name = "mv",
                          .grad_name = "MvBackward0",
                          .schema = "mv(Tensor self, Tensor vec) -> Tensor",
                          .shape = mv_shape,
                          .kernel = mv_kernel,
                          .vjp = mv_vjp,
                          .saves = {CER_SAVE(1), CER_SAVE(0)},
                          .n_outputs = 1};

Tensor *torch_mv(Tensor *a, Tensor *v)
{
    return cer_call2(&cer_op_mv, a, v, NULL);
}

static bool dot_shape(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    if (a->ndim != 1 || b->ndim != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "dot", "1D tensors expected, but got %dD and %dD tensors", a->ndim,
                         b->ndim);
    if (a->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "dot",
                         "dot : expected both vectors to have same dtype, but found %s and %s", type_names[a->dtype],
                         type_names[b->dtype]);
    if (a->shape[0] != b->shape[0])
        return cer_raise(TORCH_RUNTIME_ERROR, "dot",
                         "inconsistent tensor size, expected tensor [%lld] and src [%lld] to have the same number of "
                         "elements, but got %lld and %lld elements respectively",
                         (long long)a->shape[0], (long long)b->shape[0], (long long)a->shape[0],
                         (long long)b->shape[0]);
    if (!same_type("dot", "dot", a, b)) return false;
    cer_form(&c->form[0], a->dtype, 0, NULL);
    return true;
}

static bool dot_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    cer_gemm(a->dtype, 1, 1, a->shape[0], 1, a->data, 1, a->stride[0], b->data, b->stride[0], 1, 0, c->out[0]->data, 1,
             1);
    return true;
}

static void dot_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    if (cer_needs(n, 0)) in[0] = torch_mul(g[0], cer_saved_tensor(n, 1));
    if (cer_needs(n, 1)) in[1] = torch_mul(g[0], cer_saved_tensor(n, 0));
}

const cer_Op cer_op_dot = {.name = "dot",
                           .grad_name = "DotBackward0",
                           .schema = "dot(Tensor self, Tensor tensor) -> Tensor",
                           .shape = dot_shape,
                           .kernel = dot_kernel,
                           .vjp = dot_vjp,
                           .saves = {CER_SAVE(1), CER_SAVE(0)},
                           .n_outputs = 1};

Tensor *torch_dot(Tensor *a, Tensor *b)
{
    return cer_call2(&cer_op_dot, a, b, NULL);
}

/* ---- matmul: by rank --------------------------------------------------------------------------------------------- */

static Tensor *unsafe_view(Tensor *x, int64_t ndim, const int64_t *size)
{
    cer_SizeAttrs a = {.ndim = ndim};
    memcpy(a.size, size, sizeof(int64_t) * (size_t)ndim);
    return cer_call1(&cer_op_unsafe_view, x, &a);
}

/* (..., n, k) by a matrix or a vector: all leading dimensions become rows of one product. */
static Tensor *fold(Tensor *a, Tensor *b)
{
    int64_t size[TORCH_MAX_DIM], last = a->ndim - 1;
    memcpy(size, a->shape, sizeof(int64_t) * a->ndim);
    size[last] = b->ndim == 2 ? b->shape[1] : 0;
    Tensor *rows = torch_reshape(a, a->shape[last] ? a->numel / a->shape[last] : -1, a->shape[last]);
    return b->ndim == 2 ? unsafe_view(torch_mm(rows, b), a->ndim, size) : unsafe_view(torch_mv(rows, b), last, size);
}

/* Batches broadcast against each other, then one bmm. */
static Tensor *batched(Tensor *a, Tensor *b)
{
    if (!a || !b) return NULL; /* what made them failed */
    int64_t batch[TORCH_MAX_DIM], size[TORCH_MAX_DIM], n_batch = a->ndim - 2, n = a->shape[a->ndim - 2],
                                                       k = a->shape[a->ndim - 1], m = b->shape[b->ndim - 1], count = 1;
    memcpy(batch, a->shape, sizeof(int64_t) * (size_t)n_batch);
    if (!cer_broadcast("matmul", &n_batch, batch, b->ndim - 2, b->shape)) return NULL;
    for (int64_t i = 0; i < n_batch; i++) count *= size[i] = batch[i];
    size[n_batch] = n;
    size[n_batch + 1] = k;
    Tensor *left = torch_reshape(torch_expand_n(a, n_batch + 2, size), count, n, k);
    size[n_batch] = b->shape[b->ndim - 2];
    size[n_batch + 1] = m;
    Tensor *right = torch_reshape(torch_expand_n(b, n_batch + 2, size), count, b->shape[b->ndim - 2], m);
    size[n_batch] = n;
    return unsafe_view(torch_bmm(left, right), n_batch + 2, size);
}

Tensor *torch_matmul(Tensor *a, Tensor *b)
{
    if (!ready(a, "matmul", 1) || !ready(b, "matmul", 2)) return NULL;
    if (a->ndim == 0 || b->ndim == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, "matmul",
                         "both arguments to matmul need to be at least 1D, but they are %dD and %dD", a->ndim, b->ndim),
               NULL;
    if (a->ndim == 1 && b->ndim == 1) return torch_dot(a, b);
    if (a->ndim == 2 && b->ndim == 1) return torch_mv(a, b);
    if (a->ndim == 2 && b->ndim == 2) return torch_mm(a, b);
    if (a->ndim == 1 && b->ndim == 2) return cer_squeeze_fresh(torch_mm(torch_unsqueeze(a, 0), b), 0);
    if (a->ndim > 2 && b->ndim <= 2 && a->numel > 0) return fold(a, b);
    if (a->ndim == 1) return torch_squeeze_dim(batched(torch_unsqueeze(a, 0), b), -2);
    if (b->ndim == 1) return torch_squeeze_dim(batched(a, torch_unsqueeze(b, 1)), -1);
    return batched(a, b);
}
