/* Activations with numbers. */
#include <math.h>
#include <stdio.h>

#include "layer.h"

/* ---- forward ----------------------------------------------------------------------------------------------------- */

NN_UNARY(nn_ELU, elu_forward, m->inplace ? F_elu_(x, m->alpha) : F_elu(x, m->alpha))
NN_UNARY(nn_CELU, celu_forward, m->inplace ? F_celu_(x, m->alpha) : F_celu(x, m->alpha))
NN_UNARY(nn_LeakyReLU, leaky_relu_forward,
         m->inplace ? F_leaky_relu_(x, m->negative_slope) : F_leaky_relu(x, m->negative_slope))
NN_UNARY(nn_Hardtanh, hardtanh_forward,
         m->inplace ? F_hardtanh_(x, m->min_val, m->max_val) : F_hardtanh(x, m->min_val, m->max_val))
NN_UNARY(nn_Hardshrink, hardshrink_forward, F_hardshrink(x, m->lambd))
NN_UNARY(nn_Softshrink, softshrink_forward, F_softshrink(x, m->lambd))
NN_UNARY(nn_Softplus, softplus_forward, F_softplus(x, m->beta, m->threshold))
NN_UNARY(nn_GELU, gelu_forward, F_gelu(x, m->approximate))
NN_UNARY(nn_RReLU, rrelu_forward,
         (m->inplace ? F_rrelu__args : F_rrelu_args)(F_RRELU(x, m->lower, m->upper, self->module->training)))
NN_UNARY(nn_Threshold, threshold_forward,
         m->inplace ? F_threshold_(x, m->threshold, m->value) : F_threshold(x, m->threshold, m->value))
NN_UNARY(nn_PReLU, prelu_forward, F_prelu(x, m->weight))

/* ---- repr -------------------------------------------------------------------------------------------------------- */

static void repr_inplace(cer_Repr r, bool inplace)
{
    if (inplace) cer_repr_bool(r, "inplace", true);
}

static void elu_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_ELU *m = (const nn_ELU *)self;
    cer_repr_number((cer_Repr){text, bytes}, "alpha", m->alpha);
    repr_inplace((cer_Repr){text, bytes}, m->inplace);
}

static void leaky_relu_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_LeakyReLU *m = (const nn_LeakyReLU *)self;
    cer_repr_number((cer_Repr){text, bytes}, "negative_slope", m->negative_slope);
    repr_inplace((cer_Repr){text, bytes}, m->inplace);
}

static void rrelu_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_RReLU *m = (const nn_RReLU *)self;
    cer_repr_number((cer_Repr){text, bytes}, "lower", m->lower);
    cer_repr_number((cer_Repr){text, bytes}, "upper", m->upper);
    repr_inplace((cer_Repr){text, bytes}, m->inplace);
}

static void hardtanh_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Hardtanh *m = (const nn_Hardtanh *)self;
    cer_repr_number((cer_Repr){text, bytes}, "min_val", m->min_val);
    cer_repr_number((cer_Repr){text, bytes}, "max_val", m->max_val);
    repr_inplace((cer_Repr){text, bytes}, m->inplace);
}

static void shrink_repr(const nn_Module *self, char *text, size_t bytes)
{
    cer_repr_number((cer_Repr){text, bytes}, NULL, ((const nn_Hardshrink *)self)->lambd);
}

/* PyTorch's defaults are integers here. */
static void repr_whole(cer_Repr r, const char *name, double value)
{
    if (value == (double)(int)value)
        cer_repr_int(r, name, (int)value);
    else
        cer_repr_number(r, name, value);
}

static void threshold_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Threshold *m = (const nn_Threshold *)self;
    repr_whole((cer_Repr){text, bytes}, "threshold", m->threshold);
    repr_whole((cer_Repr){text, bytes}, "value", m->value);
    repr_inplace((cer_Repr){text, bytes}, m->inplace);
}

static void softplus_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Softplus *m = (const nn_Softplus *)self;
    repr_whole((cer_Repr){text, bytes}, "beta", m->beta);
    repr_whole((cer_Repr){text, bytes}, "threshold", m->threshold);
}

static void gelu_repr(const nn_Module *self, char *text, size_t bytes)
{
    char quoted[16];
    snprintf(quoted, sizeof quoted, "'%s'", ((const nn_GELU *)self)->approximate);
    cer_repr_text((cer_Repr){text, bytes}, "approximate", quoted);
}

static void prelu_repr(const nn_Module *self, char *text, size_t bytes)
{
    cer_repr_int((cer_Repr){text, bytes}, "num_parameters", ((const nn_PReLU *)self)->num_parameters);
}

