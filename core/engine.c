/* The backward engine. It counts, for every node that the roots lead to, how many gradients will arrive; runs a node when
 * the last one has, newest node first; and keeps the gradients of leaves aside until everything is computed. Nothing here
 * recurses: a chain of a million ops needs no more stack than one. */
#include <pthread.h>
#include <string.h>

#include "engine.h"

/* ---- growing arrays ---------------------------------------------------------------------------------------------- */

static bool grow(void **array, int64_t *capacity, int64_t length, size_t element)
{
    if (length < *capacity) return true;
    int64_t more = *capacity ? *capacity * 2 : 32;
    void *moved = cer_grow(*array, (size_t)*capacity * element, (size_t)more * element);
    if (!moved) return cer_raise_memory("backward", (double)more * (double)element);
    *array = moved;
    *capacity = more;
    return true;
}

/* ---- the ready queue: a heap, newest node on top ----------------------------------------------------------------- */

static bool ready_push(cer_Engine *e, cer_Node *n)
{
    if (!grow((void **)&e->ready, &e->ready_capacity, e->n_ready, sizeof *e->ready)) return false;
    int64_t i = e->n_ready++;
    while (i > 0 && e->ready[(i - 1) / 2]->sequence < n->sequence) {
        e->ready[i] = e->ready[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    e->ready[i] = n;
    return true;
}

static cer_Node *ready_pop(cer_Engine *e)
{
    cer_Node *top = e->ready[0], *last = e->ready[--e->n_ready];
    int64_t i = 0;
    for (;;) {
        int64_t child = 2 * i + 1;
        if (child >= e->n_ready) break;
        if (child + 1 < e->n_ready && e->ready[child + 1]->sequence > e->ready[child]->sequence) child++;
        if (e->ready[child]->sequence <= last->sequence) break;
        e->ready[i] = e->ready[child];
        i = child;
    }
    e->ready[i] = last;
    return top;
}

/* ---- finding the graph ------------------------------------------------------------------------------------------- */

static pthread_mutex_t shared_lock;
static pthread_once_t shared_once = PTHREAD_ONCE_INIT;

static void shared_lock_create(void)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&shared_lock, &kind);
    pthread_mutexattr_destroy(&kind);
}

/* A backward inside a backward (of a hook, of a custom function) may meet nodes that the outer one has marked. */
static bool put_aside(cer_Engine *e, cer_Node *n)
{
    const cer_Engine *outer = e->outer;
    while (outer && outer->epoch != n->epoch) outer = outer->outer;
    for (uint32_t k = 0; outer && k < n->n_outputs; k++) {
        if (!grow((void **)&e->aside, &e->aside_capacity, e->n_aside, sizeof *e->aside)) return false;
        e->aside[e->n_aside++] =
            (cer_Aside){n, n->epoch, n->dependencies, n->captured, n->wanted, k, n->outputs[k].gradient};
        n->outputs[k].gradient = NULL;
    }
    return true;
}

static void put_back(cer_Engine *e)
{
    while (e->n_aside) {
        const cer_Aside *a = &e->aside[--e->n_aside];
        cer_Node *n = a->node;
        n->epoch = a->epoch;
        n->dependencies = a->dependencies;
        n->captured = a->captured;
        n->wanted = a->wanted;
        n->outputs[a->output].gradient = a->gradient;
    }
    cer_free(e->aside, (size_t)e->aside_capacity * sizeof *e->aside);
}

/* First sight of a node in this backward. Accumulators of tensors that several threads hold carry marks that only one
 * backward may use at a time: the first such node takes the lock for the rest of it. */
static inline bool meet(cer_Engine *e, cer_Node *n)
{
    if (n->shared && !e->locked) {
        pthread_once(&shared_once, shared_lock_create);
        pthread_mutex_lock(&shared_lock);
        e->locked = true;
    }
    if (e->outer && !put_aside(e, n)) return false;
    n->epoch = e->epoch;
    n->dependencies = 0;
    n->wanted = n->captured = false;
    return true;
}

static bool met(cer_Engine *e, const cer_Node *n)
{
    if (n->shared && !e->locked) return false; /* unlocked, its mark must not even be read */
    return n->epoch == e->epoch;
}

static bool path_push(cer_Engine *e, cer_Node *n)
{
    if (!grow((void **)&e->path, &e->path_capacity, e->n_path, sizeof *e->path)) return false;
    e->path[e->n_path].node = n;
    e->path[e->n_path++].edge = 0;
    return true;
}

