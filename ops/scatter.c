/* scatter, scatter_add: a copy of x, or x itself, with src put where an index says. */
#include <string.h>

#include "ops/gather.h"
#include "ops/moves.h"

typedef struct ScatterAttrs {
    int64_t dim;
} ScatterAttrs;

static int64_t size_of(const Tensor *t, int64_t d) /* a 0-d tensor counts as one dimension of size 1 */
{
    return d < t->ndim ? t->shape[d] : 1;
}

static int dims_of(const Tensor *t)
{
    return t->ndim ? t->ndim : 1;
}

static bool fits(const Tensor *index, const Tensor *x, const Tensor *src, int64_t dim)
{
    for (int64_t d = 0; d < dims_of(index); d++)
        if (d != dim && size_of(index, d) > size_of(x, d)) return false;
    for (int64_t d = 0; d < dims_of(index) && src; d++) {
        int64_t unused;
        if (src->ndim && !cer_wrap_dim("scatter", d, src->ndim, &unused)) return false;
        if (size_of(index, d) > size_of(src, d)) return false;
    }
    return true;
}

/* PyTorch's checks in PyTorch's order, for all kinds of scatter; src is NULL for a number. */
bool cer_scatter_checks(const Tensor *x, int64_t dim, const Tensor *index, const Tensor *src)
{
    static const char op[] = "scatter";
    char have[128], self[128], source[128];
    if (index->dtype != torch_int64 && index->numel != 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "scatter(): Expected dtype int64 for index");
    if (src && src->dtype != x->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "scatter(): Expected self.dtype to be equal to src.dtype");
    if (index->numel == 0) return true;
    if (dims_of(x) != dims_of(index))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Index tensor must have the same number of dimensions as self tensor");
    bool good = fits(index, x, src, dim);
    if (cer_error_pending()) return false;
    if (src && dims_of(src) != dims_of(index))
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Index tensor must have the same number of dimensions as src tensor");
    if (!good)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected index %s to be smaller than self %s apart from dimension %lld%s%s",
                         cer_shape_text(index->ndim, index->shape, have, sizeof have),
                         cer_shape_text(x->ndim, x->shape, self, sizeof self), (long long)dim,
                         src ? " and to be smaller size than src " : "",
                         src ? cer_shape_text(src->ndim, src->shape, source, sizeof source) : "");
    return true;
}

bool cer_scatter_in_range(const Tensor *x, int64_t dim, const Tensor *index)
{
    int64_t wrong;
    return cer_index_within(index, 0, size_of(x, dim), &wrong) ||
           cer_raise(TORCH_RUNTIME_ERROR, "scatter", "index %lld is out of bounds for dimension %lld with size %lld",
                     (long long)wrong, (long long)dim, (long long)size_of(x, dim));
}

static bool is_add(const cer_Op *op)
{
    return op == &cer_op_scatter_add || op == &cer_op_scatter_add_;
}

static bool scatter_shape(cer_Call *c)
{
    const ScatterAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t;
    if (!cer_scatter_checks(x, a->dim, c->in[1].as.t, cer_tensor(c->in[2]))) return false;
    if (c->self) return cer_scatter_in_range(x, a->dim, c->in[1].as.t); /* else it is checked on the way */
    cer_form(&c->form[0], x->dtype, x->ndim, x->shape);
    return true;
}

static bool scatter_kernel(cer_Call *c)
{
    const ScatterAttrs *a = c->attrs;
    const Tensor *x = c->in[0].as.t, *index = c->in[1].as.t;
    int how = is_add(c->op) ? K_PUT_ADD : K_PUT;
    cer_Moves m;
    if (index->numel == 0) return cer_start_from_self(c), true;
    cer_moves_along(&m, c->out[0], a->dim, index, &c->in[2]);
    if (c->self) return cer_put(&m, how, NULL), true;
    return cer_put_checked(c, &m, a->dim, how, size_of(x, a->dim)) || cer_scatter_in_range(x, a->dim, index);
}

static void scatter_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const ScatterAttrs *a = cer_attrs(n);
    Tensor *index = NULL;
    bool source = cer_n_inputs(n) > 2 && cer_needs(n, 2);
    if (!is_add(n->op) || source) index = cer_saved_tensor(n, 1);
    if (cer_needs(n, 0)) in[0] = is_add(n->op) ? g[0] : torch_scatter(g[0], a->dim, index, 0);
    if (source) in[2] = torch_gather(g[0], a->dim, index);
}

