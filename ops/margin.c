/* Losses of margins that are made of public ops, as in PyTorch: hinge_embedding, margin_ranking, cosine_embedding, triplet_margin. */
#include "core/impl.h"
#include "ops/activation.h"
#include "ops/gather.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"
#include "ops/vector_norm.h"

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
    if (!cer_losses_usable("hinge_embedding_loss", x, t, t) ||
        !cer_reduction("hinge_embedding_loss", a->reduction, &reduction))
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
    if (!cer_losses_usable(op, x, y, t) || !cer_reduction(op, a->reduction, &reduction)) return NULL;
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
    if (!cer_losses_usable(op, x, y, t) || !cer_reduction(op, a->reduction, &reduction) || !embeddings_fit(op, x, y, t))
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
    if (!cer_losses_usable(op, x, y, z) || !cer_reduction(op, a->reduction, &reduction)) return NULL;
    if (x->ndim != y->ndim || x->ndim != z->ndim)
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "All inputs should have same dimension but got %dD, %dD and %dD inputs.", (int)x->ndim,
                         (int)y->ndim, (int)z->ndim),
               NULL;
    Tensor *near = F_pairwise_distance(x, y, a->p, a->eps), *far = F_pairwise_distance(x, z, a->p, a->eps);
    if (a->swap) far = torch_minimum(far, F_pairwise_distance(y, z, a->p, a->eps));
    return cer_reduce_loss(torch_clamp_min(torch_sub(torch_add(near, a->margin), far), 0), reduction);
}
