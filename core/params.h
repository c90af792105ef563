/* Lists of parameters, and dictionaries of tensors: what modules, optimizers and files hand to each other. */
#ifndef CERILLA_PARAMS_H
#define CERILLA_PARAMS_H

#include "tensor.h"

TORCH_BEGIN

/* ---- list(model.parameters()), list(model.named_parameters()) -------------------------------------------------------
 * By value; the arrays belong to the innermost scope (like a borrowed tensor) and the tensors to whoever stores them.
 *     torch_ParameterList p = nn_named_parameters(model);
 *     for (int64_t i = 0; i < p.length; i++) printf("%s\n", p.name[i]); */
typedef struct torch_ParameterList {
    int64_t length; /* 0 after an error */
    Tensor *const *tensor;
    const char *const *name; /* "rnn.weight_ih_l0"; NULL for a list without names */
} torch_ParameterList;

/* Python's [w, b], where parameters are expected: optim_SGD(torch_parameters(w, b), .lr = 0.1) */
#define torch_parameters(...)                                                                    \
    torch_ParameterList_of((int64_t)(sizeof((Tensor *const[]){__VA_ARGS__}) / sizeof(Tensor *)), \
                           (Tensor *const[]){__VA_ARGS__})
static inline torch_ParameterList torch_ParameterList_of(int64_t length, Tensor *const *tensor)
{
    torch_ParameterList list = {length, tensor, NULL};
    return list;
}

/* ---- OrderedDict of tensors -----------------------------------------------------------------------------------------
 * Holds a reference to each tensor, in order of insertion. nn_state_dict() returns a *borrowed* one, that ends with the
 * innermost scope; torch_StateDict_new and _deepcopy return *owned* ones. Keys are copied. */
typedef struct torch_StateDict torch_StateDict;
/* OrderedDict(); NULL when out of memory */
TORCH_API torch_StateDict *torch_StateDict_new(void);
/* copy.deepcopy(d): new memory for all */
TORCH_API torch_StateDict *torch_StateDict_deepcopy(const torch_StateDict *d);
TORCH_API void torch_StateDict_free(torch_StateDict *d);                            /* an owned one; NULL passes */
TORCH_API int64_t torch_StateDict_len(const torch_StateDict *d);                    /* len(d);      0 */
TORCH_API bool torch_StateDict_contains(const torch_StateDict *d, const char *key); /* key in d;      false */
TORCH_API Tensor *torch_StateDict_get(const torch_StateDict *d, const char *key);   /* d[key]; KeyError.      NULL */
TORCH_API int torch_StateDict_set(torch_StateDict *d, const char *key, Tensor *t);  /* d[key] = t; retains t. A code */
TORCH_API int torch_StateDict_del(torch_StateDict *d, const char *key);             /* del d[key]; KeyError. A code */
/* d["model"] of a checkpoint, whose names are joined with dots ("model.fc.weight"): borrowed, the entries that begin with
 * "model.", without it. KeyError where there are none.      NULL */
TORCH_API torch_StateDict *torch_StateDict_get_dict(const torch_StateDict *d, const char *key);
/* list(d.keys())[i]; IndexError.      NULL */
TORCH_API const char *torch_StateDict_key(const torch_StateDict *d, int64_t i);
/* list(d.values())[i]; IndexError.      NULL */
TORCH_API Tensor *torch_StateDict_value(const torch_StateDict *d, int64_t i);

TORCH_END

#endif
