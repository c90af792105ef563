/* torch.nn.utils: weights that are normalised before every forward. */
#ifndef CERILLA_NN_UTILS_NORM_H
#define CERILLA_NN_UTILS_NORM_H

#include "machinery.h"

TORCH_BEGIN

/* These return m, or NULL after an error, which leaves m as it was; m->weight shows what was computed last. KeyError
 * "'Linear' object has no attribute 'foo'"; RuntimeError "Cannot register two weight_norm hooks on the same parameter weight".
 *
 * utils.weight_norm(m, name="weight", dim=0): the parameter becomes weight_g |.|-wise and weight_v: weight = g v / |v|, norms of
 * the slices along dim; TORCH_NONE: of all. nn_utils_weight_norm(conv, .dim = 1). Salimans and Kingma, 2016. */
typedef struct nn_WeightNormArgs {
    size_t struct_size;
    nn_Module *module;
    const char *name;
    int64_t dim;
} nn_WeightNormArgs;
TORCH_API nn_WeightNormArgs nn_WeightNormArgs_defaults(void);
TORCH_API void *nn_utils_weight_norm_args(const nn_WeightNormArgs *args);
#define nn_utils_weight_norm(...) nn_utils_weight_norm_(__VA_ARGS__, )
#define nn_utils_weight_norm_(m, ...)               \
    nn_utils_weight_norm_args(&(nn_WeightNormArgs){ \
        .name = "weight", .struct_size = sizeof(nn_WeightNormArgs), .module = NN_MODULE(m), __VA_ARGS__})

/* utils.spectral_norm(m, name="weight", n_power_iterations=1, eps=1e-12, dim=None): the parameter becomes weight_orig, with
 * buffers weight_u and weight_v: weight = weight_orig / (u^T W v), W the rows of dimension dim; each forward in training
 * mode moves v and u on towards the singular vectors of the largest singular value. dim TORCH_NONE: 1 for ConvTranspose, else 0.
 * ValueError "Expected n_power_iterations to be positive, but got n_power_iterations=0". Miyato et al., 2018. */
typedef struct nn_SpectralNormArgs {
    size_t struct_size;
    nn_Module *module;
    const char *name;
    int64_t n_power_iterations;
    double eps;
    int64_t dim;
} nn_SpectralNormArgs;
TORCH_API nn_SpectralNormArgs nn_SpectralNormArgs_defaults(void);
TORCH_API void *nn_utils_spectral_norm_args(const nn_SpectralNormArgs *args);
#define NN_SPECTRAL_NORM(m, ...)                                        \
    (&(nn_SpectralNormArgs){.name = "weight",                           \
                            .n_power_iterations = 1,                    \
                            .eps = 1e-12,                               \
                            .dim = TORCH_NONE,                          \
                            .struct_size = sizeof(nn_SpectralNormArgs), \
                            .module = NN_MODULE(m),                     \
                            __VA_ARGS__})
#define nn_utils_spectral_norm(...) nn_utils_spectral_norm_(__VA_ARGS__, )
#define nn_utils_spectral_norm_(m, ...) nn_utils_spectral_norm_args(NN_SPECTRAL_NORM(m, __VA_ARGS__))

/* utils.remove_weight_norm(m, name="weight"), utils.remove_spectral_norm(m, name="weight"): the parameter is back, with the
 * value last computed. ValueError "weight_norm of 'weight' not found in Linear(...)". */
TORCH_API void *nn_utils_remove_weight_norm_name(nn_Module *m, const char *name);
TORCH_API void *nn_utils_remove_spectral_norm_name(nn_Module *m, const char *name);
#define nn_utils_remove_weight_norm(m) nn_utils_remove_weight_norm_name(NN_MODULE(m), "weight")
#define nn_utils_remove_spectral_norm(m) nn_utils_remove_spectral_norm_name(NN_MODULE(m), "weight")

TORCH_END

#endif
