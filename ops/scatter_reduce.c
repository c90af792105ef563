/* scatter_reduce: sums, products, means and extremes of what an index sends to the same place. */
#include <math.h>
#include <string.h>

#include "ops/gather.h"
#include "ops/moves.h"

typedef enum Reduce { SUM, PROD, MEAN, AMAX, AMIN } Reduce;

typedef struct ReduceAttrs {
    int64_t dim;
    Reduce reduce;
    bool include_self;
} ReduceAttrs;

static const char *const names[] = {"sum", "prod", "mean", "amax", "amin"};

static bool reduce_shape(cer_Call *c)
{
    const ReduceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    if (!cer_scatter_checks(x, a->dim, c->in[1].as.t, c->in[2].as.t)) return false;
    if (a->reduce == MEAN && x->dtype == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, "scatter_reduce",
                         "\"scatter_gather_tensor_cpu_reduce_mean\" not implemented for 'Bool'");
    if ((c->self || !a->include_self) && !cer_scatter_in_range(x, a->dim, c->in[1].as.t)) return false;
    if (!c->self) cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    return true;
}

/* ---- the work ---------------------------------------------------------------------------------------------------- */

static torch_Scalar neutral(Reduce reduce, torch_dtype dtype)
{
    static const int bits[] = {[torch_uint8] = 8,  [torch_int8] = 7,   [torch_int16] = 15,
                               [torch_int32] = 31, [torch_int64] = 63, [torch_bool] = 1};
    bool max = reduce == AMAX, is_signed = dtype != torch_uint8 && dtype != torch_bool;
    if (reduce == SUM || reduce == MEAN) return torch_scalar_int(0);
    if (reduce == PROD) return torch_scalar_int(1);
    if (torch_dtype_is_floating_point(dtype)) return torch_scalar_double(max ? -(double)INFINITY : (double)INFINITY);
    int64_t top = (int64_t)(UINT64_MAX >> (64 - bits[dtype]));
    return torch_scalar_int(!max ? top : is_signed ? -top - 1 : 0);
}

static void put_number(Tensor *to, const cer_Call *c, int how, torch_Scalar number)
{
    const ReduceAttrs *a = c->attrs;
    cer_Moves m;
    cer_moves_along(&m, to, a->dim, c->in[1].as.t, &number);
    cer_put(&m, how, NULL);
}

static int64_t floor_div(int64_t a, int64_t b) /* b > 0 */
{
    return a / b - (a % b < 0);
}

/* The mean's division: by how many met there, at least by 1, in the result's type; whole numbers round down, as PyTorch has it. */
static bool divide(cer_Call *c)
{
    const ReduceAttrs *a = c->attrs;
    Tensor *out = c->out[0];
    bool floating = torch_dtype_is_floating_point(out->dtype);
    Tensor *count = cer_empty(floating ? (torch_dtype)out->dtype : torch_int64, out->ndim, out->shape);
    if (!count) return false;
    cer_fill_elements(count, torch_scalar_int(a->include_self));
    put_number(count, c, K_PUT_ADD, torch_scalar_int(1));
    if (floating) {
        Tensor *mean = torch_div(torch_detach(out), a->include_self ? count : torch_clamp_min(count, 1));
        if (mean) cer_copy_elements(out, mean, mean->stride);
        return mean != NULL;
    }
    int64_t *n = (int64_t *)(void *)count->data;
    for (int64_t i = 0; i < count->numel; i++) n[i] = n[i] > 0 ? n[i] : 1;
    Tensor *wide = cer_empty(torch_int64, out->ndim, out->shape);
    if (!wide) return false;
    cer_copy_elements(wide, out, out->stride);
    int64_t *sum = (int64_t *)(void *)wide->data;
    for (int64_t i = 0; i < wide->numel; i++) sum[i] = floor_div(sum[i], n[i]);
    cer_copy_elements(out, wide, wide->stride);
    return true;
}

