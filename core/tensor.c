/* Tensor headers: their slabs, their life and death, and the functions that look at a tensor. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "impl.h"

/* ---- headers --------------------------------------------------------------------------------------------------------
 * Headers come from slabs that are never unmapped, and a dead one waits in a queue behind QUARANTINE others before it is
 * used again: so a tensor that is used after its scope ended is recognised by its magic number, and the message can name
 * the op that made it. */
enum { SLAB = 64, QUARANTINE = 256, SURPLUS = 8192 };

typedef struct Slab {
    struct Slab *next;
    Tensor header[SLAB];
} Slab;

typedef struct Queue { /* dead headers, oldest first; linked through ->grad */
    Tensor *first, *last;
    int64_t length;
} Queue;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Slab *slabs;   /* all of them, so that nothing looks leaked */
static Queue orphans; /* headers of ended threads */
static _Thread_local Queue mine;

static void queue_put(Queue *q, Tensor *t)
{
    t->grad = NULL;
    if (q->last)
        q->last->grad = t;
    else
        q->first = t;
    q->last = t;
    q->length++;
}

static Tensor *queue_get(Queue *q)
{
    Tensor *t = q->first;
    q->first = t->grad;
    if (!q->first) q->last = NULL;
    q->length--;
    return t;
}

/* A thread that ends what others make would gather their headers for good. */
static void give_surplus(void)
{
    pthread_mutex_lock(&lock);
    while (mine.length > SURPLUS / 2) queue_put(&orphans, queue_get(&mine));
    pthread_mutex_unlock(&lock);
}

void cer_tensor_quarantine_release(void) /* a thread ends: its dead headers go to whoever needs some next */
{
    pthread_mutex_lock(&lock);
    while (mine.length) queue_put(&orphans, queue_get(&mine));
    pthread_mutex_unlock(&lock);
}

static bool refill(void)
{
    pthread_mutex_lock(&lock);
    bool inherited = orphans.length > QUARANTINE;
    while (orphans.length > QUARANTINE && mine.length < QUARANTINE + SLAB) queue_put(&mine, queue_get(&orphans));
    pthread_mutex_unlock(&lock);
    if (inherited) return true;
    Slab *s = malloc(sizeof *s);
    if (!s) return false;
    pthread_mutex_lock(&lock);
    s->next = slabs;
    slabs = s;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < SLAB; i++) {
        s->header[i].magic = CER_DEAD;
        s->header[i].op = NULL;
        queue_put(&mine, &s->header[i]);
    }
    return true;
}

Tensor *cer_tensor_header(void)
{
    cer_Thread *thread = cer_thread();
    Tensor *t;
    if (cer_alloc_bypassed()) {
        t = cer_alloc(sizeof *t);
        if (!t) return NULL;
    } else {
        thread->allocations++;
        if (thread->fail_at && thread->allocations == thread->fail_at) return NULL;
        if (mine.length <= QUARANTINE && !refill()) return NULL;
        t = queue_get(&mine);
    }
    t->magic = CER_LIVE;
    atomic_init(&t->refs, 1);
    t->flags = 0;
    t->output = 0;
    t->storage = NULL;
    t->node = NULL;
    t->grad = NULL;
    t->base = NULL;
    t->op = NULL;
#ifndef NDEBUG
    t->owner_context = thread->context;
    t->owner_thread = thread;
#endif
    cer_tally(&thread->live_tensors, 1);
    return t;
}

void cer_tensor_dead(Tensor *t)
{
    cer_Node *node = t->node;
    if (t->flags & CER_RETAINS_GRAD) cer_forget_retained(t);
    t->magic = CER_DEAD;
    if (t->storage) cer_storage_release(t->storage);
    if (t->base) cer_release(t->base);
    if (t->grad) cer_release(t->grad);
    if (node && node->leaf == t)
        cer_node_dead(node); /* its own accumulator */
    else if (node && node->next)
        cer_history_ends(t);
    else if (node)
        cer_node_release(node);
    cer_tally(&cer_thread()->live_tensors, -1);
    if (cer_alloc_bypassed()) {
        cer_free(t, sizeof *t);
        return;
    }
    queue_put(&mine, t);
    if (mine.length > SURPLUS) give_surplus();
}

Tensor *cer_alias(const Tensor *from)
{
    Tensor *t = cer_tensor_header();
    if (!t) return NULL;
    t->dtype = from->dtype;
    t->ndim = from->ndim;
    t->contiguous = from->contiguous;
    t->data = from->data;
    t->numel = from->numel;
    t->storage = from->storage;
    t->op = from->op;
    cer_count_up(&t->storage->refs, t->storage->shared);
    for (int i = 0; i < from->ndim; i++) {
        t->shape[i] = from->shape[i];
        t->stride[i] = from->stride[i];
    }
    return t;
}

void cer_update_contiguous(Tensor *t)
{
    int64_t expected = 1, numel = 1;
    bool contiguous = true;
    for (int i = t->ndim; i-- > 0;) {
        if (t->shape[i] != 1 && t->stride[i] != expected) contiguous = false;
        expected = cer_times(expected, t->shape[i]);
        numel = cer_times(numel, t->shape[i]);
    }
    t->numel = numel;
    t->contiguous = contiguous || numel == 0;
}

