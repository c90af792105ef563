/* Functions of yours that run around a module's forward and backward: torch.nn.Module's hooks. */
#ifndef CERILLA_NN_HOOKS_H
#define CERILLA_NN_HOOKS_H

#include "machinery.h"

TORCH_BEGIN

/* Each returns a handle for nn_remove_hook; data are passed on to the hook. Hooks run in order of registration.
 * TypeError for a NULL function.      -1 */

/* m.register_forward_pre_hook(f): before every forward; may replace in[i]. */
typedef void (*nn_ForwardPreHook)(nn_Module *m, Tensor **in, int64_t n_in, void *data);
TORCH_API int64_t nn_Module_register_forward_pre_hook(nn_Module *m, nn_ForwardPreHook hook, void *data);
#define nn_register_forward_pre_hook(m, hook, data) nn_Module_register_forward_pre_hook(NN_MODULE(m), hook, data)

/* m.register_forward_hook(f): after every forward; may replace out[i]. */
typedef void (*nn_ForwardHook)(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out, void *data);
TORCH_API int64_t nn_Module_register_forward_hook(nn_Module *m, nn_ForwardHook hook, void *data);
#define nn_register_forward_hook(m, hook, data) nn_Module_register_forward_hook(NN_MODULE(m), hook, data)

/* m.register_full_backward_hook(f): in backward, when the gradients of the inputs of one forward are known; may replace
 * grad_input[i]. Gradients are NULL where there is none, all of grad_input where no input requires one. At most 8 inputs
 * and 8 results: RuntimeError. A module that has ended calls no hooks. */
typedef void (*nn_BackwardHook)(nn_Module *m, Tensor **grad_input, int64_t n_in, Tensor *const *grad_output,
                                int64_t n_out, void *data);
TORCH_API int64_t nn_Module_register_full_backward_hook(nn_Module *m, nn_BackwardHook hook, void *data);
#define nn_register_full_backward_hook(m, hook, data) nn_Module_register_full_backward_hook(NN_MODULE(m), hook, data)

TORCH_API void nn_Module_remove_hook(nn_Module *m, int64_t handle); /* handle.remove(); also twice */
#define nn_remove_hook(m, handle) nn_Module_remove_hook(NN_MODULE(m), handle)

TORCH_END

#endif
