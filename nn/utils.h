/* torch.nn.utils: gradients that are clipped, parameters as one vector. */
#ifndef CERILLA_NN_UTILS_H
#define CERILLA_NN_UTILS_H

#include "machinery.h"

TORCH_BEGIN

/* utils.clip_grad_norm_(parameters, max_norm, norm_type=2, error_if_nonfinite=False): scales all gradients by
 * min(1, max_norm / (norm + 1e-6)); returns the norm of all together, 0-d.
 * Parameters without a gradient are passed over.
 *     nn_utils_clip_grad_norm_(nn_parameters(m), 1.0)
 * RuntimeError "The total norm of order 2.0 for gradients from `parameters` is non-finite, ...".      NULL */
typedef struct nn_ClipGradNormArgs {
    size_t struct_size;
    torch_ParameterList parameters;
    double max_norm, norm_type; /* INFINITY: the largest */
    bool error_if_nonfinite;
} nn_ClipGradNormArgs;
TORCH_API nn_ClipGradNormArgs nn_ClipGradNormArgs_defaults(void);
TORCH_API Tensor *nn_utils_clip_grad_norm__args(const nn_ClipGradNormArgs *args);
#define nn_utils_clip_grad_norm_(...) \
    nn_utils_clip_grad_norm__args(    \
        &(nn_ClipGradNormArgs){.norm_type = 2, .struct_size = sizeof(nn_ClipGradNormArgs), .parameters = __VA_ARGS__})

/* utils.clip_grad_value_(parameters, clip_value): gradients into [-clip_value, clip_value]. A code */
TORCH_API int nn_utils_clip_grad_value_(torch_ParameterList parameters, double clip_value);

/* utils.parameters_to_vector(parameters): one after the other, 1-d, with history.      NULL
 * utils.vector_to_parameters(v, parameters): the parameters show v's memory from now on.
 * "shape '[2, 3]' is invalid for input of size 4" where v is too short; what is too much is passed over. A code */
TORCH_API Tensor *nn_utils_parameters_to_vector(torch_ParameterList parameters);
TORCH_API int nn_utils_vector_to_parameters(Tensor *v, torch_ParameterList parameters);

TORCH_END

#endif
