/* torch.nn.functional: losses. Each takes the keyword .reduction: "mean" (the default), "sum" or "none". ValueError
 * "x is not a valid value for reduction". PyTorch's deprecated size_average and reduce are left out of the order of
 * arguments. */
#ifndef CERILLA_OPS_LOSS_H
#define CERILLA_OPS_LOSS_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- of a prediction and a target of the same size: UserWarning where sizes differ --------------------------------
 * */

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
/* d = |input - target|: d^2 / (2 beta) below beta, else d - beta / 2. "smooth_l1_loss does not support negative
 * values for beta." */
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
/* d = |input - target|: d^2 / 2 up to delta, else delta (d - delta / 2). "huber_loss does not support non-positive
 * values for delta." */
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
/* -weight (target log(input) + (1 - target) log(1 - input)), logarithms at least -100. "all elements of input should
 * be between 0 and 1" */
#define F_binary_cross_entropy(...) F_binary_cross_entropy_args(F_BINARY_CROSS_ENTROPY(__VA_ARGS__))
/* the same of sigmoid(input), without its cancellation; the target's term times pos_weight */
#define F_binary_cross_entropy_with_logits(...) \
    F_binary_cross_entropy_with_logits_args(F_BINARY_CROSS_ENTROPY(__VA_ARGS__))

/* ---- of classes: input (C), (N, C) or (N, C, d1, ...); target the class indices () or (N) or (N, d1, ...), int64
 * ----- */

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

/* log_softmax over the classes, then nll_loss. A target of the input's own size and a floating dtype gives
 * probabilities instead of an index. .label_smoothing: that share of the target is spread over all classes */
TORCH_API Tensor *F_cross_entropy_args(const F_NllLossArgs *args);
#define F_cross_entropy(...) F_cross_entropy_args(F_NLL_LOSS(__VA_ARGS__))

/* ---- of distributions -------------------------------------------------------------------------------------------- */

typedef struct F_KlDivArgs {
    size_t struct_size;
    Tensor *input, *target;
    const char *reduction; /* "batchmean", too: the sum divided by the first size */
    bool log_target;
} F_KlDivArgs;
TORCH_API F_KlDivArgs F_KlDivArgs_defaults(void);
TORCH_API Tensor *F_kl_div_args(const F_KlDivArgs *args);
/* target (log(target) - input); with log_target exp(target) (target - input). UserWarning for the reduction "mean" */
#define F_kl_div(...) \
    F_kl_div_args(&(F_KlDivArgs){.reduction = "mean", .struct_size = sizeof(F_KlDivArgs), .input = __VA_ARGS__})

typedef struct F_PoissonNllLossArgs {
    size_t struct_size;
    Tensor *input, *target;
    bool log_input, full; /* true, false */
    double eps;           /* 1e-8 */
    const char *reduction;
} F_PoissonNllLossArgs;
TORCH_API F_PoissonNllLossArgs F_PoissonNllLossArgs_defaults(void);
TORCH_API Tensor *F_poisson_nll_loss_args(const F_PoissonNllLossArgs *args);
/* exp(input) - target input, or without log_input input - target log(input + eps); full: plus Stirling's log(target!)
 * */
#define F_poisson_nll_loss(...)                                                                  \
    F_poisson_nll_loss_args(&(F_PoissonNllLossArgs){.log_input = true,                           \
                                                    .eps = 1e-8,                                 \
                                                    .reduction = "mean",                         \
                                                    .struct_size = sizeof(F_PoissonNllLossArgs), \
                                                    .input = __VA_ARGS__})

