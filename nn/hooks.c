/* What runs around a module's forward and backward. */
#include "core/function.h"
#include "module.h"

/* ---- registering ------------------------------------------------------------------------------------------------- */

int64_t cer_nn_add_hook(nn_Module *m, const char *op, cer_Hook hook)
{
    nn_ModuleImpl *impl = m->module;
    if (impl->n_hooks == impl->hook_capacity) {
        int64_t capacity = impl->hook_capacity ? impl->hook_capacity * 2 : 2;
        cer_Hook *grown =
            cer_grow(impl->hook, (size_t)impl->hook_capacity * sizeof *grown, (size_t)capacity * sizeof *grown);
        if (!grown) return cer_raise_memory(op, (double)capacity * sizeof *grown), -1;
        impl->hook = grown;
        impl->hook_capacity = capacity;
    }
    hook.handle = impl->next_handle++;
    impl->hook[impl->n_hooks++] = hook;
    return hook.handle;
}

static int64_t add(nn_Module *m, const char *op, cer_Hook hook, bool given)
{
    if (!cer_nn_ready(m, op)) return -1;
    return given ? cer_nn_add_hook(m, op, hook) : (cer_raise(TORCH_TYPE_ERROR, op, "the hook is NULL"), -1);
}

int64_t nn_Module_register_forward_pre_hook(nn_Module *m, nn_ForwardPreHook hook, void *data)
{
    return add(m, "register_forward_pre_hook", (cer_Hook){CER_NN_HOOK_PRE, {.pre = hook}, data, NULL, 0}, hook != NULL);
}

int64_t nn_Module_register_forward_hook(nn_Module *m, nn_ForwardHook hook, void *data)
{
    return add(m, "register_forward_hook", (cer_Hook){CER_NN_HOOK_FORWARD, {.forward = hook}, data, NULL, 0},
               hook != NULL);
}

int64_t nn_Module_register_full_backward_hook(nn_Module *m, nn_BackwardHook hook, void *data)
{
    return add(m, "register_full_backward_hook", (cer_Hook){CER_NN_HOOK_BACKWARD, {.backward = hook}, data, NULL, 0},
               hook != NULL);
}

void nn_Module_remove_hook(nn_Module *m, int64_t handle)
{
    nn_ModuleImpl *impl = m ? m->module : NULL;
    for (int64_t i = 0; impl && i < impl->n_hooks; i++) {
        cer_Hook hook = impl->hook[i];
        if (hook.handle != handle) continue;
        impl->n_hooks--;
        memmove(&impl->hook[i], &impl->hook[i + 1], (size_t)(impl->n_hooks - i) * sizeof *impl->hook);
        if (hook.owned) hook.owned->end(m, hook.data);
        return;
    }
}

void cer_nn_end_hooks(nn_Module *m)
{
    nn_ModuleImpl *impl = m->module;
    for (int64_t i = 0; i < impl->n_hooks; i++)
        if (impl->hook[i].owned) impl->hook[i].owned->end(m, impl->hook[i].data);
    cer_free(impl->hook, (size_t)impl->hook_capacity * sizeof *impl->hook);
    if (impl->alive) cer_nn_end_alive(impl->alive);
}

bool cer_nn_copy_hooks(nn_Module *copy, const nn_Module *m)
{
    for (int64_t i = 0; i < m->module->n_hooks; i++) {
        cer_Hook hook = m->module->hook[i];
        if (hook.owned) hook.data = hook.owned->copy(copy, hook.data);
        if (cer_error_pending()) return false;
        if (cer_nn_add_hook(copy, "deepcopy", hook) < 0) {
            if (hook.owned) hook.owned->end(copy, hook.data);
            return false;
        }
    }
    return true;
}

bool cer_nn_has_hook(const nn_Module *m, int kind)
{
    for (int64_t i = 0; i < m->module->n_hooks; i++)
        if ((int)m->module->hook[i].kind == kind) return true;
    return false;
}

