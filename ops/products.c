/* Products made of others: outer, inner, tensordot, kron, chains, powers; and trace and cross, which are ops. */
#include <stdio.h>
#include <string.h>

#include "core/impl.h"
#include "ops/products.h"

static bool ready(const Tensor *x, const char *op, int position)
{
    return !cer_error_pending() && cer_usable(x, op, position);
}

static Tensor *refused(bool never)
{
    (void)never;
    return NULL;
}

/* ---- outer, inner ------------------------------------------------------------------------------------------------ */

Tensor *torch_outer(Tensor *a, Tensor *b)
{
    if (!ready(a, "outer", 1) || !ready(b, "outer", 2)) return NULL;
    if (a->ndim != 1)
        return refused(
            cer_raise(TORCH_RUNTIME_ERROR, "outer", "outer: Expected 1-D argument self, but got %d-D", a->ndim));
    if (b->ndim != 1)
        return refused(
            cer_raise(TORCH_RUNTIME_ERROR, "outer", "outer: Expected 1-D argument vec2, but got %d-D", b->ndim));
    return torch_mul(torch_reshape(a, a->shape[0], 1), b);
}

Tensor *torch_ger(Tensor *a, Tensor *b)
{
    return torch_outer(a, b);
}

Tensor *torch_inner(Tensor *a, Tensor *b)
{
    char one[160], other[160];
    if (!ready(a, "inner", 1) || !ready(b, "inner", 2)) return NULL;
    if (a->ndim == 0 || b->ndim == 0) return torch_mul(a, b);
    if (a->shape[a->ndim - 1] != b->shape[b->ndim - 1])
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "inner",
                                 "inner() the last dimension must match on both input tensors but got shapes %s and %s",
                                 cer_shape_text(a->ndim, a->shape, one, sizeof one),
                                 cer_shape_text(b->ndim, b->shape, other, sizeof other)));
    int64_t last = -1;
    return torch_tensordot_n(a, 1, &last, b, 1, &last);
}

/* ---- tensordot: both operands become matrices -------------------------------------------------------------------- */

/* The dims as a mask; wrapped[i] is dims[i] counted from the front. */
static bool mask_of(int64_t ndim, int64_t n, const int64_t *dims, int64_t *wrapped, uint32_t *mask)
{
    *mask = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!cer_wrap_dim("tensordot", dims[i], ndim, &wrapped[i])) return false;
        if (*mask >> wrapped[i] & 1)
            return cer_raise(TORCH_RUNTIME_ERROR, "tensordot", "dim %lld appears multiple times in the list of dims",
                             (long long)wrapped[i]);
        *mask |= 1u << wrapped[i];
    }
    return true;
}

/* Dimensions of size 1 on one side are summed on the other right away. */
static bool contract(Tensor **a, Tensor **b, int64_t n, const int64_t *da, const int64_t *db, int64_t *contracted)
{
    const Tensor *first = *a, *second = *b;
    *contracted = 1;
    for (int64_t i = 0; i < n; i++) {
        int64_t wa, wb;
        if (!cer_wrap_dim("tensordot", da[i], first->ndim, &wa) || !cer_wrap_dim("tensordot", db[i], second->ndim, &wb))
            return false;
        int64_t na = first->ndim ? first->shape[wa] : 1, nb = second->ndim ? second->shape[wb] : 1;
        if (nb == 1)
            *a = torch_sum(*a, .dim = wa, .keepdim = true);
        else if (na == 1)
            *b = torch_sum(*b, .dim = wb, .keepdim = true);
        else if (na != nb)
            return cer_raise(TORCH_RUNTIME_ERROR, "tensordot",
                             "contracted dimensions need to match, but first has size %lld in dim %lld and second has "
                             "size %lld in dim %lld",
                             (long long)na, (long long)da[i], (long long)nb, (long long)db[i]);
        else
            *contracted *= na;
        if (!*a || !*b) return false;
    }
    return true;
}