static bool reduce_kernel(cer_Call *c)
{
    static const int how[] = {K_PUT_ADD, K_PUT_MUL, K_PUT_ADD, K_PUT_MAX, K_PUT_MIN};
    const ReduceAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t;
    cer_Moves m;
    if (index->numel == 0) return cer_start_from_self(c), true;
    cer_moves_along(&m, c->out[0], a->dim, index, &c->in[2]);
    if (c->self || !a->include_self) {
        cer_start_from_self(c);
        if (!a->include_self) put_number(c->out[0], c, K_PUT, neutral(a->reduce, c->out[0]->dtype));
        cer_put(&m, how[a->reduce], NULL);
    } else if (!cer_put_checked(c, &m, a->dim, how[a->reduce], x->ndim ? x->shape[a->dim] : 1)) {
        return cer_scatter_in_range(x, a->dim, index);
    }
    if (a->reduce != MEAN) return true;
    int64_t mark = cer_context()->pool.length;
    bool before = torch_set_grad_enabled(false), fine = divide(c);
    torch_set_grad_enabled(before);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

/* ---- the way back ------------------------------------------------------------------------------------------------ */

typedef struct Back {
    const ReduceAttrs *a;
    Tensor *g, *x, *index, *src, *y;
    Tensor *to_x, *to_src;
} Back;

static Tensor *number_where(Tensor *condition, double number, Tensor *otherwise)
{
    return cer_where(torch_scalar_tensor(condition), torch_scalar_double(number), torch_scalar_tensor(otherwise));
}

static Tensor *reduced(const Back *b, Tensor *x, Tensor *src)
{
    torch_ScatterReduceArgs args = {sizeof args, x, b->a->dim, b->index, src, names[b->a->reduce], b->a->include_self};
    return torch_scatter_reduce_args(&args);
}

static Tensor *here(const Back *b, Tensor *t) /* what stands where each element of src went */
{
    return torch_gather(t, b->a->dim, b->index);
}

/* The product of all others: y / x. Where x is 0 it is computed with a 1 in its place; so is it for src where its 0 is
 * the only one that goes there. */
static void prod_back(Back *b)
{
    Tensor *masked = number_where(torch_eq(b->x, 0), 1, b->x);
    b->to_x = torch_div(torch_mul(b->g, reduced(b, masked, b->src)), masked);
    Tensor *zero = torch_eq(b->src, 0);
    Tensor *zeros =
        here(b, torch_scatter_add(torch_zeros_like(b->x), b->a->dim, b->index, torch_to(zero, torch_dtype_of(b->x))));
    Tensor *single = torch_mul(zero, torch_eq(zeros, 1));
    Tensor *without = reduced(b, b->x, number_where(single, 1, b->src));
    Tensor *plain = torch_div(here(b, torch_mul(b->g, b->y)), number_where(zero, 1, b->src));
    b->to_src = cer_where(torch_scalar_tensor(single), torch_scalar_tensor(here(b, torch_mul(b->g, without))),
                          torch_scalar_tensor(plain));
}

static void mean_back(Back *b)
{
    torch_Size s = torch_shape(b->g);
    Tensor *n = torch_full_n(s.ndim, s.dim, torch_scalar_int(b->a->include_self), torch_dtype_of(b->g));
    n = torch_scatter_add_(n, b->a->dim, b->index, torch_ones_like(torch_detach(b->src)));
    n = number_where(torch_eq(n, 0), 1, n);
    b->to_x = torch_div(b->g, n);
    b->to_src = torch_div(here(b, b->g), here(b, n));
}

static void extreme_back(Back *b) /* evenly to all that are the extreme */
{
    torch_dtype dtype = torch_dtype_of(b->x);
    Tensor *is_x = torch_to(torch_eq(b->x, b->y), dtype), *is_src = torch_to(torch_eq(b->src, here(b, b->y)), dtype);
    Tensor *share = torch_div(b->g, torch_scatter_add(is_x, b->a->dim, b->index, is_src));
    b->to_x = torch_mul(is_x, share);
    b->to_src = torch_mul(is_src, here(b, share));
}

static void reduce_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Back b = {.a = cer_attrs(n), .g = g[0]};
    b.index = cer_saved_tensor(n, 1);
    switch (b.a->reduce) {
    case SUM:
        b.to_x = g[0];
        b.to_src = cer_needs(n, 2) ? here(&b, g[0]) : NULL;
        break;
    default:
        b.x = cer_saved_tensor(n, 0);
        b.src = cer_saved_tensor(n, 2);
        b.y = cer_saved_output(n, 0);
        if (!b.x || !b.src || !b.y) return;
        (b.a->reduce == PROD ? prod_back : b.a->reduce == MEAN ? mean_back : extreme_back)(&b);
    }
    if (cer_needs(n, 0)) in[0] = b.a->include_self ? b.to_x : torch_scatter(b.to_x, b.a->dim, b.index, 0);
    if (cer_needs(n, 2)) in[2] = b.to_src;
}

