/* cdist: distances between all rows of two batches of matrices. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "ops/linalg_internal.h"

typedef struct CdistAttrs {
    double p;
    int64_t ndim, size[TORCH_MAX_DIM]; /* of the result; the operands have one batch dimension */
} CdistAttrs;

/* ---- any p, pair by pair: (b, n, k), (b, m, k) -> (b, n, m), contiguous ------------------------------------------ */

/* Eight sums at a time, which the compiler turns into vectors. */
#define PARTS(type, value, combine)                              \
    do {                                                         \
        type part[8] = {0};                                      \
        int64_t l = 0;                                           \
        for (; l + 8 <= k; l += 8)                               \
            for (int q = 0; q < 8; q++) {                        \
                type d = a[l + q] - b[l + q], v = value;         \
                part[q] = combine(part[q], v);                   \
            }                                                    \
        for (; l < k; l++) {                                     \
            type d = a[l] - b[l], v = value;                     \
            part[0] = combine(part[0], v);                       \
        }                                                        \
        for (int q = 0; q < 8; q++) sum = combine(sum, part[q]); \
    } while (0)
#define ADDED(x, y) ((x) + (y))
#define LARGER(x, y) ((y) > (x) || (y) != (y) ? (y) : (x))

#define DISTANCES(type, ABS, POW, SQRT)                                                                              \
    static void distances_##type(int64_t n, int64_t m, int64_t k, double p, const type *x, const type *y, type *out) \
    {                                                                                                                \
        for (int64_t i = 0; i < n; i++)                                                                              \
            for (int64_t j = 0; j < m; j++) {                                                                        \
                const type *a = x + i * k, *b = y + j * k;                                                           \
                type sum = 0;                                                                                        \
                if (p == 0)                                                                                          \
                    PARTS(type, d != 0, ADDED);                                                                      \
                else if (p == 1)                                                                                     \
                    PARTS(type, ABS(d), ADDED);                                                                      \
                else if (p == 2)                                                                                     \
                    PARTS(type, d *d, ADDED);                                                                        \
                else if (isinf(p))                                                                                   \
                    PARTS(type, ABS(d), LARGER);                                                                     \
                else                                                                                                 \
                    PARTS(type, POW(ABS(d), (type)p), ADDED);                                                        \
                *out++ = p == 2 ? SQRT(sum) : p == 0 || p == 1 || isinf(p) ? sum : POW(sum, 1 / (type)p);            \
            }                                                                                                        \
    }
DISTANCES(float, fabsf, powf, sqrtf)
DISTANCES(double, fabs, pow, sqrt)

static bool cdist_shape(cer_Call *c)
{
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    if (x->dtype != torch_float32 && x->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "cdist", "\"cdist\" not implemented for '%s'", cer_type_name(x->dtype));
    if (x->dtype != y->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "cdist", "expected scalar type %s but found %s", cer_type_name(x->dtype),
                         cer_type_name(y->dtype));
    const CdistAttrs *a = c->attrs;
    return cer_form_checked(&c->form[0], "cdist", x->dtype, a->ndim, a->size);
}

static bool cdist_kernel(cer_Call *c) /* both contiguous */
{
    const CdistAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    Tensor *out = c->out[0];
    int64_t n = x->shape[1], m = y->shape[1], k = x->shape[2];
    for (int64_t i = 0; i < x->shape[0]; i++) {
        if (x->dtype == torch_float64)
            distances_double(n, m, k, a->p, (const double *)(const void *)x->data + i * n * k,
                             (const double *)(const void *)y->data + i * m * k,
                             (double *)(void *)out->data + i * n * m);
        else
            distances_float(n, m, k, a->p, (const float *)(const void *)x->data + i * n * k,
                            (const float *)(const void *)y->data + i * m * k, (float *)(void *)out->data + i * n * m);
    }
    return true;
}

/* g |d|^(p-1) sign(d) / distance^(p-1) with d = x - y of each pair, (b, n, m, k); 0 where the distance is 0. */
static Tensor *pair_gradients(Tensor *g, Tensor *x, Tensor *y, Tensor *distance, double p)
{
    Tensor *d = torch_sub(torch_unsqueeze(x, 2), torch_unsqueeze(y, 1)), *size = torch_unsqueeze(distance, -1);
    if (!d || !size) return NULL;
    g = torch_unsqueeze(g, -1);
    if (p == 1) return torch_mul(g, torch_sign(d));
    Tensor *zero = torch_eq(size, 0), *safe = torch_where(zero, 1.0, size), *factor;
    if (p == 2)
        factor = torch_div(d, safe);
    else if (isinf(p))
        factor = torch_mul(torch_sign(d), cer_to(torch_eq(torch_abs(d), size), x->dtype));
    else
        factor = torch_mul(torch_sign(d), torch_div(torch_pow(torch_abs(d), p - 1), torch_pow(safe, p - 1)));
    return torch_mul(g, torch_where(zero, 0.0, factor));
}

