/* Inside the core: what a tensor, a storage, a node and a context are made of. Never installed.
 * Layers above use op.h; only core's own files and tests/core include this. */
#ifndef CERILLA_IMPL_H
#define CERILLA_IMPL_H

#include <stdatomic.h>
#include <string.h>

#include "autograd.h"
#include "op.h"
#include "print.h"
#include "random.h"

extern const uint8_t cer_dtype_sizes[];
static inline int64_t cer_size_of(uint8_t dtype) /* torch_dtype_size of a known dtype */
{
    return cer_dtype_sizes[dtype];
}

static inline bool cer_is_floating(uint8_t dtype) /* torch_dtype_is_floating_point of a known dtype */
{
    return (1 << torch_float16 | 1 << torch_float32 | 1 << torch_float64 | 1 << torch_bfloat16) >> dtype & 1;
}

static inline int cer_count_bits(unsigned mask) /* of 16; without the instruction the builtin is a call */
{
    mask = mask - (mask >> 1 & 0x5555);
    mask = (mask & 0x3333) + (mask >> 2 & 0x3333);
    mask = (mask + (mask >> 4)) & 0x0f0f;
    return (int)((mask + (mask >> 8)) & 0x1f);
}

/* ---- memory (alloc.c; the rest of it in op.h) -------------------------------------------------------------------- */
extern _Atomic int cer_alloc_mode;
bool cer_alloc_decide(void);
static inline bool
cer_alloc_bypassed(void) /* every block straight from malloc: under sanitizers, or CERILLA_ALLOC=malloc */
{
    int mode = atomic_load_explicit(&cer_alloc_mode, memory_order_relaxed);
    return mode ? mode == 2 : cer_alloc_decide();
}

/* ---- counted objects ------------------------------------------------------------------------------------------------
 * Plain increments (a relaxed load and store) until an object is shared between threads; then atomic ones. */
