/* The one function that runs an op: operands checked, form found, memory had, graph node made, kernel run, result handed
 * to the scope. Everything that can fail comes before the kernel writes. */
#include <string.h>

#include "impl.h"

/* Which operands want a gradient? One bit each for the first 32; all others answer for bit 31. */
static bool check_operands(cer_Call *c, bool grad_off, uint8_t *any)
{
    uint8_t flags = 0;
    for (int64_t i = 0; i < c->n_in; i++) {
        if (c->in[i].kind != TORCH_KIND_TENSOR) continue;
        const Tensor *t = c->in[i].as.t;
#ifdef NDEBUG
        if (!t || t->magic != CER_LIVE)
#endif
            if (!cer_usable(t, c->op->name, (int)i + 1)) return false;
        flags |= t->flags;
        if (!t->base || grad_off) continue;
        bool refused = t->flags & CER_VIEWS && i == 0 && c->op->flags & CER_INPLACE; /* by check_in_place, soon */
        if (!refused && !cer_fresh(c->in[i].as.t)) return false;
        flags |= t->flags; /* which may be new */
    }
    *any = flags;
    return true;
}

/* Would writing t change elements of other that are still to be read? As in PyTorch nothing is said of tensors with gaps. */
static bool overlaps_partly(const Tensor *t, const Tensor *other)
{
    if (t->storage != other->storage || t == other || !t->numel || !other->numel) return false;
    if (!cer_dense(t) || !cer_dense(other)) return false;
    const char *end = t->data + t->numel * cer_size_of(t->dtype),
               *other_end = other->data + other->numel * cer_size_of(other->dtype);
    if (t->data == other->data && end == other_end)
        return t->ndim != other->ndim || !cer_same_sizes(t->ndim, t->stride, other->stride);
    return t->data < other_end && other->data < end;
}

/* In place on a tensor whose history matters: PyTorch's refusals. */
static bool check_in_place(const cer_Call *c, bool recording)
{
    const Tensor *t = c->self;
    if (recording && t->flags & CER_VIEWS && t->base) return cer_refuse_view(t, c->op->name, false);
    if (recording && t->flags & CER_REQUIRES_GRAD && t->base && (!t->base->node || t->base->node->leaf))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "a view of a leaf Variable that requires grad is being used in an in-place operation.");
    if (recording && t->flags & CER_REQUIRES_GRAD && (!t->node || t->node->leaf))
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "a leaf Variable that requires grad is being used in an in-place operation.");
    if (c->op->flags & (CER_RESTRIDE | CER_MAY_OVERLAP)) return true;
    for (int i = 0; i < t->ndim; i++)
        if (t->stride[i] == 0 && t->shape[i] > 1)
            return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                             "unsupported operation: more than one element of the written-to tensor refers to a single "
                             "memory location. Please clone() the tensor before performing the operation.");
    for (int64_t i = 1; i < c->n_in; i++)
        if (c->in[i].kind == TORCH_KIND_TENSOR && overlaps_partly(t, c->in[i].as.t))
            return cer_raise(
                TORCH_RUNTIME_ERROR, c->op->name,
                "unsupported operation: some elements of the input tensor and the written-to tensor refer to "
                "a single memory location. Please clone() the tensor before performing the operation.");
    return true;
}

/* ---- outputs ----------------------------------------------------------------------------------------------------- */

void cer_apply_form(Tensor *t, const cer_Form *f)
{
    t->dtype = f->dtype;
    t->ndim = f->ndim;
    int64_t next = 1;
    for (int i = f->ndim; i-- > 0;) {
        t->shape[i] = f->shape[i];
        t->stride[i] = f->strided ? f->stride[i] : next;
        next = cer_times(next, f->shape[i] > 1 ? f->shape[i] : 1);
    }
    if (f->strided) {
        cer_update_contiguous(t);
        return;
    }
    t->contiguous = true;
    t->numel = 1;
    for (int i = 0; i < f->ndim; i++) t->numel = cer_times(t->numel, f->shape[i]);
}