#define SAVED (CER_SAVE(0) | CER_SAVE(1) | CER_SAVE(2) | CER_SAVE_OUTPUT(0))
#define REDUCE(id, text, grad, flags_)                      \
    const cer_Op cer_op_##id = {.name = text,               \
                                .grad_name = grad,          \
                                .shape = reduce_shape,      \
                                .kernel = reduce_kernel,    \
                                .vjp = reduce_vjp,          \
                                .saves = {SAVED, 0, SAVED}, \
                                .n_outputs = 1,             \
                                .flags = flags_,            \
                                .attrs_bytes = sizeof(ReduceAttrs)};
REDUCE(scatter_reduce, "scatter_reduce", "ScatterReduceBackward0", 0)
REDUCE(scatter_reduce_, "scatter_reduce_", "ScatterReduceBackward0", CER_INPLACE)
REDUCE(index_reduce, "index_reduce", "IndexReduceBackward0", 0) /* its index is spread to the shape of src */
REDUCE(index_reduce_, "index_reduce_", "IndexReduceBackward0", CER_INPLACE)

/* ---- public ------------------------------------------------------------------------------------------------------ */

torch_ScatterReduceArgs torch_ScatterReduceArgs_defaults(void)
{
    return (torch_ScatterReduceArgs){.struct_size = sizeof(torch_ScatterReduceArgs), .include_self = true};
}

static Tensor *scatter_reduce(const cer_Op *op, const torch_ScatterReduceArgs *args)
{
    ReduceAttrs a = {.include_self = args->include_self};
    if (cer_error_pending() || !cer_usable(args->self, op->name, 1) ||
        !cer_wrap_dim(op->name, args->dim, args->self->ndim, &a.dim))
        return NULL;
    while (a.reduce <= AMIN && !(args->reduce && strcmp(args->reduce, names[a.reduce]) == 0)) a.reduce++;
    if (a.reduce > AMIN)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "reduce argument must be either sum, prod, mean, amax or amin."),
               NULL;
    return cer_call3(op, args->self, args->index, args->src, &a);
}

Tensor *torch_scatter_reduce_args(const torch_ScatterReduceArgs *args)
{
    return scatter_reduce(&cer_op_scatter_reduce, args);
}

Tensor *torch_scatter_reduce__args(const torch_ScatterReduceArgs *args)
{
    return scatter_reduce(&cer_op_scatter_reduce_, args);
}

/* ---- index_reduce: an index for each slice of src ---------------------------------------------------------------- */

static bool slices_fit(const Tensor *x, int64_t dim, const Tensor *src)
{
    int64_t slice[TORCH_MAX_DIM], other[TORCH_MAX_DIM], n = 0, m = 0;
    for (int64_t d = 0; d < x->ndim; d++)
        if (d != dim) slice[n++] = x->shape[d];
    for (int64_t d = 0; d < src->ndim; d++)
        if (d != dim) other[m++] = src->shape[d];
    if (n == m && cer_same_sizes(n, slice, other)) return true;
    for (int64_t d = 0; n == m && d < n; d++)
        if (slice[d] != other[d] && slice[d] != 1 && other[d] != 1)
            return cer_raise(TORCH_RUNTIME_ERROR, "index_reduce",
                             "The size of tensor a (%lld) must match the size of tensor b (%lld) at non-singleton "
                             "dimension %lld",
                             (long long)slice[d], (long long)other[d], (long long)d);
    return cer_raise(TORCH_RUNTIME_ERROR, "index_reduce", "index_reduce_(): source must have the shape of the slices");
}

