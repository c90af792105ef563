/* torch.nn: modules that hold modules. */
#ifndef CERILLA_NN_CONTAINER_H
#define CERILLA_NN_CONTAINER_H

#include "machinery.h"

TORCH_BEGIN

/* ---- containers -----------------------------------------------------------------------------------------------------
 * Take modules of any class, which they own from then on; on failure those end. nn_Sequential(a, b): nn_forward(m, x)
 * is b(a(x)). nn_ModuleList(a, b) holds modules. NULL in the list is None, or what failed before.      NULL */
typedef struct nn_Container {
    nn_Module module;
} nn_Sequential, nn_ModuleList;
TORCH_API nn_Sequential *nn_Sequential_new(void *const *modules, int64_t n);
TORCH_API nn_ModuleList *nn_ModuleList_new(void *const *modules, int64_t n);
#define NN_LIST(...) \
    ((void *const[]){NULL, __VA_ARGS__}) + 1, (int64_t)(sizeof((void *const[]){NULL, __VA_ARGS__}) / sizeof(void *)) - 1
#define nn_Sequential(...) nn_Sequential_new(NN_LIST(__VA_ARGS__))
#define nn_ModuleList(...) nn_ModuleList_new(NN_LIST(__VA_ARGS__))
TORCH_API int64_t nn_ModuleList_len(const nn_ModuleList *m); /* len(m);      0 */
/* m[i]. IndexError "index 3 is out of range".      NULL */
TORCH_API nn_Module *nn_ModuleList_get(const nn_ModuleList *m, int64_t i);
/* m.append(child); returns child.      NULL */
TORCH_API void *nn_ModuleList_append(nn_ModuleList *m, void *child);

TORCH_END

#endif
