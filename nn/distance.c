/* nn.CosineSimilarity and nn.PairwiseDistance. */
#include "layer.h"

nn_CosineSimilarityArgs nn_CosineSimilarityArgs_defaults(void)
{
    return *NN_COSINE_SIMILARITY(.eps = 1e-8);
}

nn_PairwiseDistanceArgs nn_PairwiseDistanceArgs_defaults(void)
{
    return *NN_PAIRWISE_DISTANCE(.eps = 1e-6);
}

static int cosine_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    const nn_CosineSimilarity *m = (const nn_CosineSimilarity *)self;
    if (cer_nn_arity(self, n_in, 2, 2, "x1 x2")) out[0] = F_cosine_similarity(in[0], in[1], m->dim, m->eps);
    return torch_error_code();
}

static int pairwise_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    const nn_PairwiseDistance *m = (const nn_PairwiseDistance *)self;
    if (cer_nn_arity(self, n_in, 2, 2, "x1 x2"))
        out[0] = F_pairwise_distance(in[0], in[1], m->p, m->eps, .keepdim = m->keepdim);
    return torch_error_code();
}

NN_CONSTRUCTOR(CosineSimilarity, nn_CosineSimilarityArgs, cosine_forward, NULL, m->dim = a.dim, m->eps = a.eps)
NN_CONSTRUCTOR(PairwiseDistance, nn_PairwiseDistanceArgs, pairwise_forward, NULL, m->p = a.p, m->eps = a.eps,
               m->keepdim = a.keepdim)
