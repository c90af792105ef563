/* Reverse-mode automatic differentiation. */
#ifndef CERILLA_AUTOGRAD_H
#define CERILLA_AUTOGRAD_H

#include "function.h"
#include "hooks.h"
#include "modes.h"

TORCH_BEGIN

/* x.backward(gradient=None, retain_graph=None, create_graph=False, inputs=None): adds d x / d leaf to every leaf's .grad.
 * x: one element, or gradient of x's shape. Frees the graph unless retain_graph (default: create_graph). No .grad changes
 * unless all of it succeeds. RuntimeError "grad can be implicitly created only for scalar outputs", "element 0 of tensors
 * does not require grad and does not have a grad_fn", "Trying to backward through the graph a second time ...". */
typedef struct torch_BackwardArgs {
    size_t struct_size;
    Tensor *self;
    Tensor *gradient;
    bool retain_graph, create_graph;
    Tensor *const *inputs; /* accumulate into these only; n_inputs of them. NULL: all leaves */
    int64_t n_inputs;
} torch_BackwardArgs;
TORCH_API torch_BackwardArgs torch_BackwardArgs_defaults(void);
TORCH_API int torch_backward_args(const torch_BackwardArgs *args);
#define torch_backward(...) \
    torch_backward_args(&(torch_BackwardArgs){.struct_size = sizeof(torch_BackwardArgs), .self = __VA_ARGS__})

/* torch.autograd.backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None): all in one go.
 * grad_tensors NULL, or one per tensor (NULL entries for those of one element).
 *     torch_autograd_backward(torch_tensors(a, b), grads, .retain_graph = true) */
typedef struct torch_AutogradBackwardArgs {
    size_t struct_size;
    Tensor *const *tensors;
    int64_t n_tensors;
    Tensor *const *grad_tensors;
    bool retain_graph, create_graph;
    Tensor *const *inputs; /* as in torch_backward */
    int64_t n_inputs;
} torch_AutogradBackwardArgs;
TORCH_API torch_AutogradBackwardArgs torch_AutogradBackwardArgs_defaults(void);
TORCH_API int torch_autograd_backward_args(const torch_AutogradBackwardArgs *args);
#define torch_autograd_backward(...) \
    torch_autograd_backward_args(    \
        &(torch_AutogradBackwardArgs){.struct_size = sizeof(torch_AutogradBackwardArgs), .tensors = __VA_ARGS__})

/* torch.autograd.grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=False):
 * result[i] = sum of d outputs / d inputs[i], borrowed; NULL where unused and allowed. .grad of leaves is not touched.
 * grad_outputs NULL, or one per output (NULL entries for one-element outputs). Returns a code; result all NULL on error. */
typedef struct torch_GradArgs {
    size_t struct_size;
    Tensor *const *outputs;
    int64_t n_outputs;
    Tensor *const *inputs;
    int64_t n_inputs;
    Tensor *const *grad_outputs;
    bool retain_graph, create_graph, allow_unused;
} torch_GradArgs;
TORCH_API torch_GradArgs torch_GradArgs_defaults(void);
TORCH_API int torch_autograd_grad_args(Tensor **result, const torch_GradArgs *args);
TORCH_API Tensor *torch_autograd_grad_one(Tensor *output, Tensor *input, const torch_GradArgs *args);
/* torch.autograd.grad(y, x, ...)[0] for one output and one input; keywords as above: torch_autograd_grad(y, x, .create_graph = true) */
#define torch_autograd_grad(output, ...) torch_autograd_grad_(output, __VA_ARGS__, )
#define torch_autograd_grad_(output, input, ...) \
    torch_autograd_grad_one(output, input, &(torch_GradArgs){__VA_ARGS__.struct_size = sizeof(torch_GradArgs)})

TORCH_API bool torch_requires_grad(const Tensor *x); /* x.requires_grad */
/* x.requires_grad_(b): leaves of floating dtype; returns x */
TORCH_API Tensor *torch_requires_grad_(Tensor *x, bool requires_grad);
TORCH_API bool torch_is_leaf(const Tensor *x); /* x.is_leaf */
/* x.grad, borrowed while x lives; NULL is None, no error */
TORCH_API Tensor *torch_grad(const Tensor *x);
/* x.grad = grad; NULL is None. Shape and dtype must match */
TORCH_API int torch_set_grad(Tensor *x, Tensor *grad);
/* x.data: shares memory, but neither history nor version, so that no graph sees what is written through it */
TORCH_API Tensor *torch_data(Tensor *x);
/* x.data = y: x shows y's memory from now on, in y's shape and dtype; its history, grad and version stay. A code */
TORCH_API int torch_set_data(Tensor *x, Tensor *y);
TORCH_API Tensor *torch_detach(Tensor *x);            /* x.detach(): shares memory, no history */
TORCH_API Tensor *torch_detach_(Tensor *x);           /* x.detach_(): cuts x off its history; returns x */
TORCH_API const char *torch_grad_fn(const Tensor *x); /* x.grad_fn's name, "MulBackward0"; NULL is None */

TORCH_END

#endif