typedef struct F_GaussianNllLossArgs {
    size_t struct_size;
    Tensor *input, *target, *var;
    bool full;
    double eps; /* 1e-6: the least variance */
    const char *reduction;
} F_GaussianNllLossArgs;
TORCH_API F_GaussianNllLossArgs F_GaussianNllLossArgs_defaults(void);
TORCH_API Tensor *F_gaussian_nll_loss_args(const F_GaussianNllLossArgs *args);
/* (log(var) + (input - target)^2 / var) / 2; full: plus log(2 pi) / 2 */
#define F_gaussian_nll_loss(...)                       \
    F_gaussian_nll_loss_args(&(F_GaussianNllLossArgs){ \
        .eps = 1e-6, .reduction = "mean", .struct_size = sizeof(F_GaussianNllLossArgs), .input = __VA_ARGS__})

/* ---- of margins: targets are 1 and -1 ---------------------------------------------------------------------------- */

typedef struct F_HingeEmbeddingLossArgs {
    size_t struct_size;
    Tensor *input, *target;
    double margin; /* 1 */
    const char *reduction;
} F_HingeEmbeddingLossArgs;
TORCH_API F_HingeEmbeddingLossArgs F_HingeEmbeddingLossArgs_defaults(void);
TORCH_API Tensor *F_hinge_embedding_loss_args(const F_HingeEmbeddingLossArgs *args);
/* input for targets of 1, max(0, margin - input) for those of -1 */
#define F_hinge_embedding_loss(...)                          \
    F_hinge_embedding_loss_args(&(F_HingeEmbeddingLossArgs){ \
        .margin = 1, .reduction = "mean", .struct_size = sizeof(F_HingeEmbeddingLossArgs), .input = __VA_ARGS__})

typedef struct F_MarginRankingLossArgs {
    size_t struct_size;
    Tensor *input1, *input2, *target;
    double margin; /* 0 */
    const char *reduction;
} F_MarginRankingLossArgs;
TORCH_API F_MarginRankingLossArgs F_MarginRankingLossArgs_defaults(void);
TORCH_API Tensor *F_margin_ranking_loss_args(const F_MarginRankingLossArgs *args);
/* max(0, -target (input1 - input2) + margin) */
#define F_margin_ranking_loss(...)                         \
    F_margin_ranking_loss_args(&(F_MarginRankingLossArgs){ \
        .reduction = "mean", .struct_size = sizeof(F_MarginRankingLossArgs), .input1 = __VA_ARGS__})

typedef struct F_CosineEmbeddingLossArgs {
    size_t struct_size;
    Tensor *input1, *input2, *target; /* (N, D), (N, D), (N); or (D), (D), () */
    double margin;                    /* 0 */
    const char *reduction;
} F_CosineEmbeddingLossArgs;
TORCH_API F_CosineEmbeddingLossArgs F_CosineEmbeddingLossArgs_defaults(void);
TORCH_API Tensor *F_cosine_embedding_loss_args(const F_CosineEmbeddingLossArgs *args);
/* 1 - cosine for targets of 1, max(0, cosine - margin) for those of -1 */
#define F_cosine_embedding_loss(...)                           \
    F_cosine_embedding_loss_args(&(F_CosineEmbeddingLossArgs){ \
        .reduction = "mean", .struct_size = sizeof(F_CosineEmbeddingLossArgs), .input1 = __VA_ARGS__})

typedef struct F_TripletMarginLossArgs {
    size_t struct_size;
    Tensor *anchor, *positive, *negative;
    double margin, p, eps; /* 1, 2, 1e-6 */
    bool swap;             /* the nearer of the distances anchor - negative and positive - negative */
    const char *reduction;
} F_TripletMarginLossArgs;
TORCH_API F_TripletMarginLossArgs F_TripletMarginLossArgs_defaults(void);
TORCH_API Tensor *F_triplet_margin_loss_args(const F_TripletMarginLossArgs *args);
/* max(0, |anchor - positive|_p - |anchor - negative|_p + margin) */
#define F_triplet_margin_loss(...)                                                                        \
    F_triplet_margin_loss_args(&(F_TripletMarginLossArgs){.margin = 1,                                    \
                                                          .p = 2,                                         \
                                                          .eps = 1e-6,                                    \
                                                          .reduction = "mean",                            \
                                                          .struct_size = sizeof(F_TripletMarginLossArgs), \
                                                          .anchor = __VA_ARGS__})