Tensor *torch_tensordot_n(Tensor *a, int64_t n_a, const int64_t *dims_a, Tensor *b, int64_t n_b, const int64_t *dims_b)
{
    int64_t da[TORCH_MAX_DIM], db[TORCH_MAX_DIM], size[2 * TORCH_MAX_DIM], pa[TORCH_MAX_DIM], pb[TORCH_MAX_DIM];
    int64_t contracted, rows = 1, cols = 1, n_size = 0, ka = 0, kb = 0;
    uint32_t mask_a, mask_b;
    if (!ready(a, "tensordot", 1) || !ready(b, "tensordot", 2)) return NULL;
    if (n_a != n_b)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "tensordot", "both dimension lists should have same length"));
    if (n_a > TORCH_MAX_DIM) n_a = TORCH_MAX_DIM + (n_b = 0); /* more than there are dimensions: one of them twice */
    if (!mask_of(a->ndim, n_a, dims_a, da, &mask_a) || !mask_of(b->ndim, n_a, dims_b, db, &mask_b)) return NULL;
    Tensor *first = a, *second = b;
    if (!contract(&first, &second, n_a, dims_a, dims_b, &contracted)) return NULL;
    for (int64_t i = 0; i < first->ndim; i++)
        if (!(mask_a >> i & 1)) pa[ka++] = i, rows *= size[n_size++] = first->shape[i];
    for (int64_t i = 0; i < n_a; i++) pa[ka++] = da[i], pb[kb++] = db[i];
    for (int64_t i = 0; i < second->ndim; i++)
        if (!(mask_b >> i & 1)) pb[kb++] = i, cols *= size[n_size++] = second->shape[i];
    first = torch_reshape(torch_permute_n(first, first->ndim, pa), rows, contracted);
    second = torch_reshape(torch_permute_n(second, second->ndim, pb), contracted, cols);
    return torch_reshape_n(torch_mm(first, second), n_size, size);
}

Tensor *torch_tensordot(Tensor *a, Tensor *b, int64_t dims)
{
    int64_t da[TORCH_MAX_DIM], db[TORCH_MAX_DIM];
    if (!ready(a, "tensordot", 1) || !ready(b, "tensordot", 2)) return NULL;
    if (dims < 0)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "tensordot", "tensordot expects dims >= 0, but got dims=%lld",
                                 (long long)dims));
    if (dims > a->ndim || dims > b->ndim) {
        int64_t wrapped;
        cer_wrap_dim("tensordot", dims > a->ndim ? -dims : dims - 1, dims > a->ndim ? a->ndim : b->ndim, &wrapped);
        return NULL;
    }
    for (int64_t i = 0; i < dims; i++) da[i] = i - dims, db[i] = i;
    return torch_tensordot_n(a, dims, da, b, dims, db);
}

/* ---- kron: (a, 1) times (1, b) in each dimension ----------------------------------------------------------------- */

Tensor *torch_kron(Tensor *a, Tensor *b)
{
    int64_t size_a[2 * TORCH_MAX_DIM], size_b[2 * TORCH_MAX_DIM], size[TORCH_MAX_DIM];
    if (!ready(a, "kron", 1) || !ready(b, "kron", 2)) return NULL;
    int64_t n = a->ndim > b->ndim ? a->ndim : b->ndim, pad_a = n - a->ndim, pad_b = n - b->ndim;
    for (int64_t i = 0; i < n; i++) {
        size_a[2 * i] = i >= pad_a ? a->shape[i - pad_a] : 1;
        size_b[2 * i + 1] = i >= pad_b ? b->shape[i - pad_b] : 1;
        size_a[2 * i + 1] = size_b[2 * i] = 1;
        if (__builtin_mul_overflow(size_a[2 * i], size_b[2 * i + 1], &size[i])) size[i] = INT64_MAX;
    }
    Tensor *product = torch_mul(torch_view_n(a, 2 * n, size_a), torch_view_n(b, 2 * n, size_b));
    return product ? cer_unsafe_view(product, n, size) : NULL;
}

/* ---- trace ------------------------------------------------------------------------------------------------------- */

static bool trace_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    if (t->ndim != 2)
        return cer_raise(TORCH_RUNTIME_ERROR, "trace", "trace: expected a matrix, but got tensor with dim %d", t->ndim);
    if (t->dtype == torch_bool || t->dtype == torch_float16 || t->dtype == torch_bfloat16)
        return cer_raise(TORCH_RUNTIME_ERROR, "trace", "\"trace\" not implemented for '%s'", cer_type_name(t->dtype));
    cer_form(&c->form[0], torch_dtype_is_floating_point(t->dtype) ? t->dtype : torch_int64, 0, NULL);
    return true;
}

