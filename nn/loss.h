/* torch.nn: losses. Called with the input and the target: nn_forward(criterion, input, target); F_... of the same
 * name says what it computes and refuses. .reduction: "mean" (the default), "sum" or "none"; any other is refused
 * by the call. PyTorch's deprecated size_average and reduce are left out of the order of arguments. Constructors
 * return NULL after an error. */
#ifndef CERILLA_NN_LOSS_H
#define CERILLA_NN_LOSS_H

#include "machinery.h"

TORCH_BEGIN

/* One struct for all; each class uses what it has of these. */
typedef struct nn_Loss {
    nn_Module module;
    char reduction[16];
    Tensor *weight, *pos_weight; /* buffers; NULL: None */
    int64_t ignore_index;
    double label_smoothing, beta, delta, margin, p, eps;
    bool log_input, log_target, full, swap, zero_infinity;
    int64_t blank;
} nn_Loss, nn_L1Loss, nn_MSELoss, nn_SoftMarginLoss, nn_CrossEntropyLoss, nn_NLLLoss, nn_BCELoss, nn_BCEWithLogitsLoss,
    nn_MultiLabelSoftMarginLoss, nn_KLDivLoss, nn_PoissonNLLLoss, nn_GaussianNLLLoss, nn_SmoothL1Loss, nn_HuberLoss,
    nn_MarginRankingLoss, nn_CosineEmbeddingLoss, nn_HingeEmbeddingLoss, nn_TripletMarginLoss, nn_MultiMarginLoss,
    nn_MultiLabelMarginLoss, nn_CTCLoss;

/* nn.L1Loss, nn.MSELoss, nn.SoftMarginLoss(reduction="mean"): |x - y|, (x - y)^2, log(1 + exp(-y x)). */
typedef struct nn_LossArgs {
    size_t struct_size;
    const char *reduction;
} nn_LossArgs;
TORCH_API nn_LossArgs nn_LossArgs_defaults(void);
#define NN_LOSS_ARGS(...) (&(nn_LossArgs){.reduction = "mean", .struct_size = sizeof(nn_LossArgs), __VA_ARGS__})
TORCH_API nn_L1Loss *nn_L1Loss_new(const nn_LossArgs *args);
#define nn_L1Loss(...) nn_L1Loss_new(NN_LOSS_ARGS(__VA_ARGS__))
TORCH_API nn_MSELoss *nn_MSELoss_new(const nn_LossArgs *args);
#define nn_MSELoss(...) nn_MSELoss_new(NN_LOSS_ARGS(__VA_ARGS__))
TORCH_API nn_SoftMarginLoss *nn_SoftMarginLoss_new(const nn_LossArgs *args);
#define nn_SoftMarginLoss(...) nn_SoftMarginLoss_new(NN_LOSS_ARGS(__VA_ARGS__))

/* nn.MultiLabelMarginLoss(reduction="mean"): F_multilabel_margin_loss. */
TORCH_API nn_MultiLabelMarginLoss *nn_MultiLabelMarginLoss_new(const nn_LossArgs *args);
#define nn_MultiLabelMarginLoss(...) nn_MultiLabelMarginLoss_new(NN_LOSS_ARGS(__VA_ARGS__))

/* nn.CrossEntropyLoss(weight=None, ignore_index=-100, reduction="mean", label_smoothing=0): F_cross_entropy of logits;
 * nn.NLLLoss(weight, ignore_index, reduction): F_nll_loss of logarithms. weight (C) is a buffer. */
typedef struct nn_ClassLossArgs {
    size_t struct_size;
    Tensor *weight;
    int64_t ignore_index;
    const char *reduction;
    double label_smoothing;
} nn_ClassLossArgs;
TORCH_API nn_ClassLossArgs nn_ClassLossArgs_defaults(void);
#define NN_CLASSLOSS_ARGS(...) \
    (&(nn_ClassLossArgs){      \
        .ignore_index = -100, .reduction = "mean", .struct_size = sizeof(nn_ClassLossArgs), __VA_ARGS__})
TORCH_API nn_CrossEntropyLoss *nn_CrossEntropyLoss_new(const nn_ClassLossArgs *args);
#define nn_CrossEntropyLoss(...) nn_CrossEntropyLoss_new(NN_CLASSLOSS_ARGS(__VA_ARGS__))
TORCH_API nn_NLLLoss *nn_NLLLoss_new(const nn_ClassLossArgs *args);
#define nn_NLLLoss(...) nn_NLLLoss_new(NN_CLASSLOSS_ARGS(__VA_ARGS__))

