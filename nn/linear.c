/* nn.Linear. */
#include <math.h>

#include "layer.h"
#include "lazy_module.h"

nn_LinearArgs nn_LinearArgs_defaults(void)
{
    return (nn_LinearArgs){
        .struct_size = sizeof(nn_LinearArgs), .in_features = TORCH_NONE, .out_features = TORCH_NONE, .bias = true};
}

NN_UNARY(nn_Linear, linear_forward, F_linear(x, m->weight, m->bias))

static void linear_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Linear *m = (const nn_Linear *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, "in_features", m->in_features);
    cer_repr_int(r, "out_features", m->out_features);
    cer_repr_bool(r, "bias", m->bias != NULL);
}

static const nn_Class linear_class = NN_CLASS(nn_Linear, .forward = linear_forward, .extra_repr = linear_repr);

/* The bounds are equal but for the last bit, which comes from the order of operations. */
static void reset_parameters(const nn_Linear *m)
{
    double bound = cer_nn_bias_bound(m->weight);
    nn_init_kaiming_uniform_(m->weight, sqrt(5.0));
    if (m->bias) nn_init_uniform_(m->bias, -bound, bound);
}

nn_Linear *nn_Linear_new(const nn_LinearArgs *args)
{
    nn_LinearArgs a = nn_LinearArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED("Linear", "in_features out_features", a.in_features, a.out_features)) return NULL;
    nn_Linear *m = nn_new_class(nn_Linear, &linear_class);
    if (!m) return NULL;
    int64_t shape[2] = {a.out_features, a.in_features};
    m->in_features = a.in_features;
    m->out_features = a.out_features;
    m->weight = cer_nn_new_parameter(&m->module, "weight", a.dtype, 2, shape);
    if (a.bias)
        m->bias = cer_nn_new_parameter(&m->module, "bias", a.dtype, 1, shape);
    else
        nn_Module_register_parameter(&m->module, "bias", NULL);
    if (!cer_error_pending()) reset_parameters(m);
    return cer_nn_made(m);
}

/* ---- LazyLinear -------------------------------------------------------------------------------------------------- */

static nn_Module *make_linear(const cer_Lazy *l, const nn_Module *m, int64_t features)
{
    nn_LinearArgs a = l->args.linear;
    (void)m;
    a.in_features = features;
    return (nn_Module *)nn_Linear_new(&a);
}

static const nn_Class lazy_class = {
    .struct_size = sizeof(nn_Class), .name = "LazyLinear", .size = sizeof(nn_Linear), .extra_repr = linear_repr};

nn_Linear *nn_LazyLinear_new(const nn_LinearArgs *args)
{
    cer_Lazy l = {.make = make_linear, .spatial = -1, .args.linear = nn_LinearArgs_defaults()};
    cer_args(&l.args.linear, sizeof l.args.linear, args);
    if (!NN_REQUIRED("LazyLinear", "out_features", l.args.linear.out_features)) return NULL;
    nn_Linear *m = nn_new_class(nn_Linear, &lazy_class);
    if (!m) return NULL;
    m->out_features = l.args.linear.out_features;
    return cer_nn_lazy(&m->module, &l, &m->weight, l.args.linear.bias ? &m->bias : NULL, l.args.linear.dtype);
}
