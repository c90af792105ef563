/* Losses: classes over the functions of the same names. */
#include <stdio.h>

#include "layer.h"

/* A class: how many inputs of which names its forward takes, and the result over the module m and the inputs. */
#define CRITERION(Name, arity, names, ...)                                                                   \
    static int Name##_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out) \
    {                                                                                                        \
        const nn_Loss *m = (const nn_Loss *)self;                                                            \
        (void)n_out;                                                                                         \
        if (cer_nn_arity(self, n_in, arity, arity, names)) out[0] = __VA_ARGS__;                             \
        return torch_error_code();                                                                           \
    }                                                                                                        \
    static const nn_Class Name##_class = NN_CLASS(nn_##Name, .forward = Name##_forward);

#define PAIR "input target"
CRITERION(L1Loss, 2, PAIR, F_l1_loss(in[0], in[1], .reduction = m->reduction))
CRITERION(MSELoss, 2, PAIR, F_mse_loss(in[0], in[1], .reduction = m->reduction))
CRITERION(SoftMarginLoss, 2, PAIR, F_soft_margin_loss(in[0], in[1], .reduction = m->reduction))
CRITERION(CrossEntropyLoss, 2, PAIR,
          F_cross_entropy(in[0], in[1], .weight = m->weight, .ignore_index = m->ignore_index, .reduction = m->reduction,
                          .label_smoothing = m->label_smoothing))
CRITERION(NLLLoss, 2, PAIR,
          F_nll_loss(in[0], in[1], .weight = m->weight, .ignore_index = m->ignore_index, .reduction = m->reduction))
CRITERION(BCELoss, 2, PAIR, F_binary_cross_entropy(in[0], in[1], .weight = m->weight, .reduction = m->reduction))
CRITERION(BCEWithLogitsLoss, 2, PAIR,
          F_binary_cross_entropy_with_logits(in[0], in[1], .weight = m->weight, .pos_weight = m->pos_weight,
                                             .reduction = m->reduction))
CRITERION(MultiLabelSoftMarginLoss, 2, PAIR,
          F_multilabel_soft_margin_loss(in[0], in[1], .weight = m->weight, .reduction = m->reduction))
CRITERION(KLDivLoss, 2, PAIR, F_kl_div(in[0], in[1], .reduction = m->reduction, .log_target = m->log_target))
CRITERION(PoissonNLLLoss, 2, "log_input target",
          F_poisson_nll_loss(in[0], in[1], .log_input = m->log_input, .full = m->full, .eps = m->eps,
                             .reduction = m->reduction))
CRITERION(GaussianNLLLoss, 3, "input target var",
          F_gaussian_nll_loss(in[0], in[1], in[2], .full = m->full, .eps = m->eps, .reduction = m->reduction))
CRITERION(SmoothL1Loss, 2, PAIR, F_smooth_l1_loss(in[0], in[1], .reduction = m->reduction, .beta = m->beta))
CRITERION(HuberLoss, 2, PAIR, F_huber_loss(in[0], in[1], .reduction = m->reduction, .delta = m->delta))
CRITERION(MarginRankingLoss, 3, "input1 input2 target",
          F_margin_ranking_loss(in[0], in[1], in[2], .margin = m->margin, .reduction = m->reduction))
CRITERION(CosineEmbeddingLoss, 3, "input1 input2 target",
          F_cosine_embedding_loss(in[0], in[1], in[2], .margin = m->margin, .reduction = m->reduction))
CRITERION(HingeEmbeddingLoss, 2, PAIR,
          F_hinge_embedding_loss(in[0], in[1], .margin = m->margin, .reduction = m->reduction))
CRITERION(TripletMarginLoss, 3, "anchor positive negative",
          F_triplet_margin_loss(in[0], in[1], in[2], .margin = m->margin, .p = m->p, .eps = m->eps, .swap = m->swap,
                                .reduction = m->reduction))
CRITERION(MultiMarginLoss, 2, PAIR,
          F_multi_margin_loss(in[0], in[1], .p = (int64_t)m->p, .margin = m->margin, .weight = m->weight,
                              .reduction = m->reduction))

CRITERION(MultiLabelMarginLoss, 2, PAIR, F_multilabel_margin_loss(in[0], in[1], .reduction = m->reduction))
CRITERION(CTCLoss, 4, "log_probs targets input_lengths target_lengths",
          F_ctc_loss(in[0], in[1], in[2], in[3], .blank = m->blank, .reduction = m->reduction,
                     .zero_infinity = m->zero_infinity))

/* ---- constructors ------------------------------------------------------------------------------------------------ */

static nn_Loss *made(const nn_Class *record, const char *reduction)
{
    nn_Loss *m = (nn_Loss *)nn_Module_new(record, sizeof(nn_Loss));
    if (m) snprintf(m->reduction, sizeof m->reduction, "%s", reduction ? reduction : "None");
    return m;
}

