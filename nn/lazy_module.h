/* Modules whose weights wait for the first input. Never installed. */
#ifndef CERILLA_NN_LAZY_MODULE_H
#define CERILLA_NN_LAZY_MODULE_H

#include "module.h"

typedef struct cer_Lazy cer_Lazy;
struct cer_Lazy {
    nn_Module *(*make)(const cer_Lazy *l, const nn_Module *m, int64_t size); /* the module that m becomes */
    int64_t spatial; /* dimensions of an input besides batch and channels; -1: any, the last counts */
    bool norm;       /* the size is dimension 1, whatever there is */
    union {
        nn_LinearArgs linear;
        nn_ConvArgs conv;
        nn_ConvTransposeArgs transpose;
        nn_BatchNormArgs norm;
    } args;
};

/* m, with placeholders for weight and bias where these are not NULL, becomes another at its first call. Warns. NULL, and m has
 * ended, after an error. */
void *cer_nn_lazy(nn_Module *m, const cer_Lazy *l, Tensor **weight, Tensor **bias, torch_dtype dtype);

#endif
