/* nn.RMSNorm and nn.LocalResponseNorm: what divides by the size of the values, without a mean. */
#include <math.h>

#include "layer.h"

/* ---- RMSNorm ----------------------------------------------------------------------------------------------------- */

nn_LayerNormArgs nn_RMSNormArgs_defaults(void)
{
    return (nn_LayerNormArgs){
        .struct_size = sizeof(nn_LayerNormArgs), .n_shape = TORCH_NONE, .eps = TORCH_NAN, .elementwise_affine = true};
}

NN_UNARY(nn_RMSNorm, rms_forward, F_rms_norm(x, m->n_shape, m->normalized_shape, m->weight, m->eps))

static void rms_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_RMSNorm *m = (const nn_RMSNorm *)self;
    cer_Repr r = {text, bytes};
    cer_repr_tuple(r, NULL, m->n_shape, m->normalized_shape);
    if (isnan(m->eps))
        cer_repr_text(r, "eps", "None");
    else
        cer_repr_number(r, "eps", m->eps);
    cer_repr_bool(r, "elementwise_affine", m->elementwise_affine);
}

static const nn_Class rms_class = NN_CLASS(nn_RMSNorm, .forward = rms_forward, .extra_repr = rms_repr);

nn_RMSNorm *nn_RMSNorm_new(const nn_LayerNormArgs *args)
{
    nn_LayerNormArgs a = nn_RMSNormArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!cer_nn_normalized_shape("RMSNorm", a.n_shape, a.normalized_shape)) return NULL;
    nn_RMSNorm *m = nn_new_class(nn_RMSNorm, &rms_class);
    if (!m) return NULL;
    m->n_shape = a.n_shape;
    for (int64_t i = 0; i < a.n_shape; i++) m->normalized_shape[i] = a.normalized_shape[i];
    m->eps = a.eps;
    m->elementwise_affine = a.elementwise_affine;
    if (a.elementwise_affine) {
        m->weight = cer_nn_new_parameter(&m->module, "weight", a.dtype, m->n_shape, m->normalized_shape);
        nn_init_ones_(m->weight);
    } else {
        nn_Module_register_parameter(&m->module, "weight", NULL);
    }
    return cer_nn_made(m);
}

/* ---- LocalResponseNorm ------------------------------------------------------------------------------------------- */

nn_LocalResponseNormArgs nn_LocalResponseNormArgs_defaults(void)
{
    return *NN_LOCAL_RESPONSE_NORM(TORCH_NONE);
}

NN_UNARY(nn_LocalResponseNorm, local_forward, F_local_response_norm(x, m->size, m->alpha, m->beta, m->k))

static void local_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_LocalResponseNorm *m = (const nn_LocalResponseNorm *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, NULL, m->size);
    cer_repr_number(r, "alpha", m->alpha);
    cer_repr_number(r, "beta", m->beta);
    cer_repr_number(r, "k", m->k);
}

NN_CONSTRUCTOR(LocalResponseNorm, nn_LocalResponseNormArgs, local_forward, local_repr, m->size = a.size,
               m->alpha = a.alpha, m->beta = a.beta, m->k = a.k, (void)NN_REQUIRED("LocalResponseNorm", "size", a.size))