static inline void cer_count_up(_Atomic int32_t *count, bool shared)
{
    if (shared)
        atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    else
        atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* True when the count came to 0. */
static inline bool cer_count_down(_Atomic int32_t *count, bool shared)
{
    if (shared) return atomic_fetch_sub_explicit(count, 1, memory_order_acq_rel) == 1;
    int32_t left = atomic_load_explicit(count, memory_order_relaxed) - 1;
    atomic_store_explicit(count, left, memory_order_relaxed);
    return left == 0;
}

/* ---- storage ----------------------------------------------------------------------------------------------------- */
typedef struct cer_Storage {
    _Atomic int32_t refs;
    _Atomic uint32_t version; /* in-place changes so far; all views count together */
    bool shared;
    char *data;
    size_t bytes;       /* of data */
    size_t block_bytes; /* of the allocation that holds this header, and usually the data behind it */
    void (*deleter)(void *data, void *context); /* for foreign memory; NULL when the data is part of the block */
    void *context;
} cer_Storage;

cer_Storage *cer_storage_new(size_t bytes); /* uninitialised memory; one reference; NULL when out of memory */
/* of memory that is not ours; any thread may end it */
cer_Storage *cer_storage_foreign(void *data, size_t bytes, void (*deleter)(void *data, void *context), void *context);
void cer_storage_release(cer_Storage *storage);

static inline uint32_t cer_version(const Tensor *t);

/* ---- tensor ------------------------------------------------------------------------------------------------------ */
#define CER_LIVE 0x7e2507a1u
#define CER_DEAD 0xdeadbeefu

enum {
    CER_REQUIRES_GRAD = 1,
    CER_SHARED = 2,           /* counts are atomic */
    CER_RETAINS_GRAD = 4,     /* its node knows it: node->extra */
    CER_PARAMETER = 8,        /* prints as Parameter */
    CER_NO_GRAD_VIEW = 16,    /* a view that was made under no_grad, ... */
    CER_MULTI_VIEW = 32,      /* ... by a function that returns several, ... */
    CER_INFERENCE_VIEW = 128, /* ... or in inference mode; or a view of such a view */
    CER_VIEWS = CER_NO_GRAD_VIEW | CER_MULTI_VIEW | CER_INFERENCE_VIEW, /* not to be written while that is recorded */
    CER_INFERENCE = 64 /* made in inference mode: no version, never saved for backward */
};

struct Tensor {
    uint32_t magic;
    _Atomic int32_t refs;
    uint8_t dtype, ndim, flags, contiguous; /* contiguous: cached; kept true to shape and stride */
    uint32_t output;                        /* which output of node this is */
    uint32_t seen;                          /* of a view: the version for which its history is right (rebase.c) */
    cer_Storage *storage;
    char *data; /* first element */
    int64_t numel;
    cer_Node *node; /* grad_fn of a result; the accumulator of a leaf that requires grad (made when first needed) */
    Tensor *grad;
    Tensor *base;     /* of a view: the tensor whose memory it shows, itself no view. Retained */
    const cer_Op *op; /* that made it, for messages; survives the tensor's death */
    int64_t shape[TORCH_MAX_DIM];
    int64_t stride[TORCH_MAX_DIM]; /* in elements */
#ifndef NDEBUG
    void *owner_context, *owner_thread; /* who made it: a tensor that is not shared may not be used elsewhere */
#endif
};

static inline uint32_t cer_version(const Tensor *t)
{
    return atomic_load_explicit(&t->storage->version, memory_order_relaxed);
}

Tensor *cer_tensor_header(void);       /* a blank header with one reference; NULL when out of memory */
void cer_tensor_dead(Tensor *t);       /* frees a tensor whose count came to 0 */
Tensor *cer_alias(const Tensor *t);    /* new header on the same storage, no history; one reference */
bool cer_dense(const Tensor *t);       /* are the strides a permutation of a contiguous tensor's? */
void cer_update_contiguous(Tensor *t); /* recomputes numel and contiguous from shape and stride */
void cer_apply_form(Tensor *t, const cer_Form *f);
Tensor *cer_new_view(const cer_Op *op, const cer_Form *f, Tensor *of); /* one reference; raises */
bool cer_refuse_view(const Tensor *t, const char *op, bool indirect);  /* PyTorch's words for one of CER_VIEWS; false */

static inline void cer_retain(Tensor *t)
{
    cer_count_up(&t->refs, t->flags & CER_SHARED);
}
static inline void cer_release(Tensor *t)
{
    if (t && cer_count_down(&t->refs, t->flags & CER_SHARED)) cer_tensor_dead(t);
}
static inline bool cer_only_owner(const Tensor *t)
{
    return atomic_load_explicit(&t->refs, memory_order_relaxed) == 1 &&
           atomic_load_explicit(&t->storage->refs, memory_order_relaxed) == 1 &&
           t->storage->block_bytes > sizeof(cer_Storage); /* foreign memory has other owners */
}

/* a b, wrapped: a tensor without elements may have sizes whose product, but for the 0, does not fit. */
static inline int64_t cer_times(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

static inline bool cer_same_sizes(int64_t n, const int64_t *a,
                                  const int64_t *b) /* a call to memcmp costs more than these few */
{
    for (int64_t i = 0; i < n; i++)
        if (a[i] != b[i]) return false;
    return true;
}
static inline bool cer_same_shape(const Tensor *a, const Tensor *b)
{
    return a->ndim == b->ndim && cer_same_sizes(a->ndim, a->shape, b->shape);
}

/* ---- graph ------------------------------------------------------------------------------------------------------- */
typedef struct cer_Edge {
    cer_Node *node; /* NULL: this input needs no gradient */
    uint32_t output;
} cer_Edge;

/* What is known of a tensor that a node made: gradients that flow into the node must have this form. */
typedef struct cer_Output {
    Tensor *gradient; /* the engine's sum so far */
    uint8_t dtype, ndim;
    int64_t shape[TORCH_MAX_DIM];
} cer_Output;

/* What is to be called when a node's gradients are complete, or its vjp has run; and tensors that keep their grad (hooks.c). */
typedef enum cer_HookKind { CER_HOOK_GONE, CER_HOOK_TENSOR, CER_HOOK_KEEP, CER_HOOK_PRE, CER_HOOK_POST } cer_HookKind;
typedef struct cer_GradHook cer_GradHook;
struct cer_GradHook {
    cer_GradHook *next; /* of the node, in the order in which they run */
    cer_HookKind kind;
    uint32_t output; /* TENSOR, KEEP: whose gradient */
    Tensor *keeps;   /* KEEP: that tensor, which is not retained */
    torch_TensorHook tensor;
    torch_NodeHook node;
    void *data;
    void (*end)(void *data);
    const char *name;
    uint64_t id; /* which twins share: one hook, on the node that a tensor had and on the one it has now */
    cer_GradHook *older, *newer; /* all that can be removed, under a lock */
};

struct cer_Node {
    _Atomic int32_t refs;
    bool shared, freed;    /* freed: its saved values are gone after a backward without retain_graph */
    bool traced;           /* made in anomaly mode: its forward call can be told */
    bool special;          /* has an inner node, or a record with an end: rare, so that one test finds both */
    bool captured, wanted; /* engine, selective: is an input that was asked for; is one or leads to one */
    bool with_number;      /* the last operand was a number, or the only one was written: see grad_name_number */
    uint8_t n_saved;
    uint32_t n_inputs, n_outputs;
    int32_t dependencies; /* engine: gradients still to come */
    uint64_t epoch;       /* engine: the last backward that met this node */
    uint64_t sequence;    /* age: later nodes run first */
    const cer_Op *op;
    Tensor *leaf;   /* of an accumulator: its tensor, which owns the node; retain and release go to the tensor */
    cer_Node *next; /* of the dead; alive: accumulators of tensors that have this history now (cer_take_history) */
    cer_GradHook *hooks;
    cer_Node *inner; /* of CopySlices: the node of the in-place op itself */
    size_t bytes;
    uint16_t saves; /* bit i: input i is saved; bit 8 + k: output k */
    cer_Edge *edges;
    cer_Output *outputs;
    torch_Scalar *saved;
    void *attrs;
};

cer_Node *cer_node_new(const cer_Op *op, int64_t n_in, int64_t n_out, uint16_t saves, const void *attrs,
                       size_t attrs_bytes);
cer_Node *cer_accumulator(Tensor *leaf); /* its node, made on first use; NULL when out of memory */
cer_Node *
cer_accumulator_behind(Tensor *t); /* that of a result: its node once it is cut off its history; NULL as above */
void cer_describe_output(cer_Output *output, const Tensor *t);
void cer_take_history(Tensor *t, cer_Node *to, uint32_t output); /* takes over a reference; NULL: a leaf again */
void cer_forget_retained(Tensor *t);                             /* it ends: no node keeps its grad any longer */
void cer_move_retained(Tensor *t, cer_Node *to); /* its history changes: the new node keeps it, as output 0 */
bool cer_hooks_follow(Tensor *t); /* it is about to become a leaf: its hooks are this leaf's too; raises */
void cer_hooks_end(cer_Node *n);
bool cer_hooks_before(cer_Node *n, Tensor **g, bool (*keep)(void *engine, Tensor *of, Tensor *gradient), void *engine);
bool cer_hooks_after(cer_Node *n, Tensor *const *g, Tensor **in);
void cer_node_dead(cer_Node *node);
void cer_history_ends(Tensor *t);
void cer_node_drop_saved(cer_Node *node);

/* Saved values (node.c, saved.c) */
#define CER_SECOND_BACKWARD                                                                                     \
    "Trying to backward through the graph a second time (or directly access saved tensors after they have "     \
    "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "       \
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if " \
    "you need to access saved tensors after calling backward."
#define CER_INFERENCE_SAVED                                                                                       \
    "Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor " \
    "and use it in autograd."
enum { CER_KIND_PACKED = 16 }; /* torch_Scalar.kind of a saved tensor that a pack hook took: as.t is a cer_Packed */
bool cer_pack(torch_Scalar *saved); /* raises */
void cer_unsave(torch_Scalar *saved);
/* The tensor again, or NONE and an error if it was changed. made_by, output: its history, where it is packed or has none */
torch_Scalar cer_unpack(const char *op, torch_Scalar saved, cer_Node *made_by, uint32_t output, bool is_output);
Tensor *cer_twin(const Tensor *t, cer_Node *made_by, uint32_t output); /* borrowed alias with that history; raises */

bool cer_is_function(const cer_Node *n); /* a custom one (function.c) */

/* Anomaly mode (modes.c) */
bool cer_anomaly_check(const torch_Context *c, const cer_Node *n, Tensor *const *in, bool fine);

static inline void cer_node_retain(cer_Node *n)
{
    if (n->leaf)
        cer_retain(n->leaf);
    else
        cer_count_up(&n->refs, n->shared);
}
static inline void cer_node_release(cer_Node *n)
{
    if (n->leaf)
        cer_release(n->leaf);
    else if (cer_count_down(&n->refs, n->shared))
        cer_node_dead(n);
}

/* In place on views (rebase.c): everything that can fail first, then the change. */
typedef struct cer_Rebase {
    cer_Node *outer, *view; /* the base's new history and the view's */
} cer_Rebase;
bool cer_rebase_prepare(cer_Call *c, cer_Node *inner, cer_Rebase *rebase);
void cer_rebase_commit(cer_Call *c, cer_Rebase *rebase);
bool cer_refresh_view(Tensor *t); /* its base was written since: makes its history right */
static inline bool cer_fresh(Tensor *t)
{
    return !t->base || t->seen == cer_version(t) || cer_refresh_view(t);
}

/* ---- context and thread ------------------------------------------------------------------------------------------ */
enum { CER_MESSAGE = 1024, CER_HANDLERS = 16 };

typedef struct cer_Pool { /* borrowed objects of all open scopes, in order; an odd pointer is a string */
    void **item;
    int64_t length, capacity;
    int64_t *mark; /* where each open scope begins */
    int64_t depth, mark_capacity;
    bool warned;
} cer_Pool;

enum { CER_WATCH_SAVED = 1, CER_WATCH_ANOMALY = 2, CER_WATCH_INFERENCE = 4 };

struct torch_Context {
    torch_Code code;
    bool grad_off; /* nothing is recorded: no_grad, or inference */
    bool no_grad, inference;
    uint8_t watch;          /* CER_WATCH_...: what slows every recorded op down */
    bool anomaly_unchecked; /* anomaly mode without the search for nan */
    bool selective;         /* the running backward wants some inputs only */
    bool draining;          /* a node is being freed further up this stack: queue instead of recursing */
    cer_Node *dead_nodes;
    struct cer_Engine *engine;                  /* the running backward; another inside it puts its marks back */
    const torch_SavedTensorsHooks *saved_hooks; /* the innermost */
    cer_Pool pool;
    int n_handlers;
    torch_ErrorHandler handler[CER_HANDLERS];
    void *handler_data[CER_HANDLERS];
    const char *op;
    char message[CER_MESSAGE];
};

typedef struct cer_Thread cer_Thread;
struct cer_Thread {
    torch_Context *context; /* the current one */
    torch_Context own;
    uint64_t sequence; /* of the next node */
    _Atomic int64_t live_tensors,
        live_nodes; /* may be negative: made here, freed there. Sum over threads is the truth */
    int64_t allocations, fail_at;
    uint32_t colour; /* where the data of the next large block begin (alloc.c) */
    struct cer_Cache *cache;
    cer_Thread *next, *previous; /* all threads, under a lock */
};

#if defined(__GNUC__)
extern _Thread_local cer_Thread *cer_thread_pointer __attribute__((tls_model("initial-exec")));
#else
extern _Thread_local cer_Thread *cer_thread_pointer;
#endif
cer_Thread *cer_thread_start(void);

static inline cer_Thread *cer_thread(void)
{
    cer_Thread *t = cer_thread_pointer;
    return t ? t : cer_thread_start();
}
static inline void cer_tally(_Atomic int64_t *count, int64_t by) /* written by its own thread only, read by all */
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + by, memory_order_relaxed);
}
static inline torch_Context *cer_context(void)
{
    return cer_thread()->context;
}

