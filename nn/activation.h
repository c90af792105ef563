/* torch.nn: non-linear activations; each (*) -> (*). Formulas and errors: ops/activation.h, ops/along.h. */
#ifndef CERILLA_NN_ACTIVATION_H
#define CERILLA_NN_ACTIVATION_H

#include "machinery.h"

TORCH_BEGIN

/* Without options. */
typedef struct nn_Tanh {
    nn_Module module;
} nn_Tanh, nn_Sigmoid, nn_LogSigmoid, nn_Softsign, nn_Tanhshrink, nn_Softmax2d;
TORCH_API nn_Tanh *nn_Tanh_new(void);
TORCH_API nn_Sigmoid *nn_Sigmoid_new(void);
TORCH_API nn_LogSigmoid *nn_LogSigmoid_new(void);
TORCH_API nn_Softsign *nn_Softsign_new(void);
TORCH_API nn_Tanhshrink *nn_Tanhshrink_new(void);
TORCH_API nn_Softmax2d *nn_Softmax2d_new(void);
#define nn_Tanh() nn_Tanh_new()             /* (e^x - e^-x) / (e^x + e^-x) */
#define nn_Sigmoid() nn_Sigmoid_new()       /* 1 / (1 + e^-x) */
#define nn_LogSigmoid() nn_LogSigmoid_new() /* -log(1 + e^-x) */
#define nn_Softsign() nn_Softsign_new()     /* x / (1 + |x|) */
#define nn_Tanhshrink() nn_Tanhshrink_new() /* x - tanh(x) */
#define nn_Softmax2d() nn_Softmax2d_new()   /* softmax over the channels of (N, C, H, W) or (C, H, W) */

/* (inplace=False): with true, x itself is overwritten. */
typedef struct nn_ReLU {
    nn_Module module;
    bool inplace;
} nn_ReLU, nn_ReLU6, nn_SELU, nn_SiLU, nn_Mish, nn_Hardswish, nn_Hardsigmoid;
TORCH_API nn_ReLU *nn_ReLU_new(bool inplace);
TORCH_API nn_ReLU6 *nn_ReLU6_new(bool inplace);
TORCH_API nn_SELU *nn_SELU_new(bool inplace);
TORCH_API nn_SiLU *nn_SiLU_new(bool inplace);
TORCH_API nn_Mish *nn_Mish_new(bool inplace);
TORCH_API nn_Hardswish *nn_Hardswish_new(bool inplace);
TORCH_API nn_Hardsigmoid *nn_Hardsigmoid_new(bool inplace);
#define nn_ReLU(...) nn_ReLU_new(NN_FLAG(inplace, false, __VA_ARGS__))               /* max(x, 0) */
#define nn_ReLU6(...) nn_ReLU6_new(NN_FLAG(inplace, false, __VA_ARGS__))             /* min(max(x, 0), 6) */
#define nn_SELU(...) nn_SELU_new(NN_FLAG(inplace, false, __VA_ARGS__))               /* a scaled ELU */
#define nn_SiLU(...) nn_SiLU_new(NN_FLAG(inplace, false, __VA_ARGS__))               /* x sigmoid(x) */
#define nn_Mish(...) nn_Mish_new(NN_FLAG(inplace, false, __VA_ARGS__))               /* x tanh(log(1 + e^x)) */
#define nn_Hardswish(...) nn_Hardswish_new(NN_FLAG(inplace, false, __VA_ARGS__))     /* x hardsigmoid(x) */
#define nn_Hardsigmoid(...) nn_Hardsigmoid_new(NN_FLAG(inplace, false, __VA_ARGS__)) /* min(max(x + 3, 0), 6) / 6 */

/* (dim=None): softmax over dim; TORCH_NONE warns and chooses one at each forward. */
typedef struct nn_Softmax {
    nn_Module module;
    int64_t dim;
} nn_Softmax, nn_Softmin, nn_LogSoftmax, nn_GLU;
TORCH_API nn_Softmax *nn_Softmax_new(int64_t dim);
TORCH_API nn_Softmin *nn_Softmin_new(int64_t dim);
TORCH_API nn_LogSoftmax *nn_LogSoftmax_new(int64_t dim);
TORCH_API nn_GLU *nn_GLU_new(int64_t dim);
#define NN_DIM(preset, ...)                     \
    (((const struct {                           \
         char none;                             \
         int64_t dim;                           \
     }){.dim = preset, .none = 0, __VA_ARGS__}) \
         .dim)
#define nn_Softmax(...) nn_Softmax_new(NN_DIM(TORCH_NONE, __VA_ARGS__))       /* e^x / sum e^x */
#define nn_Softmin(...) nn_Softmin_new(NN_DIM(TORCH_NONE, __VA_ARGS__))       /* softmax(-x) */
#define nn_LogSoftmax(...) nn_LogSoftmax_new(NN_DIM(TORCH_NONE, __VA_ARGS__)) /* x - log sum e^x */
#define nn_GLU(...) nn_GLU_new(NN_DIM(-1, __VA_ARGS__)) /* a sigmoid(b), the halves of dimension dim */

TORCH_END

#endif
