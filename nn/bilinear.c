/* nn.Bilinear. */
#include <math.h>

#include "layer.h"

nn_BilinearArgs nn_BilinearArgs_defaults(void)
{
    return *NN_BILINEAR(.bias = true);
}

static int bilinear_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    const nn_Bilinear *m = (const nn_Bilinear *)self;
    if (cer_nn_arity(self, n_in, 2, 2, "input1 input2")) out[0] = F_bilinear(in[0], in[1], m->weight, m->bias);
    return torch_error_code();
}

static void bilinear_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Bilinear *m = (const nn_Bilinear *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, "in1_features", m->in1_features);
    cer_repr_int(r, "in2_features", m->in2_features);
    cer_repr_int(r, "out_features", m->out_features);
    cer_repr_bool(r, "bias", m->bias != NULL);
}

static const nn_Class bilinear_class = NN_CLASS(nn_Bilinear, .forward = bilinear_forward, .extra_repr = bilinear_repr);

nn_Bilinear *nn_Bilinear_new(const nn_BilinearArgs *args)
{
    nn_BilinearArgs a = nn_BilinearArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED("Bilinear", "in1_features in2_features out_features", a.in1_features, a.in2_features,
                     a.out_features))
        return NULL;
    nn_Bilinear *m = nn_new_class(nn_Bilinear, &bilinear_class);
    if (!m) return NULL;
    m->in1_features = a.in1_features;
    m->in2_features = a.in2_features;
    m->out_features = a.out_features;
    m->weight = cer_nn_new_parameter(&m->module, "weight", a.dtype, 3,
                                     (int64_t[]){a.out_features, a.in1_features, a.in2_features});
    if (a.bias)
        m->bias = cer_nn_new_parameter(&m->module, "bias", a.dtype, 1, &a.out_features);
    else
        nn_Module_register_parameter(&m->module, "bias", NULL);
    if (!cer_error_pending() && a.in1_features == 0)
        cer_raise(TORCH_VALUE_ERROR, "Bilinear", "in1_features must not be 0");
    double bound = 1 / sqrt((double)a.in1_features);
    if (!cer_error_pending()) nn_init_uniform_(m->weight, -bound, bound);
    if (m->bias && !cer_error_pending()) nn_init_uniform_(m->bias, -bound, bound);
    return cer_nn_made(m);
}