static Tensor *new_output(const cer_Op *op, const cer_Form *f)
{
    Tensor *t = cer_tensor_header();
    if (!t) {
        cer_raise_memory(op->name, sizeof *t);
        return NULL;
    }
    cer_apply_form(t, f);
    t->op = op;
    size_t bytes = (size_t)t->numel * (size_t)cer_size_of(f->dtype);
    t->storage = cer_storage_new(bytes);
    if (!t->storage) {
        cer_release(t);
        cer_raise_memory(op->name, (double)bytes);
        return NULL;
    }
    t->data = t->storage->data;
    return t;
}

static inline Tensor *new_view(const cer_Op *op, const cer_Form *f, Tensor *of)
{
    Tensor *t = cer_tensor_header();
    if (!t) {
        cer_raise_memory(op->name, sizeof *t);
        return NULL;
    }
    t->op = op;
    t->flags = of->flags & (CER_VIEWS | CER_INFERENCE);
    t->storage = of->storage;
    cer_count_up(&t->storage->refs, t->storage->shared);
    t->data = of->data + f->offset * cer_size_of(of->dtype);
    if (op->vjp) { /* detach has none: its result is no view as far as history goes */
        t->base = of->base ? of->base : of;
        cer_retain(t->base);
        t->seen = cer_version(t);
        const torch_Context *context = cer_context();
        if (context->grad_off) t->flags |= context->inference ? CER_INFERENCE_VIEW : CER_NO_GRAD_VIEW;
    }
    cer_apply_form(t, f);
    return t;
}

Tensor *cer_new_view(const cer_Op *op, const cer_Form *f, Tensor *of)
{
    return new_view(op, f, of);
}

static bool make_outputs(cer_Call *c)
{
    if (c->op->flags & CER_INPLACE) {
        c->out[0] = c->self;
        return true;
    }
    for (int k = 0; k < c->op->n_outputs; k++) {
        c->out[k] =
            c->op->flags & CER_VIEW ? new_view(c->op, &c->form[k], c->in[0].as.t) : new_output(c->op, &c->form[k]);
        if (!c->out[k]) return false;
    }
    return true;
}

static void drop_outputs(cer_Call *c)
{
    for (int k = 0; k < c->op->n_outputs; k++) {
        if (!(c->op->flags & CER_INPLACE)) cer_release(c->out[k]);
        c->out[k] = NULL;
    }
}

/* ---- recording --------------------------------------------------------------------------------------------------- */

/* The node of this call, not yet tied to its outputs: edges to what made the operands, and the operands to be saved. */
static cer_Node *new_node(cer_Call *c)
{
    const cer_Op *op = c->op;
    uint16_t saves = 0;
    for (int64_t i = 0; i < c->n_in; i++) {
        bool need = c->in[i].kind == TORCH_KIND_TENSOR && c->in[i].as.t->flags & CER_REQUIRES_GRAD;
        if (need) saves |= op->saves[i < 2 ? i : 2];
    }
    cer_Node *n = cer_node_new(op, c->n_in, op->n_outputs, saves, c->attrs, c->attrs_bytes);
    if (!n) return NULL;
    n->with_number = c->n_in > 1 ? c->in[c->n_in - 1].kind != TORCH_KIND_TENSOR : (op->flags & CER_INPLACE) != 0;
    for (int64_t i = 0; i < c->n_in; i++) {
        n->edges[i].node = NULL;
        if (c->in[i].kind != TORCH_KIND_TENSOR || !(c->in[i].as.t->flags & CER_REQUIRES_GRAD)) continue;
        Tensor *t = c->in[i].as.t;
        cer_Node *to = t->node ? t->node : cer_accumulator(t);
        if (!to) {
            cer_node_release(n);
            return NULL;
        }
        cer_node_retain(to);
        n->edges[i].node = to;
        n->edges[i].output = t->output;
    }
    int slot = 0;
    for (unsigned left = saves & 0xff; left; left &= left - 1) {
        int i = __builtin_ctz(left);
        torch_Scalar *s = &n->saved[slot++];
        *s = i < c->n_in ? c->in[i] : torch_scalar_none();
        if (s->kind != TORCH_KIND_TENSOR) continue;
        if (s->as.t == c->self) { /* about to be overwritten: keep what it was */
            Tensor *copy = cer_call1(&cer_op_clone, s->as.t, NULL);
            if (!copy) {
                s->kind = TORCH_KIND_NONE;
                cer_node_release(n);
                return NULL;
            }
            s->as.t = copy;
        }
        cer_retain(s->as.t);
        s->version = cer_version(s->as.t);
    }
    return n;
}

