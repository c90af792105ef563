/* torch.nn: non-linear activations. */
#ifndef CERILLA_NN_ACTIVATION_H
#define CERILLA_NN_ACTIVATION_H

#include "machinery.h"

TORCH_BEGIN

/* Without parameters; each (*) -> (*). */
typedef struct nn_Tanh {
    nn_Module module;
} nn_Tanh, nn_Sigmoid;
typedef struct nn_ReLU {
    nn_Module module;
    bool inplace;
} nn_ReLU;
TORCH_API nn_Tanh *nn_Tanh_new(void);
TORCH_API nn_Sigmoid *nn_Sigmoid_new(void);
TORCH_API nn_ReLU *nn_ReLU_new(bool inplace);
#define nn_Tanh() nn_Tanh_new()                                        /* (e^x - e^-x) / (e^x + e^-x) */
#define nn_Sigmoid() nn_Sigmoid_new()                                  /* 1 / (1 + e^-x) */
#define nn_ReLU(...) nn_ReLU_new(NN_FLAG(inplace, false, __VA_ARGS__)) /* max(x, 0) */

TORCH_END

#endif