/* ---- backward hooks -------------------------------------------------------------------------------------------------
 * Inputs and results pass through functions that change nothing: what comes back through the second is kept, what comes
 * back through the first is shown to the hooks, with that.
 *
 *     x -> [enter] -> forward -> [leave] -> y             grad of x <- hooks(grad of x, kept) <- ... <- grad of y, kept */

enum { CROSSING = 8 }; /* tensors at most */

struct cer_Alive {
    _Atomic int32_t refs; /* the module, and every crossing */
    _Atomic(nn_Module *) m;
};

typedef struct Call {
    nn_BackwardHook run;
    void *data;
} Call;

struct cer_Crossing {
    _Atomic int32_t refs; /* two functions, and the running forward */
    cer_Alive *alive;
    int64_t n_in, n_out, n_calls;
    bool inputs, kept;                         /* some input requires a gradient; `grad` is there */
    int64_t in_at[CROSSING], out_at[CROSSING]; /* where the i-th tensor that is not None stands */
    Tensor *grad[CROSSING];
    Call call[];
};

static void alive_release(cer_Alive *a)
{
    if (cer_count_down(&a->refs, true)) cer_free(a, sizeof *a);
}

void cer_nn_end_alive(cer_Alive *a)
{
    atomic_store(&a->m, NULL);
    alive_release(a);
}

static void drop_grad(cer_Crossing *c)
{
    for (int64_t i = 0; i < CROSSING; i++) {
        cer_release(c->grad[i]);
        c->grad[i] = NULL;
    }
    c->kept = false;
}

static void crossing_release(void *crossing)
{
    cer_Crossing *c = crossing;
    if (!cer_count_down(&c->refs, true)) return;
    drop_grad(c);
    alive_release(c->alive);
    cer_free(c, sizeof *c + (size_t)c->n_calls * sizeof *c->call);
}

static void call_hooks(cer_Crossing *c, Tensor **grad_input)
{
    nn_Module *m = atomic_load(&c->alive->m);
    for (int64_t i = 0; m && i < c->n_calls && !cer_error_pending(); i++)
        c->call[i].run(m, grad_input, c->n_in, c->grad, c->n_out, c->call[i].data);
    drop_grad(c);
}

static int64_t enter_backward(torch_Ctx *ctx, Tensor *const *grad_out, Tensor **grad_in)
{
    cer_Crossing *c = torch_ctx_data(ctx);
    Tensor *grad[CROSSING] = {NULL};
    int64_t n = 0;
    while (n < c->n_in && c->in_at[n] >= 0) n++;
    for (int64_t i = 0; i < n; i++) grad[c->in_at[i]] = grad_out[i];
    if (c->kept)
        call_hooks(c, grad); /* else the gradient came to the inputs around the results, as in double backward */
    for (int64_t i = 0; i < n; i++) grad_in[i] = grad[c->in_at[i]];
    return n;
}

static int64_t leave_backward(torch_Ctx *ctx, Tensor *const *grad_out, Tensor **grad_in)
{
    cer_Crossing *c = torch_ctx_data(ctx);
    int64_t n = 0;
    drop_grad(c);
    for (; n < c->n_out && c->out_at[n] >= 0; n++) {
        grad_in[n] = grad_out[n];
        if (grad_out[n]) c->grad[c->out_at[n]] = torch_retain(grad_out[n]);
    }
    c->kept = true;
    Tensor *none[CROSSING] = {NULL};
    if (!c->inputs) call_hooks(c, none);
    for (int64_t i = 0; i < c->n_in && !c->inputs && !cer_error_pending(); i++)
        if (none[i])
            cer_raise(TORCH_RUNTIME_ERROR, "backward",
                      "Backward hook for Modules where no input requires gradient should always return None or None "
                      "for all gradients.");
    return n;
}

static void cross(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    Tensor *fixed[CROSSING];
    int64_t n_fixed = 0;
    for (int64_t i = 0; i < n; i++) {
        out[i] = in[i];
        if (!torch_requires_grad(in[i])) fixed[n_fixed++] = in[i];
    }
    torch_ctx_mark_non_differentiable(ctx, fixed, n_fixed);
    cer_Crossing *c = torch_ctx_data(ctx);
    cer_count_up(&c->refs, true);
    torch_ctx_set_data(ctx, c, crossing_release);
}

