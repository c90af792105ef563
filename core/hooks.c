/* Hooks: of tensors, of nodes, and retain_grad, which is one that the engine itself answers. They hang on the node whose
 * gradient they see, in a list, in the order in which they run; and on a list of all, for a handle may outlive its node. */
#include <pthread.h>

#include "impl.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list of all, and the ids */
static cer_GradHook *newest;
static uint64_t last_id;

static void enlist(cer_GradHook *h) /* a twin has its id already */
{
    pthread_mutex_lock(&lock);
    if (!h->id) h->id = ++last_id;
    h->older = newest;
    if (newest) newest->newer = h;
    newest = h;
    pthread_mutex_unlock(&lock);
}

static cer_GradHook *find(cer_GradHook *from, uint64_t id) /* under the lock */
{
    while (from && from->id != id) from = from->older;
    return from;
}

static void strike(cer_GradHook *h) /* under the lock */
{
    if (h->newer)
        h->newer->older = h->older;
    else
        newest = h->older;
    if (h->older) h->older->newer = h->newer;
}

static void hook_free(cer_GradHook *h)
{
    bool last = true; /* of its twins */
    if (h->id) {
        pthread_mutex_lock(&lock);
        strike(h);
        last = !h->end || !find(newest, h->id);
        pthread_mutex_unlock(&lock);
    }
    if (h->end && last) h->end(h->data);
    cer_free(h, sizeof *h);
}

void cer_hooks_end(cer_Node *n)
{
    while (n->hooks) {
        cer_GradHook *h = n->hooks;
        n->hooks = h->next;
        hook_free(h);
    }
}

/* At the end; but hooks of one tensor stay together, as in PyTorch, where they are one list among the node's. */
static void hang(cer_Node *n, cer_GradHook *h)
{
    cer_GradHook **at = &n->hooks, **end = at;
    for (; *end; end = &(*end)->next)
        if ((*end)->kind == CER_HOOK_TENSOR && (*end)->output == h->output) at = &(*end)->next;
    if (h->kind != CER_HOOK_TENSOR || at == &n->hooks) at = end;
    h->next = *at;
    *at = h;
}

static cer_GradHook *hook_new(cer_Node *n, cer_HookKind kind, uint32_t output, const char *what)
{
    cer_GradHook *h = cer_alloc(sizeof *h);
    if (!h) {
        cer_raise_memory(what, sizeof *h);
        return NULL;
    }
    *h = (cer_GradHook){.kind = kind, .output = output};
    hang(n, h);
    return h;
}

static torch_Hook hook_fill(cer_GradHook *h, void *data, void (*end)(void *), const char *name)
{
    h->data = data;
    h->end = end;
    h->name = name ? name : "hook";
    enlist(h);
    return (torch_Hook){h->id};
}

static bool look(const Tensor *x, const char *what)
{
    return !cer_error_pending() && cer_usable(x, what, 1) && cer_fresh((Tensor *)(uintptr_t)x);
}

torch_Hook torch_register_hook_named(Tensor *x, torch_TensorHook function, void *data, void (*end)(void *),
                                     const char *name)
{
    torch_Hook none = {0};
    if (!look(x, "register_hook")) return none;
    if (!function) return cer_raise(TORCH_TYPE_ERROR, "register_hook", "'NoneType' object is not callable"), none;
    if (!(x->flags & CER_REQUIRES_GRAD)) {
        cer_raise(TORCH_RUNTIME_ERROR, "register_hook",
                  "cannot register a hook on a tensor that doesn't require gradient");
        return none;
    }
    cer_Node *n = x->node ? x->node : cer_accumulator(x);
    if (!n) return cer_raise_memory("register_hook", sizeof *n), none;
    cer_GradHook *h = hook_new(n, CER_HOOK_TENSOR, x->output, "register_hook");
    if (!h) return none;
    h->tensor = function;
    return hook_fill(h, data, end, name);
}

/* A hook may be removed while it runs, or by another one: it is marked, and goes with its node. */
void torch_remove_hook(torch_Hook hook)
{
    pthread_mutex_lock(&lock);
    for (cer_GradHook *h = hook.id ? find(newest, hook.id) : NULL; h; h = find(h->older, hook.id))
        h->kind = CER_HOOK_GONE;
    pthread_mutex_unlock(&lock);
}