static bool trace_kernel(cer_Call *c) /* summed in double or int64 */
{
    const Tensor *t = c->in[0].as.t;
    int64_t n = t->shape[0] < t->shape[1] ? t->shape[0] : t->shape[1], whole = 0, value;
    int64_t step = (t->stride[0] + t->stride[1]) * cer_size_of(t->dtype);
    double sum = 0, number;
    bool floating = torch_dtype_is_floating_point(t->dtype);
    for (int64_t i = 0; i < n; i++) {
        if (floating)
            cer_convert(&number, torch_float64, t->data + i * step, t->dtype, 1), sum += number;
        else
            cer_convert(&value, torch_int64, t->data + i * step, t->dtype, 1), whole += value;
    }
    if (floating)
        cer_convert(c->out[0]->data, t->dtype, &sum, torch_float64, 1);
    else
        memcpy(c->out[0]->data, &whole, sizeof whole);
    return true;
}

static void trace_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    torch_Size size = cer_input_size(n, 0);
    in[0] = torch_mul(cer_to(torch_eye_m(size.dim[0], size.dim[1]), cer_input_dtype(n, 0)), g[0]);
}

const cer_Op cer_op_trace = {.name = "trace",
                             .grad_name = "TraceBackward0",
                             .schema = "trace(Tensor self) -> Tensor",
                             .shape = trace_shape,
                             .kernel = trace_kernel,
                             .vjp = trace_vjp,
                             .n_outputs = 1};

Tensor *torch_trace(Tensor *x)
{
    return cer_call1(&cer_op_trace, x, NULL);
}

/* ---- cross ------------------------------------------------------------------------------------------------------- */

typedef struct CrossAttrs {
    int64_t dim;
} CrossAttrs;

static bool cross_shape(cer_Call *c)
{
    const CrossAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    int64_t ndim = x->ndim, shape[TORCH_MAX_DIM];
    if (x->dtype != y->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "linalg.cross", "expected scalar type %s but found %s",
                         cer_type_name(x->dtype), cer_type_name(y->dtype));
    memcpy(shape, x->shape, sizeof(int64_t) * x->ndim);
    if (!cer_broadcast("linalg.cross", &ndim, shape, y->ndim, y->shape)) return false;
    (void)a;
    if (x->dtype == torch_bool || x->dtype == torch_float16 || x->dtype == torch_bfloat16)
        return cer_raise(TORCH_RUNTIME_ERROR, "linalg.cross", "\"cross\" not implemented for '%s'",
                         cer_type_name(x->dtype));
    return cer_form_checked(&c->form[0], "linalg.cross", x->dtype, ndim, shape);
}

/* Component k of all vectors of t, as a view of the out's shape without dim: strides and first element. */
typedef struct Component {
    char *data;
    int64_t stride[TORCH_MAX_DIM];
    int64_t step; /* from component to component, in bytes */
} Component;

static Component components(const Tensor *t, const Tensor *out, int64_t dim)
{
    Component c = {.data = t->data};
    int64_t stride[TORCH_MAX_DIM], k = 0;
    cer_expand_strides(t, out->ndim, out->shape, stride);
    for (int64_t d = 0; d < out->ndim; d++)
        if (d != dim) c.stride[k++] = stride[d];
    c.step = stride[dim] * cer_size_of(t->dtype);
    return c;
}

#define CROSS(type)                                                                                     \
    static void cross_##type(int64_t n, char *const *ptr, const int64_t *stride, const void *param)     \
    {                                                                                                   \
        const int64_t *step = param;                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                               \
            char *o = ptr[0] + i * stride[0], *x = ptr[1] + i * stride[1], *y = ptr[2] + i * stride[2]; \
            type a[3], b[3], r[3];                                                                      \
            for (int k = 0; k < 3; k++) {                                                               \
                memcpy(&a[k], x + k * step[1], sizeof(type));                                           \
                memcpy(&b[k], y + k * step[2], sizeof(type));                                           \
            }                                                                                           \
            r[0] = (type)(a[1] * b[2] - a[2] * b[1]);                                                   \
            r[1] = (type)(a[2] * b[0] - a[0] * b[2]);                                                   \
            r[2] = (type)(a[0] * b[1] - a[1] * b[0]);                                                   \
            for (int k = 0; k < 3; k++) memcpy(o + k * step[0], &r[k], sizeof(type));                   \
        }                                                                                               \
    }
CROSS(float)
CROSS(double)
CROSS(uint8_t)
CROSS(uint16_t)
CROSS(uint32_t)
CROSS(uint64_t)

