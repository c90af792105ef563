/* Functions of the user with a backward of their own. One node each, whose attributes are the ctx; its record is a copy of
 * op_function with the user's names, and lives in the ctx too. */
#include <stdio.h>
#include <string.h>

#include "impl.h"

enum {
    NAME = 80,
    SPARE = 8
}; /* SPARE: room behind grad_in, so that a gradient too many is found and not written elsewhere */

typedef struct List {
    Tensor **item;
    int64_t length;
} List;

struct torch_Ctx {
    cer_Op op;
    char name[NAME], grad_name[NAME];
    const torch_Function *function;
    cer_Node *node;
    torch_Scalar *saved;     /* one reference each */
    int64_t *saved_output;   /* which output that is, or -1 */
    int64_t n_saved, n_held; /* n_held: those that are still there */
    List dirty, fixed;       /* during forward: marks */
    bool no_zeros;
    void *data;
    void (*end)(void *data);
};

static torch_Ctx *ctx_of(const cer_Node *n)
{
    return n->attrs;
}

/* ---- what forward tells ------------------------------------------------------------------------------------------ */

static bool list_set(List *list, Tensor *const *item, int64_t n, const char *what)
{
    if (cer_error_pending()) return false;
    for (int64_t i = 0; i < n; i++)
        if (!cer_usable(item[i], what, (int)i + 1)) return false;
    size_t bytes = (size_t)n * sizeof *item;
    Tensor **copy = cer_alloc(bytes);
    if (!copy) return cer_raise_memory(what, (double)bytes);
    for (int64_t i = 0; i < n; i++) copy[i] = item[i];
    cer_free(list->item, (size_t)list->length * sizeof *item);
    *list = (List){copy, n};
    return true;
}

static bool listed(const List *list, const Tensor *t)
{
    for (int64_t i = 0; i < list->length; i++)
        if (list->item[i] == t) return true;
    return false;
}

static void list_end(List *list)
{
    cer_free(list->item, (size_t)list->length * sizeof *list->item);
    *list = (List){NULL, 0};
}

int torch_ctx_mark_non_differentiable(torch_Ctx *ctx, Tensor *const *outputs, int64_t n)
{
    return list_set(&ctx->fixed, outputs, n, "mark_non_differentiable") ? TORCH_OK : torch_error_code();
}

int torch_ctx_mark_dirty(torch_Ctx *ctx, Tensor *const *inputs, int64_t n)
{
    return list_set(&ctx->dirty, inputs, n, "mark_dirty") ? TORCH_OK : torch_error_code();
}

static void drop_saved(torch_Ctx *ctx)
{
    for (int64_t i = 0; i < ctx->n_held; i++) cer_unsave(&ctx->saved[i]);
    ctx->n_held = 0;
}

static void free_saved(torch_Ctx *ctx)
{
    drop_saved(ctx);
    cer_free(ctx->saved, (size_t)ctx->n_saved * (sizeof *ctx->saved + sizeof *ctx->saved_output));
    ctx->saved = NULL;
    ctx->n_saved = 0;
}

int torch_ctx_save_for_backward(torch_Ctx *ctx, Tensor *const *tensors, int64_t n)
{
    if (cer_error_pending()) return torch_error_code();
    for (int64_t i = 0; i < n; i++)
        if (tensors[i] && !cer_usable(tensors[i], "save_for_backward", (int)i + 1)) return torch_error_code();
    size_t bytes = (size_t)n * (sizeof *ctx->saved + sizeof *ctx->saved_output);
    torch_Scalar *saved = cer_alloc(bytes);
    if (!saved) return cer_raise_memory("save_for_backward", (double)bytes), torch_error_code();
    free_saved(ctx);
    ctx->saved = saved;
    ctx->saved_output = (int64_t *)(saved + n);
    ctx->n_saved = ctx->n_held = n;
    for (int64_t i = 0; i < n; i++) {
        saved[i] = tensors[i] ? torch_scalar_tensor(tensors[i]) : torch_scalar_none();
        ctx->saved_output[i] = -1;
        if (tensors[i]) cer_retain(tensors[i]);
    }
    return TORCH_OK;
}

void torch_ctx_set_materialize_grads(torch_Ctx *ctx, bool materialize)
{
    ctx->no_zeros = !materialize;
}

void *torch_ctx_data(const torch_Ctx *ctx)
{
    return ctx->data;
}