/* Room for the saved outputs: aliases without history, so that a node never holds what holds the node. */
static bool prepare_saved_outputs(cer_Call *c, cer_Node *n, Tensor **alias)
{
    for (int k = 0; k < c->op->n_outputs; k++) {
        alias[k] = NULL;
        if (!(n->saves & CER_SAVE_OUTPUT(k))) continue;
        alias[k] = cer_alias(c->out[k]);
        if (!alias[k]) return false;
    }
    return true;
}

static void tie(cer_Call *c, cer_Node *n, Tensor **alias)
{
    bool owned = false; /* the first output takes over the reference that comes in */
    int slot = cer_count_bits(n->saves & 0xff);
    for (int k = 0; k < c->op->n_outputs; k++) {
        Tensor *t = c->out[k];
        cer_describe_output(&n->outputs[k], t);
        if (alias[k]) {
            n->saved[slot] = torch_scalar_tensor(alias[k]);
            n->saved[slot++].version = cer_version(t);
        }
        if (c->op->indices >> k & 1) continue;
        if (owned) cer_node_retain(n);
        owned = true;
        if (t->node) { /* in place: the old history is now behind an edge of n */
            cer_take_history(t, n, (uint32_t)k);
        } else {
            t->node = n;
            t->output = (uint32_t)k;
            t->flags |= CER_REQUIRES_GRAD;
        }
        t->seen = cer_version(t);
    }
}

/* The same for an in-place op on a view: its node goes inside the base's new history. */
static void tie_view(cer_Call *c, cer_Node *n, Tensor **alias, cer_Rebase *rebase)
{
    cer_describe_output(&n->outputs[0], c->self);
    if (alias[0]) {
        torch_Scalar *saved = &n->saved[cer_count_bits(n->saves & 0xff)];
        *saved = torch_scalar_tensor(alias[0]);
        saved->version = cer_version(c->self);
    }
    cer_rebase_commit(c, rebase);
    cer_node_release(n); /* the outer node holds it */
}

static bool refuse_inference(const cer_Op *op)
{
    return cer_raise(TORCH_RUNTIME_ERROR, op->name,
                     "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to "
                     "get a normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for "
                     "more details.");
}

static bool check_saved(const cer_Node *n)
{
    for (int i = 0; i < n->n_saved; i++)
        if (n->saved[i].kind == TORCH_KIND_TENSOR && n->saved[i].as.t->flags & CER_INFERENCE)
            return cer_raise(TORCH_RUNTIME_ERROR, n->op->name, CER_INFERENCE_SAVED);
    return true;
}

/* A node was recorded while somebody wants to know: pack hooks take what it saved, anomaly mode remembers its call. */
static bool watch(const torch_Context *context, cer_Node *n)
{
    n->traced = context->watch & CER_WATCH_ANOMALY;
    bool fine = true;
    for (int i = 0; i < n->n_saved && context->watch & CER_WATCH_SAVED; i++)
        fine = fine && (n->saved[i].kind != TORCH_KIND_TENSOR || cer_pack(&n->saved[i]));
    return fine;
}

/* ---- the call ---------------------------------------------------------------------------------------------------- */