static bool cross_kernel(cer_Call *c) /* integers wrap around: signed and unsigned ones have the same bits */
{
    static const cer_Loop loops[] = {
        [torch_uint8] = cross_uint8_t,  [torch_int8] = cross_uint8_t,   [torch_int16] = cross_uint16_t,
        [torch_int32] = cross_uint32_t, [torch_int64] = cross_uint64_t, [torch_float32] = cross_float,
        [torch_float64] = cross_double};
    const CrossAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    const Tensor *x = c->in[0].as.t, *y = c->in[1].as.t;
    Component part[3] = {components(out, out, a->dim), components(x, out, a->dim), components(y, out, a->dim)};
    int64_t shape[TORCH_MAX_DIM], k = 0, step[3] = {part[0].step, part[1].step, part[2].step};
    for (int64_t d = 0; d < out->ndim; d++)
        if (d != a->dim) shape[k++] = out->shape[d];
    size_t size = (size_t)cer_size_of(out->dtype), element[3] = {size, size, size};
    char *data[3] = {part[0].data, part[1].data, part[2].data};
    const int64_t *stride[3] = {part[0].stride, part[1].stride, part[2].stride};
    cer_Iterator it;
    cer_iterator_init(&it, 3, k, shape, data, stride, element, false);
    cer_iterator_run(&it, loops[out->dtype], step);
    return true;
}

static void cross_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const CrossAttrs *a = cer_attrs(n);
    if (cer_needs(n, 0)) in[0] = torch_linalg_cross(cer_saved_tensor(n, 1), g[0], a->dim);
    if (cer_needs(n, 1)) in[1] = torch_linalg_cross(g[0], cer_saved_tensor(n, 0), a->dim);
}

const cer_Op cer_op_linalg_cross = {.name = "linalg_cross",
                                    .grad_name = "LinalgCrossBackward0",
                                    .schema = "linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor",
                                    .shape = cross_shape,
                                    .kernel = cross_kernel,
                                    .vjp = cross_vjp,
                                    .saves = {CER_SAVE(1), CER_SAVE(0)},
                                    .n_outputs = 1,
                                    .attrs_bytes = sizeof(CrossAttrs)};

Tensor *torch_linalg_cross(Tensor *a, Tensor *b, int64_t dim)
{
    CrossAttrs attrs;
    if (!ready(a, "linalg.cross", 1) || !ready(b, "linalg.cross", 2)) return NULL;
    if (a->ndim != b->ndim)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "linalg.cross",
                                 "linalg.cross: inputs must have the same number of dimensions."));
    if (!cer_wrap_dim("linalg.cross", dim, a->ndim, &attrs.dim)) return NULL;
    int64_t n = a->ndim ? a->shape[attrs.dim] : 1, m = b->ndim ? b->shape[attrs.dim] : 1;
    if (n != 3 || m != 3)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "linalg.cross",
                                 "linalg.cross: inputs dimension %lld must have length 3. Got %lld and %lld",
                                 (long long)dim, (long long)n, (long long)m));
    return cer_call2(&cer_op_linalg_cross, a, b, &attrs);
}

Tensor *torch_cross(Tensor *a, Tensor *b, int64_t dim)
{
    if (!ready(a, "cross", 1) || !ready(b, "cross", 2)) return NULL;
    if (dim != TORCH_NONE) return torch_linalg_cross(a, b, dim);
    for (dim = 0; dim < a->ndim; dim++)
        if (a->shape[dim] == 3) return torch_linalg_cross(a, b, dim);
    return refused(cer_raise(TORCH_RUNTIME_ERROR, "cross", "no dimension of size 3 in input"));
}

/* ---- chains: associated so that the fewest multiplications are needed -------------------------------------------- */

enum { CHAIN = 64 }; /* factors, at most */

static Tensor *chain(Tensor *const *t, int64_t i, int64_t j, const uint8_t split[CHAIN][CHAIN])
{
    if (i == j) return t[i];
    int64_t s = split[i][j];
    return torch_mm(chain(t, i, s, split), chain(t, s + 1, j, split));
}