bool cer_dense(const Tensor *t)
{
    int64_t expected = 1;
    for (int done = 0; done < t->ndim; done++) {
        bool found = false;
        for (int i = 0; i < t->ndim && !found; i++)
            found = t->shape[i] > 1 && t->stride[i] == expected && (expected *= t->shape[i]);
        if (!found) break;
    }
    return expected == t->numel;
}

Tensor *torch_share_memory_(Tensor *t)
{
    if (cer_error_pending() || !cer_usable(t, "share_memory_", 1)) return NULL;
    if (t->node && !t->node->leaf) {
        cer_raise(TORCH_RUNTIME_ERROR, "share_memory_",
                  "share_memory_: only leaf tensors can be shared between threads; detach() this one first");
        return NULL;
    }
    if (t->flags & CER_REQUIRES_GRAD && !cer_accumulator(t)) { /* made now: two threads could not agree on it later */
        cer_raise_memory("share_memory_", sizeof(cer_Node));
        return NULL;
    }
    t->flags |= CER_SHARED;
    t->storage->shared = true;
    if (t->node) t->node->shared = true;
    if (t->base) t->base->flags |= CER_SHARED;
    if (t->grad) torch_share_memory_(t->grad);
    return t;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

bool cer_usable(const Tensor *t, const char *op, int position)
{
    if (!t)
        return cer_raise(TORCH_TYPE_ERROR, op, "%s(): argument (position %d) must be Tensor, not NoneType", op,
                         position);
    if (t->magic != CER_LIVE) {
        const char *maker = t->magic == CER_DEAD && t->op ? t->op->name : "an unknown op";
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "%s(): argument (position %d) is a tensor whose scope has ended (it came "
                         "from %s); keep it with torch_set or hand it out with torch_escape",
                         op, position, maker);
    }
#ifndef NDEBUG
    const cer_Thread *thread = cer_thread();
    if (!(t->flags & CER_SHARED) && t->owner_context != thread->context && t->owner_thread != thread)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "%s(): argument (position %d) belongs to another thread; mark it with "
                         "torch_share_memory_ before it crosses",
                         op, position);
#endif
    return true;
}

static bool look(const Tensor *t, const char *what)
{
    return !cer_error_pending() && cer_usable(t, what, 1);
}

torch_Size torch_shape(const Tensor *x)
{
    torch_Size s = {.ndim = -1};
    if (!look(x, "shape")) return s;
    s.ndim = x->ndim;
    memcpy(s.dim, x->shape, sizeof(int64_t) * x->ndim);
    return s;
}

/* A dimension that the tensor really has. */
static bool own_dim(const Tensor *x, const char *what, int64_t *dim)
{
    if (!look(x, what)) return false;
    if (x->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, what, "Dimension specified as %lld but tensor has no dimensions",
                         (long long)*dim);
    return cer_wrap_dim(what, *dim, x->ndim, dim);
}

int64_t torch_size(const Tensor *x, int64_t dim)
{
    return own_dim(x, "size", &dim) ? x->shape[dim] : -1;
}

int64_t torch_stride(const Tensor *x, int64_t dim)
{
    return own_dim(x, "stride", &dim) ? x->stride[dim] : -1;
}

int64_t torch_dim(const Tensor *x)
{
    return look(x, "dim") ? x->ndim : -1;
}

int64_t torch_numel(const Tensor *x)
{
    return look(x, "numel") ? x->numel : -1;
}

int64_t torch_storage_offset(const Tensor *x)
{
    return look(x, "storage_offset") ? (x->data - x->storage->data) / (int64_t)torch_dtype_size(x->dtype) : -1;
}

torch_dtype torch_dtype_of(const Tensor *x)
{
    return look(x, "dtype") ? (torch_dtype)x->dtype : torch_dtype_none;
}

bool torch_is_contiguous(const Tensor *x)
{
    return look(x, "is_contiguous") && x->contiguous;
}

bool torch_is_floating_point(const Tensor *x)
{
    return look(x, "is_floating_point") && torch_dtype_is_floating_point(x->dtype);
}

int64_t torch_version_of(const Tensor *x)
{
    if (!look(x, "_version")) return -1;
    if (!(x->flags & CER_INFERENCE)) return cer_version(x);
    cer_raise(TORCH_RUNTIME_ERROR, "_version", "Inference tensors do not track version counter.");
    return -1;
}

void *torch_data_ptr(const Tensor *x)
{
    return look(x, "data_ptr") ? x->data : NULL;
}

torch_Scalar torch_item_scalar(const Tensor *x)
{
    if (!look(x, "item")) return torch_scalar_none();
    if (x->numel != 1) {
        cer_raise(TORCH_VALUE_ERROR, "item", "only one element tensors can be converted to Python scalars");
        return torch_scalar_none();
    }
    if (torch_dtype_is_floating_point(x->dtype)) {
        double d;
        cer_convert(&d, torch_float64, x->data, x->dtype, 1);
        return torch_scalar_double(d);
    }
    int64_t i;
    cer_convert(&i, torch_int64, x->data, x->dtype, 1);
    return x->dtype == torch_bool ? torch_scalar_bool(i != 0) : torch_scalar_int(i);
}

double torch_item(const Tensor *x)
{
    torch_Scalar s = torch_item_scalar(x);
    return s.kind == TORCH_KIND_DOUBLE ? s.as.d : s.kind == TORCH_KIND_NONE ? (double)NAN : (double)s.as.i;
}