typedef struct F_MultilabelSoftMarginLossArgs {
    size_t struct_size;
    Tensor *input, *target; /* (*, C): 1 where a label applies, else 0 */
    Tensor *weight;
    const char *reduction;
} F_MultilabelSoftMarginLossArgs;
TORCH_API F_MultilabelSoftMarginLossArgs F_MultilabelSoftMarginLossArgs_defaults(void);
TORCH_API Tensor *F_multilabel_soft_margin_loss_args(const F_MultilabelSoftMarginLossArgs *args);
/* binary cross entropy of the logits, averaged over the classes */
#define F_multilabel_soft_margin_loss(...)                                \
    F_multilabel_soft_margin_loss_args(&(F_MultilabelSoftMarginLossArgs){ \
        .reduction = "mean", .struct_size = sizeof(F_MultilabelSoftMarginLossArgs), .input = __VA_ARGS__})

typedef struct F_MultiMarginLossArgs {
    size_t struct_size;
    Tensor *input, *target; /* (N, C) and int64 (N), or (C) and () */
    int64_t p;              /* 1 or 2 */
    double margin;          /* 1 */
    Tensor *weight;         /* (C) or NULL */
    const char *reduction;
} F_MultiMarginLossArgs;
TORCH_API F_MultiMarginLossArgs F_MultiMarginLossArgs_defaults(void);
TORCH_API Tensor *F_multi_margin_loss_args(const F_MultiMarginLossArgs *args);
/* sum over the other classes of weight[target] max(0, margin - input[target] + input[c])^p / C. "target out of range"
 * */
#define F_multi_margin_loss(...)                       \
    F_multi_margin_loss_args(&(F_MultiMarginLossArgs){ \
        .p = 1, .margin = 1, .reduction = "mean", .struct_size = sizeof(F_MultiMarginLossArgs), .input = __VA_ARGS__})

/* of labels: each row of target (N, C) or (C), int64, lists classes up to the first -1: the sum of max(0, 1 -
 * input[label] + input[c]) over labels and the classes that are none, divided by C. "argument #2 'target' is out of
 * range" */
TORCH_API Tensor *F_multilabel_margin_loss_args(const F_LossArgs *args);
#define F_multilabel_margin_loss(...) F_multilabel_margin_loss_args(F_LOSS(__VA_ARGS__))

/* ---- of sequences without alignment ------------------------------------------------------------------------------ */

typedef struct F_CtcLossArgs {
    size_t struct_size;
    Tensor *log_probs;                      /* (T, N, C) or (T, C): log_softmax over the classes */
    Tensor *targets;                        /* (N, longest), or all in one row (sum of target_lengths) */
    Tensor *input_lengths, *target_lengths; /* (N): torch_lengths(50, 42), torch_tensor(array) */
    int64_t blank;
    const char *reduction; /* the mean is over the batch, of each loss divided by its target length */
    bool zero_infinity;    /* losses and gradients of targets that do not fit into the input are 0 */
} F_CtcLossArgs;
TORCH_API F_CtcLossArgs F_CtcLossArgs_defaults(void);
TORCH_API Tensor *F_ctc_loss_args(const F_CtcLossArgs *args);
/* Connectionist temporal classification: -log of the probability of all paths through log_probs that spell the target
 * when repetitions are merged and blanks dropped. "blank must be in label range", "Expected input_lengths to have
 * value at most 50, but got value 51 ..." */
#define F_ctc_loss(...) \
    F_ctc_loss_args(    \
        &(F_CtcLossArgs){.reduction = "mean", .struct_size = sizeof(F_CtcLossArgs), .log_probs = __VA_ARGS__})

TORCH_END

#endif