static inline void cer_set_grad(torch_Context *c, bool enabled)
{
    c->no_grad = !enabled;
    c->grad_off = c->no_grad || c->inference;
}

const char *cer_code_name(torch_Code code); /* "ValueError" (error.c) */

/* ---- scopes (scope.c) -------------------------------------------------------------------------------------------- */
bool cer_pool_reserve(torch_Context *context, int64_t more);       /* room for that many; raises */
void cer_pool_unwind(torch_Context *context, int64_t length);      /* releases all above */
static inline void cer_pool_put(torch_Context *context, Tensor *t) /* takes over one reference; after a reserve */
{
    context->pool.item[context->pool.length++] = t;
}
void *cer_pool_block(size_t bytes, void (*end)(void *block)); /* the same for anything; end may be NULL; raises */
struct torch_StateDict *cer_state_dict_borrowed(void);        /* an empty one that the scope owns (params.c); raises */
void cer_zero_grad(Tensor *t, bool set_to_none);              /* what zero_grad() does to one parameter (params.c) */

/* A caller's args struct, perhaps of an older library, over the defaults. Its first field is struct_size. */
static inline void cer_args(void *defaults, size_t size, const void *args)
{
    if (!args) return;
    size_t theirs;
    memcpy(&theirs, args, sizeof theirs);
    memcpy(defaults, args, theirs < size ? theirs : size);
}

#endif
