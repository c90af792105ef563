/* nn.BatchNorm1d to 3d and nn.InstanceNorm1d to 3d. */
#include <math.h>

#include "layer.h"
#include "lazy_module.h"

nn_BatchNormArgs nn_BatchNormArgs_defaults(void)
{
    return *NN_NORM_ARGS(true, .num_features = TORCH_NONE);
}

nn_BatchNormArgs nn_InstanceNormArgs_defaults(void)
{
    return *NN_NORM_ARGS(false, .num_features = TORCH_NONE);
}

/* "expected 4D input (got 3D input)", or with two ranks "expected 2D or 3D input (got 4D input)" */
static bool rank_fits(const char *op, const Tensor *x, int64_t least, int64_t most)
{
    if (!cer_usable(x, op, 1)) return false;
    if (x->ndim >= least && x->ndim <= most) return true;
    if (least == most)
        return cer_raise(TORCH_VALUE_ERROR, op, "expected %lldD input (got %dD input)", (long long)most, x->ndim);
    return cer_raise(TORCH_VALUE_ERROR, op, "expected %lldD or %lldD input (got %dD input)", (long long)least,
                     (long long)most, x->ndim);
}

static Tensor *batch_norm(const nn_BatchNorm *m, Tensor *x)
{
    bool training = m->module.module->training, track = !training || m->track_running_stats;
    double momentum = m->momentum;
    if (!rank_fits("batch_norm", x, m->spatial == 1 ? 2 : m->spatial + 2, m->spatial + 2)) return NULL;
    if (training && m->track_running_stats && m->num_batches_tracked) {
        if (!torch_add_(m->num_batches_tracked, 1)) return NULL;
        if (isnan(momentum)) momentum = 1 / torch_item(m->num_batches_tracked);
    }
    return F_batch_norm(x, track ? m->running_mean : NULL, track ? m->running_var : NULL, m->weight, m->bias,
                        .training = training || (!m->running_mean && !m->running_var),
                        .momentum = isnan(momentum) ? 0 : momentum, .eps = m->eps);
}

static Tensor *instance_norm(const nn_BatchNorm *m, Tensor *x)
{
    if (!rank_fits("instance_norm", x, m->spatial + 1, m->spatial + 2)) return NULL;
    if (isnan(m->momentum))
        return cer_raise(TORCH_TYPE_ERROR, "instance_norm",
                         "instance_norm(): argument 'momentum' (position 7) must be float, not NoneType"),
               NULL;
    bool batched = x->ndim == m->spatial + 2;
    Tensor *y = F_instance_norm(batched ? x : torch_unsqueeze(x, 0), m->running_mean, m->running_var, m->weight,
                                m->bias, .use_input_stats = m->module.module->training || !m->track_running_stats,
                                .momentum = m->momentum, .eps = m->eps);
    return batched ? y : torch_squeeze_dim(y, 0);
}

NN_UNARY(nn_BatchNorm, batch_forward, batch_norm(m, x))
NN_UNARY(nn_BatchNorm, instance_forward, instance_norm(m, x))

static void batch_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_BatchNorm *m = (const nn_BatchNorm *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, NULL, m->num_features);
    cer_repr_number(r, "eps", m->eps);
    if (isnan(m->momentum))
        cer_repr_text(r, "momentum", "None");
    else
        cer_repr_number(r, "momentum", m->momentum);
    cer_repr_bool(r, "affine", m->affine);
    cer_repr_bool(r, "track_running_stats", m->track_running_stats);
}

/* Registers the buffers; all None when nothing is tracked. */
static void make_buffers(nn_BatchNorm *m, torch_dtype dtype)
{
    int64_t scope = torch_scope_push();
    bool track = m->track_running_stats;
    const int64_t *size = &m->num_features;
    nn_register_buffer(m, running_mean, track ? torch_zeros_n(1, size, dtype) : NULL);
    nn_register_buffer(m, running_var, track ? torch_ones_n(1, size, dtype) : NULL);
    nn_register_buffer(m, num_batches_tracked, track ? torch_zeros_n(0, NULL, torch_int64) : NULL);
    torch_scope_pop(scope);
}

