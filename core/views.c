/* Functions that return several views at once, and the views that may not be written while that is recorded. */
#include "impl.h"

#define EITHER_BOTH(mode)                                                                                           \
    " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving " \
    "both the view and the inplace either both inside the " mode " block (if you don't want the inplace to be "     \
    "tracked) or both outside (if you want the inplace to be tracked)."
#define CUSTOM                                                                                                         \
    " This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic " \
    "to handle view+inplace would override the custom backward associated with the custom Function, leading to "       \
    "incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function."
#define SEVERAL                                                                                                   \
    " This view is the output of a function that returns multiple views. Such functions do not allow the output " \
    "views to be modified inplace. You should replace the inplace operation by an out-of-place one."

/* indirect: not t itself but its base, or another view of it, was written. */
bool cer_refuse_view(const Tensor *t, const char *op, bool indirect)
{
    const char *what = indirect ? "its base or another view of its base has been" : "is being";
    const char *why = t->flags & CER_MULTI_VIEW       ? SEVERAL
                      : t->flags & CER_INFERENCE_VIEW ? EITHER_BOTH("inference_mode")
                                                      : EITHER_BOTH("no_grad");
    if (t->node && cer_is_function(t->node) && !(t->flags & CER_MULTI_VIEW)) why = CUSTOM;
    if (t->node && !t->node->leaf)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Output %u of %s is a view and %s modified inplace.%s", t->output,
                         cer_grad_name(t->node), what, why);
    if (t->flags & CER_INFERENCE_VIEW)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "A view was created in inference mode and %s modified inplace in normal mode.%s", what, why);
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     "A view was created in no_grad mode and %s modified inplace with grad mode enabled.%s", what, why);
}

static bool make_views(cer_Call *c, Tensor *x, int64_t n, Tensor **out)
{
    for (c->part = 0; c->part < n; c->part++) {
        if (!c->op->shape(c)) return false;
        Tensor *t = cer_new_view(c->op, &c->form[0], x);
        if (!t) return false;
        if (!cer_context()->grad_off) t->flags |= CER_MULTI_VIEW;
        out[c->part] = t;
    }
    return true;
}

static bool record_views(const cer_Call *c, Tensor *x, int64_t n, Tensor **out)
{
    cer_Node *to = x->node ? x->node : cer_accumulator(x);
    cer_Node *node = to ? cer_node_new(c->op, 1, n, 0, c->attrs, c->attrs_bytes) : NULL;
    if (!node) return cer_raise_memory(c->op->name, sizeof *node);
    cer_node_retain(to);
    node->edges[0].node = to;
    node->edges[0].output = x->output;
    for (int64_t k = 0; k < n; k++) {
        cer_describe_output(&node->outputs[k], out[k]);
        cer_node_retain(node);
        out[k]->node = node;
        out[k]->output = (uint32_t)k;
        out[k]->flags |= CER_REQUIRES_GRAD;
    }
    cer_node_release(node);
    return true;
}

static bool call_views(const cer_Op *op, Tensor *x, int64_t n, const void *attrs, size_t attrs_bytes, Tensor **out)
{
    torch_Context *context = cer_context();
    for (int64_t k = 0; k < n; k++) out[k] = NULL;
    if (context->code || !cer_usable(x, op->name, 1)) return false;
    if (!context->grad_off && !cer_fresh(x)) return false;
    bool recording = x->flags & CER_REQUIRES_GRAD && op->vjp && !context->grad_off;
    torch_Scalar in[1] = {torch_scalar_tensor(x)};
    cer_Call c = {.op = op, .in = in, .n_in = 1, .attrs = attrs, .attrs_bytes = attrs ? attrs_bytes : 0};
    bool fine = cer_pool_reserve(context, n) && make_views(&c, x, n, out);
    fine = fine && (!recording || n == 0 || record_views(&c, x, n, out));
    for (int64_t k = 0; k < n; k++) {
        if (fine) {
            cer_pool_put(context, out[k]);
            continue;
        }
        cer_release(out[k]);
        out[k] = NULL;
    }
    return fine;
}

bool cer_call_views(const cer_Op *op, Tensor *x, int64_t n, const void *attrs, Tensor **out)
{
    return call_views(op, x, n, attrs, op->attrs_bytes, out);
}

Tensor **cer_list_room(const char *op, int64_t n)
{
    enum { MOST = 1 << 30 }; /* more do not fit into memory, and their size might overflow */
    if (cer_error_pending()) return NULL;
    if (n < 0 || n > MOST) return cer_raise_memory(op, (double)n * sizeof(Tensor *)), NULL;
    Tensor **tensors = (Tensor **)(void *)cer_pool_string((size_t)(n ? n : 1) * sizeof *tensors);
    for (int64_t i = 0; tensors && i < n; i++) tensors[i] = NULL;
    return tensors;
}

torch_TensorList cer_list_views(const cer_Op *op, Tensor *x, int64_t n, const void *attrs, size_t attrs_bytes)
{
    Tensor **tensors = cer_list_room(op->name, n);
    if (!tensors || !call_views(op, x, n, attrs, attrs_bytes, tensors)) return cer_no_list();
    return (torch_TensorList){tensors, n};
}