static Tensor *flat(Tensor *t, const Tensor *x, const Tensor *y) /* with one batch dimension */
{
    return torch_reshape(t, x->shape[0], x->shape[1], y->shape[1]);
}

/* The gradient by x of the same, without a graph: no room is needed for all pairs at once. */
#define SLOPES(type, ABS, POW)                                                                                        \
    static void slopes_##type(int64_t n, int64_t m, int64_t k, double p, const type *x, const type *y, const type *g, \
                              const type *distance, type *out)                                                        \
    {                                                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                                               \
            for (int64_t j = 0; j < m; j++) {                                                                         \
                const type *a = x + i * k, *b = y + j * k, size = distance[i * m + j], up = g[i * m + j];             \
                type *to = out + i * k, by = p == 1 ? up : p == 2 ? up / size : up / POW(size, (type)p - 1);          \
                if (size == 0) continue;                                                                              \
                for (int64_t l = 0; l < k; l++) {                                                                     \
                    type d = a[l] - b[l], sign = (type)((d > 0) - (d < 0));                                           \
                    if (p == 2)                                                                                       \
                        to[l] += by * d;                                                                              \
                    else if (p == 1)                                                                                  \
                        to[l] += by * sign;                                                                           \
                    else if (isinf(p))                                                                                \
                        to[l] += ABS(d) == size ? up * sign : 0;                                                      \
                    else                                                                                              \
                        to[l] += by * sign * POW(ABS(d), (type)p - 1);                                                \
                }                                                                                                     \
            }                                                                                                         \
    }
SLOPES(float, fabsf, powf)
SLOPES(double, fabs, pow)

static bool backward_shape(cer_Call *c)
{
    const Tensor *x = c->in[1].as.t;
    cer_form(&c->form[0], x->dtype, 3, x->shape);
    return true;
}

static bool backward_kernel(cer_Call *c) /* g, x, y, distance: all contiguous, of one batch dimension */
{
    const CdistAttrs *a = c->attrs;
    const Tensor *g = c->in[0].as.t, *x = c->in[1].as.t, *y = c->in[2].as.t, *distance = c->in[3].as.t;
    char *out = c->out[0]->data;
    int64_t n = x->shape[1], m = y->shape[1], k = x->shape[2], size = cer_size_of(x->dtype);
    memset(out, 0, (size_t)(x->numel * size));
    for (int64_t i = 0; i < x->shape[0]; i++) {
        const void *px = x->data + i * n * k * size, *py = y->data + i * m * k * size, *pg = g->data + i * n * m * size,
                   *pd = distance->data + i * n * m * size;
        void *to = out + i * n * k * size;
        if (x->dtype == torch_float64)
            slopes_double(n, m, k, a->p, px, py, pg, pd, to);
        else
            slopes_float(n, m, k, a->p, px, py, pg, pd, to);
    }
    return true;
}

const cer_Op cer_op_cdist_backward = {.name = "_cdist_backward",
                                      .shape = backward_shape,
                                      .kernel = backward_kernel,
                                      .n_outputs = 1,
                                      .flags = CER_NONDIFFERENTIABLE,
                                      .attrs_bytes = sizeof(CdistAttrs)};

static Tensor *by_first(Tensor *g, Tensor *x, Tensor *y, Tensor *distance, const CdistAttrs *a)
{
    torch_Scalar in[4] = {torch_scalar_tensor(torch_contiguous(g)), torch_scalar_tensor(x), torch_scalar_tensor(y),
                          torch_scalar_tensor(torch_contiguous(distance))};
    return cer_call(&cer_op_cdist_backward, in, 4, a);
}

static void cdist_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const CdistAttrs *a = cer_attrs(n);
    Tensor *x = cer_saved_tensor(n, 0), *y = cer_saved_tensor(n, 1);
    if (!x || !y) return;
    if (a->p == 0) {
        if (cer_needs(n, 0)) in[0] = torch_mul(x, 0);
        if (cer_needs(n, 1)) in[1] = torch_mul(y, 0);
        return;
    }
    Tensor *gradient = flat(g[0], x, y), *distance = flat(cer_saved_output(n, 0), x, y);
    if (!torch_is_grad_enabled()) {
        if (cer_needs(n, 0)) in[0] = by_first(gradient, x, y, distance, a);
        if (cer_needs(n, 1)) in[1] = by_first(cer_mT(gradient), y, x, cer_mT(distance), a);
        return;
    }
    Tensor *each = pair_gradients(gradient, x, y, distance, a->p);
    if (!each) return;
    if (cer_needs(n, 0)) in[0] = torch_sum(each, 2);
    if (cer_needs(n, 1)) in[1] = torch_neg(torch_sum(each, 1));
}

#define BOTH (CER_SAVE(0) | CER_SAVE(1) | CER_SAVE_OUTPUT(0))
const cer_Op cer_op_cdist = {.name = "cdist",
                             .grad_name = "CdistBackward0",
                             .shape = cdist_shape,
                             .kernel = cdist_kernel,
                             .vjp = cdist_vjp,
                             .saves = {BOTH, BOTH},
                             .n_outputs = 1,
                             .attrs_bytes = sizeof(CdistAttrs)};

