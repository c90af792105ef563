/* torch.nn.utils.parametrize: a module computes another's parameter from what is trained. */
#ifndef CERILLA_NN_PARAMETRIZE_H
#define CERILLA_NN_PARAMETRIZE_H

#include "utils_norm.h"

TORCH_BEGIN

/* parametrize.register_parametrization(m, name, p, unsafe=False): before every forward of m, its parameter or buffer becomes
 * what p's forward makes of the original, m.parametrizations.weight.original; several are applied one after the other.
 * m->weight shows what was computed last. m owns p from then on; p ends on failure. If p's class has a right_inverse, the
 * original first becomes what that makes of it. Unless unsafe, p is called once, to see that it keeps shape and dtype. m; NULL
 * after an error, which leaves m as it was: ValueError "Module 'Linear(...)' does not have a parameter, a buffer, or a
 * parametrized element with name 'foo'", "Registering a parametrization may not change the shape of the tensor, ...". */
TORCH_API void *nn_utils_parametrize_register(nn_Module *m, const char *name, void *p, bool unsafe);
#define nn_utils_parametrize_register_parametrization(...) nn_utils_parametrize_register_(__VA_ARGS__, )
#define nn_utils_parametrize_register_(m, name, p, ...) \
    nn_utils_parametrize_register(NN_MODULE(m), name, p, NN_FLAG(unsafe, false, __VA_ARGS__))

/* parametrize.remove_parametrizations(m, name, leave_parametrized=True): the parameter is back, with the value that is
 * computed, or (false) with the original one. m. ValueError "Module Linear(...) does not have a parametrization on
 * weight".      NULL */
TORCH_API void *nn_utils_parametrize_remove(nn_Module *m, const char *name, bool leave_parametrized);
#define nn_utils_parametrize_remove_parametrizations(...) nn_utils_parametrize_remove_(__VA_ARGS__, )
#define nn_utils_parametrize_remove_(m, name, ...) \
    nn_utils_parametrize_remove(NN_MODULE(m), name, NN_FLAG(leave_parametrized, true, __VA_ARGS__))

/* parametrize.is_parametrized(m, tensor_name=None): NULL asks for any. */
TORCH_API bool nn_utils_parametrize_is_parametrized_name(nn_Module *m, const char *name);
#define nn_utils_parametrize_is_parametrized(m, name) nn_utils_parametrize_is_parametrized_name(NN_MODULE(m), name)

/* parametrizations.spectral_norm(m, name="weight", n_power_iterations=1, eps=1e-12, dim=None): weight / (u^T W v), as
 * utils.spectral_norm, from 15 power iterations on; of a vector, F_normalize. m.      NULL */
TORCH_API void *nn_utils_parametrizations_spectral_norm_args(const nn_SpectralNormArgs *args);
#define nn_utils_parametrizations_spectral_norm(...) nn_utils_parametrizations_spectral_norm_(__VA_ARGS__, )
#define nn_utils_parametrizations_spectral_norm_(m, ...) \
    nn_utils_parametrizations_spectral_norm_args(NN_SPECTRAL_NORM(m, __VA_ARGS__))

TORCH_END

#endif