static cer_GradHook *twin_of(const cer_GradHook *h)
{
    cer_GradHook *twin = cer_alloc(sizeof *twin);
    if (!twin) return NULL;
    *twin = *h;
    twin->output = 0;
    twin->next = twin->older = twin->newer = NULL;
    enlist(twin);
    return twin;
}

/* The old graph keeps them as well, for it may run yet. */
bool cer_hooks_follow(Tensor *t)
{
    cer_GradHook *twins = NULL, **end = &twins;
    bool fine = true;
    for (const cer_GradHook *h = t->node->hooks; h && fine; h = h->next) {
        if (h->kind != CER_HOOK_TENSOR || h->output != t->output) continue;
        fine = (*end = twin_of(h)) != NULL;
        if (fine) end = &(*end)->next;
    }
    cer_Node *leaf = fine && twins ? cer_accumulator_behind(t) : NULL;
    if (twins && !leaf) fine = false;
    while (twins) {
        cer_GradHook *h = twins;
        twins = h->next;
        h->next = NULL;
        if (fine)
            hang(leaf, h);
        else
            hook_free(h);
    }
    return fine || cer_raise_memory("detach_", sizeof *twins);
}

/* ---- retain_grad ------------------------------------------------------------------------------------------------- */

int torch_retain_grad(Tensor *x)
{
    if (!look(x, "retain_grad")) return torch_error_code();
    if (!(x->flags & CER_REQUIRES_GRAD))
        return torch_error_raise(TORCH_RUNTIME_ERROR, "retain_grad",
                                 "can't retain_grad on Tensor that has requires_grad=False");
    if (!x->node || x->node->leaf || x->flags & CER_RETAINS_GRAD) return TORCH_OK;
    cer_GradHook *h = hook_new(x->node, CER_HOOK_KEEP, x->output, "retain_grad");
    if (!h) return torch_error_code();
    h->keeps = x;
    x->flags |= CER_RETAINS_GRAD;
    return TORCH_OK;
}

static cer_GradHook *unhang_keeper(Tensor *t)
{
    cer_GradHook **at = t->node ? &t->node->hooks : NULL;
    while (at && *at && !((*at)->kind == CER_HOOK_KEEP && (*at)->keeps == t)) at = &(*at)->next;
    cer_GradHook *h = at ? *at : NULL;
    if (h) *at = h->next;
    return h;
}

void cer_forget_retained(Tensor *t)
{
    cer_GradHook *h = t->flags & CER_RETAINS_GRAD ? unhang_keeper(t) : NULL;
    if (h) hook_free(h);
    t->flags &= (uint8_t)~CER_RETAINS_GRAD;
}

void cer_move_retained(Tensor *t, cer_Node *to)
{
    cer_GradHook *h = t->flags & CER_RETAINS_GRAD ? unhang_keeper(t) : NULL;
    if (!h) return;
    h->output = 0;
    hang(to, h);
}

/* ---- running them ------------------------------------------------------------------------------------------------ */

/* Puts a hook's answer where the gradient was; takes a reference of its own. */
static bool replace(const cer_GradHook *h, Tensor **slot, Tensor *by)
{
    Tensor *old = *slot;
    if (by == old) return true;
    if (!old) return cer_raise(TORCH_RUNTIME_ERROR, h->name, "can't replace a None gradient with a non-None value");
    if (!cer_usable(by, h->name, 1)) return false;
    if (by->dtype != old->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, h->name,
                         "hook '%s' has changed the type of value (was torch.%sTensor got torch.%sTensor)", h->name,
                         cer_type_name(old->dtype), cer_type_name(by->dtype));
    if (!cer_same_shape(by, old))
        return cer_raise(TORCH_RUNTIME_ERROR, h->name, "hook '%s' has changed the size of value", h->name);
    *slot = by;
    return true;
}

/* g: the gradients of n's outputs, one reference each. */
static bool run_node_hook(const cer_GradHook *h, Tensor **in, int64_t n_in, Tensor **out, int64_t n_out)
{
    Tensor **may = h->kind == CER_HOOK_PRE ? out : in; /* what it may change; the other it gets as a copy */
    int64_t n_may = h->kind == CER_HOOK_PRE ? n_out : n_in;
    size_t bytes = (size_t)(n_in + n_out) * sizeof *in;
    Tensor **copy = cer_alloc(bytes);
    if (!copy) return cer_raise_memory(h->name, (double)bytes);
    for (int64_t i = 0; i < n_in; i++) copy[i] = in[i];
    for (int64_t k = 0; k < n_out; k++) copy[n_in + k] = out[k];
    h->node(n_in ? copy : NULL, n_in, copy + n_in, n_out, h->data);
    bool fine = !cer_error_pending();
    Tensor **answer = h->kind == CER_HOOK_PRE ? copy + n_in : copy;
    for (int64_t i = 0; fine && i < n_may; i++) {
        Tensor *slot = may[i];
        if (!answer[i]) continue;
        fine = replace(h, &slot, answer[i]);
        if (!fine || slot == may[i]) continue;
        if (h->kind == CER_HOOK_PRE) {
            cer_retain(slot);
            cer_release(may[i]);
        }
        may[i] = slot;
    }
    cer_free(copy, bytes);
    return fine;
}

