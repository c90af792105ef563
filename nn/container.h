/* torch.nn: modules that hold modules, or parameters. */
#ifndef CERILLA_NN_CONTAINER_H
#define CERILLA_NN_CONTAINER_H

#include "machinery.h"

TORCH_BEGIN

/* Containers take modules of any class, which they own from then on; on failure those end. NULL in a list is None, or what
 * failed before. Constructors: NULL after an error. */
typedef struct nn_Container {
    nn_Module module;
} nn_Container, nn_Sequential, nn_ModuleList, nn_ModuleDict, nn_ParameterList, nn_ParameterDict;
typedef struct nn_Named { /* a key and its module: {"conv", nn_Conv2d(1, 8, 3)} */
    const char *name;
    void *module;
} nn_Named;
#define NN_LIST(...) \
    ((void *const[]){NULL, __VA_ARGS__}) + 1, (int64_t)(sizeof((void *const[]){NULL, __VA_ARGS__}) / sizeof(void *)) - 1
#define NN_NAMED(...)                                    \
    ((const nn_Named[]){{NULL, NULL}, __VA_ARGS__}) + 1, \
        (int64_t)(sizeof((const nn_Named[]){{NULL, NULL}, __VA_ARGS__}) / sizeof(nn_Named)) - 1

/* nn.Sequential(a, b): nn_forward(m, x) is b(a(x)); of an OrderedDict: nn_Sequential_named({"fc", a}, {"act", b}). */
TORCH_API nn_Sequential *nn_Sequential_new(void *const *modules, int64_t n);
TORCH_API nn_Sequential *nn_Sequential_named_new(const nn_Named *modules, int64_t n);
#define nn_Sequential(...) nn_Sequential_new(NN_LIST(__VA_ARGS__))
#define nn_Sequential_named(...) nn_Sequential_named_new(NN_NAMED(__VA_ARGS__))
TORCH_API nn_ModuleList *nn_ModuleList_new(void *const *modules, int64_t n); /* nn.ModuleList([a, b]) */
#define nn_ModuleList(...) nn_ModuleList_new(NN_LIST(__VA_ARGS__))

/* ---- lists: the same for nn_Sequential and nn_ModuleList -------------------------------------------------------------
 * Indices count from the end where negative. IndexError "index 3 is out of range"; of insert "Index out of range: 5". */
TORCH_API int64_t nn_Sequential_len(const nn_Sequential *m); /* len(m);      0 */
TORCH_API int64_t nn_ModuleList_len(const nn_ModuleList *m);
TORCH_API nn_Module *nn_Sequential_get(const nn_Sequential *m, int64_t i); /* m[i].      NULL */
TORCH_API nn_Module *nn_ModuleList_get(const nn_ModuleList *m, int64_t i);
/* m[i] = child, m.append(child), m.insert(i, child); return child.      NULL */
TORCH_API void *nn_Sequential_set(nn_Sequential *m, int64_t i, void *child);
TORCH_API void *nn_ModuleList_set(nn_ModuleList *m, int64_t i, void *child);
TORCH_API void *nn_Sequential_append(nn_Sequential *m, void *child);
TORCH_API void *nn_ModuleList_append(nn_ModuleList *m, void *child);
TORCH_API void *nn_Sequential_insert(nn_Sequential *m, int64_t i, void *child);
TORCH_API void *nn_ModuleList_insert(nn_ModuleList *m, int64_t i, void *child);
/* m.extend(other): both hold other's modules then. A code */
TORCH_API int nn_Sequential_extend(nn_Sequential *m, const nn_Container *other);
TORCH_API int nn_ModuleList_extend(nn_ModuleList *m, const nn_Container *other);
/* del m[i]; the others are numbered anew. A code */
TORCH_API int nn_Sequential_del(nn_Sequential *m, int64_t i);
TORCH_API int nn_ModuleList_del(nn_ModuleList *m, int64_t i);
/* m.pop(i): the child, the caller's from now on unless another parent holds it.      NULL */
TORCH_API nn_Module *nn_Sequential_pop(nn_Sequential *m, int64_t i);
TORCH_API nn_Module *nn_ModuleList_pop(nn_ModuleList *m, int64_t i);

