/* nn.utils.weight_norm and nn.utils.spectral_norm. */
#include "nn/utils_norm.h"

#include "computed.h"
#include "layer.h"

/* A tensor of the module that must be there: NULL after raising. */
static Tensor *part(nn_Module *m, const char *name, const char *suffix)
{
    char text[CER_NAME + 8];
    const cer_Item *item = cer_nn_original(m, "forward", cer_nn_suffixed(text, name, suffix));
    return item ? item->as.tensor : NULL;
}

static void forget(nn_Module *m, const char *name, const char *suffix)
{
    char text[CER_NAME + 8];
    cer_nn_suffixed(text, name, suffix);
    cer_Items *all[2] = {&m->module->parameters, &m->module->buffers};
    for (int i = 0; i < 2; i++) {
        const cer_Item *item = cer_items_find(all[i], text);
        if (!item) continue;
        Tensor *t = item->as.tensor;
        cer_items_remove(all[i], text);
        if (t) cer_release(t);
    }
}

static void add_parameter(nn_Module *m, const char *name, const char *suffix, Tensor *t)
{
    char text[CER_NAME + 8];
    if (t)
        nn_Module_register_parameter(m, cer_nn_suffixed(text, name, suffix), nn_Parameter_new(torch_detach(t), true));
}

/* The computed weight becomes the parameter again, and what it was computed from goes. */
static void *restore(nn_Module *m, cer_Computed *c, const char *const *suffixes)
{
    char name[CER_NAME];
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false);
    memcpy(name, c->name, CER_NAME);
    Tensor *p = nn_Parameter_new(torch_detach(c->compute(m, c, false)), true);
    if (p && nn_Module_register_parameter(m, name, p)) {
        cer_nn_remove_computed(m, c, p);
        for (; *suffixes; suffixes++) forget(m, name, *suffixes);
    }
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    return cer_error_pending() ? NULL : m;
}

static void *not_found(nn_Module *m, const char *what, const char *name)
{
    const char *text = nn_Module_str(m);
    if (text) cer_raise(TORCH_VALUE_ERROR, what, "%s of '%s' not found in %s", what, name ? name : "None", text);
    return NULL;
}

/* ---- weight_norm ------------------------------------------------------------------------------------------------- */

nn_WeightNormArgs nn_WeightNormArgs_defaults(void)
{
    return (nn_WeightNormArgs){.struct_size = sizeof(nn_WeightNormArgs), .name = "weight"};
}

static Tensor *scaled(nn_Module *m, const cer_Computed *c, bool training)
{
    (void)training;
    Tensor *g = part(m, c->name, "_g"), *v = part(m, c->name, "_v");
    return g && v ? torch__weight_norm(v, g, c->dim) : NULL;
}

static bool weight_norm(nn_Module *m, const char *name, int64_t dim)
{
    cer_Computed options = {.compute = scaled, .dim = dim == TORCH_NONE ? -1 : dim};
    const cer_Item *item = cer_nn_original(m, "weight_norm", name);
    if (!item) return false;
    Tensor *weight = options.shown = item->as.tensor;
    if (!weight)
        return cer_raise(TORCH_TYPE_ERROR, "weight_norm",
                         "norm_except_dim(): argument 'v' (position 1) must be Tensor, not NoneType");
    strcpy(options.name, name);
    Tensor *norm = torch_norm_except_dim(torch_detach(weight), 2, options.dim);
    add_parameter(m, name, "_g", norm);
    if (norm) add_parameter(m, name, "_v", weight);
    cer_Computed *c = cer_error_pending() ? NULL : cer_nn_add_computed(m, "weight_norm", &options);
    Tensor *now = c ? scaled(m, c, false) : NULL;
    if (now) {
        forget(m, name, "");
        cer_nn_show(m, c, now);
        return true;
    }
    if (c) cer_nn_remove_computed(m, c, NULL);
    forget(m, name, "_g");
    forget(m, name, "_v");
    return false;
}

void *nn_utils_weight_norm_args(const nn_WeightNormArgs *args)
{
    nn_WeightNormArgs a = nn_WeightNormArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!cer_nn_ready(a.module, "weight_norm")) return NULL;
    if (cer_nn_find_computed(a.module, scaled, a.name))
        return cer_raise(TORCH_RUNTIME_ERROR, "weight_norm",
                         "Cannot register two weight_norm hooks on the same parameter %s", a.name),
               NULL;
    int64_t scope = torch_scope_push();
    bool fine = weight_norm(a.module, a.name, a.dim);
    torch_scope_pop(scope);
    return fine ? a.module : NULL;
}

void *nn_utils_remove_weight_norm_name(nn_Module *m, const char *name)
{
    if (!cer_nn_ready(m, "remove_weight_norm")) return NULL;
    cer_Computed *c = cer_nn_find_computed(m, scaled, name);
    return c ? restore(m, c, (const char *const[]){"_g", "_v", NULL}) : not_found(m, "weight_norm", name);
}

/* ---- spectral_norm ----------------------------------------------------------------------------------------------- */

nn_SpectralNormArgs nn_SpectralNormArgs_defaults(void)
{
    return (nn_SpectralNormArgs){.struct_size = sizeof(nn_SpectralNormArgs),
                                 .name = "weight",
                                 .n_power_iterations = 1,
                                 .eps = 1e-12,
                                 .dim = TORCH_NONE};
}

