/* Between the engine (engine.c) and the functions that call it (autograd.c). */
#ifndef CERILLA_ENGINE_H
#define CERILLA_ENGINE_H

#include "impl.h"

typedef struct cer_Root { /* where a backward begins: a node's output, and the gradient put there (borrowed) */
    cer_Node *node;
    uint32_t output;
    Tensor *gradient;
} cer_Root;

typedef struct cer_Step { /* of the walk through the graph */
    cer_Node *node;
    uint32_t edge;
} cer_Step;

typedef struct cer_Staged { /* a .grad to be */
    Tensor *of, *gradient;
    enum {
        CER_COMMIT_SET,
        CER_COMMIT_ADD,
        CER_COMMIT_COPY
    } how; /* .grad = gradient; .grad += it; the sum is made: copied there */
} cer_Staged;

typedef struct cer_Aside { /* what an outer backward had noted in an output of a node that this one met too */
    cer_Node *node;
    uint64_t epoch;
    int32_t dependencies;
    bool captured, wanted;
    uint32_t output;
    Tensor *gradient;
} cer_Aside;

typedef struct cer_Engine {
    torch_Context *context;
    struct cer_Engine *outer; /* the backward whose node called this one */
    uint64_t epoch;           /* the mark of this backward in the nodes it met */
    bool retain_graph, create_graph, locked;
    bool selective;   /* only gradients of `inputs` are wanted... */
    bool into_leaves; /* ... and go to their .grad, rather than to `captured` */
    const cer_Root *roots;
    int64_t n_roots;
    Tensor *const *inputs;
    Tensor **captured; /* one retained reference each */
    int64_t n_inputs;
    cer_Node **ready;
    cer_Step *path;
    cer_Staged *staged;
    cer_Aside *aside;
    int64_t n_aside, aside_capacity, n_ready, ready_capacity, n_path, path_capacity, n_staged, staged_capacity;
} cer_Engine;

extern const cer_Op cer_gradient_clone;
int cer_engine_run(cer_Engine *e); /* a torch_Code; on failure nothing is changed */
uint64_t cer_engine_epoch(void);
bool cer_engine_is_input(const cer_Engine *e, const cer_Node *n);
bool cer_engine_capture(cer_Engine *e, const cer_Node *n, uint32_t output, Tensor *gradient);
bool cer_engine_add(cer_Engine *e, Tensor **slot, Tensor *t);

#endif