static bool run(torch_Context *context, cer_Call *c)
{
    const cer_Op *op = c->op;
    uint8_t flags;
    if (!check_operands(c, context->grad_off, &flags)) return false;
    bool wants_grad = flags & CER_REQUIRES_GRAD;
    bool recording = wants_grad && op->vjp && !context->grad_off;
    for (int k = 0; k < CER_OUTPUTS; k++) c->out[k] = NULL; /* all: shorter than a loop over those in use */
    if (op->flags & CER_INPLACE) {
        c->self = c->in[0].as.t;
        if (c->self->flags & CER_INFERENCE && !context->inference) return refuse_inference(op);
        if (!check_in_place(c, wants_grad && !context->grad_off)) return false;
    }
    if (!op->shape(c)) return false;
    if (recording && !cer_is_floating(op->flags & CER_INPLACE ? c->self->dtype : c->form[0].dtype)) recording = false;
    Tensor *alias[CER_OUTPUTS] = {NULL};
    cer_Node *node = NULL;
    cer_Rebase rebase = {NULL, NULL};
    bool on_view = c->self && c->self->base && !(op->flags & CER_RESTRIDE);
    bool fine = make_outputs(c) && cer_pool_reserve(context, op->n_outputs);
    if (fine && recording) {
        node = new_node(c);
        fine = node && prepare_saved_outputs(c, node, alias) && (!on_view || cer_rebase_prepare(c, node, &rebase));
        if (flags & CER_INFERENCE && fine) fine = check_saved(node);
        if (!fine && !context->code) cer_raise_memory(op->name, sizeof *node);
    }
    if (context->watch & CER_WATCH_INFERENCE && fine && !(op->flags & (CER_INPLACE | CER_VIEW)))
        for (int k = 0; k < op->n_outputs; k++) c->out[k]->flags |= CER_INFERENCE;
    if (fine && op->kernel) fine = op->kernel(c);
    if (!fine) {
        for (int k = 0; k < op->n_outputs; k++) cer_release(alias[k]);
        if (node) cer_node_release(node);
        if (rebase.view) cer_node_release(rebase.view); /* which holds the outer one */
        if (rebase.outer) cer_node_release(rebase.outer);
        drop_outputs(c);
        return false;
    }
    if (op->flags & CER_INPLACE) {
        if (op->flags & CER_RESTRIDE) cer_apply_form(c->self, &c->form[0]);
        atomic_store_explicit(&c->self->storage->version, cer_version(c->self) + 1, memory_order_relaxed);
    }
    if (node && on_view)
        tie_view(c, node, alias, &rebase);
    else if (node)
        tie(c, node, alias);
    if (!(op->flags & CER_INPLACE))
        for (int k = 0; k < op->n_outputs; k++) cer_pool_put(context, c->out[k]);
    return !node || !context->watch || watch(context, node);
}

/* others: where outputs 1.. go, or NULL. */
static Tensor *call(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs, size_t attrs_bytes,
                    Tensor **others)
{
    torch_Context *context = cer_context();
    for (int k = 1; others && k < op->n_outputs; k++) others[k - 1] = NULL;
    if (context->code) return NULL;
    cer_Call c;
    c.op = op;
    c.in = in;
    c.n_in = n_in;
    c.attrs = attrs;
    c.attrs_bytes = attrs ? attrs_bytes : 0;
    c.self = NULL;
    if (!run(context, &c)) return NULL;
    for (int k = 1; others && k < op->n_outputs; k++) others[k - 1] = c.out[k];
    return c.out[0];
}

Tensor *cer_call(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs)
{
    return call(op, in, n_in, attrs, op->attrs_bytes, NULL);
}

Tensor *cer_call_two(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs, Tensor **second)
{
    return call(op, in, n_in, attrs, op->attrs_bytes, second);
}

bool cer_call_many(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs, Tensor **out)
{
    out[0] = call(op, in, n_in, attrs, op->attrs_bytes, out + 1);
    return out[0] != NULL;
}

Tensor *cer_call_sized(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs, size_t attrs_bytes)
{
    return call(op, in, n_in, attrs, attrs_bytes, NULL);
}