/* ---- nn.ModuleDict: nn_ModuleDict({"conv", a}, {"pool", b}) ---------------------------------------------------------
 * In order of insertion; nn_named_children lists it. KeyError "'lin'"; errors of add_module. */
TORCH_API nn_ModuleDict *nn_ModuleDict_new(const nn_Named *modules, int64_t n);
#define nn_ModuleDict(...) nn_ModuleDict_new(NN_NAMED(__VA_ARGS__))
TORCH_API int64_t nn_ModuleDict_len(const nn_ModuleDict *m);                     /* 0 */
TORCH_API const char *nn_ModuleDict_key(const nn_ModuleDict *m, int64_t i);      /* list(m)[i].      NULL */
TORCH_API bool nn_ModuleDict_contains(const nn_ModuleDict *m, const char *key);  /* key in m */
TORCH_API nn_Module *nn_ModuleDict_get(const nn_ModuleDict *m, const char *key); /* m[key].      NULL */
TORCH_API void *nn_ModuleDict_set(nn_ModuleDict *m, const char *key,
                                  void *child);                            /* m[key] = child; child.      NULL */
TORCH_API int nn_ModuleDict_del(nn_ModuleDict *m, const char *key);        /* del m[key]. A code */
TORCH_API nn_Module *nn_ModuleDict_pop(nn_ModuleDict *m, const char *key); /* as of lists.      NULL */
TORCH_API int nn_ModuleDict_clear(nn_ModuleDict *m);                       /* A code */

/* ---- nn.ParameterList, nn.ParameterDict -----------------------------------------------------------------------------
 * nn_ParameterList(p, q), nn_ParameterDict({"w", p}, {"b", q}): tensors that are no parameters become some. Not callable:
 * RuntimeError "ParameterList should not be called." */
typedef struct nn_NamedTensor {
    const char *name;
    Tensor *tensor;
} nn_NamedTensor;
TORCH_API nn_ParameterList *nn_ParameterList_new(Tensor *const *tensors, int64_t n);
#define nn_ParameterList(...)                                        \
    nn_ParameterList_new(((Tensor *const[]){NULL, __VA_ARGS__}) + 1, \
                         (int64_t)(sizeof((Tensor *const[]){NULL, __VA_ARGS__}) / sizeof(Tensor *)) - 1)
TORCH_API int64_t nn_ParameterList_len(const nn_ParameterList *m);                      /* 0 */
TORCH_API Tensor *nn_ParameterList_get(const nn_ParameterList *m, int64_t i);           /* m[i], borrowed.      NULL */
TORCH_API Tensor *nn_ParameterList_set(nn_ParameterList *m, int64_t i, Tensor *tensor); /* m[i] = tensor.      NULL */
TORCH_API Tensor *nn_ParameterList_append(nn_ParameterList *m, Tensor *tensor);         /* NULL */
TORCH_API nn_ParameterDict *nn_ParameterDict_new(const nn_NamedTensor *tensors, int64_t n);
#define nn_ParameterDict(...)                                      \
    nn_ParameterDict_new(                                          \
        ((const nn_NamedTensor[]){{NULL, NULL}, __VA_ARGS__}) + 1, \
        (int64_t)(sizeof((const nn_NamedTensor[]){{NULL, NULL}, __VA_ARGS__}) / sizeof(nn_NamedTensor)) - 1)
TORCH_API int64_t nn_ParameterDict_len(const nn_ParameterDict *m);                       /* 0 */
TORCH_API const char *nn_ParameterDict_key(const nn_ParameterDict *m, int64_t i);        /* list(m)[i].      NULL */
TORCH_API bool nn_ParameterDict_contains(const nn_ParameterDict *m, const char *key);    /* key in m */
TORCH_API Tensor *nn_ParameterDict_get(const nn_ParameterDict *m, const char *key);      /* m[key].      NULL */
TORCH_API Tensor *nn_ParameterDict_set(nn_ParameterDict *m, const char *key, Tensor *t); /* m[key] = t.      NULL */
TORCH_API int nn_ParameterDict_del(nn_ParameterDict *m, const char *key);                /* del m[key]. A code */

TORCH_END

#endif
