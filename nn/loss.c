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

/* ---- constructors ------------------------------------------------------------------------------------------------ */

static nn_Loss *made(const nn_Class *record, const char *reduction)
{
    nn_Loss *m = (nn_Loss *)nn_Module_new(record, sizeof(nn_Loss));
    if (m) snprintf(m->reduction, sizeof m->reduction, "%s", reduction ? reduction : "None");
    return m;
}

/* The arguments, perhaps of an older library's size, over the defaults. */
#define ARGUMENTS(Args)         \
    Args a = Args##_defaults(); \
    cer_args(&a, sizeof a, args);

nn_LossArgs nn_LossArgs_defaults(void)
{
    return (nn_LossArgs){.reduction = "mean", .struct_size = sizeof(nn_LossArgs)};
}

nn_L1Loss *nn_L1Loss_new(const nn_LossArgs *args)
{
    ARGUMENTS(nn_LossArgs)
    nn_Loss *m = made(&L1Loss_class, a.reduction);
    if (!m) return NULL;
    return m;
}

nn_MSELoss *nn_MSELoss_new(const nn_LossArgs *args)
{
    ARGUMENTS(nn_LossArgs)
    nn_Loss *m = made(&MSELoss_class, a.reduction);
    if (!m) return NULL;
    return m;
}

nn_SoftMarginLoss *nn_SoftMarginLoss_new(const nn_LossArgs *args)
{
    ARGUMENTS(nn_LossArgs)
    nn_Loss *m = made(&SoftMarginLoss_class, a.reduction);
    if (!m) return NULL;
    return m;
}

nn_ClassLossArgs nn_ClassLossArgs_defaults(void)
{
    return (nn_ClassLossArgs){.ignore_index = -100, .reduction = "mean", .struct_size = sizeof(nn_ClassLossArgs)};
}

nn_CrossEntropyLoss *nn_CrossEntropyLoss_new(const nn_ClassLossArgs *args)
{
    ARGUMENTS(nn_ClassLossArgs)
    nn_Loss *m = made(&CrossEntropyLoss_class, a.reduction);
    if (!m) return NULL;
    m->ignore_index = a.ignore_index;
    m->label_smoothing = a.label_smoothing;
    m->weight = nn_Module_register_buffer(&m->module, "weight", a.weight, true);
    return cer_nn_made(m);
}

nn_NLLLoss *nn_NLLLoss_new(const nn_ClassLossArgs *args)
{
    ARGUMENTS(nn_ClassLossArgs)
    nn_Loss *m = made(&NLLLoss_class, a.reduction);
    if (!m) return NULL;
    m->ignore_index = a.ignore_index;
    m->weight = nn_Module_register_buffer(&m->module, "weight", a.weight, true);
    return cer_nn_made(m);
}

nn_WeightedLossArgs nn_WeightedLossArgs_defaults(void)
{
    return (nn_WeightedLossArgs){.reduction = "mean", .struct_size = sizeof(nn_WeightedLossArgs)};
}

nn_BCELoss *nn_BCELoss_new(const nn_WeightedLossArgs *args)
{
    ARGUMENTS(nn_WeightedLossArgs)
    nn_Loss *m = made(&BCELoss_class, a.reduction);
    if (!m) return NULL;
    m->weight = nn_Module_register_buffer(&m->module, "weight", a.weight, true);
    return cer_nn_made(m);
}

nn_BCEWithLogitsLoss *nn_BCEWithLogitsLoss_new(const nn_WeightedLossArgs *args)
{
    ARGUMENTS(nn_WeightedLossArgs)
    nn_Loss *m = made(&BCEWithLogitsLoss_class, a.reduction);
    if (!m) return NULL;
    m->weight = nn_Module_register_buffer(&m->module, "weight", a.weight, true);
    m->pos_weight = nn_Module_register_buffer(&m->module, "pos_weight", a.pos_weight, true);
    return cer_nn_made(m);
}

nn_MultiLabelSoftMarginLoss *nn_MultiLabelSoftMarginLoss_new(const nn_WeightedLossArgs *args)
{
    ARGUMENTS(nn_WeightedLossArgs)
    nn_Loss *m = made(&MultiLabelSoftMarginLoss_class, a.reduction);
    if (!m) return NULL;
    m->weight = nn_Module_register_buffer(&m->module, "weight", a.weight, true);
    return cer_nn_made(m);
}

nn_KLDivLossArgs nn_KLDivLossArgs_defaults(void)
{
    return (nn_KLDivLossArgs){.reduction = "mean", .struct_size = sizeof(nn_KLDivLossArgs)};
}

nn_KLDivLoss *nn_KLDivLoss_new(const nn_KLDivLossArgs *args)
{
    ARGUMENTS(nn_KLDivLossArgs)
    nn_Loss *m = made(&KLDivLoss_class, a.reduction);
    if (!m) return NULL;
    m->log_target = a.log_target;
    return m;
}

nn_PoissonNLLLossArgs nn_PoissonNLLLossArgs_defaults(void)
{
    return (nn_PoissonNLLLossArgs){
        .log_input = true, .eps = 1e-8, .reduction = "mean", .struct_size = sizeof(nn_PoissonNLLLossArgs)};
}

