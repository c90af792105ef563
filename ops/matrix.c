/* Matrix products. All come down to one call per product: C = beta C + alpha A B over strided memory. */
#include <string.h>

#include "core/impl.h"
#include "ops/products.h"

static bool ready(const Tensor *x, const char *op, int position)
{
    return !cer_error_pending() && cer_usable(x, op, position);
}

/* what: the kernel that PyTorch misses where there is none for the type */
bool cer_product_type(const char *op, const char *what, const Tensor *a, const Tensor *b)
{
    if (!cer_kernels()->gemm[a->dtype] && a->dtype != torch_bfloat16)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "\"%s\" not implemented for '%s'", what, cer_type_name(a->dtype));
    return a->dtype == b->dtype || cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type %s but found %s",
                                             cer_type_name(a->dtype), cer_type_name(b->dtype));
}

/* bfloat16: in float32, rounded once. The elements from a_data on, as contiguous float32. */
static Tensor *widened(const Tensor *t, const char *data, int64_t rows, int64_t cols, int64_t row, int64_t col)
{
    Tensor *wide = cer_empty(torch_float32, 2, (const int64_t[]){rows, cols});
    if (!wide) return NULL;
    char *ptr[2] = {wide->data, (char *)(uintptr_t)data};
    const int64_t *stride[2] = {wide->stride, (const int64_t[]){row, col}};
    cer_Iterator it;
    cer_iterator_init(&it, 2, 2, wide->shape, ptr, stride, (const size_t[]){4, 2}, false);
    cer_iterator_run(&it, cer_kernels()->cast[torch_float32][t->dtype], NULL);
    return wide;
}

bool cer_product(Tensor *out, char *c, int64_t c_row, int64_t c_col, cer_Factor a, cer_Factor b, double beta,
                 double alpha)
{
    int64_t m = a.rows, k = a.cols, n = b.cols, mark = cer_context()->pool.length;
    if (out->dtype != torch_bfloat16) {
        cer_gemm(out->dtype, m, n, k, alpha, a.data, a.row, a.col, b.data, b.row, b.col, beta, c, c_row, c_col);
        return true;
    }
    Tensor *wide_a = widened(a.of, a.data, m, k, a.row, a.col), *wide_b = widened(b.of, b.data, k, n, b.row, b.col);
    Tensor *wide = widened(out, c, m, n, c_row, c_col);
    bool fine = wide_a && wide_b && wide;
    if (fine) {
        cer_gemm(torch_float32, m, n, k, alpha, wide_a->data, k, 1, wide_b->data, n, 1, beta, wide->data, n, 1);
        char *ptr[2] = {c, wide->data};
        const int64_t *stride[2] = {(const int64_t[]){c_row, c_col}, wide->stride};
        cer_Iterator it;
        cer_iterator_init(&it, 2, 2, wide->shape, ptr, stride, (const size_t[]){2, 4}, false);
        cer_iterator_run(&it, cer_kernels()->cast[torch_bfloat16][torch_float32], NULL);
    }
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

cer_Factor cer_factor(const Tensor *t, int64_t batch)
{
    int r = t->ndim - 2;
    return (cer_Factor){t,
                        t->data + (r ? batch * t->stride[0] * cer_size_of(t->dtype) : 0),
                        t->shape[r],
                        t->shape[r + 1],
                        t->stride[r],
                        t->stride[r + 1]};
}

cer_Factor cer_column(const Tensor *v)
{
    return (cer_Factor){v, v->data, v->shape[0], 1, v->stride[0], 1};
}

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
    if (!cer_product_type("mv", "addmv_impl_cpu", a, v)) return false;
    cer_form(&c->form[0], a->dtype, 1, &a->shape[0]);
    return true;
}

static bool mv_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *v = c->in[1].as.t;
    return cer_product(c->out[0], c->out[0]->data, 1, 1, cer_factor(a, 0), cer_column(v), 0, 1);
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
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "1D tensors expected, but got %dD and %dD tensors", a->ndim,
                         b->ndim);
    if (a->dtype != b->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "dot : expected both vectors to have same dtype, but found %s and %s", cer_type_name(a->dtype),
                         cer_type_name(b->dtype));
    if (a->shape[0] != b->shape[0])
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "inconsistent tensor size, expected tensor [%lld] and src [%lld] to have the same number of "
                         "elements, but got %lld and %lld elements respectively",
                         (long long)a->shape[0], (long long)b->shape[0], (long long)a->shape[0],
                         (long long)b->shape[0]);
    if (!cer_product_type(c->op->name, c->op->name, a, b)) return false;
    cer_form(&c->form[0], a->dtype, 0, NULL);
    return true;
}

static bool dot_kernel(cer_Call *c)
{
    const Tensor *a = c->in[0].as.t, *b = c->in[1].as.t;
    cer_Factor row = {a, a->data, 1, a->shape[0], 1, a->stride[0]};
    return cer_product(c->out[0], c->out[0]->data, 1, 1, row, cer_column(b), 0, 1);
}

static void dot_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    if (cer_needs(n, 0)) in[0] = torch_mul(g[0], cer_saved_tensor(n, 1));
    if (cer_needs(n, 1)) in[1] = torch_mul(g[0], cer_saved_tensor(n, 0));
}

#define DOT(id, grad)                                                                   \
    const cer_Op cer_op_##id = {.name = #id,                                            \
                                .grad_name = grad,                                      \
                                .schema = #id "(Tensor self, Tensor tensor) -> Tensor", \
                                .shape = dot_shape,                                     \
                                .kernel = dot_kernel,                                   \
                                .vjp = dot_vjp,                                         \
                                .saves = {CER_SAVE(1), CER_SAVE(0)},                    \
                                .n_outputs = 1};
DOT(dot, "DotBackward0")
DOT(vdot, "VdotBackward0")

Tensor *torch_vdot(Tensor *a, Tensor *b)
{
    return cer_call2(&cer_op_vdot, a, b, NULL);
}

Tensor *torch_dot(Tensor *a, Tensor *b)
{
    return cer_call2(&cer_op_dot, a, b, NULL);
}

/* ---- matmul: by rank --------------------------------------------------------------------------------------------- */

Tensor *cer_unsafe_view(Tensor *x, int64_t ndim, const int64_t *size)
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
    return b->ndim == 2 ? cer_unsafe_view(torch_mm(rows, b), a->ndim, size)
                        : cer_unsafe_view(torch_mv(rows, b), last, size);
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
    return cer_unsafe_view(torch_bmm(left, right), n_batch + 2, size);
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