static nn_BatchNorm *make(const nn_Class *record, int64_t spatial, nn_BatchNormArgs a)
{
    if (!NN_REQUIRED(cer_nn_class_name(record->name), "num_features", a.num_features)) return NULL;
    nn_BatchNorm *m = nn_new_class(nn_BatchNorm, record);
    if (!m) return NULL;
    m->num_features = a.num_features;
    m->eps = a.eps;
    m->momentum = a.momentum;
    m->affine = a.affine;
    m->track_running_stats = a.track_running_stats;
    m->spatial = spatial;
    cer_nn_affine(&m->module, &m->weight, &m->bias, a.affine, a.dtype, 1, &m->num_features);
    if (!cer_error_pending()) make_buffers(m, a.dtype);
    return cer_nn_made(m);
}

#define NORM(type, spatial, forward_, defaults)                                             \
    nn_BatchNorm *type##_new(const nn_BatchNormArgs *args)                                  \
    {                                                                                       \
        static const nn_Class record = {.struct_size = sizeof(nn_Class),                    \
                                        .name = #type,                                      \
                                        .size = sizeof(type),                               \
                                        .forward = forward_,                                \
                                        .extra_repr = batch_repr};                          \
        nn_BatchNormArgs a = defaults;                                                      \
        cer_args(&a, sizeof a, args);                                                       \
        return make(&record, spatial, a);                                                   \
    }                                                                                       \
    static nn_Module *again_##type(const cer_Lazy *l, const nn_Module *m, int64_t features) \
    {                                                                                       \
        nn_BatchNormArgs a = l->args.norm;                                                  \
        (void)m;                                                                            \
        a.num_features = features;                                                          \
        return (nn_Module *)type##_new(&a);                                                 \
    }
NORM(nn_BatchNorm1d, 1, batch_forward, nn_BatchNormArgs_defaults())
NORM(nn_BatchNorm2d, 2, batch_forward, nn_BatchNormArgs_defaults())
NORM(nn_BatchNorm3d, 3, batch_forward, nn_BatchNormArgs_defaults())
NORM(nn_InstanceNorm1d, 1, instance_forward, nn_InstanceNormArgs_defaults())
NORM(nn_InstanceNorm2d, 2, instance_forward, nn_InstanceNormArgs_defaults())
NORM(nn_InstanceNorm3d, 3, instance_forward, nn_InstanceNormArgs_defaults())

/* ---- whose number of features the first input tells -------------------------------------------------------------- */

/* Of no features: weights and buffers of size 0 are there already. */
static nn_BatchNorm *lazy(const nn_Class *record, int64_t spatial, cer_Lazy l, const nn_BatchNormArgs *args)
{
    cer_args(&l.args.norm, sizeof l.args.norm, args);
    l.args.norm.num_features = 0;
    l.norm = true;
    nn_BatchNorm *m = make(record, spatial, l.args.norm);
    return m ? cer_nn_lazy(&m->module, &l, NULL, NULL, l.args.norm.dtype) : NULL;
}

#define LAZY(Norm, spatial, defaults)                                                                    \
    nn_BatchNorm *nn_Lazy##Norm##_new(const nn_BatchNormArgs *args)                                      \
    {                                                                                                    \
        static const nn_Class record = {.struct_size = sizeof(nn_Class),                                 \
                                        .name = "Lazy" #Norm,                                            \
                                        .size = sizeof(nn_BatchNorm),                                    \
                                        .extra_repr = batch_repr};                                       \
        return lazy(&record, spatial, (cer_Lazy){.make = again_nn_##Norm, .args.norm = defaults}, args); \
    }
LAZY(BatchNorm1d, 1, nn_BatchNormArgs_defaults())
LAZY(BatchNorm2d, 2, nn_BatchNormArgs_defaults())
LAZY(BatchNorm3d, 3, nn_BatchNormArgs_defaults())
LAZY(InstanceNorm1d, 1, nn_BatchNormArgs_defaults())
LAZY(InstanceNorm2d, 2, nn_BatchNormArgs_defaults())
LAZY(InstanceNorm3d, 3, nn_BatchNormArgs_defaults())
