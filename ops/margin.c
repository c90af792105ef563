/* Losses that are made of public ops, as in PyTorch: margins, and likelihoods of other distributions. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/activation.h"
#include "ops/gather.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"
#include "ops/vector_norm.h"

static bool usable(const char *op, const Tensor *a, const Tensor *b, const Tensor *c)
{
    return !cer_error_pending() && cer_usable(a, op, 1) && cer_usable(b, op, 2) && cer_usable(c, op, 3);
}

/* These two say it in their own words. */
static bool plain_reduction(const char *op, const char *text, int32_t *reduction)
{
    if (text && (strcmp(text, "none") == 0 || strcmp(text, "mean") == 0 || strcmp(text, "sum") == 0))
        return cer_reduction(op, text, reduction);
    return cer_raise(TORCH_VALUE_ERROR, op, "%.100s is not valid", text ? text : "None");
}

/* x where the condition holds, else 0 */
static Tensor *only_where(Tensor *condition, Tensor *x)
{
    return x ? torch_where(condition, x, torch_zeros_like(x)) : NULL;
}

F_HingeEmbeddingLossArgs F_HingeEmbeddingLossArgs_defaults(void)
{
    return (F_HingeEmbeddingLossArgs){
        .struct_size = sizeof(F_HingeEmbeddingLossArgs), .margin = 1, .reduction = "mean"};
}

Tensor *F_hinge_embedding_loss_args(const F_HingeEmbeddingLossArgs *a)
{
    int32_t reduction;
    Tensor *x = a->input, *t = a->target;
    if (!usable("hinge_embedding_loss", x, t, t) || !cer_reduction("hinge_embedding_loss", a->reduction, &reduction))
        return NULL;
    Tensor *below = only_where(torch_ne(t, 1), torch_clamp_min(torch_sub(a->margin, x), 0));
    Tensor *itself = only_where(torch_ne(t, -1), x);
    return cer_reduce_loss(torch_add(below, itself), reduction);
}

F_MarginRankingLossArgs F_MarginRankingLossArgs_defaults(void)
{
    return (F_MarginRankingLossArgs){.struct_size = sizeof(F_MarginRankingLossArgs), .reduction = "mean"};
}

Tensor *F_margin_ranking_loss_args(const F_MarginRankingLossArgs *a)
{
    const char *op = "margin_ranking_loss";
    int32_t reduction;
    const Tensor *x = a->input1, *y = a->input2, *t = a->target;
    if (!usable(op, x, y, t) || !cer_reduction(op, a->reduction, &reduction)) return NULL;
    if (x->ndim != y->ndim || x->ndim != t->ndim)
        return cer_raise(
                   TORCH_RUNTIME_ERROR, op,
                   "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: %s, "
                   "input2: %s, target: %s ",
                   torch_size_str(torch_shape(x)), torch_size_str(torch_shape(y)), torch_size_str(torch_shape(t))),
               NULL;
    Tensor *ranked = torch_mul(torch_neg(a->target), torch_sub(a->input1, a->input2));
    return cer_reduce_loss(torch_clamp_min(torch_add(ranked, a->margin), 0), reduction);
}

F_CosineEmbeddingLossArgs F_CosineEmbeddingLossArgs_defaults(void)
{
    return (F_CosineEmbeddingLossArgs){.struct_size = sizeof(F_CosineEmbeddingLossArgs), .reduction = "mean"};
}

static bool embeddings_fit(const char *op, const Tensor *x, const Tensor *y, const Tensor *t)
{
    char a[128], b[128];
    if (t->ndim > 1)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "0D or 1D target tensor expected, multi-target not supported");
    if (x->ndim == t->ndim + 1 && y->ndim == t->ndim + 1) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, op,
                     "%dD target tensor expects %dD input tensors, but found inputs with sizes %s and %s.",
                     (int)t->ndim, (int)t->ndim + 1, cer_size_text(x, a, sizeof a), cer_size_text(y, b, sizeof b));
}

static Tensor *square_sum(Tensor *x, int64_t dim)
{
    Tensor *square = torch_mul(x, x);
    return square ? torch_add(torch_sum(square, dim), 1e-12) : NULL;
}

Tensor *F_cosine_embedding_loss_args(const F_CosineEmbeddingLossArgs *a)
{
    const char *op = "cosine_embedding_loss";
    int32_t reduction;
    Tensor *x = a->input1, *y = a->input2, *t = a->target;
    if (!usable(op, x, y, t) || !cer_reduction(op, a->reduction, &reduction) || !embeddings_fit(op, x, y, t))
        return NULL;
    int64_t dim = t->ndim;
    Tensor *product = torch_mul(x, y), *sizes = torch_sqrt(torch_mul(square_sum(x, dim), square_sum(y, dim)));
    if (!product || !sizes) return NULL;
    Tensor *cosine = torch_div(torch_sum(product, dim), sizes);
    Tensor *alike = only_where(torch_eq(t, 1), torch_sub(1, cosine));
    Tensor *apart = only_where(torch_eq(t, -1), torch_clamp_min(torch_sub(cosine, a->margin), 0));
    return cer_reduce_loss(torch_add(alike, apart), reduction);
}