Tensor *cer_nn_as_matrix(Tensor *weight, int64_t dim)
{
    int64_t order[TORCH_MAX_DIM] = {dim}, n = 1, flat[2] = {-1, -1};
    if (!weight) return NULL;
    for (int64_t d = 0; d < weight->ndim; d++)
        if (d != dim) order[n++] = d;
    if (dim != 0) weight = torch_permute_n(weight, n, order);
    flat[0] = weight ? weight->shape[0] : 0;
    return weight ? torch_reshape_n(weight, 2, flat) : NULL;
}

bool cer_nn_power_step(Tensor *to, Tensor *matrix, Tensor *from, double eps)
{
    return torch_copy_(to, F_normalize(torch_mv(matrix, from), .dim = 0, .eps = eps)) != NULL;
}

static Tensor *divided(nn_Module *m, const cer_Computed *c, bool training)
{
    Tensor *weight = part(m, c->name, "_orig"), *u = part(m, c->name, "_u"), *v = part(m, c->name, "_v");
    Tensor *matrix = weight && u && v ? cer_nn_as_matrix(weight, c->dim) : NULL;
    if (!matrix) return NULL;
    if (training) {
        bool before = torch_set_grad_enabled(false);
        for (int64_t i = 0; i < c->iterations && !cer_error_pending(); i++) {
            cer_nn_power_step(v, torch_t(matrix), u, c->eps);
            cer_nn_power_step(u, matrix, v, c->eps);
        }
        torch_set_grad_enabled(before);
        u = torch_clone(u); /* a graph made before must not see the next step */
        v = torch_clone(v);
    }
    return torch_div(weight, torch_dot(u, torch_mv(matrix, v)));
}

static Tensor *drawn(Tensor *weight, int64_t n, double eps)
{
    return F_normalize(torch_normal_(torch_empty_n(1, &n, weight->dtype), 0, 1), .dim = 0, .eps = eps);
}

static bool spectral_norm(nn_Module *m, cer_Computed options, const char *name)
{
    char text[CER_NAME + 8];
    Tensor *weight = options.shown;
    Tensor *matrix = cer_nn_as_matrix(torch_detach(weight), options.dim);
    if (!matrix) return false;
    Tensor *u = drawn(weight, matrix->shape[0], options.eps), *v = drawn(weight, matrix->shape[1], options.eps);
    strcpy(options.name, name);
    Tensor *data = torch_detach(weight);
    if (data) nn_Module_register_parameter(m, cer_nn_suffixed(text, name, "_orig"), weight);
    if (u) nn_Module_register_buffer(m, cer_nn_suffixed(text, name, "_u"), u, true);
    if (v) nn_Module_register_buffer(m, cer_nn_suffixed(text, name, "_v"), v, true);
    cer_Computed *c = cer_error_pending() ? NULL : cer_nn_add_computed(m, "spectral_norm", &options);
    if (c) {
        forget(m, name, "");
        cer_nn_show(m, c, data);
        return true;
    }
    forget(m, name, "_orig");
    forget(m, name, "_u");
    forget(m, name, "_v");
    return false;
}

int64_t cer_nn_output_dim(const nn_Module *m)
{
    return strncmp(m->module->class_record.name, "ConvTranspose", strlen("ConvTranspose")) == 0;
}

static bool refuse_iterations(int64_t n)
{
    return cer_raise(TORCH_VALUE_ERROR, "spectral_norm",
                     "Expected n_power_iterations to be positive, but got n_power_iterations=%lld", (long long)n);
}

void *nn_utils_spectral_norm_args(const nn_SpectralNormArgs *args)
{
    nn_SpectralNormArgs a = nn_SpectralNormArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!cer_nn_ready(a.module, "spectral_norm")) return NULL;
    if (cer_nn_find_computed(a.module, divided, a.name))
        return cer_raise(TORCH_RUNTIME_ERROR, "spectral_norm",
                         "Cannot register two spectral_norm hooks on the same parameter %s", a.name),
               NULL;
    if (a.n_power_iterations <= 0) return refuse_iterations(a.n_power_iterations), NULL;
    const cer_Item *item = cer_items_find(&a.module->module->parameters, a.name ? a.name : "");
    if (!item) return cer_raise(TORCH_KEY_ERROR, "spectral_norm", "'%s'", a.name ? a.name : "None"), NULL;
    if (!item->as.tensor)
        return cer_raise(TORCH_VALUE_ERROR, "spectral_norm",
                         "`SpectralNorm` cannot be applied as parameter `%s` is None", a.name),
               NULL;
    if (!cer_nn_original(a.module, "spectral_norm", a.name)) return NULL;
    cer_Computed options = {
        .compute = divided, .shown = item->as.tensor, .iterations = a.n_power_iterations, .eps = a.eps};
    int64_t dim = a.dim == TORCH_NONE ? cer_nn_output_dim(a.module) : a.dim;
    if (!cer_wrap_dim("spectral_norm", dim, item->as.tensor->ndim, &options.dim)) return NULL;
    int64_t scope = torch_scope_push();
    bool fine = spectral_norm(a.module, options, a.name);
    torch_scope_pop(scope);
    return fine ? a.module : NULL;
}

void *nn_utils_remove_spectral_norm_name(nn_Module *m, const char *name)
{
    if (!cer_nn_ready(m, "remove_spectral_norm")) return NULL;
    cer_Computed *c = cer_nn_find_computed(m, divided, name);
    return c ? restore(m, c, (const char *const[]){"_u", "_v", "_orig", NULL}) : not_found(m, "spectral_norm", name);
}
