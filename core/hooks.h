/* Functions of yours that the backward pass calls with the gradients that come by; and the graph, to walk it. */
#ifndef CERILLA_HOOKS_H
#define CERILLA_HOOKS_H

#include "tensor.h"

TORCH_BEGIN

/* ---- hooks of tensors -----------------------------------------------------------------------------------------------
 * x.register_hook(function): called with the gradient of x when it is complete. What it returns, of the same shape and
 * dtype, takes the gradient's place; NULL leaves it. In order of registration; of leaves too, before .grad is made.
 *     Tensor *halve(Tensor *grad, void *data) { return torch_mul(grad, 0.5); }
 *     torch_Hook h = torch_register_hook(x, halve, NULL);      torch_remove_hook(h);
 * RuntimeError "cannot register a hook on a tensor that doesn't require gradient". */
typedef Tensor *(*torch_TensorHook)(Tensor *grad, void *data);
typedef struct torch_Hook {
    uint64_t id; /* 0: none, after an error */
} torch_Hook;
/* end, if not NULL, is called with data: when the graph ends, or after the next backward once the hook is removed */
TORCH_API torch_Hook torch_register_hook_named(Tensor *x, torch_TensorHook function, void *data,
                                               void (*end)(void *data), const char *name);
TORCH_API void torch_remove_hook(torch_Hook hook); /* handle.remove(); also twice, and after its graph is gone */
#ifndef __cplusplus
#define torch_register_hook(x, function, data) torch_register_hook_named(x, function, data, NULL, #function)
#endif
TORCH_API int torch_retain_grad(Tensor *x); /* x.retain_grad(): keep .grad of a non-leaf */

/* ---- the graph ------------------------------------------------------------------------------------------------------
 * x.grad_fn as a node. Borrowed: it lives as long as x, or any result that was made from x, has its graph. */
typedef struct torch_Node torch_Node;
TORCH_API torch_Node *torch_grad_fn_node(const Tensor *x);                /* x.grad_fn; NULL is None, no error */
TORCH_API const char *torch_Node_name(const torch_Node *n);               /* n.name(): "MulBackward0";      NULL */
TORCH_API int64_t torch_Node_n_next(const torch_Node *n);                 /* len(n.next_functions);      0 */
TORCH_API torch_Node *torch_Node_next(const torch_Node *n, int64_t i);    /* n.next_functions[i][0]; NULL is None */
TORCH_API int64_t torch_Node_next_output(const torch_Node *n, int64_t i); /* n.next_functions[i][1];      0 */
TORCH_API Tensor *torch_Node_variable(const torch_Node *n); /* n.variable of an AccumulateGrad; else NULL */

/* n.register_prehook, n.register_hook: called before and after the node's own backward. The arrays hold NULL where there
 * is no gradient. A prehook may set entries of grad_outputs (it gets no grad_inputs), a hook entries of grad_inputs. */
typedef void (*torch_NodeHook)(Tensor **grad_inputs, int64_t n_inputs, Tensor **grad_outputs, int64_t n_outputs,
                               void *data);
TORCH_API torch_Hook torch_Node_register_hook_named(torch_Node *n, bool before, torch_NodeHook function, void *data,
                                                    void (*end)(void *data), const char *name);
#ifndef __cplusplus
#define torch_Node_register_hook(n, function, data) \
    torch_Node_register_hook_named(n, false, function, data, NULL, #function)
#define torch_Node_register_prehook(n, function, data) \
    torch_Node_register_hook_named(n, true, function, data, NULL, #function)
#endif

TORCH_END

#endif
