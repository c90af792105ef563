/* multi_margin_loss and multilabel_soft_margin_loss, made of public ops. */
#include "core/impl.h"
#include "ops/activation.h"
#include "ops/gather.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"

F_MultilabelSoftMarginLossArgs F_MultilabelSoftMarginLossArgs_defaults(void)
{
    return (F_MultilabelSoftMarginLossArgs){.struct_size = sizeof(F_MultilabelSoftMarginLossArgs), .reduction = "mean"};
}

Tensor *F_multilabel_soft_margin_loss_args(const F_MultilabelSoftMarginLossArgs *a)
{
    const char *op = "multilabel_soft_margin_loss";
    int32_t reduction;
    Tensor *x = a->input, *t = a->target;
    if (!cer_losses_usable(op, x, t, a->weight ? a->weight : t)) return NULL;
    Tensor *yes = torch_mul(t, F_logsigmoid(x)), *no = torch_mul(torch_sub(1, t), F_logsigmoid(torch_neg(x)));
    Tensor *loss = torch_neg(torch_add(yes, no));
    if (a->weight) loss = torch_mul(loss, a->weight);
    if (!loss) return NULL;
    loss = torch_div(torch_sum(loss, x->ndim - 1), x->ndim ? x->shape[x->ndim - 1] : 1);
    return loss && cer_plain_reduction(op, a->reduction, &reduction) ? cer_reduce_loss(loss, reduction) : NULL;
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
    if (!cer_losses_usable(op, x, t, a->weight ? a->weight : t) || !cer_reduction(op, a->reduction, &reduction))
        return NULL;
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