void torch_ctx_set_data(torch_Ctx *ctx, void *data, void (*end)(void *))
{
    if (ctx->end && ctx->data != data) ctx->end(ctx->data);
    ctx->data = data;
    ctx->end = end;
}

/* ---- what backward asks ------------------------------------------------------------------------------------------ */

bool torch_ctx_needs_input_grad(const torch_Ctx *ctx, int64_t i)
{
    return i >= 0 && i < ctx->node->n_inputs && ctx->node->edges[i].node;
}

int64_t torch_ctx_n_saved_tensors(const torch_Ctx *ctx)
{
    return ctx->n_saved;
}

Tensor *torch_ctx_saved_tensor(torch_Ctx *ctx, int64_t i)
{
    torch_Context *c = cer_context();
    if (c->code) return NULL;
    if (ctx->node->freed && ctx->n_saved > ctx->n_held)
        return cer_raise(TORCH_RUNTIME_ERROR, ctx->grad_name, CER_SECOND_BACKWARD), NULL;
    if (i < 0 || i >= ctx->n_saved)
        return cer_raise(TORCH_INDEX_ERROR, ctx->grad_name, "tuple index out of range"), NULL;
    int64_t k = ctx->saved_output[i];
    bool is_output = k >= 0;
    torch_Scalar s = ctx->saved[i];
    bool plain = s.kind == TORCH_KIND_TENSOR && s.version == cer_version(s.as.t);
    if (!plain) s = cer_unpack(ctx->grad_name, s, is_output ? ctx->node : NULL, is_output ? (uint32_t)k : 0, is_output);
    if (s.kind != TORCH_KIND_TENSOR) return NULL;
    return !is_output || !plain || c->grad_off ? s.as.t : cer_twin(s.as.t, ctx->node, (uint32_t)k);
}

/* ---- backward ---------------------------------------------------------------------------------------------------- */

static bool refuse_shape(cer_Call *c) /* that of the gradient: a view of all of it */
{
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, t->ndim, t->shape);
    c->form[0].strided = true;
    memcpy(c->form[0].stride, t->stride, sizeof(int64_t) * t->ndim);
    return true;
}

static void refuse_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)g, (void)in;
    cer_raise(TORCH_RUNTIME_ERROR, n->op->name,
              "trying to differentiate twice a function that was marked with @once_differentiable");
}

static const cer_Op op_refuse = {.name = "once_differentiable",
                                 .grad_name = "Error",
                                 .shape = refuse_shape,
                                 .vjp = refuse_vjp,
                                 .n_outputs = 1,
                                 .flags = CER_VIEW};

/* A gradient that depends on what could be differentiated, and must not be. */
static Tensor *undifferentiable(Tensor *g, Tensor *const *out_gradient, int64_t n)
{
    bool any = false;
    for (int64_t k = 0; k < n; k++) any |= out_gradient[k] && out_gradient[k]->flags & CER_REQUIRES_GRAD;
    if (!any) return g;
    Tensor *t = torch_requires_grad_(torch_detach(g), true);
    return t ? cer_call1(&op_refuse, t, NULL) : NULL;
}

static bool check_gradient(const torch_Ctx *ctx, const Tensor *g, int64_t i)
{
    const cer_Edge *e = &ctx->node->edges[i];
    const cer_Output *o = &e->node->outputs[e->output];
    if (!cer_usable(g, ctx->grad_name, (int)i + 1)) return false;
    bool fits = g->ndim >= o->ndim;
    for (int d = 1; fits && d <= o->ndim; d++) {
        int64_t want = o->shape[o->ndim - d];
        fits = want == g->shape[g->ndim - d] || want == 1;
    }
    char got[128], want[128];
    return fits || cer_raise(TORCH_RUNTIME_ERROR, ctx->grad_name,
                             "Function %s returned an invalid gradient at index %lld - got %s but expected shape "
                             "compatible with %s",
                             ctx->grad_name, (long long)i, cer_shape_text(g->ndim, g->shape, got, sizeof got),
                             cer_shape_text(o->ndim, o->shape, want, sizeof want));
}

