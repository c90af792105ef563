/* nn.LayerNorm and nn.GroupNorm. */
#include "layer.h"

void cer_nn_affine(nn_Module *m, Tensor **weight, Tensor **bias, bool affine, torch_dtype dtype, int64_t ndim,
                   const int64_t *shape)
{
    *weight = *bias = NULL;
    if (!affine) {
        nn_Module_register_parameter(m, "weight", NULL);
        nn_Module_register_parameter(m, "bias", NULL);
        return;
    }
    *weight = cer_nn_new_parameter(m, "weight", dtype, ndim, shape);
    *bias = cer_nn_new_parameter(m, "bias", dtype, ndim, shape);
    nn_init_ones_(*weight);
    nn_init_zeros_(*bias);
}

bool cer_nn_normalized_shape(const char *class_name, int64_t n, const int64_t *shape)
{
    if (!NN_REQUIRED(class_name, "normalized_shape", n)) return false;
    return (n >= 0 && n <= TORCH_MAX_DIM && (n == 0 || shape)) ||
           cer_raise(TORCH_VALUE_ERROR, class_name, "normalized_shape must have from 0 to %d sizes", TORCH_MAX_DIM);
}

/* ---- LayerNorm --------------------------------------------------------------------------------------------------- */

nn_LayerNormArgs nn_LayerNormArgs_defaults(void)
{
    return (nn_LayerNormArgs){
        .struct_size = sizeof(nn_LayerNormArgs), .n_shape = TORCH_NONE, .eps = 1e-5, .elementwise_affine = true};
}

NN_UNARY(nn_LayerNorm, layer_forward,
         F_layer_norm(x, m->n_shape, m->normalized_shape, m->weight, m->bias, .eps = m->eps))

static void layer_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_LayerNorm *m = (const nn_LayerNorm *)self;
    cer_Repr r = {text, bytes};
    cer_repr_tuple(r, NULL, m->n_shape, m->normalized_shape);
    cer_repr_number(r, "eps", m->eps);
    cer_repr_bool(r, "elementwise_affine", m->elementwise_affine);
}

static const nn_Class layer_class = NN_CLASS(nn_LayerNorm, .forward = layer_forward, .extra_repr = layer_repr);

nn_LayerNorm *nn_LayerNorm_new(const nn_LayerNormArgs *args)
{
    nn_LayerNormArgs a = nn_LayerNormArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!cer_nn_normalized_shape("LayerNorm", a.n_shape, a.normalized_shape)) return NULL;
    nn_LayerNorm *m = nn_new_class(nn_LayerNorm, &layer_class);
    if (!m) return NULL;
    m->n_shape = a.n_shape;
    for (int64_t i = 0; i < a.n_shape; i++) m->normalized_shape[i] = a.normalized_shape[i];
    m->eps = a.eps;
    m->elementwise_affine = a.elementwise_affine;
    cer_nn_affine(&m->module, &m->weight, &m->bias, a.elementwise_affine, a.dtype, m->n_shape, m->normalized_shape);
    return cer_nn_made(m);
}

/* ---- GroupNorm --------------------------------------------------------------------------------------------------- */

nn_GroupNormArgs nn_GroupNormArgs_defaults(void)
{
    return (nn_GroupNormArgs){.struct_size = sizeof(nn_GroupNormArgs),
                              .num_groups = TORCH_NONE,
                              .num_channels = TORCH_NONE,
                              .eps = 1e-5,
                              .affine = true};
}

NN_UNARY(nn_GroupNorm, group_forward, F_group_norm(x, m->num_groups, m->weight, m->bias, .eps = m->eps))

static void group_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_GroupNorm *m = (const nn_GroupNorm *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, NULL, m->num_groups);
    cer_repr_int(r, NULL, m->num_channels);
    cer_repr_number(r, "eps", m->eps);
    cer_repr_bool(r, "affine", m->affine);
}

static const nn_Class group_class = NN_CLASS(nn_GroupNorm, .forward = group_forward, .extra_repr = group_repr);

nn_GroupNorm *nn_GroupNorm_new(const nn_GroupNormArgs *args)
{
    nn_GroupNormArgs a = nn_GroupNormArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED("GroupNorm", "num_groups num_channels", a.num_groups, a.num_channels)) return NULL;
    if (a.num_groups <= 0 || a.num_channels % a.num_groups != 0)
        return cer_raise(TORCH_VALUE_ERROR, "GroupNorm", "num_channels must be divisible by num_groups"), NULL;
    nn_GroupNorm *m = nn_new_class(nn_GroupNorm, &group_class);
    if (!m) return NULL;
    m->num_groups = a.num_groups;
    m->num_channels = a.num_channels;
    m->eps = a.eps;
    m->affine = a.affine;
    cer_nn_affine(&m->module, &m->weight, &m->bias, a.affine, a.dtype, 1, &m->num_channels);
    return cer_nn_made(m);
}