nn_PoissonNLLLoss *nn_PoissonNLLLoss_new(const nn_PoissonNLLLossArgs *args)
{
    ARGUMENTS(nn_PoissonNLLLossArgs)
    nn_Loss *m = made(&PoissonNLLLoss_class, a.reduction);
    if (!m) return NULL;
    m->log_input = a.log_input;
    m->full = a.full;
    m->eps = a.eps;
    return m;
}

nn_GaussianNLLLossArgs nn_GaussianNLLLossArgs_defaults(void)
{
    return (nn_GaussianNLLLossArgs){.eps = 1e-6, .reduction = "mean", .struct_size = sizeof(nn_GaussianNLLLossArgs)};
}

nn_GaussianNLLLoss *nn_GaussianNLLLoss_new(const nn_GaussianNLLLossArgs *args)
{
    ARGUMENTS(nn_GaussianNLLLossArgs)
    nn_Loss *m = made(&GaussianNLLLoss_class, a.reduction);
    if (!m) return NULL;
    m->full = a.full;
    m->eps = a.eps;
    return m;
}

nn_SmoothL1LossArgs nn_SmoothL1LossArgs_defaults(void)
{
    return (nn_SmoothL1LossArgs){.reduction = "mean", .beta = 1, .struct_size = sizeof(nn_SmoothL1LossArgs)};
}

nn_SmoothL1Loss *nn_SmoothL1Loss_new(const nn_SmoothL1LossArgs *args)
{
    ARGUMENTS(nn_SmoothL1LossArgs)
    nn_Loss *m = made(&SmoothL1Loss_class, a.reduction);
    if (!m) return NULL;
    m->beta = a.beta;
    return m;
}

nn_HuberLossArgs nn_HuberLossArgs_defaults(void)
{
    return (nn_HuberLossArgs){.reduction = "mean", .delta = 1, .struct_size = sizeof(nn_HuberLossArgs)};
}

nn_HuberLoss *nn_HuberLoss_new(const nn_HuberLossArgs *args)
{
    ARGUMENTS(nn_HuberLossArgs)
    nn_Loss *m = made(&HuberLoss_class, a.reduction);
    if (!m) return NULL;
    m->delta = a.delta;
    return m;
}

nn_MarginLossArgs nn_MarginLossArgs_defaults(void)
{
    return (nn_MarginLossArgs){.reduction = "mean", .struct_size = sizeof(nn_MarginLossArgs)};
}

nn_MarginRankingLoss *nn_MarginRankingLoss_new(const nn_MarginLossArgs *args)
{
    ARGUMENTS(nn_MarginLossArgs)
    nn_Loss *m = made(&MarginRankingLoss_class, a.reduction);
    if (!m) return NULL;
    m->margin = a.margin;
    return m;
}

nn_CosineEmbeddingLoss *nn_CosineEmbeddingLoss_new(const nn_MarginLossArgs *args)
{
    ARGUMENTS(nn_MarginLossArgs)
    nn_Loss *m = made(&CosineEmbeddingLoss_class, a.reduction);
    if (!m) return NULL;
    m->margin = a.margin;
    return m;
}

nn_HingeEmbeddingLossArgs nn_HingeEmbeddingLossArgs_defaults(void)
{
    return (nn_HingeEmbeddingLossArgs){
        .margin = 1, .reduction = "mean", .struct_size = sizeof(nn_HingeEmbeddingLossArgs)};
}

nn_HingeEmbeddingLoss *nn_HingeEmbeddingLoss_new(const nn_HingeEmbeddingLossArgs *args)
{
    ARGUMENTS(nn_HingeEmbeddingLossArgs)
    nn_Loss *m = made(&HingeEmbeddingLoss_class, a.reduction);
    if (!m) return NULL;
    m->margin = a.margin;
    return m;
}

nn_TripletMarginLossArgs nn_TripletMarginLossArgs_defaults(void)
{
    return (nn_TripletMarginLossArgs){
        .margin = 1, .p = 2, .eps = 1e-6, .reduction = "mean", .struct_size = sizeof(nn_TripletMarginLossArgs)};
}

nn_TripletMarginLoss *nn_TripletMarginLoss_new(const nn_TripletMarginLossArgs *args)
{
    ARGUMENTS(nn_TripletMarginLossArgs)
    nn_Loss *m = made(&TripletMarginLoss_class, a.reduction);
    if (!m) return NULL;
    m->margin = a.margin;
    m->p = a.p;
    m->eps = a.eps;
    m->swap = a.swap;
    return m;
}

nn_MultiMarginLossArgs nn_MultiMarginLossArgs_defaults(void)
{
    return (nn_MultiMarginLossArgs){
        .p = 1, .margin = 1, .reduction = "mean", .struct_size = sizeof(nn_MultiMarginLossArgs)};
}

nn_MultiMarginLoss *nn_MultiMarginLoss_new(const nn_MultiMarginLossArgs *args)
{
    ARGUMENTS(nn_MultiMarginLossArgs)
    if (!cer_error_pending() && a.p != 1 && a.p != 2)
        cer_raise(TORCH_VALUE_ERROR, "MultiMarginLoss", "only p == 1 and p == 2 supported");
    nn_Loss *m = made(&MultiMarginLoss_class, a.reduction);
    if (!m) return NULL;
    m->p = (double)a.p;
    m->margin = a.margin;
    m->weight = nn_Module_register_buffer(&m->module, "weight", a.weight, true);
    return cer_nn_made(m);
}
