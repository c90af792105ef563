/* torch.autograd.functional: derivatives of a function of tensors, as tensors.
 *
 *     static void f(Tensor *const *in, int64_t n, Tensor **out, void *data) { out[0] = torch_exp(in[0]); }
 *     Tensor *jacobian;
 *     torch_autograd_functional_jacobian(&jacobian, f, NULL, torch_tensors(x));          jacobian(f, x)
 *
 * Results are borrowed, all NULL on error; the functions return a code. Keywords behind the inputs: .n_outputs (1; how many
 * outputs f has), .v (vectors, one for each output of vjp or input of the other products; NULL: None), .create_graph, .strict. */
#ifndef CERILLA_FUNCTIONAL_H
#define CERILLA_FUNCTIONAL_H

#include "../core/autograd.h"

TORCH_BEGIN

typedef struct torch_FunctionalArgs {
    size_t struct_size;
    int64_t n_outputs;
    torch_TensorFunction func;
    void *data; /* for func */
    Tensor *const *inputs;
    int64_t n_inputs;
    Tensor *const *v;
    bool create_graph, strict;
} torch_FunctionalArgs;
TORCH_API torch_FunctionalArgs torch_FunctionalArgs_defaults(void);
#define TORCH_FUNCTIONAL(...)                                                            \
    &(torch_FunctionalArgs)                                                              \
    {                                                                                    \
        .struct_size = sizeof(torch_FunctionalArgs), .n_outputs = 1, .func = __VA_ARGS__ \
    }

/* jacobian(func, inputs): result[i * n_inputs + j], of shape outputs[i].shape + inputs[j].shape */
TORCH_API int torch_autograd_functional_jacobian_args(Tensor **result, const torch_FunctionalArgs *args);
/* hessian(func, inputs) of a function with one element: result[i * n_inputs + j]. RuntimeError "The Tensor returned by the
 * function given to hessian should contain a single element" */
TORCH_API int torch_autograd_functional_hessian_args(Tensor **result, const torch_FunctionalArgs *args);
/* vjp(func, inputs, v): outputs of func (may be NULL), and vT J, one for each input */
TORCH_API int torch_autograd_functional_vjp_args(Tensor **outputs, Tensor **result, const torch_FunctionalArgs *args);
/* jvp(func, inputs, v): outputs, and J v, one for each output; by the backward of the backward */
TORCH_API int torch_autograd_functional_jvp_args(Tensor **outputs, Tensor **result, const torch_FunctionalArgs *args);
/* vhp, hvp: vT H and H v, one for each input; outputs: the one output */
TORCH_API int torch_autograd_functional_vhp_args(Tensor **outputs, Tensor **result, const torch_FunctionalArgs *args);
TORCH_API int torch_autograd_functional_hvp_args(Tensor **outputs, Tensor **result, const torch_FunctionalArgs *args);

#define torch_autograd_functional_jacobian(result, ...) \
    torch_autograd_functional_jacobian_args(result, TORCH_FUNCTIONAL(__VA_ARGS__))
#define torch_autograd_functional_hessian(result, ...) \
    torch_autograd_functional_hessian_args(result, TORCH_FUNCTIONAL(__VA_ARGS__))
#define torch_autograd_functional_vjp(outputs, result, ...) \
    torch_autograd_functional_vjp_args(outputs, result, TORCH_FUNCTIONAL(__VA_ARGS__))
#define torch_autograd_functional_jvp(outputs, result, ...) \
    torch_autograd_functional_jvp_args(outputs, result, TORCH_FUNCTIONAL(__VA_ARGS__))
#define torch_autograd_functional_vhp(outputs, result, ...) \
    torch_autograd_functional_vhp_args(outputs, result, TORCH_FUNCTIONAL(__VA_ARGS__))
#define torch_autograd_functional_hvp(outputs, result, ...) \
    torch_autograd_functional_hvp_args(outputs, result, TORCH_FUNCTIONAL(__VA_ARGS__))

TORCH_END

#endif