static bool accept(torch_Ctx *ctx, Tensor *const *out_gradient, Tensor **made, int64_t count, Tensor **in)
{
    cer_Node *n = ctx->node;
    int64_t got = count;
    while (got > n->n_inputs && (got > n->n_inputs + SPARE || !made[got - 1])) got--; /* None at the end is forgiven */
    if (got != n->n_inputs)
        return cer_raise(TORCH_RUNTIME_ERROR, ctx->grad_name,
                         "function %s returned an incorrect number of gradients (expected %u, got %lld)",
                         ctx->grad_name, n->n_inputs, (long long)count);
    for (int64_t i = 0; i < n->n_inputs; i++) {
        if (!made[i] || !n->edges[i].node) continue;
        if (!check_gradient(ctx, made[i], i)) return false;
        in[i] = made[i];
        if (ctx->function->once_differentiable && !cer_context()->grad_off)
            in[i] = undifferentiable(made[i], out_gradient, n->n_outputs);
        if (!in[i]) return false;
    }
    return true;
}

static bool materialize(const torch_Ctx *ctx, Tensor *const *g, Tensor **full)
{
    for (uint32_t k = 0; k < ctx->node->n_outputs; k++) {
        const cer_Output *o = &ctx->node->outputs[k];
        full[k] = g[k];
        if (g[k] || ctx->no_zeros || o->dtype == torch_dtype_none) continue;
        full[k] = cer_zeros((torch_dtype)o->dtype, o->ndim, o->shape);
        if (!full[k]) return false;
    }
    return true;
}

static void function_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    torch_Ctx *ctx = ctx_of(n);
    const torch_Function *f = ctx->function;
    if (!f->backward) {
        cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, ctx->grad_name,
                  "You must implement either the backward or vjp method for your custom autograd.Function to use it "
                  "with backward mode AD.");
        return;
    }
    size_t bytes = ((size_t)n->n_outputs + n->n_inputs + SPARE) * sizeof(Tensor *);
    Tensor **full = cer_alloc(bytes), **made = full + n->n_outputs;
    if (!full) {
        cer_raise_memory(ctx->grad_name, (double)bytes);
        return;
    }
    for (uint32_t i = 0; i < n->n_inputs + SPARE; i++) made[i] = NULL;
    if (materialize(ctx, g, full)) {
        torch_Context *c = cer_context();
        bool before = !c->no_grad, selective = c->selective;
        if (f->once_differentiable) cer_set_grad(c, false);
        c->selective = false; /* an inner backward has marks of its own */
        int64_t count = f->backward(ctx, full, made);
        c->selective = selective;
        cer_set_grad(c, before);
        if (!c->code) accept(ctx, full, made, count, in);
    }
    cer_free(full, bytes);
}

static void function_end(cer_Node *n, bool last)
{
    torch_Ctx *ctx = ctx_of(n);
    drop_saved(ctx);
    if (!last) return;
    free_saved(ctx);
    list_end(&ctx->dirty);
    list_end(&ctx->fixed);
    if (ctx->end) ctx->end(ctx->data);
}

static const cer_Op op_function = {
    .name = "Function", .grad_name = "FunctionBackward", .vjp = function_vjp, .end = function_end, .n_outputs = 1};

bool cer_is_function(const cer_Node *n)
{
    return n->op->vjp == function_vjp;
}

/* ---- apply ------------------------------------------------------------------------------------------------------- */

typedef struct Apply { /* one running call */
    torch_Ctx *ctx;
    cer_Node *node;
    Tensor *const *in;
    int64_t n_in;
    Tensor **out;
    int64_t n_out;
    bool wants; /* some input requires grad, and grad mode is on */
} Apply;

static bool begin(Apply *a, const torch_Function *f, void *data)
{
    torch_Context *c = cer_context();
    for (int64_t i = 0; i < a->n_in; i++) {
        if (!a->in[i]) continue;
        if (!cer_usable(a->in[i], f->name, (int)i + 1) || (!c->grad_off && !cer_fresh(a->in[i]))) return false;
        a->wants |= !c->grad_off && a->in[i]->flags & CER_REQUIRES_GRAD;
    }
    torch_Ctx blank = {.op = op_function, .function = f, .data = data};
    cer_Node *n = a->node = cer_node_new(&op_function, a->n_in, a->n_out, 0, &blank, sizeof blank);
    if (!n) return cer_raise_memory(f->name, sizeof *n);
    torch_Ctx *ctx = a->ctx = ctx_of(n);
    ctx->node = n;
    snprintf(ctx->name, NAME, "%s", f->name);
    snprintf(ctx->grad_name, NAME, "%sBackward", f->name);
    ctx->op.name = ctx->name;
    ctx->op.grad_name = ctx->grad_name;
    n->op = &ctx->op;
    n->special = true;
    n->traced = c->watch & CER_WATCH_ANOMALY;
    for (int64_t k = 0; k < a->n_out; k++) n->outputs[k].dtype = torch_dtype_none;
    for (int64_t i = 0; i < a->n_in; i++) {
        Tensor *t = a->in[i];
        if (!t || !(t->flags & CER_REQUIRES_GRAD)) continue;
        cer_Node *to = t->node ? t->node : cer_accumulator(t);
        if (!to) return cer_raise_memory(f->name, sizeof *to);
        cer_node_retain(to);
        n->edges[i] = (cer_Edge){to, t->output};
    }
    return true;
}

