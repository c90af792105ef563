/* torch.autograd.gradcheck, gradgradcheck: are the gradients of a function right? By central differences. */
#ifndef CERILLA_GRADCHECK_H
#define CERILLA_GRADCHECK_H

#include "../core/autograd.h"

TORCH_BEGIN

/* gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0, check_undefined_grad=True):
 * whole Jacobians, of all inputs that require grad (float64, or it warns). True, or RuntimeError "Jacobian mismatch for
 * output 0 with respect to input 0, ..." (false without a word when raise_exception is off).
 *     ck_assert(torch_gradcheck(func, NULL, torch_tensors(x, w), .n_outputs = 2)); */
typedef struct torch_GradcheckArgs {
    size_t struct_size;
    double eps, atol, rtol;
    int64_t n_outputs;
    bool raise_exception, check_undefined_grad;
    torch_TensorFunction func;
    void *data; /* for func */
    Tensor *const *inputs;
    int64_t n_inputs;
    double nondet_tol;
    Tensor *const *grad_outputs; /* gradgradcheck: one for each output that requires grad; NULL: random ones */
} torch_GradcheckArgs;
TORCH_API torch_GradcheckArgs torch_GradcheckArgs_defaults(void);
TORCH_API bool torch_gradcheck_args(const torch_GradcheckArgs *args);
TORCH_API bool torch_gradgradcheck_args(const torch_GradcheckArgs *args); /* the same for the gradients of gradients */
#define TORCH_GRADCHECK(...)                                                                                 \
    &(torch_GradcheckArgs)                                                                                   \
    {                                                                                                        \
        .struct_size = sizeof(torch_GradcheckArgs), .eps = 1e-6, .atol = 1e-5, .rtol = 1e-3, .n_outputs = 1, \
        .raise_exception = true, .check_undefined_grad = true, .func = __VA_ARGS__                           \
    }
#define torch_gradcheck(...) torch_gradcheck_args(TORCH_GRADCHECK(__VA_ARGS__))
#define torch_gradgradcheck(...) torch_gradgradcheck_args(TORCH_GRADCHECK(__VA_ARGS__))

TORCH_END

#endif
