/* In-place ops on views. Writing a view changes the tensor it is a view of, so the history of that base must be rewired, and
 * with it that of every other view:
 *
 *     v = b[0]; v.mul_(3)      b's history becomes CopySlices: its backward takes the gradient of b, hands the part that v
 *                              shows through mul_'s own backward, and puts the result back in that place;
 *                              v's history, and lazily that of all views of b, becomes AsStrided of the new b.
 *
 * A view remembers the version of its memory for which its history is right (Tensor.seen). */
#include <string.h>

#include "impl.h"

typedef struct Geometry { /* of a view in its base; strides and offset in elements */
    torch_Size size, base_size;
    int64_t stride[TORCH_MAX_DIM], base_stride[TORCH_MAX_DIM], offset;
} Geometry;

static Geometry geometry_of(const Tensor *view)
{
    const Tensor *base = view->base;
    Geometry a = {.size.ndim = view->ndim,
                  .base_size.ndim = base->ndim,
                  .offset = (view->data - base->data) / cer_size_of(view->dtype)};
    memcpy(a.size.dim, view->shape, sizeof(int64_t) * view->ndim);
    memcpy(a.stride, view->stride, sizeof(int64_t) * view->ndim);
    memcpy(a.base_size.dim, base->shape, sizeof(int64_t) * base->ndim);
    memcpy(a.base_stride, base->stride, sizeof(int64_t) * base->ndim);
    return a;
}

/* ---- as_strided: a view of any geometry of something that lies in memory as the base does ------------------------ */

static bool as_strided_shape(cer_Call *c)
{
    const Geometry *a = c->attrs;
    cer_form(&c->form[0], c->in[0].as.t->dtype, a->size.ndim, a->size.dim);
    c->form[0].strided = true;
    c->form[0].offset = a->offset;
    memcpy(c->form[0].stride, a->stride, sizeof a->stride);
    return true;
}

/* Zeros like the base, with g put where the view was. Dimensions of stride 0 show one element many times: they are summed up. */
static Tensor *spread(Tensor *g, const Geometry *a)
{
    Geometry part = *a;
    cer_SumAttrs repeated = {.dtype = (uint8_t)torch_dtype_of(g)};
    for (int64_t d = 0; d < a->size.ndim; d++)
        if (a->stride[d] == 0 && a->size.dim[d] > 1) repeated.reduced |= 1u << d, part.size.dim[d] = 1;
    repeated.kept = repeated.reduced;
    if (repeated.reduced) g = cer_call1(&cer_op_sum, g, &repeated);
    return g ? cer_call1(&cer_op_as_strided_backward, g, &part) : NULL;
}

static void as_strided_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = spread(g[0], cer_attrs(n));
}

const cer_Op cer_op_as_strided = {
    .name = "as_strided",
    .grad_name = "AsStridedBackward0",
    .schema = "as_strided(Tensor(a) self, int[] size, int[] stride, int? offset) -> Tensor(a)",
    .shape = as_strided_shape,
    .vjp = as_strided_vjp,
    .n_outputs = 1,
    .flags = CER_VIEW,
    .attrs_bytes = sizeof(Geometry),
};

static void base_form(cer_Form *f, torch_dtype dtype, const Geometry *a)
{
    cer_form(f, dtype, a->base_size.ndim, a->base_size.dim);
    f->strided = true;
    memcpy(f->stride, a->base_stride, sizeof a->base_stride);
}

static bool backward_shape(cer_Call *c)
{
    base_form(&c->form[0], c->in[0].as.t->dtype, c->attrs);
    return true;
}

static bool backward_kernel(cer_Call *c)
{
    const Geometry *a = c->attrs;
    Tensor *out = c->out[0], part = *out;
    memset(out->data, 0, out->storage->bytes);
    part.ndim = (uint8_t)a->size.ndim;
    part.contiguous = false;
    part.data = out->data + a->offset * cer_size_of(out->dtype);
    memcpy(part.shape, a->size.dim, sizeof part.shape);
    memcpy(part.stride, a->stride, sizeof part.stride);
    cer_copy_elements(&part, c->in[0].as.t, c->in[0].as.t->stride);
    return true;
}

static void backward_vjp(cer_Node *n, Tensor *const *g, Tensor **in);

const cer_Op cer_op_as_strided_backward = {
    .name = "as_strided_backward",
    .grad_name = "AsStridedBackwardBackward0",
    .shape = backward_shape,
    .kernel = backward_kernel,
    .vjp = backward_vjp,
    .n_outputs = 1,
    .attrs_bytes = sizeof(Geometry),
};

/* ---- a copy that lies in memory as the base does ----------------------------------------------------------------- */

static bool layout_shape(cer_Call *c)
{
    base_form(&c->form[0], c->in[0].as.t->dtype, c->attrs);
    return true;
}

static bool layout_kernel(cer_Call *c)
{
    cer_copy_elements(c->out[0], c->in[0].as.t, c->in[0].as.t->stride);
    return true;
}