/* Counts the gradients each node will get. */
static bool count_dependencies(cer_Engine *e)
{
    while (e->n_path) {
        cer_Node *n = e->path[--e->n_path].node;
        for (uint32_t i = 0; i < n->n_inputs; i++) {
            cer_Node *to = n->edges[i].node;
            if (!to) continue;
            if (!met(e, to)) {
                if (!meet(e, to) || (to->n_inputs && !path_push(e, to))) return false;
            }
            to->dependencies++;
        }
    }
    return true;
}

/* Depth first, children before parents: which nodes lead to an input that was asked for? Then only gradients that travel
 * between wanted nodes are counted. */
static bool mark_wanted(cer_Engine *e)
{
    while (e->n_path) {
        cer_Step *step = &e->path[e->n_path - 1];
        cer_Node *n = step->node;
        if (step->edge < n->n_inputs) {
            cer_Node *to = n->edges[step->edge++].node;
            if (to && !met(e, to)) {
                if (!meet(e, to)) return false;
                to->captured = to->wanted = cer_engine_is_input(e, to);
                if (!path_push(e, to)) return false;
            }
            continue;
        }
        for (uint32_t i = 0; i < n->n_inputs; i++) {
            cer_Node *to = n->edges[i].node;
            if (!to || !to->wanted) continue;
            n->wanted = true;
            to->dependencies++;
        }
        e->n_path--;
    }
    return true;
}

/* ---- moving gradients -------------------------------------------------------------------------------------------- */

static void add_in_place(Tensor *into, const Tensor *t) /* both of one shape and dtype */
{
    size_t bytes = torch_dtype_size(into->dtype), element[3] = {bytes, bytes, bytes};
    char *ptr[3] = {into->data, into->data, t->data};
    cer_Loop add = cer_kernels()->loop[KERNEL_add][into->dtype];
    if (into->contiguous && t->contiguous) {
        int64_t run[3] = {(int64_t)bytes, (int64_t)bytes, (int64_t)bytes};
        add(into->numel, ptr, run, NULL);
        return;
    }
    const int64_t *stride[3] = {into->stride, into->stride, t->stride};
    cer_Iterator it;
    cer_iterator_init(&it, 3, into->ndim, into->shape, ptr, stride, element, false);
    cer_iterator_run(&it, add, NULL);
}

static bool may_overwrite(const cer_Engine *e, const Tensor *t)
{
    return !e->create_graph && cer_only_owner(t) && t->contiguous && cer_kernels()->loop[KERNEL_add][t->dtype];
}

/* slot += t. In place where nobody else can see the slot's sum; never into t, which may be the gradient of another input
 * too, or the caller's. */
bool cer_engine_add(cer_Engine *e, Tensor **slot, Tensor *t)
{
    if (!*slot) {
        cer_retain(t);
        *slot = t;
    } else if (may_overwrite(e, *slot) && t->contiguous && t->dtype == (*slot)->dtype) {
        add_in_place(*slot, t);
    } else {
        Tensor *sum = cer_call2(&cer_op_add, *slot, t, NULL);
        if (!sum) return false;
        cer_retain(sum);
        cer_release(*slot);
        *slot = sum;
    }
    return true;
}

/* A gradient must have the form of what it belongs to: a broadcast is summed up again, a promotion undone. */
static Tensor *fit(Tensor *g, const cer_Output *to)
{
    bool same = g->ndim == to->ndim;
    for (int i = 0; same && i < to->ndim; i++) same = g->shape[i] == to->shape[i];
    if (!same) g = cer_sum_to(g, to->ndim, to->shape);
    if (g && g->dtype != to->dtype) g = cer_to(g, to->dtype);
    return g;
}

static bool deliver(cer_Engine *e, const cer_Node *n, Tensor **in)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        cer_Node *to = n->edges[i].node;
        if (!to || (e->selective && !to->wanted)) continue;
        cer_Output *o = &to->outputs[n->edges[i].output];
        if (in && in[i]) {
            Tensor *g = fit(in[i], o);
            if (!g || !cer_engine_add(e, &o->gradient, g)) return false;
        }
        if (--to->dependencies == 0 && !ready_push(e, to)) return false;
    }
    return true;
}

/* ---- running a node ---------------------------------------------------------------------------------------------- */

static inline bool stage(cer_Engine *e, Tensor *of, Tensor *gradient)
{
    if (!grow((void **)&e->staged, &e->staged_capacity, e->n_staged, sizeof *e->staged)) return false;
    cer_retain(of);
    cer_retain(gradient);
    e->staged[e->n_staged++] = (cer_Staged){of, gradient, CER_COMMIT_SET};
    return true;
}

static bool keep(void *engine, Tensor *of, Tensor *gradient)
{
    return stage(engine, of, gradient);
}