/* A class's constructor: the options a, then what is done with the module m. */
#define LOSS(Name, Args, ...)                          \
    nn_##Name *nn_##Name##_new(const Args *args)       \
    {                                                  \
        Args a = Args##_defaults();                    \
        cer_args(&a, sizeof a, args);                  \
        nn_Loss *m = made(&Name##_class, a.reduction); \
        if (!m) return NULL;                           \
        __VA_ARGS__;                                   \
        return cer_nn_made(m);                         \
    }
#define BUFFER(name) m->name = nn_Module_register_buffer(&m->module, #name, a.name, true)

nn_LossArgs nn_LossArgs_defaults(void)
{
    return (nn_LossArgs){.reduction = "mean", .struct_size = sizeof(nn_LossArgs)};
}

LOSS(L1Loss, nn_LossArgs, (void)m)
LOSS(MSELoss, nn_LossArgs, (void)m)
LOSS(SoftMarginLoss, nn_LossArgs, (void)m)
LOSS(MultiLabelMarginLoss, nn_LossArgs, (void)m)

nn_ClassLossArgs nn_ClassLossArgs_defaults(void)
{
    return (nn_ClassLossArgs){.ignore_index = -100, .reduction = "mean", .struct_size = sizeof(nn_ClassLossArgs)};
}

LOSS(CrossEntropyLoss, nn_ClassLossArgs, m->ignore_index = a.ignore_index, m->label_smoothing = a.label_smoothing,
     BUFFER(weight))
LOSS(NLLLoss, nn_ClassLossArgs, m->ignore_index = a.ignore_index, BUFFER(weight))

nn_WeightedLossArgs nn_WeightedLossArgs_defaults(void)
{
    return (nn_WeightedLossArgs){.reduction = "mean", .struct_size = sizeof(nn_WeightedLossArgs)};
}

LOSS(BCELoss, nn_WeightedLossArgs, BUFFER(weight))
LOSS(BCEWithLogitsLoss, nn_WeightedLossArgs, BUFFER(weight), BUFFER(pos_weight))
LOSS(MultiLabelSoftMarginLoss, nn_WeightedLossArgs, BUFFER(weight))

nn_KLDivLossArgs nn_KLDivLossArgs_defaults(void)
{
    return (nn_KLDivLossArgs){.reduction = "mean", .struct_size = sizeof(nn_KLDivLossArgs)};
}

LOSS(KLDivLoss, nn_KLDivLossArgs, m->log_target = a.log_target)

nn_PoissonNLLLossArgs nn_PoissonNLLLossArgs_defaults(void)
{
    return (nn_PoissonNLLLossArgs){
        .log_input = true, .eps = 1e-8, .reduction = "mean", .struct_size = sizeof(nn_PoissonNLLLossArgs)};
}

LOSS(PoissonNLLLoss, nn_PoissonNLLLossArgs, m->log_input = a.log_input, m->full = a.full, m->eps = a.eps)

nn_GaussianNLLLossArgs nn_GaussianNLLLossArgs_defaults(void)
{
    return (nn_GaussianNLLLossArgs){.eps = 1e-6, .reduction = "mean", .struct_size = sizeof(nn_GaussianNLLLossArgs)};
}

LOSS(GaussianNLLLoss, nn_GaussianNLLLossArgs, m->full = a.full, m->eps = a.eps)

nn_SmoothL1LossArgs nn_SmoothL1LossArgs_defaults(void)
{
    return (nn_SmoothL1LossArgs){.reduction = "mean", .beta = 1, .struct_size = sizeof(nn_SmoothL1LossArgs)};
}

LOSS(SmoothL1Loss, nn_SmoothL1LossArgs, m->beta = a.beta)

nn_HuberLossArgs nn_HuberLossArgs_defaults(void)
{
    return (nn_HuberLossArgs){.reduction = "mean", .delta = 1, .struct_size = sizeof(nn_HuberLossArgs)};
}

LOSS(HuberLoss, nn_HuberLossArgs, m->delta = a.delta)

nn_MarginLossArgs nn_MarginLossArgs_defaults(void)
{
    return (nn_MarginLossArgs){.reduction = "mean", .struct_size = sizeof(nn_MarginLossArgs)};
}

LOSS(MarginRankingLoss, nn_MarginLossArgs, m->margin = a.margin)
LOSS(CosineEmbeddingLoss, nn_MarginLossArgs, m->margin = a.margin)

nn_HingeEmbeddingLossArgs nn_HingeEmbeddingLossArgs_defaults(void)
{
    return (nn_HingeEmbeddingLossArgs){
        .margin = 1, .reduction = "mean", .struct_size = sizeof(nn_HingeEmbeddingLossArgs)};
}

LOSS(HingeEmbeddingLoss, nn_HingeEmbeddingLossArgs, m->margin = a.margin)

nn_TripletMarginLossArgs nn_TripletMarginLossArgs_defaults(void)
{
    return (nn_TripletMarginLossArgs){
        .margin = 1, .p = 2, .eps = 1e-6, .reduction = "mean", .struct_size = sizeof(nn_TripletMarginLossArgs)};
}

LOSS(TripletMarginLoss, nn_TripletMarginLossArgs, m->margin = a.margin, m->p = a.p, m->eps = a.eps, m->swap = a.swap)

nn_MultiMarginLossArgs nn_MultiMarginLossArgs_defaults(void)
{
    return (nn_MultiMarginLossArgs){
        .p = 1, .margin = 1, .reduction = "mean", .struct_size = sizeof(nn_MultiMarginLossArgs)};
}

LOSS(MultiMarginLoss, nn_MultiMarginLossArgs, m->p = (double)a.p, m->margin = a.margin, BUFFER(weight),
     (void)(a.p == 1 || a.p == 2 ||
            cer_raise(TORCH_VALUE_ERROR, "MultiMarginLoss", "only p == 1 and p == 2 supported")))

nn_CTCLossArgs nn_CTCLossArgs_defaults(void)
{
    return (nn_CTCLossArgs){.reduction = "mean", .struct_size = sizeof(nn_CTCLossArgs)};
}

LOSS(CTCLoss, nn_CTCLossArgs, m->blank = a.blank, m->zero_infinity = a.zero_infinity)