static void layout_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)n;
    in[0] = g[0];
}

static const cer_Op op_layout = {.name = "clone",
                                 .grad_name = "CloneBackward0",
                                 .shape = layout_shape,
                                 .kernel = layout_kernel,
                                 .vjp = layout_vjp,
                                 .n_outputs = 1,
                                 .attrs_bytes = sizeof(Geometry)};

static void backward_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const Geometry *a = cer_attrs(n);
    in[0] = cer_call1(&cer_op_as_strided, cer_call1(&op_layout, g[0], a), a);
}

/* ---- CopySlices -------------------------------------------------------------------------------------------------- */

/* n->inner is the in-place op's own node: its inputs are this node's, but for the first, which is the base's history here. */
static void copy_slices_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const Geometry *a = cer_attrs(n);
    cer_Node *inner = n->inner;
    torch_Context *context = cer_context();
    bool selective = context->selective;
    Tensor *result = cer_call1(&op_layout, g[0], a), *slice = cer_call1(&cer_op_as_strided, result, a);
    cer_CloneAttrs plain = {.contiguous = true};
    Tensor *inner_g = cer_call1(&cer_op_clone, slice, &plain);
    if (!inner_g) return;
    context->selective = false; /* the marks of what is wanted are on this node's edges, not on the inner one's */
    inner->op->vjp(inner, &inner_g, in);
    context->selective = selective;
    Tensor *part = in[0];
    in[0] = NULL;
    if (context->code || !cer_needs(n, 0)) return;
    if (part)
        cer_call2(&cer_op_copy_, slice, part, NULL);
    else
        cer_call(&cer_op_fill_, (torch_Scalar[]){torch_scalar_tensor(slice), torch_scalar_int(0)}, 2, NULL);
    in[0] = result;
}

const cer_Op cer_op_copy_slices = {.name = "copy_slices",
                                   .grad_name = "CopySlices",
                                   .vjp = copy_slices_vjp,
                                   .n_outputs = 1,
                                   .attrs_bytes = sizeof(Geometry)};

/* A node with one edge, to the history of base. */
static cer_Node *view_node(const Geometry *a, cer_Node *base_node, uint32_t base_output, const Tensor *view)
{
    cer_Node *n = cer_node_new(&cer_op_as_strided, 1, 1, 0, a, sizeof *a);
    if (!n) return NULL;
    cer_node_retain(base_node);
    n->edges[0].node = base_node;
    n->edges[0].output = base_output;
    cer_describe_output(&n->outputs[0], view);
    return n;
}

bool cer_rebase_prepare(cer_Call *c, cer_Node *inner, cer_Rebase *r)
{
    Tensor *view = c->self, *base = view->base;
    if (view->storage != base->storage)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "a view whose base got other memory (x.data = y) is being used "
                         "in an in-place operation; detach() it first");
    Geometry a = geometry_of(view);
    r->outer = cer_node_new(&cer_op_copy_slices, c->n_in, 1, 0, &a, sizeof a);
    if (!r->outer) return false;
    cer_node_retain(inner);
    r->outer->inner = inner;
    r->outer->special = true;
    for (int64_t i = 0; i < c->n_in; i++) {
        cer_Edge *e = &r->outer->edges[i];
        if (i > 0) *e = inner->edges[i];
        if (i == 0 && base->flags & CER_REQUIRES_GRAD) {
            e->node = base->node; /* no leaf: that was refused */
            e->output = base->output;
        }
        if (e->node) cer_node_retain(e->node);
    }
    cer_describe_output(&r->outer->outputs[0], base);
    r->view = view_node(&a, r->outer, 0, view);
    if (r->view) return true;
    cer_node_release(r->outer);
    r->outer = NULL;
    return false;
}

void cer_rebase_commit(cer_Call *c, cer_Rebase *r)
{
    cer_take_history(c->self->base, r->outer, 0); /* the views of base see by its version that theirs is out of date */
    cer_take_history(c->self, r->view, 0);
    c->self->seen = cer_version(c->self);
}

bool cer_refresh_view(Tensor *t)
{
    Tensor *base = t->base;
    bool own_leaf = t->flags & CER_REQUIRES_GRAD && (!t->node || t->node->leaf);
    bool apart = t->storage != base->storage; /* base.data = y */
    if (base->flags & CER_REQUIRES_GRAD && !own_leaf && !apart && torch_dtype_is_floating_point(t->dtype)) {
        if (t->flags & CER_VIEWS) return cer_refuse_view(t, "as_strided", true);
        Geometry a = geometry_of(t);
        cer_Node *to = base->node ? base->node : cer_accumulator(base);
        cer_Node *n = to ? view_node(&a, to, base->output, t) : NULL;
        if (!n) return cer_raise_memory("as_strided", sizeof *n);
        cer_take_history(t, n, 0);
    }
    t->seen = cer_version(t);
    return true;
}