/* nn.BCELoss(weight=None, reduction="mean"): F_binary_cross_entropy of probabilities; nn.BCEWithLogitsLoss(weight,
 * reduction, pos_weight): of logits; nn.MultiLabelSoftMarginLoss(weight, reduction): averaged over the
 * classes. Both weights are buffers. */
typedef struct nn_WeightedLossArgs {
    size_t struct_size;
    Tensor *weight;
    const char *reduction;
    Tensor *pos_weight;
} nn_WeightedLossArgs;
TORCH_API nn_WeightedLossArgs nn_WeightedLossArgs_defaults(void);
#define NN_WEIGHTEDLOSS_ARGS(...) \
    (&(nn_WeightedLossArgs){.reduction = "mean", .struct_size = sizeof(nn_WeightedLossArgs), __VA_ARGS__})
TORCH_API nn_BCELoss *nn_BCELoss_new(const nn_WeightedLossArgs *args);
#define nn_BCELoss(...) nn_BCELoss_new(NN_WEIGHTEDLOSS_ARGS(__VA_ARGS__))
TORCH_API nn_BCEWithLogitsLoss *nn_BCEWithLogitsLoss_new(const nn_WeightedLossArgs *args);
#define nn_BCEWithLogitsLoss(...) nn_BCEWithLogitsLoss_new(NN_WEIGHTEDLOSS_ARGS(__VA_ARGS__))
TORCH_API nn_MultiLabelSoftMarginLoss *nn_MultiLabelSoftMarginLoss_new(const nn_WeightedLossArgs *args);
#define nn_MultiLabelSoftMarginLoss(...) nn_MultiLabelSoftMarginLoss_new(NN_WEIGHTEDLOSS_ARGS(__VA_ARGS__))

/* nn.KLDivLoss(reduction="mean", log_target=False): F_kl_div; the reduction may be "batchmean". */
typedef struct nn_KLDivLossArgs {
    size_t struct_size;
    const char *reduction;
    bool log_target;
} nn_KLDivLossArgs;
TORCH_API nn_KLDivLossArgs nn_KLDivLossArgs_defaults(void);
#define NN_KLDIVLOSS_ARGS(...) \
    (&(nn_KLDivLossArgs){.reduction = "mean", .struct_size = sizeof(nn_KLDivLossArgs), __VA_ARGS__})
TORCH_API nn_KLDivLoss *nn_KLDivLoss_new(const nn_KLDivLossArgs *args);
#define nn_KLDivLoss(...) nn_KLDivLoss_new(NN_KLDIVLOSS_ARGS(__VA_ARGS__))

/* nn.PoissonNLLLoss(log_input=True, full=False, eps=1e-8, reduction="mean"): F_poisson_nll_loss. */
typedef struct nn_PoissonNLLLossArgs {
    size_t struct_size;
    bool log_input;
    bool full;
    double eps;
    const char *reduction;
} nn_PoissonNLLLossArgs;
TORCH_API nn_PoissonNLLLossArgs nn_PoissonNLLLossArgs_defaults(void);
#define NN_POISSONNLLLOSS_ARGS(...)                                         \
    (&(nn_PoissonNLLLossArgs){.log_input = true,                            \
                              .eps = 1e-8,                                  \
                              .reduction = "mean",                          \
                              .struct_size = sizeof(nn_PoissonNLLLossArgs), \
                              __VA_ARGS__})
TORCH_API nn_PoissonNLLLoss *nn_PoissonNLLLoss_new(const nn_PoissonNLLLossArgs *args);
#define nn_PoissonNLLLoss(...) nn_PoissonNLLLoss_new(NN_POISSONNLLLOSS_ARGS(__VA_ARGS__))

/* nn.GaussianNLLLoss(full=False, eps=1e-6, reduction="mean"): nn_forward(m, input, target, var) is
 * F_gaussian_nll_loss. */
typedef struct nn_GaussianNLLLossArgs {
    size_t struct_size;
    bool full;
    double eps;
    const char *reduction;
} nn_GaussianNLLLossArgs;
TORCH_API nn_GaussianNLLLossArgs nn_GaussianNLLLossArgs_defaults(void);
#define NN_GAUSSIANNLLLOSS_ARGS(...) \
    (&(nn_GaussianNLLLossArgs){      \
        .eps = 1e-6, .reduction = "mean", .struct_size = sizeof(nn_GaussianNLLLossArgs), __VA_ARGS__})
