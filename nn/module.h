/* Inside nn: what a module is made of, and helpers for its layers. Never installed. */
#ifndef CERILLA_NN_MODULE_H
#define CERILLA_NN_MODULE_H

#include <string.h>

#include "core/impl.h"
#include "nn/nn.h"
#include "ops/ops.h"

/* A registered thing. The names are copies. */
typedef struct cer_Item {
    char *name;
    union {
        Tensor *tensor; /* one reference; NULL is None */
        nn_Module *module;
    } as;
    bool persistent; /* of a buffer: part of the state_dict */
} cer_Item;

typedef struct cer_Items { /* in order of registration */
    cer_Item *item;
    int64_t length, capacity;
} cer_Items;

/* Data of a hook that belong to the module: the library's own hooks have such. */
typedef struct cer_HookData {
    void (*end)(nn_Module *m, void *data);
    void *(*copy)(nn_Module *copy, const void *data); /* for a deep copy of the module; NULL after raising */
} cer_HookData;

typedef struct cer_Hook {
    enum { CER_NN_HOOK_PRE, CER_NN_HOOK_FORWARD, CER_NN_HOOK_BACKWARD } kind;
    union {
        nn_ForwardPreHook pre;
        nn_ForwardHook forward;
        nn_BackwardHook backward;
    } run;
    void *data;
    const cer_HookData *owned; /* NULL: data are the caller's */
    int64_t handle;
} cer_Hook;
int64_t cer_nn_add_hook(nn_Module *m, const char *op, cer_Hook hook); /* its handle, or -1 */
void cer_nn_end_hooks(nn_Module *m);
bool cer_nn_copy_hooks(nn_Module *copy, const nn_Module *m);
bool cer_nn_has_hook(const nn_Module *m, int kind);

/* One call of a module with backward hooks: the boundary around its inputs, and the one around its results. */
typedef struct cer_Crossing cer_Crossing;
typedef struct cer_Alive cer_Alive; /* what graphs know of a module that may end before them */
cer_Crossing *cer_nn_enter(nn_Module *m, Tensor **in, int64_t n_in); /* NULL after raising */
void cer_nn_leave(cer_Crossing *c, Tensor **out, int64_t n_out);
void cer_nn_end_alive(cer_Alive *a);

struct nn_ModuleImpl {
    nn_Class class_record;
    size_t bytes; /* of the block that holds the user's struct and this */
    bool training;
    bool parametrized; /* its name has "Parametrized" in front then */
    int64_t owners;    /* parents that hold it */
    int64_t height;    /* of the tree below: NN_DEPTH at most, so that walking it cannot exhaust the stack */
    nn_Module *parent; /* the first that took it; for heights only */
    cer_Items parameters, buffers, children;
    cer_Hook *hook;
    int64_t n_hooks, hook_capacity, next_handle;
    cer_Alive *alive; /* NULL until a backward hook runs */
};
enum { NN_DEPTH = 900 };

static inline bool cer_nn_ready(const nn_Module *m, const char *op)
{
    if (cer_error_pending()) return false;
    return (m && m->module) || cer_raise(TORCH_TYPE_ERROR, op, "%s(): the module is NULL", op);
}

cer_Item *cer_items_find(const cer_Items *items, const char *name);
void cer_items_remove(cer_Items *items, const char *name); /* forgets the name; what it held is the caller's */
bool cer_items_rename(cer_Items *items, int64_t i, const char *name);

const char *cer_nn_printed_name(const nn_Module *m); /* "Linear", or "ParametrizedLinear" */

/* "torch.FloatTensor": x.type() */
const char *cer_nn_python_type(torch_dtype dtype);

/* A child leaves its parent: it ends, if nobody else holds it; or it is the caller's from now on. */
void cer_nn_disown(const nn_Module *m, nn_Module *child);
void cer_nn_release_child(const nn_Module *m, nn_Module *child);

/* Registers a new parameter of that shape, uninitialised; NULL after raising. */
Tensor *cer_nn_new_parameter(nn_Module *m, const char *name, torch_dtype dtype, int64_t ndim, const int64_t *shape);

/* Walks a tree, parents first, a module as often as it occurs. */
typedef struct cer_Path { /* "layers" <- "0", from the inside out; NULL is the root */
    const struct cer_Path *up;
    const char *name;
} cer_Path;
typedef bool (*cer_Walker)(nn_Module *m, const cer_Path *path, void *data); /* false: no further */
bool cer_nn_walk(nn_Module *m, const cer_Path *path, cer_Walker walker, void *data);
bool cer_nn_set_mode(nn_Module *m, const cer_Path *path, void *mode); /* a walker: training is *mode, a bool */
size_t cer_path_length(const cer_Path *path);                         /* with dots, without a zero byte */
char *cer_path_write(const cer_Path *path, char *text);               /* returns the end; no zero byte */

#endif
