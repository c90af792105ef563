/* Inside optim: what an optimizer is made of. A new one is a cer_OptimClass, a constructor, and an update of one chunk. */
#ifndef CERILLA_OPTIMIZER_H
#define CERILLA_OPTIMIZER_H

#include "core/impl.h"
#include "optim/optim.h"

enum { CER_STATES = 4, CER_OPTIONS = 16, CER_CHUNK = 1024 };

typedef struct cer_OptimParam {
    Tensor *t;                 /* one reference */
    int64_t same_as;           /* the first in the group with this tensor: it has the state. Mostly the own index */
    Tensor *state[CER_STATES]; /* of t's shape, contiguous; one reference each; NULL until first needed */
    bool started;              /* the state has been written */
    bool fresh;                /* during a step: this update is the first */
    Tensor *data, *grad;       /* during a step: t and its gradient, or contiguous copies; NULL: nothing to do */
} cer_OptimParam;

typedef struct cer_OptimGroup {
    torch_Scalar option[CER_OPTIONS];
    cer_OptimParam *param;
    Tensor **tensor; /* the same tensors, as a list */
    int64_t n;
} cer_OptimGroup;

/* A run of elements of one parameter; memory of the parameter's dtype. */
typedef struct cer_Chunk {
    int64_t n;
    int dtype;
    bool fresh;
    char *p, *g, *state[CER_STATES];
    char *scratch; /* room for n elements */
} cer_Chunk;

typedef struct cer_OptimClass {
    const char *name;
    const char *const *option; /* names, sorted: as they are printed */
    int n_options;
    const char *const *state; /* names */
    int n_states;
    uint32_t (*wants)(const cer_OptimGroup *group);                  /* bit k: state k is needed for the next step */
    void (*update)(const cer_OptimGroup *group, const cer_Chunk *c); /* cannot fail */
} cer_OptimClass;

struct optim_Optimizer {
    const cer_OptimClass *class_record;
    torch_Scalar preset[CER_OPTIONS]; /* kind INT for a number that prints as "0"; NONE for a fixed None */
    cer_OptimGroup *group;
    int64_t n_groups;
};

optim_Optimizer *cer_optimizer_new(const cer_OptimClass *record, const torch_Scalar *preset,
                                   torch_ParameterList params);
torch_Scalar cer_optim_number(double value); /* 0 as Python's int, which is the default of most options */

static inline double cer_option(const cer_OptimGroup *group, int i)
{
    return group->option[i].kind == TORCH_KIND_DOUBLE ? group->option[i].as.d : (double)group->option[i].as.i;
}

/* to = function(a, b), to = function(a, number), to = a + alpha b, to = a: element by element, rounded to the chunk's dtype. */
void cer_chunk_unary(const cer_Chunk *c, int kernel, char *to, char *a);
void cer_chunk_number(const cer_Chunk *c, int kernel, char *to, char *a, double number);
void cer_chunk_add_scaled(const cer_Chunk *c, char *to, char *a, char *b, double alpha);
void cer_chunk_copy(const cer_Chunk *c, char *to, const char *a);

#endif