TORCH_API nn_GaussianNLLLoss *nn_GaussianNLLLoss_new(const nn_GaussianNLLLossArgs *args);
#define nn_GaussianNLLLoss(...) nn_GaussianNLLLoss_new(NN_GAUSSIANNLLLOSS_ARGS(__VA_ARGS__))

/* nn.SmoothL1Loss(reduction="mean", beta=1): F_smooth_l1_loss. */
typedef struct nn_SmoothL1LossArgs {
    size_t struct_size;
    const char *reduction;
    double beta;
} nn_SmoothL1LossArgs;
TORCH_API nn_SmoothL1LossArgs nn_SmoothL1LossArgs_defaults(void);
#define NN_SMOOTHL1LOSS_ARGS(...) \
    (&(nn_SmoothL1LossArgs){.reduction = "mean", .beta = 1, .struct_size = sizeof(nn_SmoothL1LossArgs), __VA_ARGS__})
TORCH_API nn_SmoothL1Loss *nn_SmoothL1Loss_new(const nn_SmoothL1LossArgs *args);
#define nn_SmoothL1Loss(...) nn_SmoothL1Loss_new(NN_SMOOTHL1LOSS_ARGS(__VA_ARGS__))

/* nn.HuberLoss(reduction="mean", delta=1): F_huber_loss. */
typedef struct nn_HuberLossArgs {
    size_t struct_size;
    const char *reduction;
    double delta;
} nn_HuberLossArgs;
TORCH_API nn_HuberLossArgs nn_HuberLossArgs_defaults(void);
#define NN_HUBERLOSS_ARGS(...) \
    (&(nn_HuberLossArgs){.reduction = "mean", .delta = 1, .struct_size = sizeof(nn_HuberLossArgs), __VA_ARGS__})
TORCH_API nn_HuberLoss *nn_HuberLoss_new(const nn_HuberLossArgs *args);
#define nn_HuberLoss(...) nn_HuberLoss_new(NN_HUBERLOSS_ARGS(__VA_ARGS__))

/* nn.MarginRankingLoss, nn.CosineEmbeddingLoss(margin=0, reduction="mean"): nn_forward(m, input1, input2, target). */
typedef struct nn_MarginLossArgs {
    size_t struct_size;
    double margin;
    const char *reduction;
} nn_MarginLossArgs;
TORCH_API nn_MarginLossArgs nn_MarginLossArgs_defaults(void);
#define NN_MARGINLOSS_ARGS(...) \
    (&(nn_MarginLossArgs){.reduction = "mean", .struct_size = sizeof(nn_MarginLossArgs), __VA_ARGS__})
TORCH_API nn_MarginRankingLoss *nn_MarginRankingLoss_new(const nn_MarginLossArgs *args);
#define nn_MarginRankingLoss(...) nn_MarginRankingLoss_new(NN_MARGINLOSS_ARGS(__VA_ARGS__))
TORCH_API nn_CosineEmbeddingLoss *nn_CosineEmbeddingLoss_new(const nn_MarginLossArgs *args);
#define nn_CosineEmbeddingLoss(...) nn_CosineEmbeddingLoss_new(NN_MARGINLOSS_ARGS(__VA_ARGS__))

/* nn.HingeEmbeddingLoss(margin=1, reduction="mean"): F_hinge_embedding_loss. */
typedef struct nn_HingeEmbeddingLossArgs {
    size_t struct_size;
    double margin;
    const char *reduction;
} nn_HingeEmbeddingLossArgs;
TORCH_API nn_HingeEmbeddingLossArgs nn_HingeEmbeddingLossArgs_defaults(void);
#define NN_HINGEEMBEDDINGLOSS_ARGS(...) \
    (&(nn_HingeEmbeddingLossArgs){      \
        .margin = 1, .reduction = "mean", .struct_size = sizeof(nn_HingeEmbeddingLossArgs), __VA_ARGS__})
TORCH_API nn_HingeEmbeddingLoss *nn_HingeEmbeddingLoss_new(const nn_HingeEmbeddingLossArgs *args);
#define nn_HingeEmbeddingLoss(...) nn_HingeEmbeddingLoss_new(NN_HINGEEMBEDDINGLOSS_ARGS(__VA_ARGS__))

/* nn.TripletMarginLoss(margin=1, p=2, eps=1e-6, swap=False, reduction="mean"): nn_forward(m,
 * anchor, positive, negative). */
