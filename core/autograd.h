/* Reverse-mode automatic differentiation. */
#ifndef CERILLA_AUTOGRAD_H
#define CERILLA_AUTOGRAD_H

#include "hooks.h"

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
TORCH_API Tensor *torch_detach(Tensor *x);            /* x.detach(): shares memory, no history */
TORCH_API Tensor *torch_detach_(Tensor *x);           /* x.detach_(): cuts x off its history; returns x */
TORCH_API const char *torch_grad_fn(const Tensor *x); /* x.grad_fn's name, "MulBackward0"; NULL is None */

/* Grad mode of the context. As declarations they last to the end of the block:
 *   torch_no_grad();   torch_enable_grad();   torch_inference_mode(); */
TORCH_API bool torch_is_grad_enabled(void);
TORCH_API bool torch_set_grad_enabled(bool enabled); /* returns what was set before */
TORCH_API void torch_grad_mode_leave(const bool *before);
#ifdef TORCH_CLEANUP
#define torch_grad_mode_(enabled) \
    TORCH_CLEANUP(torch_grad_mode_leave) bool TORCH_JOIN(torch_grad_mode_, __LINE__) = torch_set_grad_enabled(enabled)
#define torch_no_grad() torch_grad_mode_(false)
#define torch_enable_grad() torch_grad_mode_(true)
#define torch_inference_mode() torch_grad_mode_(false)
#endif

TORCH_END

#endif