/* As PyTorch: of three factors a count decides; of more, dynamic programming over all ways to put parentheses. */
static Tensor *ordered(Tensor *const *t, int64_t n)
{
    if (n == 2) return torch_mm(t[0], t[1]);
    if (n == 3) {
        double a = (double)t[0]->shape[0], b = (double)t[1]->shape[0], c = (double)t[1]->shape[1],
               d = (double)t[2]->shape[1];
        return a * c * (b + d) > b * d * (a + c) ? torch_mm(t[0], torch_mm(t[1], t[2]))
                                                 : torch_mm(torch_mm(t[0], t[1]), t[2]);
    }
    uint8_t split[CHAIN][CHAIN] = {{0}};
    double cost[CHAIN][CHAIN], p[CHAIN + 1];
    for (int64_t i = 0; i < n; i++) p[i] = (double)t[i]->shape[0], cost[i][i] = 0;
    p[n] = (double)t[n - 1]->shape[1];
    for (int64_t length = 1; length < n; length++)
        for (int64_t i = 0; i + length < n; i++) {
            int64_t j = i + length;
            cost[i][j] = -1;
            for (int64_t k = i; k < j; k++) {
                double q = cost[i][k] + cost[k + 1][j] + p[i] * p[k + 1] * p[j + 1];
                if (cost[i][j] < 0 || q < cost[i][j]) cost[i][j] = q, split[i][j] = (uint8_t)k;
            }
        }
    return chain(t, 0, n - 1, (const uint8_t(*)[CHAIN])split);
}

static bool chain_fits(Tensor *const *t, Tensor *const *given, int64_t n)
{
    char one[160], other[160];
    for (int64_t i = 1; i < n - 1; i++)
        if (t[i]->ndim != 2)
            return cer_raise(TORCH_RUNTIME_ERROR, "multi_dot", "multi_dot(): tensor %lld must be 2D but got %dD",
                             (long long)i, t[i]->ndim);
    for (int64_t i = 1; i < n; i++)
        if (t[i]->dtype != t[0]->dtype)
            return cer_raise(
                TORCH_RUNTIME_ERROR, "multi_dot",
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is %s and tensor %lld %s",
                cer_cpp_name(t[0]->dtype), (long long)i, cer_cpp_name(t[i]->dtype));
    for (int64_t i = 0; i < n - 1; i++)
        if (t[i]->shape[1] != t[i + 1]->shape[0])
            return cer_raise(TORCH_RUNTIME_ERROR, "multi_dot",
                             "multi_dot(): tensors %lld and %lld with shapes %s and %s cannot be multiplied",
                             (long long)i, (long long)i + 1,
                             cer_shape_text(given[i]->ndim, given[i]->shape, one, sizeof one),
                             cer_shape_text(given[i + 1]->ndim, given[i + 1]->shape, other, sizeof other));
    return true;
}

Tensor *torch_linalg_multi_dot_n(Tensor *const *tensors, int64_t n)
{
    Tensor *t[CHAIN];
    int64_t size[2], n_size = 0;
    if (cer_error_pending()) return NULL;
    if (n < 2 || n > CHAIN || !tensors)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "multi_dot",
                                 n > CHAIN ? "multi_dot(): expected at most 64 tensors but got %lld"
                                           : "multi_dot(): expected at least 2 tensors but got %lld",
                                 (long long)n));
    for (int64_t i = 0; i < n; i++)
        if (!cer_usable(t[i] = tensors[i], "multi_dot", (int)i + 1)) return NULL;
    for (int end = 0; end < 2; end++) { /* a vector at an end is a row or a column */
        Tensor **at = end ? &t[n - 1] : &t[0];
        if ((*at)->ndim != 1 && (*at)->ndim != 2)
            return refused(cer_raise(TORCH_RUNTIME_ERROR, "multi_dot",
                                     "multi_dot(): the %s tensor must be 1D or 2D but got %dD", end ? "last" : "first",
                                     (*at)->ndim));
        if ((*at)->ndim == 2)
            size[n_size++] = (*at)->shape[end];
        else if (!(*at = torch_unsqueeze(*at, end ? -1 : 0)))
            return NULL;
    }
    if (!chain_fits(t, tensors, n)) return NULL;
    return torch_view_n(ordered(t, n), n_size, size);
}

Tensor *torch_chain_matmul_n(Tensor *const *matrices, int64_t n)
{
    if (cer_error_pending()) return NULL;
    if (n < 1 || !matrices)
        return refused(cer_raise(TORCH_RUNTIME_ERROR, "chain_matmul", "chain_matmul(): Expected one or more matrices"));
    for (int64_t i = 0; i < n; i++) {
        if (!cer_usable(matrices[i], "chain_matmul", (int)i + 1)) return NULL;
        if (matrices[i]->ndim != 2)
            return refused(cer_raise(TORCH_RUNTIME_ERROR, "chain_matmul", "Tensor dimension is %d, expected 2 instead.",
                                     matrices[i]->ndim));
    }
    return n == 1 ? torch_clone(matrices[0]) : torch_linalg_multi_dot_n(matrices, n);
}