F_TripletMarginLossArgs F_TripletMarginLossArgs_defaults(void)
{
    return (F_TripletMarginLossArgs){
        .struct_size = sizeof(F_TripletMarginLossArgs), .margin = 1, .p = 2, .eps = 1e-6, .reduction = "mean"};
}

Tensor *F_triplet_margin_loss_args(const F_TripletMarginLossArgs *a)
{
    const char *op = "triplet_margin_loss";
    int32_t reduction;
    Tensor *x = a->anchor, *y = a->positive, *z = a->negative;
    if (!usable(op, x, y, z) || !cer_reduction(op, a->reduction, &reduction)) return NULL;
    if (x->ndim != y->ndim || x->ndim != z->ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "All inputs should have same dimension but got %dD, %dD and %dD inputs.", (int)x->ndim,
                         (int)y->ndim, (int)z->ndim),
               NULL;
    Tensor *near = F_pairwise_distance(x, y, a->p, a->eps), *far = F_pairwise_distance(x, z, a->p, a->eps);
    if (a->swap) far = torch_minimum(far, F_pairwise_distance(y, z, a->p, a->eps));
    return cer_reduce_loss(torch_clamp_min(torch_sub(torch_add(near, a->margin), far), 0), reduction);
}

F_PoissonNllLossArgs F_PoissonNllLossArgs_defaults(void)
{
    return (F_PoissonNllLossArgs){
        .struct_size = sizeof(F_PoissonNllLossArgs), .log_input = true, .eps = 1e-8, .reduction = "mean"};
}

Tensor *F_poisson_nll_loss_args(const F_PoissonNllLossArgs *a)
{
    int32_t reduction;
    Tensor *x = a->input, *t = a->target, *loss;
    if (!usable("poisson_nll_loss", x, t, t) || !plain_reduction("poisson_nll_loss", a->reduction, &reduction))
        return NULL;
    if (a->log_input)
        loss = torch_sub(torch_exp(x), torch_mul(t, x));
    else
        loss = torch_sub(x, torch_mul(t, torch_log(torch_add(x, a->eps))));
    if (a->full) { /* Stirling's approximation of log(t!) */
        const double turn = 6.283185307179586;
        Tensor *power = torch_sub(torch_mul(t, torch_log(t)), t), *rest = torch_mul(torch_log(torch_mul(t, turn)), 0.5);
        loss = torch_add(loss, torch_masked_fill(torch_add(power, rest), torch_le(t, 1), 0.0));
    }
    return cer_reduce_loss(loss, reduction);
}

F_GaussianNllLossArgs F_GaussianNllLossArgs_defaults(void)
{
    return (F_GaussianNllLossArgs){.struct_size = sizeof(F_GaussianNllLossArgs), .eps = 1e-6, .reduction = "mean"};
}

/* The variances in the input's shape, or with a last dimension of 1; NULL if they fit neither way. */
static Tensor *variances(Tensor *x, Tensor *var)
{
    if (cer_same_shape(x, var)) return var;
    if (var->ndim == x->ndim - 1 && cer_same_sizes(var->ndim, x->shape, var->shape)) return torch_unsqueeze(var, -1);
    if (var->ndim == x->ndim && x->ndim && cer_same_sizes(x->ndim - 1, x->shape, var->shape) &&
        var->shape[x->ndim - 1] == 1)
        return var;
    return cer_raise(TORCH_VALUE_ERROR, "gaussian_nll_loss", "var is of incorrect size"), NULL;
}

Tensor *F_gaussian_nll_loss_args(const F_GaussianNllLossArgs *a)
{
    const char *op = "gaussian_nll_loss";
    int32_t reduction;
    Tensor *x = a->input, *t = a->target;
    if (!usable(op, x, t, a->var)) return NULL;
    Tensor *var = variances(x, a->var);
    if (!var || !plain_reduction(op, a->reduction, &reduction)) return NULL;
    bool before = torch_set_grad_enabled(false);
    Tensor *negative = torch_any(torch_lt(var, 0));
    bool bad = negative && torch_item(negative) != 0;
    torch_set_grad_enabled(before);
    if (bad) return cer_raise(TORCH_VALUE_ERROR, op, "var has negative entry/entries"), NULL;
    var = torch_clone(var);
    before = torch_set_grad_enabled(false);
    if (var) torch_clamp_min_(var, a->eps);
    torch_set_grad_enabled(before);
    Tensor *error = torch_sub(x, t);
    Tensor *loss = torch_mul(torch_add(torch_log(var), torch_div(torch_pow(error, 2), var)), 0.5);
    if (a->full) loss = torch_add(loss, 0.5 * log(6.283185307179586));
    return cer_reduce_loss(loss, reduction);
}

F_KlDivArgs F_KlDivArgs_defaults(void)
{
    return (F_KlDivArgs){.struct_size = sizeof(F_KlDivArgs), .reduction = "mean"};
}

