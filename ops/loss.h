/* torch.nn.functional: losses. Each takes the keyword .reduction: "mean" (the default), "sum" or "none". ValueError "x is not a
 * valid value for reduction". PyTorch's deprecated size_average and reduce are left out of the order of arguments. */
#ifndef CERILLA_OPS_LOSS_H
#define CERILLA_OPS_LOSS_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- of a prediction and a target of the same size: UserWarning where sizes differ -------------------------------- */

typedef struct F_LossArgs {
    size_t struct_size;
    Tensor *input, *target;
    const char *reduction;
} F_LossArgs;
TORCH_API F_LossArgs F_LossArgs_defaults(void);
#define F_LOSS(...) (&(F_LossArgs){.reduction = "mean", .struct_size = sizeof(F_LossArgs), .input = __VA_ARGS__})
TORCH_API Tensor *F_mse_loss_args(const F_LossArgs *args);
TORCH_API Tensor *F_l1_loss_args(const F_LossArgs *args);
TORCH_API Tensor *F_soft_margin_loss_args(const F_LossArgs *args);
#define F_mse_loss(...) F_mse_loss_args(F_LOSS(__VA_ARGS__))                 /* (input - target)^2 */
#define F_l1_loss(...) F_l1_loss_args(F_LOSS(__VA_ARGS__))                   /* |input - target| */
#define F_soft_margin_loss(...) F_soft_margin_loss_args(F_LOSS(__VA_ARGS__)) /* log(1 + exp(-target input)) */

typedef struct F_SmoothL1LossArgs {
    size_t struct_size;
    Tensor *input, *target;
    const char *reduction;
    double beta; /* 1 */
} F_SmoothL1LossArgs;
TORCH_API F_SmoothL1LossArgs F_SmoothL1LossArgs_defaults(void);
TORCH_API Tensor *F_smooth_l1_loss_args(const F_SmoothL1LossArgs *args);
/* d = |input - target|: d^2 / (2 beta) below beta, else d - beta / 2. "smooth_l1_loss does not support negative values for beta." */
#define F_smooth_l1_loss(...)                    \
    F_smooth_l1_loss_args(&(F_SmoothL1LossArgs){ \
        .beta = 1, .reduction = "mean", .struct_size = sizeof(F_SmoothL1LossArgs), .input = __VA_ARGS__})

typedef struct F_HuberLossArgs {
    size_t struct_size;
    Tensor *input, *target;
    const char *reduction;
    double delta; /* 1 */
} F_HuberLossArgs;
TORCH_API F_HuberLossArgs F_HuberLossArgs_defaults(void);
TORCH_API Tensor *F_huber_loss_args(const F_HuberLossArgs *args);
/* d = |input - target|: d^2 / 2 up to delta, else delta (d - delta / 2). "huber_loss does not support non-positive values for delta." */
#define F_huber_loss(...)                 \
    F_huber_loss_args(&(F_HuberLossArgs){ \
        .delta = 1, .reduction = "mean", .struct_size = sizeof(F_HuberLossArgs), .input = __VA_ARGS__})

/* ---- of probabilities -------------------------------------------------------------------------------------------- */

typedef struct F_BinaryCrossEntropyArgs {
    size_t struct_size;
    Tensor *input, *target;
    Tensor *weight; /* NULL: none; broadcasts to the input's size */
    const char *reduction;
    Tensor *pos_weight; /* with logits only */
} F_BinaryCrossEntropyArgs;
TORCH_API F_BinaryCrossEntropyArgs F_BinaryCrossEntropyArgs_defaults(void);
TORCH_API Tensor *F_binary_cross_entropy_args(const F_BinaryCrossEntropyArgs *args);
TORCH_API Tensor *F_binary_cross_entropy_with_logits_args(const F_BinaryCrossEntropyArgs *args);
#define F_BINARY_CROSS_ENTROPY(...) \
    (&(F_BinaryCrossEntropyArgs){   \
        .reduction = "mean", .struct_size = sizeof(F_BinaryCrossEntropyArgs), .input = __VA_ARGS__})
/* -weight (target log(input) + (1 - target) log(1 - input)), logarithms at least -100. "all elements of input should be between 0 and 1" */
#define F_binary_cross_entropy(...) F_binary_cross_entropy_args(F_BINARY_CROSS_ENTROPY(__VA_ARGS__))
/* the same of sigmoid(input), without its cancellation; the target's term times pos_weight */
#define F_binary_cross_entropy_with_logits(...) \
    F_binary_cross_entropy_with_logits_args(F_BINARY_CROSS_ENTROPY(__VA_ARGS__))

/* ---- of classes: input (C), (N, C) or (N, C, d1, ...); target the class indices () or (N) or (N, d1, ...), int64 ----- */

typedef struct F_NllLossArgs {
    size_t struct_size;
    Tensor *input, *target;
    Tensor *weight; /* (C) or NULL */
    int64_t ignore_index;
    const char *reduction;
    double label_smoothing; /* cross entropy only */
} F_NllLossArgs;
TORCH_API F_NllLossArgs F_NllLossArgs_defaults(void);
TORCH_API Tensor *F_nll_loss_args(const F_NllLossArgs *args);
#define F_NLL_LOSS(...) \
    (&(F_NllLossArgs){  \
        .ignore_index = -100, .reduction = "mean", .struct_size = sizeof(F_NllLossArgs), .input = __VA_ARGS__})
/* -weight[target] input[target]; the mean is weighted. IndexError "Target 5 is out of bounds." */
#define F_nll_loss(...) F_nll_loss_args(F_NLL_LOSS(__VA_ARGS__))

TORCH_END

#endif
