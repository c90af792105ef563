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

typedef struct cer_Hook {
    nn_ForwardHook run;
    void *data;
    int64_t handle;
} cer_Hook;

struct nn_ModuleImpl {
    nn_Class class_record;
    size_t bytes; /* of the block that holds the user's struct and this */
    bool training;
    int64_t owners;    /* parents that hold it */
    int64_t height;    /* of the tree below: NN_DEPTH at most, so that walking it cannot exhaust the stack */
    nn_Module *parent; /* the first that took it; for heights only */
    cer_Items parameters, buffers, children;
    cer_Hook *hook;
    int64_t n_hooks, hook_capacity, next_handle;
};
enum { NN_DEPTH = 900 };

static inline bool cer_nn_ready(const nn_Module *m, const char *op)
{
    if (cer_error_pending()) return false;
    return (m && m->module) || cer_raise(TORCH_TYPE_ERROR, op, "%s(): the module is NULL", op);
}

cer_Item *cer_items_find(const cer_Items *items, const char *name);

/* Registers a new parameter of that shape, uninitialised; NULL after raising. */
Tensor *cer_nn_new_parameter(nn_Module *m, const char *name, torch_dtype dtype, int64_t ndim, const int64_t *shape);

/* Walks a tree, parents first, a module as often as it occurs. */
typedef struct cer_Path { /* "layers" <- "0", from the inside out; NULL is the root */
    const struct cer_Path *up;
    const char *name;
} cer_Path;
typedef bool (*cer_Walker)(nn_Module *m, const cer_Path *path, void *data); /* false: no further */
bool cer_nn_walk(nn_Module *m, const cer_Path *path, cer_Walker walker, void *data);
size_t cer_path_length(const cer_Path *path);           /* with dots, without a zero byte */
char *cer_path_write(const cer_Path *path, char *text); /* returns the end; no zero byte */

#endif
