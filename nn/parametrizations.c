/* nn.utils.parametrizations.spectral_norm. */
#include "computed.h"
#include "layer.h"
#include "nn/parametrize.h"

typedef struct _SpectralNorm {
    nn_Module module;
    Tensor *u, *v; /* NULL for a vector */
    int64_t dim, n_power_iterations;
    double eps;
} _SpectralNorm;

static bool iterate(_SpectralNorm *m, Tensor *matrix, int64_t n)
{
    bool before = torch_set_grad_enabled(false);
    for (int64_t i = 0; i < n && !cer_error_pending(); i++) {
        cer_nn_power_step(m->u, matrix, m->v, m->eps);
        cer_nn_power_step(m->v, torch_t(matrix), m->u, m->eps);
    }
    torch_set_grad_enabled(before);
    return !cer_error_pending();
}

static Tensor *normalised(_SpectralNorm *m, Tensor *weight)
{
    if (!cer_usable(weight, "_SpectralNorm", 1)) return NULL;
    if (!m->u) return F_normalize(weight, .dim = 0, .eps = m->eps);
    Tensor *matrix = cer_nn_as_matrix(weight, m->dim);
    if (!matrix || (m->module.module->training && !iterate(m, matrix, m->n_power_iterations))) return NULL;
    return torch_div(weight, torch_dot(torch_clone(m->u), torch_mv(matrix, torch_clone(m->v))));
}

NN_UNARY(_SpectralNorm, forward, normalised((_SpectralNorm *)self, x))

static Tensor *identity(nn_Module *m, Tensor *value) /* of a weight whose norm is 1 already, one hopes */
{
    (void)m;
    return value;
}

static const nn_Class record = NN_CLASS(_SpectralNorm, .forward = forward, .right_inverse = identity);

/* u and v from a normal distribution, then 15 steps. */
static void draw(_SpectralNorm *m, Tensor *weight)
{
    Tensor *matrix = cer_nn_as_matrix(torch_detach(weight), m->dim);
    if (!matrix) return;
    Tensor *u = torch_normal_(torch_empty_n(1, &matrix->shape[0], weight->dtype), 0, 1);
    Tensor *v = torch_normal_(torch_empty_n(1, &matrix->shape[1], weight->dtype), 0, 1);
    m->u = nn_Module_register_buffer(&m->module, "_u", F_normalize(u, .dim = 0, .eps = m->eps), true);
    m->v = nn_Module_register_buffer(&m->module, "_v", F_normalize(v, .dim = 0, .eps = m->eps), true);
    if (!cer_error_pending()) iterate(m, matrix, 15);
}

static _SpectralNorm *made_for(Tensor *weight, const nn_SpectralNormArgs *a)
{
    int64_t dim;
    if (!cer_wrap_dim("spectral_norm", a->dim, weight->ndim, &dim)) return NULL;
    if (a->n_power_iterations <= 0)
        return cer_raise(TORCH_VALUE_ERROR, "spectral_norm",
                         "Expected n_power_iterations to be positive, but got n_power_iterations=%lld",
                         (long long)a->n_power_iterations),
               NULL;
    _SpectralNorm *m = nn_new_class(_SpectralNorm, &record);
    if (!m) return NULL;
    m->dim = dim;
    m->eps = a->eps;
    m->n_power_iterations = a->n_power_iterations;
    int64_t scope = torch_scope_push();
    if (weight->ndim > 1) draw(m, weight);
    torch_scope_pop(scope);
    return cer_nn_made(m);
}

void *nn_utils_parametrizations_spectral_norm_args(const nn_SpectralNormArgs *args)
{
    nn_SpectralNormArgs a = nn_SpectralNormArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!cer_nn_ready(a.module, "spectral_norm")) return NULL;
    const cer_Items *items[2] = {&a.module->module->parameters, &a.module->module->buffers};
    const cer_Item *item = NULL;
    for (int i = 0; i < 2 && !item; i++) item = cer_items_find(items[i], a.name ? a.name : "");
    if (!item || !item->as.tensor) {
        const char *text = nn_Module_str(a.module);
        if (text)
            cer_raise(TORCH_VALUE_ERROR, "spectral_norm", "Module '%s' has no parameter or buffer with name '%s'", text,
                      a.name ? a.name : "None");
        return NULL;
    }
    if (a.dim == TORCH_NONE) a.dim = cer_nn_output_dim(a.module);
    _SpectralNorm *p = made_for(item->as.tensor, &a);
    return p ? nn_utils_parametrize_register(a.module, a.name, p, false) : NULL;
}