/* ---- many rows and p = 2: |x|^2 + |y|^2 - 2 x y, as one product -------------------------------------------------- */

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
    distance = flat(cer_saved_output(n, 0), x, y);
    Tensor *gradient = flat(g[0], x, y);
    Tensor *zero = torch_eq(distance, 0),
           *ratio = torch_where(zero, 0.0, torch_div(gradient, torch_where(zero, 1.0, distance)));
    if (cer_needs(n, 0)) in[0] = torch_sub(torch_mul(x, torch_sum(ratio, -1, .keepdim = true)), torch_matmul(ratio, y));
    if (cer_needs(n, 1))
        in[1] = torch_sub(torch_mul(y, torch_unsqueeze(torch_sum(ratio, -2), -1)), torch_matmul(cer_mT(ratio), x));
}

const cer_Op cer_op_euclidean_dist = {.name = "cdist",
                                      .grad_name = "EuclideanDistBackward0",
                                      .shape = cdist_shape,
                                      .kernel = euclidean_kernel,
                                      .vjp = euclidean_vjp,
                                      .saves = {BOTH, BOTH},
                                      .n_outputs = 1,
                                      .attrs_bytes = sizeof(CdistAttrs)};

/* ---- public ------------------------------------------------------------------------------------------------------ */

torch_CdistArgs torch_CdistArgs_defaults(void)
{
    return (torch_CdistArgs){.struct_size = sizeof(torch_CdistArgs), .p = 2};
}

static bool acceptable(const Tensor *x, const Tensor *y, double p)
{
#define refuse(...) cer_raise(TORCH_RUNTIME_ERROR, "cdist", __VA_ARGS__)
    if (x->ndim < 2) return refuse("cdist only supports at least 2D tensors, X1 got: %dD", x->ndim);
    if (y->ndim < 2) return refuse("cdist only supports at least 2D tensors, X2 got: %dD", y->ndim);
    if (CER_COLS(x) != CER_COLS(y))
        return refuse("X1 and X2 must have the same number of columns. X1: %lld X2: %lld", (long long)CER_COLS(x),
                      (long long)CER_COLS(y));
    if (!torch_dtype_is_floating_point(x->dtype))
        return refuse("cdist only supports floating-point dtypes, X1 got: %s", cer_type_name(x->dtype));
    if (!torch_dtype_is_floating_point(y->dtype))
        return refuse("cdist only supports floating-point dtypes, X2 got: %s", cer_type_name(y->dtype));
    return p >= 0 || refuse("cdist only supports non-negative p values");
}

/* (*, n, k) of that batch -> (b, n, k) */
static Tensor *in_one_batch(Tensor *t, int64_t n_batch, const int64_t *batch, int64_t count)
{
    int64_t size[TORCH_MAX_DIM];
    memcpy(size, batch, sizeof(int64_t) * (size_t)n_batch);
    size[n_batch] = CER_ROWS(t);
    size[n_batch + 1] = CER_COLS(t);
    return torch_contiguous(torch_reshape(torch_expand_n(t, n_batch + 2, size), count, CER_ROWS(t), CER_COLS(t)));
}

Tensor *torch_cdist_args(const torch_CdistArgs *args)
{
    Tensor *x = args->x1, *y = args->x2;
    if (cer_error_pending() || !cer_usable(x, "cdist", 1) || !cer_usable(y, "cdist", 2) || !acceptable(x, y, args->p))
        return NULL;
    int64_t batch[TORCH_MAX_DIM], n_batch = x->ndim - 2, count = 1, n = CER_ROWS(x), m = CER_ROWS(y);
    memcpy(batch, x->shape, sizeof(int64_t) * (size_t)n_batch);
    if (!cer_broadcast("cdist", &n_batch, batch, y->ndim - 2, y->shape)) return NULL;
    for (int64_t d = 0; d < n_batch; d++) count *= batch[d];
    Tensor *a = in_one_batch(x, n_batch, batch, count), *b = in_one_batch(y, n_batch, batch, count);
    torch_Scalar in[2] = {torch_scalar_tensor(a), torch_scalar_tensor(b)};
    batch[n_batch] = n;
    batch[n_batch + 1] = m;
    if (!a || !b) return NULL;
    bool by_product = args->p == 2 && CER_COLS(x) > 0 && count * n * m > 0 && (n > 25 || m > 25);
    CdistAttrs attrs = {.p = args->p, .ndim = n_batch + 2};
    memcpy(attrs.size, batch, sizeof(int64_t) * (size_t)attrs.ndim);
    if (!by_product) return cer_call(&cer_op_cdist, in, 2, &attrs);
    attrs.ndim = 3; /* PyTorch's is a view of the product */
    memcpy(attrs.size, (const int64_t[]){count, n, m}, 3 * sizeof(int64_t));
    return torch_view_n(cer_call(&cer_op_euclidean_dist, in, 2, &attrs), n_batch + 2, batch);
}