/* Hooks see gradients in the form that they will have. */
static bool fit_all(const cer_Node *n, Tensor **in)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const cer_Edge *to = &n->edges[i];
        if (!to->node) in[i] = NULL;
        if (in[i] && !(in[i] = fit(in[i], &to->node->outputs[to->output]))) return false;
    }
    return true;
}

static bool run_vjp(cer_Engine *e, cer_Node *n, Tensor *const *g)
{
    if (n->freed && (n->n_saved || (n->inner && n->inner->n_saved)))
        return cer_raise(TORCH_RUNTIME_ERROR, "backward", CER_SECOND_BACKWARD);
    bool any = false;
    for (uint32_t k = 0; k < n->n_outputs; k++) any |= g[k] != NULL;
    if (!any) return deliver(e, n, NULL);
    Tensor *few[8], **in = few;
    if (n->n_inputs > 8 && !(in = cer_alloc(n->n_inputs * sizeof *in)))
        return cer_raise_memory("backward", n->n_inputs * sizeof *in);
    for (uint32_t i = 0; i < n->n_inputs; i++) in[i] = NULL;
    n->op->vjp(n, g, in);
    bool fine = !e->context->code;
    if (e->context->watch & CER_WATCH_ANOMALY) fine = cer_anomaly_check(e->context, n, in, fine);
    if (fine && n->hooks) fine = fit_all(n, in) && cer_hooks_after(n, g, in);
    fine = fine && deliver(e, n, in);
    if (in != few) cer_free(in, n->n_inputs * sizeof *in);
    return fine;
}

static bool leads_on(const cer_Engine *e, const cer_Node *n)
{
    if (!e->selective) return true;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->edges[i].node && n->edges[i].node->wanted) return true;
    return false;
}

static bool moved_inside(void)
{
    return cer_raise(TORCH_RUNTIME_ERROR, "backward", "leaf variable has been moved into the graph interior");
}

static bool run_node(cer_Engine *e, cer_Node *n)
{
    Tensor *few[CER_OUTPUTS], **g = few;
    size_t bytes = n->n_outputs * sizeof *g;
    if (n->n_outputs > CER_OUTPUTS && !(g = cer_alloc(bytes))) return cer_raise_memory("backward", (double)bytes);
    bool fine = true;
    int64_t mark = e->context->pool.length; /* what the vjp makes ends here, except what is delivered */
    for (uint32_t k = 0; k < n->n_outputs; k++) {
        g[k] = n->outputs[k].gradient;
        n->outputs[k].gradient = NULL;
        if (fine && g[k] && n->captured && !e->into_leaves) fine = cer_engine_capture(e, n, k, g[k]);
    }
    bool runs = !n->leaf && leads_on(e, n);
    bool ends = n->leaf && (!e->selective || (e->into_leaves && n->captured));
    if (fine && n->hooks && (runs || ends || e->into_leaves)) fine = cer_hooks_before(n, g, keep, e);
    if (fine && ends && g[0])
        fine = (n->leaf->node == n || moved_inside()) && stage(e, n->leaf, g[0]) &&
               (!n->hooks || cer_hooks_after(n, g, NULL));
    else if (fine && runs)
        fine = run_vjp(e, n, g);
    for (uint32_t k = 0; k < n->n_outputs; k++) cer_release(g[k]);
    if (g != few) cer_free(g, bytes);
    cer_pool_unwind(e->context, mark);
    if (fine && !e->retain_graph && runs) {
        n->freed = true;
        cer_node_drop_saved(n);
    }
    return fine;
}

/* ---- committing -------------------------------------------------------------------------------------------------- */

static bool writable(const Tensor *t) /* no element shows twice */
{
    for (int i = 0; i < t->ndim; i++)
        if (t->stride[i] == 0 && t->shape[i] > 1) return false;
    return true;
}

/* A gradient becomes .grad itself if nobody else holds it; with a history it is copied, for other leaves may have the same. */
static Tensor *to_be_grad(const cer_Engine *e, Tensor *g)
{
    if (e->create_graph) return cer_call1(&cer_gradient_clone, g, NULL);
    return cer_only_owner(g) && g->contiguous ? g : cer_call1(&cer_op_clone, g, NULL);
}