#define SCATTER(id, text, grad, saves_self, flags_)                    \
    const cer_Op cer_op_##id = {.name = text,                          \
                                .grad_name = grad,                     \
                                .shape = scatter_shape,                \
                                .kernel = scatter_kernel,              \
                                .vjp = scatter_vjp,                    \
                                .saves = {saves_self, 0, CER_SAVE(1)}, \
                                .n_outputs = 1,                        \
                                .flags = flags_,                       \
                                .attrs_bytes = sizeof(ScatterAttrs)};
SCATTER(scatter, "scatter", "ScatterBackward0", CER_SAVE(1), 0)
SCATTER(scatter_, "scatter_", "ScatterBackward0", CER_SAVE(1), CER_INPLACE)
SCATTER(scatter_value, "scatter", "ScatterBackward1", CER_SAVE(1), 0)
SCATTER(scatter_value_, "scatter_", "ScatterBackward1", CER_SAVE(1), CER_INPLACE)
SCATTER(scatter_add, "scatter_add", "ScatterAddBackward0", 0, 0)
SCATTER(scatter_add_, "scatter_add_", "ScatterAddBackward0", 0, CER_INPLACE)

static Tensor *scatter(const cer_Op *op, Tensor *x, int64_t dim, Tensor *index, torch_Scalar src)
{
    ScatterAttrs a;
    torch_Scalar in[3] = {torch_scalar_tensor(x), torch_scalar_tensor(index), src};
    if (cer_error_pending() || !cer_usable(x, op->name, 1) || !cer_wrap_dim(op->name, dim, x->ndim, &a.dim))
        return NULL;
    if (src.kind == TORCH_KIND_NONE)
        return cer_raise(TORCH_TYPE_ERROR, op->name, "%s(): argument 'src' must be Tensor or Number, not NoneType",
                         op->name),
               NULL;
    return cer_call(op, in, 3, &a);
}

Tensor *torch_scatter_Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src)
{
    return scatter(src.kind == TORCH_KIND_TENSOR ? &cer_op_scatter : &cer_op_scatter_value, x, dim, index, src);
}

Tensor *torch_scatter__Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src)
{
    return scatter(src.kind == TORCH_KIND_TENSOR ? &cer_op_scatter_ : &cer_op_scatter_value_, x, dim, index, src);
}

Tensor *torch_scatter_add(Tensor *x, int64_t dim, Tensor *index, Tensor *src)
{
    return scatter(&cer_op_scatter_add, x, dim, index, torch_scalar_tensor(src));
}

Tensor *torch_scatter_add_(Tensor *x, int64_t dim, Tensor *index, Tensor *src)
{
    return scatter(&cer_op_scatter_add_, x, dim, index, torch_scalar_tensor(src));
}

/* ---- scatter(..., reduce=) --------------------------------------------------------------------------------------- */

static Tensor *scatter_by(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src, const char *reduce, bool in_place)
{
    if (cer_error_pending() || !cer_usable(x, "scatter", 1) || !cer_usable(index, "scatter", 3)) return NULL;
    bool add = reduce && strcmp(reduce, "add") == 0;
    if (!add && !(reduce && strcmp(reduce, "multiply") == 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "scatter", "reduce argument must be either add or multiply."), NULL;
    Tensor *source =
        src.kind == TORCH_KIND_TENSOR ? src.as.t : torch_full_n(index->ndim, index->shape, src, (torch_dtype)x->dtype);
    if (add) return (in_place ? torch_scatter_add_ : torch_scatter_add)(x, dim, index, source);
    torch_ScatterReduceArgs a = {sizeof a, x, dim, index, source, "prod", true};
    return (in_place ? torch_scatter_reduce__args : torch_scatter_reduce_args)(&a);
}

Tensor *torch_scatter_by_Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src, const char *reduce)
{
    return scatter_by(x, dim, index, src, reduce, false);
}

Tensor *torch_scatter_by__Scalar(Tensor *x, int64_t dim, Tensor *index, torch_Scalar src, const char *reduce)
{
    return scatter_by(x, dim, index, src, reduce, true);
}
