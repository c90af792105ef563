/* torch.nn: dropout. */
#ifndef CERILLA_NN_DROPOUT_H
#define CERILLA_NN_DROPOUT_H

#include "machinery.h"

TORCH_BEGIN

/* nn.Dropout(p=0.5): in training mode, zeroes each element with probability p and divides the others by 1 - p; in eval
 * mode x itself. ValueError "dropout probability has to be between 0 and 1, but got 1.5".      NULL */
typedef struct nn_Dropout {
    nn_Module module;
    double p;
} nn_Dropout;
TORCH_API nn_Dropout *nn_Dropout_new(double p);
#define nn_Dropout(...)                                  \
    nn_Dropout_new(((const struct {                      \
                       char none;                        \
                       double p;                         \
                   }){.p = 0.5, .none = 0, __VA_ARGS__}) \
                       .p)

TORCH_END

#endif