Tensor *F_kl_div_args(const F_KlDivArgs *a)
{
    const char *op = "kl_div";
    int32_t reduction;
    Tensor *x = a->input, *t = a->target, *loss;
    bool by_batch = a->reduction && strcmp(a->reduction, "batchmean") == 0;
    if (!usable(op, x, t, t) || !cer_reduction(op, by_batch ? "sum" : a->reduction, &reduction)) return NULL;
    if (reduction == CER_REDUCE_MEAN)
        torch_warn(
            "UserWarning",
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' "
            "divides only by the batch size, and aligns with the KL div math definition.'mean' will be changed to "
            "behave the same as 'batchmean' in the next major release.");
    if (a->log_target)
        loss = torch_mul(torch_exp(t), torch_sub(t, x));
    else /* 0 log 0 is 0 */
        loss = torch_sub(torch_xlogy(t, t), torch_mul(t, x));
    loss = cer_reduce_loss(loss, reduction);
    return by_batch && x->ndim ? torch_div(loss, x->shape[0]) : loss;
}

F_MultilabelSoftMarginLossArgs F_MultilabelSoftMarginLossArgs_defaults(void)
{
    return (F_MultilabelSoftMarginLossArgs){.struct_size = sizeof(F_MultilabelSoftMarginLossArgs), .reduction = "mean"};
}

Tensor *F_multilabel_soft_margin_loss_args(const F_MultilabelSoftMarginLossArgs *a)
{
    const char *op = "multilabel_soft_margin_loss";
    int32_t reduction;
    Tensor *x = a->input, *t = a->target;
    if (!usable(op, x, t, a->weight ? a->weight : t)) return NULL;
    Tensor *yes = torch_mul(t, F_logsigmoid(x)), *no = torch_mul(torch_sub(1, t), F_logsigmoid(torch_neg(x)));
    Tensor *loss = torch_neg(torch_add(yes, no));
    if (a->weight) loss = torch_mul(loss, a->weight);
    if (!loss) return NULL;
    loss = torch_div(torch_sum(loss, x->ndim - 1), x->ndim ? x->shape[x->ndim - 1] : 1);
    return loss && plain_reduction(op, a->reduction, &reduction) ? cer_reduce_loss(loss, reduction) : NULL;
}

F_MultiMarginLossArgs F_MultiMarginLossArgs_defaults(void)
{
    return (F_MultiMarginLossArgs){
        .struct_size = sizeof(F_MultiMarginLossArgs), .p = 1, .margin = 1, .reduction = "mean"};
}

static bool classes_fit(const char *op, const Tensor *x, const Tensor *t, const Tensor *weight)
{
    char text[128];
    int64_t items = x->ndim == 2 ? x->shape[0] : 1, classes = x->ndim ? x->shape[x->ndim - 1] : 1;
    if (x->ndim > 2 || classes == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "Expected non-empty vector or matrix with optional 0-dim batch size, but got: %s",
                         cer_size_text(x, text, sizeof text));
    if (t->ndim > 1 || t->numel != items)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "inconsistent target size, got: %s",
                         cer_size_text(t, text, sizeof text));
    if (weight && weight->numel != classes)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "inconsistent weight size, got: %s",
                         cer_size_text(weight, text, sizeof text));
    if (t->dtype != torch_int64) return cer_raise(TORCH_RUNTIME_ERROR, op, "expected scalar type Long");
    const Tensor *labels = cer_plain((Tensor *)(uintptr_t)t, torch_int64);
    for (int64_t i = 0; labels && i < labels->numel; i++) {
        int64_t label = ((const int64_t *)(const void *)labels->data)[i];
        if (label < 0 || label >= classes) return cer_raise(TORCH_RUNTIME_ERROR, op, "target out of range");
    }
    return labels != NULL;
}

Tensor *F_multi_margin_loss_args(const F_MultiMarginLossArgs *a)
{
    const char *op = "multi_margin_loss";
    int32_t reduction;
    Tensor *x = a->input, *t = a->target;
    if (!usable(op, x, t, a->weight ? a->weight : t) || !cer_reduction(op, a->reduction, &reduction)) return NULL;
    if (a->p != 1 && a->p != 2) return cer_raise(TORCH_VALUE_ERROR, op, "only p == 1 and p == 2 supported"), NULL;
    if (!classes_fit(op, x, t, a->weight)) return NULL;
    int64_t classes = x->ndim ? x->shape[x->ndim - 1] : 1, items = x->numel / classes;
    Tensor *rows = torch_reshape(x, items, classes), *label = torch_reshape(t, items, 1);
    Tensor *above = torch_clamp_min(torch_add(torch_sub(a->margin, torch_gather(rows, 1, label)), rows), 0);
    if (a->p == 2) above = torch_mul(above, above);
    if (a->weight) above = torch_mul(above, torch_take(a->weight, label));
    Tensor *others = torch_ne(
        torch_arange_n(torch_scalar_int(0), torch_scalar_int(classes), torch_scalar_int(1), torch_int64), label);
    Tensor *loss = torch_mul(above, others);
    loss = loss ? torch_div(torch_sum(loss, 1), classes) : NULL;
    if (loss && x->ndim < 2) loss = torch_squeeze_dim(loss, 0);
    return cer_reduce_loss(loss, reduction);
}
