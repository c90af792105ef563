/* Inside optim: what an optimizer is made of. A new one is a cer_OptimClass, a constructor,
 * and an update of one chunk. */
#ifndef CERILLA_OPTIMIZER_H
#define CERILLA_OPTIMIZER_H

#include "core/impl.h"
#include "optim/optim.h"

enum { CER_STATES = 12, CER_OPTIONS = 16, CER_EXTRAS = 6, CER_NUMBERS = 8, CER_CHUNK = 1024, CER_SCRATCH = 3 };

typedef struct cer_OptimParam {
    Tensor *t;                 /* one reference */
    int64_t same_as;           /* the first in the group with this tensor: it has the state. Mostly the own index */
    Tensor *state[CER_STATES]; /* contiguous; one reference each; NULL until first needed */
    bool started;              /* the state has been written */
    bool fresh;                /* during a step: this update is the first */
    Tensor *data, *grad;       /* during a step: t and its gradient, or contiguous copies; NULL: nothing to do */
} cer_OptimParam;

/* Behind the class's own options stand those that schedulers add to a group (cer_optim_extra); kind NONE: not there. */
typedef struct cer_OptimGroup {
    torch_Scalar option[CER_OPTIONS + CER_EXTRAS];
    cer_OptimParam *param;
    Tensor **tensor; /* the same tensors, as a list */
    int64_t n;
} cer_OptimGroup;

/* A run of elements of one parameter; memory of the parameter's dtype. */
typedef struct cer_Chunk {
    int64_t n;
    int dtype;
    bool fresh;
    char *p, *g, *state[CER_STATES]; /* state: where its form is CER_STATE_LIKE */
    char *scratch[CER_SCRATCH];      /* room for n elements each */
    double number[CER_NUMBERS];      /* what advance() computed for this parameter */
} cer_Chunk;

typedef enum cer_StateForm {
    CER_STATE_LIKE,   /* zeros_like(p) */
    CER_STATE_TENSOR, /* torch.tensor(0.) */
    CER_STATE_INT,    /* Python's 0: here 0-d, int64 */
    CER_STATE_OWN     /* any shape: the class's own step makes it */
} cer_StateForm;

typedef struct cer_OptimState {
    const char *name;
    cer_StateForm form;
} cer_OptimState;

typedef struct cer_OptimClass {
    const char *name;
    const char *const *option; /* names, sorted: as they are printed. A tuple is two: "betas[0]", "betas[1]" */
    int n_options;
    const cer_OptimState *state;
    int n_states;
    bool at_once;                                                /* states are there before the first step */
    const char *true_text;                                       /* how an option that is true prints; NULL: "True" */
    const char *refusal;                                         /* RuntimeError of a step with gradients */
    uint32_t (*wants)(const cer_OptimGroup *group);              /* bit k: state k is needed. NULL: all */
    void (*start)(const cer_OptimGroup *group, double *initial); /* what states are before the first step. NULL: 0 */
    /* Once per parameter and step, before the chunks: counts the step, computes what all
     * elements share. NULL: nothing */
    void (*advance)(const cer_OptimGroup *group, Tensor *const *state, double *number);
    void (*update)(const cer_OptimGroup *group, const cer_Chunk *c); /* cannot fail */
    /* Instead of all these, a step of its own, with closure; the loss */
    Tensor *(*step)(optim_Optimizer *o, optim_Closure *closure, void *data);
} cer_OptimClass;

struct optim_Optimizer {
    const cer_OptimClass *class_record;
    torch_Scalar preset[CER_OPTIONS]; /* kind INT for a number that prints as "0"; NONE for a fixed None */
    cer_OptimGroup *group;
    int64_t n_groups;
    int64_t step_count; /* since the last scheduler was made */
};

optim_Optimizer *cer_optimizer_new(const cer_OptimClass *record, const torch_Scalar *preset,
                                   torch_ParameterList params);
/* 0 as Python's int, which is the default of most options */
torch_Scalar cer_optim_number(double value);
/* ValueError "Invalid learning rate: -1.0" unless fine */
bool cer_optim_check(const char *op, bool fine, const char *what, double value);
bool cer_optim_check_adam(const char *op, double lr, const double *betas, double eps, double weight_decay);

/* Options that schedulers add and change. Index of "initial_lr" in group->option; of any
 * name, or -1, nothing raised. */
enum { CER_BASE_MOMENTUM = CER_OPTIONS, CER_INITIAL_LR, CER_MAX_LR, CER_MAX_MOMENTUM, CER_MIN_LR, CER_SWA_LR };
int cer_optim_option(const optim_Optimizer *o, const char *name);
const char *cer_optim_option_name(const optim_Optimizer *o, int i);
/* The option that follows `after` (-1: the first) by name among those that group i has; -1: none */
int cer_optim_next_option(const optim_Optimizer *o, int64_t i, int after);

/* ---- states ------------------------------------------------------------------------------------------------------ */

static inline uint32_t cer_optim_wanted(const cer_OptimClass *record, const cer_OptimGroup *g)
{
    return record->wants ? record->wants(g) : (1u << record->n_states) - 1;
}

/* Makes those that are wanted and missing. */
bool cer_optim_need_states(const cer_OptimClass *record, const cer_OptimGroup *g, cer_OptimParam *p, uint32_t wanted);
double cer_state_get(const Tensor *t); /* of one element */
void cer_state_set(Tensor *t, double value);
double cer_state_count(Tensor *t);                          /* += 1, and the new value */
double cer_optim_rounded(double number, torch_dtype dtype); /* to float32 and back, if dtype is not float64 */

static inline double cer_option(const cer_OptimGroup *group, int i)
{
    return group->option[i].kind == TORCH_KIND_DOUBLE ? group->option[i].as.d : (double)group->option[i].as.i;
}

/* ---- arithmetic of a chunk, rounded to its dtype as PyTorch's op would. to may be an operand. -------------------- */

void cer_chunk_unary(const cer_Chunk *c, int kernel, char *to, char *a);
void cer_chunk_number(const cer_Chunk *c, int kernel, char *to, char *a, double number);
void cer_chunk_binary(const cer_Chunk *c, int kernel, char *to, char *a, char *b);
void cer_chunk_add_scaled(const cer_Chunk *c, char *to, char *a, char *b, double alpha); /* a + alpha b */
/* KERNEL_addcmul: a + value x y; KERNEL_addcdiv: a + value x / y */
void cer_chunk_addc(const cer_Chunk *c, int kernel, char *to, char *a, char *x, char *y, double value);
void cer_chunk_copy(const cer_Chunk *c, char *to, const char *a);
/* The gradient, or in scratch[0]: negated; plus weight_decay p */
char *cer_chunk_gradient(const cer_Chunk *c, bool maximize, double weight_decay);
/* a = beta a + (1 - beta) d, and with squares: the averages of most optimizers */
void cer_chunk_average(const cer_Chunk *c, char *a, char *d, double beta);
void cer_chunk_average_squares(const cer_Chunk *c, char *a, char *d, double beta);
/* n elements as float32 and back, for what no kernel does */
void cer_chunk_widen(const cer_Chunk *c, float *to, char *from);
void cer_chunk_narrow(const cer_Chunk *c, char *to, float *from);

#endif