static int64_t find(Tensor *const *list, int64_t n, const Tensor *t)
{
    for (int64_t i = 0; i < n; i++)
        if (list[i] == t) return i;
    return -1;
}

/* The output stands for itself, with this history. */
static void set_history(Apply *a, Tensor *t, int64_t k)
{
    cer_node_retain(a->node);
    cer_take_history(t, a->node, (uint32_t)k);
    t->seen = cer_version(t);
}

static bool wrap_dirty(Apply *a, Tensor *t, int64_t k)
{
    const char *name = a->ctx->name;
    if (find(a->in, a->n_in, t) < 0)
        torch_warn("UserWarning",
                   "Only input Tensors should be given to ctx.mark_dirty(). If a Tensor is not an input, "
                   "there is no need to pass it to mark_dirty().");
    atomic_store_explicit(&t->storage->version, cer_version(t) + 1, memory_order_relaxed);
    if (!a->wants) return true;
    if (t->flags & CER_REQUIRES_GRAD && (!t->node || t->node->leaf))
        return cer_raise(TORCH_RUNTIME_ERROR, name,
                         "a leaf Variable that requires grad has been used in an in-place operation.");
    if (!t->base) {
        set_history(a, t, k);
        return true;
    }
    if (a->n_out > 1)
        return cer_raise(
            TORCH_RUNTIME_ERROR, name,
            "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return "
            "more than one Tensor. This is not supported by the current autograd engine. You should either make sure "
            "the input is not a view (using .clone() for example) or make your Function only return one Tensor "
            "(potentially splitting it into two Functions: one doing the inplace that returns a single Tensor and a "
            "second one that does the other operations). You can ask on the forum https://discuss.pytorch.org/ if you "
            "need help to do this change.");
    if (t != a->in[0] || t->flags & CER_VIEWS)
        return t->flags & CER_VIEWS ? cer_refuse_view(t, name, false)
                                    : cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, name,
                                                "a view that is written in place must be the first input");
    cer_Call c = {.op = &a->ctx->op, .n_in = a->n_in, .self = t};
    cer_Rebase rebase = {NULL, NULL};
    if (!cer_rebase_prepare(&c, a->node, &rebase)) return cer_raise_memory(name, sizeof(cer_Node));
    cer_rebase_commit(&c, &rebase);
    return true;
}

/* An input that came back as it was, or a tensor that has a history elsewhere: shown by a view. */
static Tensor *as_view(Tensor *t)
{
    cer_SizeAttrs same = {.ndim = t->ndim};
    memcpy(same.size, t->shape, sizeof(int64_t) * t->ndim);
    return cer_call1(&cer_op_expand, t, &same);
}

static bool wrap(Apply *a, int64_t k)
{
    Tensor *t = a->out[k];
    if (!t) return true;
    if (!cer_usable(t, a->ctx->name, (int)k + 1)) return false;
    bool is_input = find(a->in, a->n_in, t) >= 0 || find(a->out, k, t) >= 0;
    bool fixed = listed(&a->ctx->fixed, t) || !torch_dtype_is_floating_point(t->dtype);
    cer_describe_output(&a->node->outputs[k], t); /* for zeros, also where no gradient will come */
    if (listed(&a->ctx->dirty, t)) return wrap_dirty(a, t, k);
    if (fixed) return !is_input || (a->out[k] = torch_detach(t)) != NULL;
    if (is_input || (a->wants && t->node)) t = a->out[k] = as_view(t);
    if (!t) return false;
    if (a->wants) set_history(a, t, k);
    return true;
}

static bool check_dirty(const Apply *a)
{
    for (int64_t i = 0; i < a->ctx->dirty.length; i++)
        if (find(a->out, a->n_out, a->ctx->dirty.item[i]) < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, a->ctx->name,
                             "Some elements marked as dirty during the forward method were not returned as output. The "
                             "inputs that are modified inplace must all be outputs of the Function.");
    return true;
}