/* ---- constructors ------------------------------------------------------------------------------------------------ */

nn_ELUArgs nn_ELUArgs_defaults(void)
{
    return *NN_ELU(.struct_size = sizeof(nn_ELUArgs));
}

nn_LeakyReLUArgs nn_LeakyReLUArgs_defaults(void)
{
    return *NN_LEAKYRELU(.struct_size = sizeof(nn_LeakyReLUArgs));
}

nn_HardtanhArgs nn_HardtanhArgs_defaults(void)
{
    return *NN_HARDTANH(.struct_size = sizeof(nn_HardtanhArgs));
}

nn_HardshrinkArgs nn_HardshrinkArgs_defaults(void)
{
    return *NN_HARDSHRINK(.struct_size = sizeof(nn_HardshrinkArgs));
}

nn_SoftplusArgs nn_SoftplusArgs_defaults(void)
{
    return *NN_SOFTPLUS(.struct_size = sizeof(nn_SoftplusArgs));
}

nn_GELUArgs nn_GELUArgs_defaults(void)
{
    return *NN_GELU(.struct_size = sizeof(nn_GELUArgs));
}

nn_RReLUArgs nn_RReLUArgs_defaults(void)
{
    return *NN_RRELU(.struct_size = sizeof(nn_RReLUArgs));
}

nn_ThresholdArgs nn_ThresholdArgs_defaults(void)
{
    return *NN_THRESHOLD(.struct_size = sizeof(nn_ThresholdArgs));
}

NN_CONSTRUCTOR(ELU, nn_ELUArgs, elu_forward, elu_repr, m->alpha = a.alpha, m->inplace = a.inplace)
NN_CONSTRUCTOR(CELU, nn_ELUArgs, celu_forward, elu_repr, m->alpha = a.alpha, m->inplace = a.inplace)
NN_CONSTRUCTOR(LeakyReLU, nn_LeakyReLUArgs, leaky_relu_forward, leaky_relu_repr, m->negative_slope = a.negative_slope,
               m->inplace = a.inplace)
NN_CONSTRUCTOR(Hardtanh, nn_HardtanhArgs, hardtanh_forward, hardtanh_repr, m->min_val = a.min_val,
               m->max_val = a.max_val, m->inplace = a.inplace,
               (void)(a.max_val > a.min_val ||
                      cer_raise(TORCH_VALUE_ERROR, "Hardtanh", "max_val must be greater than min_val")))
NN_CONSTRUCTOR(Hardshrink, nn_HardshrinkArgs, hardshrink_forward, shrink_repr, m->lambd = a.lambd)
NN_CONSTRUCTOR(Softshrink, nn_HardshrinkArgs, softshrink_forward, shrink_repr, m->lambd = a.lambd)
NN_CONSTRUCTOR(Softplus, nn_SoftplusArgs, softplus_forward, softplus_repr, m->beta = a.beta, m->threshold = a.threshold)
NN_CONSTRUCTOR(GELU, nn_GELUArgs, gelu_forward, gelu_repr,
               snprintf(m->approximate, sizeof m->approximate, "%s", a.approximate ? a.approximate : "None"))

NN_CONSTRUCTOR(RReLU, nn_RReLUArgs, rrelu_forward, rrelu_repr, m->lower = a.lower, m->upper = a.upper,
               m->inplace = a.inplace)
NN_CONSTRUCTOR(Threshold, nn_ThresholdArgs, threshold_forward, threshold_repr, m->threshold = a.threshold,
               m->value = a.value, m->inplace = a.inplace,
               (void)NN_REQUIRED("Threshold", "threshold value", isnan(a.threshold) ? TORCH_NONE : 0,
                                 isnan(a.value) ? TORCH_NONE : 0))

nn_PReLUArgs nn_PReLUArgs_defaults(void)
{
    return (nn_PReLUArgs){.num_parameters = 1, .init = 0.25, .struct_size = sizeof(nn_PReLUArgs)};
}

nn_PReLU *nn_PReLU_new(const nn_PReLUArgs *args)
{
    static const nn_Class record = NN_CLASS(nn_PReLU, .forward = prelu_forward, .extra_repr = prelu_repr);
    nn_PReLUArgs a = nn_PReLUArgs_defaults();
    cer_args(&a, sizeof a, args);
    nn_PReLU *m = nn_new_class(nn_PReLU, &record);
    if (!m) return NULL;
    m->num_parameters = a.num_parameters;
    m->weight = cer_nn_new_parameter(&m->module, "weight", a.dtype, 1, &a.num_parameters);
    nn_init_constant_(m->weight, a.init);
    return cer_nn_made(m);
}