typedef struct nn_TripletMarginLossArgs {
    size_t struct_size;
    double margin;
    double p;
    double eps;
    bool swap;
    const char *reduction;
} nn_TripletMarginLossArgs;
TORCH_API nn_TripletMarginLossArgs nn_TripletMarginLossArgs_defaults(void);
#define NN_TRIPLETMARGINLOSS_ARGS(...)                                            \
    (&(nn_TripletMarginLossArgs){.margin = 1,                                     \
                                 .p = 2,                                          \
                                 .eps = 1e-6,                                     \
                                 .reduction = "mean",                             \
                                 .struct_size = sizeof(nn_TripletMarginLossArgs), \
                                 __VA_ARGS__})
TORCH_API nn_TripletMarginLoss *nn_TripletMarginLoss_new(const nn_TripletMarginLossArgs *args);
#define nn_TripletMarginLoss(...) nn_TripletMarginLoss_new(NN_TRIPLETMARGINLOSS_ARGS(__VA_ARGS__))

/* nn.MultiMarginLoss(p=1, margin=1, weight=None, reduction="mean"): F_multi_margin_loss. ValueError "only p
 * == 1 and p == 2 supported". */
typedef struct nn_MultiMarginLossArgs {
    size_t struct_size;
    int64_t p;
    double margin;
    Tensor *weight;
    const char *reduction;
} nn_MultiMarginLossArgs;
TORCH_API nn_MultiMarginLossArgs nn_MultiMarginLossArgs_defaults(void);
#define NN_MULTIMARGINLOSS_ARGS(...) \
    (&(nn_MultiMarginLossArgs){      \
        .p = 1, .margin = 1, .reduction = "mean", .struct_size = sizeof(nn_MultiMarginLossArgs), __VA_ARGS__})
TORCH_API nn_MultiMarginLoss *nn_MultiMarginLoss_new(const nn_MultiMarginLossArgs *args);
#define nn_MultiMarginLoss(...) nn_MultiMarginLoss_new(NN_MULTIMARGINLOSS_ARGS(__VA_ARGS__))

/* nn.CTCLoss(blank=0, reduction="mean", zero_infinity=False): nn_forward(m, log_probs, targets, input_lengths,
 * target_lengths): F_ctc_loss. */
typedef struct nn_CTCLossArgs {
    size_t struct_size;
    int64_t blank;
    const char *reduction;
    bool zero_infinity;
} nn_CTCLossArgs;
TORCH_API nn_CTCLossArgs nn_CTCLossArgs_defaults(void);
#define NN_CTCLOSS_ARGS(...) \
    (&(nn_CTCLossArgs){.reduction = "mean", .struct_size = sizeof(nn_CTCLossArgs), __VA_ARGS__})
TORCH_API nn_CTCLoss *nn_CTCLoss_new(const nn_CTCLossArgs *args);
#define nn_CTCLoss(...) nn_CTCLoss_new(NN_CTCLOSS_ARGS(__VA_ARGS__))

/* nn.TripletMarginWithDistanceLoss(distance_function=None, margin=1, swap=False, reduction="mean"): nn_forward(m,
 * anchor, positive, negative): max(0, d(a, p) - d(a, n) + margin). distance_function: a module of two inputs, which
 * becomes the loss's own and ends with it, here too after an error; NULL: nn_PairwiseDistance(). */
typedef struct nn_TripletMarginWithDistanceLoss {
    nn_Module module;
    nn_Module *distance_function;
    double margin;
    bool swap;
    char reduction[16];
} nn_TripletMarginWithDistanceLoss;
typedef struct nn_TripletMarginWithDistanceLossArgs {
    size_t struct_size;
    void *distance_function;
    double margin;
    bool swap;
    const char *reduction;
} nn_TripletMarginWithDistanceLossArgs;
TORCH_API nn_TripletMarginWithDistanceLossArgs nn_TripletMarginWithDistanceLossArgs_defaults(void);
TORCH_API nn_TripletMarginWithDistanceLoss *
nn_TripletMarginWithDistanceLoss_new(const nn_TripletMarginWithDistanceLossArgs *args);
#define nn_TripletMarginWithDistanceLoss(...)                                     \
    nn_TripletMarginWithDistanceLoss_new(&(nn_TripletMarginWithDistanceLossArgs){ \
        .margin = 1, .reduction = "mean", .struct_size = sizeof(nn_TripletMarginWithDistanceLossArgs), __VA_ARGS__})

TORCH_END

#endif