/* What was saved, now that the outputs are known: those as aliases, so that the node does not hold what holds it. */
static bool settle_saved(Apply *a, Tensor *const *original)
{
    torch_Ctx *ctx = a->ctx;
    for (int64_t i = 0; i < ctx->n_saved; i++) {
        torch_Scalar *s = &ctx->saved[i];
        if (s->kind != TORCH_KIND_TENSOR) continue;
        int64_t k = find(original, a->n_out, s->as.t);
        if (k < 0) k = find(a->out, a->n_out, s->as.t);
        bool still_input = k >= 0 && a->out[k] != s->as.t && find(a->in, a->n_in, s->as.t) >= 0;
        if (k >= 0 && !still_input) {
            Tensor *alias = cer_alias(s->as.t);
            if (!alias) return cer_raise_memory(ctx->name, sizeof *alias);
            cer_release(s->as.t);
            s->as.t = alias;
            if (a->node->outputs[k].dtype != torch_dtype_none) ctx->saved_output[i] = k;
        }
        s->version = cer_version(s->as.t);
        if (s->as.t->flags & CER_INFERENCE && !cer_context()->inference)
            return cer_raise(TORCH_RUNTIME_ERROR, ctx->name, CER_INFERENCE_SAVED);
        if (cer_context()->watch & CER_WATCH_SAVED && !cer_pack(s)) return false;
    }
    return true;
}

/* Runs forward and gives its results their history. Everything in a scope that the caller ends. */
static bool run(Apply *a, const torch_Function *f, Tensor **original)
{
    torch_Context *c = cer_context();
    bool before = !c->no_grad;
    cer_set_grad(c, false);
    f->forward(a->ctx, a->in, a->n_in, a->out);
    memcpy(original, a->out, (size_t)a->n_out * sizeof *original);
    bool fine = !c->code && check_dirty(a);
    for (int64_t k = 0; fine && k < a->n_out; k++) fine = wrap(a, k);
    cer_set_grad(c, before);
    return fine && (!a->wants || settle_saved(a, original));
}

/* Hands the results to the scope outside; inputs stay whose they are. */
static bool hand_out(const Apply *a, int64_t scope)
{
    torch_Context *c = cer_context();
    for (int64_t k = 0; k < a->n_out; k++)
        if (a->out[k]) cer_retain(a->out[k]);
    torch_scope_pop(scope);
    bool fine = cer_pool_reserve(c, a->n_out);
    for (int64_t k = 0; k < a->n_out; k++) {
        if (!a->out[k]) continue;
        if (fine && find(a->in, a->n_in, a->out[k]) < 0 && find(a->out, k, a->out[k]) < 0)
            cer_pool_put(c, a->out[k]);
        else
            cer_release(a->out[k]);
    }
    return fine;
}

Tensor *torch_Function_apply(const torch_Function *f, Tensor *const *in, int64_t n_in, void *data, Tensor **others)
{
    torch_Context *c = cer_context();
    int64_t n_out = f && f->n_outputs > 0 ? f->n_outputs : 1;
    for (int64_t k = 1; others && k < n_out; k++) others[k - 1] = NULL;
    if (c->code) return NULL;
    if (!f || !f->forward || !f->name || n_in < 0)
        return cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "apply",
                         "You must implement the forward function for custom autograd.Function."),
               NULL;
    size_t bytes = (size_t)n_out * 2 * sizeof(Tensor *);
    Tensor **out = cer_alloc(bytes), *first = NULL;
    if (!out) return cer_raise_memory(f->name, (double)bytes), NULL;
    memset(out, 0, bytes);
    Apply a = {.in = in, .n_in = n_in, .out = out, .n_out = n_out};
    int64_t scope = torch_scope_push();
    bool fine = !c->code && begin(&a, f, data) && run(&a, f, out + n_out) && hand_out(&a, scope);
    if (!fine) torch_scope_pop(scope);
    if (a.ctx) {
        list_end(&a.ctx->dirty);
        list_end(&a.ctx->fixed);
        if (!fine) drop_saved(a.ctx); /* an output among them holds the node */
    }
    if (a.node) cer_node_release(a.node);
    if (fine) {
        first = out[0];
        for (int64_t k = 1; others && k < n_out; k++) others[k - 1] = out[k];
    }
    cer_free(out, bytes);
    return first;
}