bool cer_hooks_before(cer_Node *n, Tensor **g, bool (*keep)(void *, Tensor *, Tensor *), void *engine)
{
    bool fine = true;
    for (cer_GradHook *h = n->hooks; h && fine; h = h->next) {
        if (h->kind == CER_HOOK_PRE) {
            fine = run_node_hook(h, NULL, 0, g, n->n_outputs);
            continue;
        }
        Tensor *now = g[h->output];
        if (h->kind == CER_HOOK_KEEP && now) fine = keep(engine, h->keeps, now);
        if (h->kind != CER_HOOK_TENSOR || !now) continue;
        Tensor *by = h->tensor(now, h->data);
        fine = !cer_error_pending() && (!by || replace(h, &now, by));
        if (!fine || now == g[h->output]) continue;
        cer_retain(now);
        cer_release(g[h->output]);
        g[h->output] = now;
    }
    return fine;
}

bool cer_hooks_after(cer_Node *n, Tensor *const *g, Tensor **in)
{
    bool fine = true;
    for (cer_GradHook *h = n->hooks; h && fine; h = h->next)
        if (h->kind == CER_HOOK_POST)
            fine = run_node_hook(h, in, in ? n->n_inputs : 0, (Tensor **)(uintptr_t)g, n->n_outputs);
    for (cer_GradHook **at = &n->hooks; *at;) { /* those that were removed meanwhile */
        cer_GradHook *h = *at;
        if (h->kind != CER_HOOK_GONE) {
            at = &h->next;
            continue;
        }
        *at = h->next;
        hook_free(h);
    }
    return fine;
}

/* ---- the graph ---------------------------------------------------------------------------------------------------- */

static const cer_Node *node_of(const torch_Node *n)
{
    return (const cer_Node *)n;
}

torch_Node *torch_grad_fn_node(const Tensor *x)
{
    return look(x, "grad_fn") && x->node && !x->node->leaf ? (torch_Node *)x->node : NULL;
}

const char *torch_Node_name(const torch_Node *n)
{
    return n ? cer_grad_name(node_of(n)) : NULL;
}

int64_t torch_Node_n_next(const torch_Node *n)
{
    return n ? node_of(n)->n_inputs : 0;
}

static bool has_next(const torch_Node *n, int64_t i)
{
    if (cer_error_pending()) return false;
    if (!n) return cer_raise(TORCH_TYPE_ERROR, "next_functions", "'NoneType' object has no attribute 'next_functions'");
    return (i >= 0 && i < node_of(n)->n_inputs) ||
           cer_raise(TORCH_INDEX_ERROR, "next_functions", "tuple index out of range");
}

torch_Node *torch_Node_next(const torch_Node *n, int64_t i)
{
    return has_next(n, i) ? (torch_Node *)node_of(n)->edges[i].node : NULL;
}

int64_t torch_Node_next_output(const torch_Node *n, int64_t i)
{
    return has_next(n, i) && node_of(n)->edges[i].node ? node_of(n)->edges[i].output : 0;
}

Tensor *torch_Node_variable(const torch_Node *n)
{
    return n ? node_of(n)->leaf : NULL;
}

torch_Hook torch_Node_register_hook_named(torch_Node *n, bool before, torch_NodeHook function, void *data,
                                          void (*end)(void *), const char *name)
{
    torch_Hook none = {0};
    if (cer_error_pending()) return none;
    if (!n || !function)
        return cer_raise(TORCH_TYPE_ERROR, "register_hook", "register_hook: the %s is NULL", n ? "hook" : "node"), none;
    cer_GradHook *h = hook_new((cer_Node *)n, before ? CER_HOOK_PRE : CER_HOOK_POST, 0, "register_hook");
    if (!h) return none;
    h->node = function;
    return hook_fill(h, data, end, name);
}