static void cross_out(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    torch_ctx_set_materialize_grads(ctx, false);
    cross(ctx, in, n, out);
}

#define CROSS(n)                                                \
    {                                                           \
        "BackwardHookFunction", cross, enter_backward, n, false \
    }
#define CROSS_OUT(n)                                                \
    {                                                               \
        "BackwardHookFunction", cross_out, leave_backward, n, false \
    }
static const torch_Function enter_function[CROSSING] = {CROSS(1), CROSS(2), CROSS(3), CROSS(4),
                                                        CROSS(5), CROSS(6), CROSS(7), CROSS(8)};
static const torch_Function leave_function[CROSSING] = {CROSS_OUT(1), CROSS_OUT(2), CROSS_OUT(3), CROSS_OUT(4),
                                                        CROSS_OUT(5), CROSS_OUT(6), CROSS_OUT(7), CROSS_OUT(8)};

/* Puts what is there of t through the function, if any of it requires a gradient: then true. */
static bool through(cer_Crossing *c, const torch_Function *function, Tensor **t, int64_t n, int64_t *at)
{
    Tensor *there[CROSSING], *others[CROSSING];
    int64_t k = 0;
    bool any = false;
    for (int64_t i = 0; i < CROSSING; i++) at[i] = -1;
    for (int64_t i = 0; i < n; i++) {
        if (!t[i]) continue;
        any |= torch_requires_grad(t[i]);
        at[k] = i;
        there[k++] = t[i];
    }
    if (!any || !torch_is_grad_enabled()) return false;
    Tensor *first = torch_Function_apply(&function[k - 1], there, k, c, others);
    for (int64_t i = 0; first && i < k; i++) t[at[i]] = i ? others[i - 1] : first;
    return first != NULL;
}

static cer_Alive *alive_of(nn_ModuleImpl *impl, nn_Module *m)
{
    if (!impl->alive) {
        impl->alive = cer_alloc(sizeof *impl->alive);
        if (!impl->alive) return cer_raise_memory("forward", sizeof *impl->alive), NULL;
        atomic_init(&impl->alive->refs, 1);
        atomic_init(&impl->alive->m, m);
    }
    cer_count_up(&impl->alive->refs, true);
    return impl->alive;
}

cer_Crossing *cer_nn_enter(nn_Module *m, Tensor **in, int64_t n_in)
{
    nn_ModuleImpl *impl = m->module;
    if (n_in > CROSSING)
        return cer_raise(TORCH_RUNTIME_ERROR, "forward", "backward hooks of a module with more than %d inputs",
                         CROSSING),
               NULL;
    cer_Alive *alive = alive_of(impl, m);
    if (!alive) return NULL;
    int64_t n_calls = 0;
    for (int64_t i = 0; i < impl->n_hooks; i++) n_calls += impl->hook[i].kind == CER_NN_HOOK_BACKWARD;
    size_t bytes = sizeof(cer_Crossing) + (size_t)n_calls * sizeof(Call);
    cer_Crossing *c = cer_alloc(bytes);
    if (!c) return alive_release(alive), cer_raise_memory("forward", (double)bytes), NULL;
    *c = (cer_Crossing){.alive = alive, .n_in = n_in, .n_calls = n_calls};
    atomic_init(&c->refs, 1);
    int64_t n = 0;
    for (int64_t i = 0; i < impl->n_hooks; i++)
        if (impl->hook[i].kind == CER_NN_HOOK_BACKWARD)
            c->call[n++] = (Call){impl->hook[i].run.backward, impl->hook[i].data};
    c->inputs = through(c, enter_function, in, n_in, c->in_at);
    return c;
}

void cer_nn_leave(cer_Crossing *c, Tensor **out, int64_t n_out)
{
    c->n_out = n_out;
    if (n_out > CROSSING && !cer_error_pending())
        cer_raise(TORCH_RUNTIME_ERROR, "forward", "backward hooks of a module with more than %d results", CROSSING);
    if (!cer_error_pending()) through(c, leave_function, out, n_out, c->out_at);
    crossing_release(c);
}