static bool index_checks(const Tensor *x, int64_t dim, const Tensor *index, const Tensor *src)
{
    char text[128];
    int64_t wrong, n = src->ndim ? src->shape[dim < src->ndim ? dim : 0] : 1, size = x->ndim ? x->shape[dim] : 1;
    if (index->ndim > 1)
        return cer_raise(
            TORCH_INDEX_ERROR, "index_reduce",
            "index_reduce_(): Index is supposed to be a vector, but got dim: %d with type: %s and size: %s",
            index->ndim, cer_type_name(index->dtype), cer_shape_text(index->ndim, index->shape, text, sizeof text));
    if (index->dtype != torch_int64 && index->dtype != torch_int32)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_reduce",
                         "index_reduce_(): Expected dtype int32/int64 for index but got: %s",
                         cer_type_name(index->dtype));
    if (x->dtype != src->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_reduce",
                         "index_reduce_(): self (%s) and source (%s) must have the same scalar type",
                         cer_type_name(x->dtype), cer_type_name(src->dtype));
    if (index->numel != n)
        return cer_raise(TORCH_RUNTIME_ERROR, "index_reduce",
                         "index_reduce_(): Number of indices (%lld) should be equal to source.size(dim): (%lld), for "
                         "dim: %lld",
                         (long long)index->numel, (long long)n, (long long)dim);
    if (!slices_fit(x, dim, src)) return false;
    Tensor *wide = cer_as_long((Tensor *)(uintptr_t)index);
    return wide && (cer_index_within(wide, 0, size, &wrong) ||
                    cer_raise(TORCH_INDEX_ERROR, "index_reduce", "index out of range in self"));
}

static Tensor *index_reduce(const cer_Op *op, const torch_ScatterReduceArgs *args)
{
    ReduceAttrs a = {.reduce = PROD, .include_self = args->include_self};
    Tensor *x = args->self, *index = args->index, *src = args->src;
    int64_t spread[TORCH_MAX_DIM];
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !cer_usable(index, op->name, 2) ||
        !cer_usable(src, op->name, 3))
        return NULL;
    while (a.reduce <= AMIN && !(args->reduce && strcmp(args->reduce, names[a.reduce]) == 0)) a.reduce++;
    if (a.reduce > AMIN)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got %.100s.",
                         args->reduce ? args->reduce : "None"),
               NULL;
    torch_warn("UserWarning", "index_reduce() is in beta and the API may change at any time.");
    if (!cer_wrap_dim(op->name, args->dim, x->ndim, &a.dim) || !index_checks(x, a.dim, index, src)) return NULL;
    if (a.reduce == MEAN && x->dtype == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name, "\"index_func_\" not implemented for 'Bool'"), NULL;
    if (!args->include_self && x->dtype == torch_bool)
        return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                         "\"index_reduce_func_exclude_input_init\" not implemented for 'Bool'"),
               NULL;
    if (src->ndim != x->ndim) src = torch_reshape_n(src, x->ndim, (const int64_t[]){src->numel});
    for (int64_t d = 0; d < x->ndim; d++) spread[d] = d == a.dim ? index->numel : 1;
    index = torch_reshape_n(cer_as_long(index), x->ndim, spread);
    return cer_call3(op, x, src ? torch_expand_n(index, src->ndim, src->shape) : NULL, src, &a);
}

Tensor *torch_index_reduce_args(const torch_ScatterReduceArgs *args)
{
    return index_reduce(&cer_op_index_reduce, args);
}

Tensor *torch_index_reduce__args(const torch_ScatterReduceArgs *args)
{
    return index_reduce(&cer_op_index_reduce_, args);
}