/* Everything that can fail. As in PyTorch, .grad stays the tensor that it is unless the sum has a history. */
static bool prepare_commit(cer_Engine *e)
{
    for (int64_t i = 0; i < e->n_staged; i++) {
        cer_Staged *s = &e->staged[i];
        Tensor *g = s->gradient, *old = s->of->grad, *made;
        if (old && !e->create_graph) {
            if (!writable(old))
                return cer_raise(TORCH_RUNTIME_ERROR, "backward",
                                 "unsupported operation: more than one element of the written-to tensor refers to a "
                                 "single memory location. "
                                 "Please clone() the tensor before performing the operation.");
            bool plain =
                old->dtype == g->dtype && old->storage != g->storage && cer_kernels()->loop[KERNEL_add][g->dtype];
            s->how = plain ? CER_COMMIT_ADD : CER_COMMIT_COPY;
            if (plain) continue;
        }
        made = old ? cer_call2(&cer_op_add, old, g, NULL) : to_be_grad(e, g);
        if (!made) return false;
        if (made == g) continue;
        cer_retain(made);
        cer_release(g);
        s->gradient = made;
    }
    return true;
}

static void commit(cer_Engine *e)
{
    for (int64_t i = 0; i < e->n_staged; i++) {
        cer_Staged *s = &e->staged[i];
        Tensor *old = s->of->grad;
        if (s->how != CER_COMMIT_SET) {
            if (s->how == CER_COMMIT_ADD)
                add_in_place(old, s->gradient);
            else
                cer_copy_elements(old, s->gradient, s->gradient->stride);
            atomic_store_explicit(&old->storage->version, cer_version(old) + 1, memory_order_relaxed);
            continue;
        }
        cer_retain(s->gradient);
        s->of->grad = s->gradient;
        cer_release(old);
        if (s->of->flags & CER_SHARED) torch_share_memory_(s->of->grad);
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static bool start(cer_Engine *e)
{
    for (int64_t i = 0; i < e->n_roots; i++) {
        cer_Node *n = e->roots[i].node;
        if (met(e, n)) continue;
        if (!meet(e, n)) return false;
        if (e->selective) n->captured = n->wanted = cer_engine_is_input(e, n);
        if (!path_push(e, n)) return false;
        if (e->selective && !mark_wanted(e)) return false; /* complete from each root, so that parents see it */
    }
    if (!e->selective && !count_dependencies(e)) return false;
    for (int64_t i = 0; i < e->n_roots; i++) {
        cer_Node *n = e->roots[i].node;
        if (!cer_engine_add(e, &n->outputs[e->roots[i].output].gradient, e->roots[i].gradient)) return false;
        bool queued = false;
        for (int64_t j = 0; j < i; j++) queued |= e->roots[j].node == n;
        if (!queued && n->dependencies == 0 && !ready_push(e, n)) return false;
    }
    return true;
}

/* After a failure, gradients may lie in nodes all over the graph: walk it once more and drop them. */
static void clean(cer_Engine *e)
{
    e->n_path = 0;
    e->epoch = cer_engine_epoch();
    for (int64_t i = 0; i < e->n_roots; i++) {
        cer_Node *n = e->roots[i].node;
        if (met(e, n)) continue;
        if (!meet(e, n) || !path_push(e, n)) return;
        while (e->n_path) {
            n = e->path[--e->n_path].node;
            for (uint32_t k = 0; k < n->n_outputs; k++) {
                cer_release(n->outputs[k].gradient);
                n->outputs[k].gradient = NULL;
            }
            for (uint32_t j = 0; j < n->n_inputs; j++) {
                cer_Node *to = n->edges[j].node;
                if (!to || met(e, to)) continue;
                if (!meet(e, to) || !path_push(e, to)) return;
            }
        }
    }
}

uint64_t cer_engine_epoch(void)
{
    static _Atomic uint64_t last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

int cer_engine_run(cer_Engine *e)
{
    torch_Context *c = e->context = cer_context();
    bool no_grad_before = c->no_grad, selective_before = c->selective;
    e->epoch = cer_engine_epoch();
    e->outer = c->engine;
    c->engine = e;
    cer_set_grad(c, e->create_graph);
    c->selective = e->selective;
    int64_t mark = c->pool.length;
    bool fine = start(e);
    while (fine && e->n_ready) fine = run_node(e, ready_pop(e));
    fine = fine && prepare_commit(e);
    if (fine)
        commit(e);
    else
        clean(e);
    for (int64_t i = 0; i < e->n_staged; i++) {
        cer_release(e->staged[i].of);
        cer_release(e->staged[i].gradient);
    }
    cer_pool_unwind(c, mark);
    if (e->outer) put_back(e);
    c->engine = e->outer;
    cer_set_grad(c, !no_grad_before);
    c->selective = selective_before;
    if (e->locked) pthread_mutex_unlock(&shared_lock);
    cer_free(e->ready, (size_t)e->ready_capacity * sizeof *e->ready);
    cer_free(e->path, (size_t)e->path_capacity * sizeof *e->path);
    cer_free(e->staged, (size_t)e->staged_capacity * sizeof *e->staged);
    return c->code;
}
