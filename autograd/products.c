/* torch.autograd.functional: products of a vector with the jacobian or the hessian, from either side. */
#include "autograd/steps.h"

static int end(bool fine, Tensor **outputs, int64_t n_outputs, Tensor **result, int64_t n_result)
{
    if (fine) return TORCH_OK;
    cer_clear(outputs, n_outputs);
    cer_clear(result, n_result);
    return torch_error_code();
}

int torch_autograd_functional_vjp_args(Tensor **outputs, Tensor **result, const torch_FunctionalArgs *a)
{
    cer_clear(outputs, a->n_outputs);
    cer_clear(result, a->n_inputs);
    torch_scope();
    torch_enable_grad();
    Tensor **in = cer_prepared(a), **out = cer_evaluated(a, in, "vjp");
    Tensor **v = cer_vectors(a, out, a->n_outputs,
                             "The vector v can only be None if the user-provided function returns a single Tensor with "
                             "a single element.");
    Tensor **grad = v ? cer_gradients(out, a->n_outputs, in, a->n_inputs, v, a->create_graph, false) : NULL;
    bool fine = cer_fill_in_zeros(a, grad, in, a->n_inputs, CER_BACK) && cer_hand_out(a, outputs, out, a->n_outputs) &&
                cer_hand_out(a, result, grad, a->n_inputs);
    return end(fine, outputs, a->n_outputs, result, a->n_inputs);
}

#define ONE_INPUT                                                                                                \
    "The vector v can only be None if the input to the user-provided function is a single Tensor with a single " \
    "element."

/* The backward is linear in the gradients that go into it: its own backward, whatever these are, is the product. */
int torch_autograd_functional_jvp_args(Tensor **outputs, Tensor **result, const torch_FunctionalArgs *a)
{
    cer_clear(outputs, a->n_outputs);
    cer_clear(result, a->n_outputs);
    torch_scope();
    torch_enable_grad();
    Tensor **in = cer_prepared(a), **v = cer_vectors(a, in, a->n_inputs, ONE_INPUT);
    Tensor **out = v ? cer_evaluated(a, in, "jvp") : NULL, **zero = cer_zeros_like(out, a->n_outputs);
    Tensor **back = zero ? cer_gradients(out, a->n_outputs, in, a->n_inputs, zero, true, false) : NULL;
    if (!back || !cer_all_require_grad(a, back, a->n_inputs, CER_GRAD_INPUTS)) back = NULL;
    Tensor **grad =
        back ? cer_gradients(back, a->n_inputs, zero, a->n_outputs, v, a->create_graph, a->create_graph) : NULL;
    bool fine = cer_fill_in_zeros(a, grad, out, a->n_outputs, CER_BACK_TRICK) &&
                cer_hand_out(a, outputs, out, a->n_outputs) && cer_hand_out(a, result, grad, a->n_outputs);
    return end(fine, outputs, a->n_outputs, result, a->n_outputs);
}

/* The gradient of the one output, itself to be differentiated. */
static Tensor **gradient(const torch_FunctionalArgs *a, Tensor **in, Tensor **out, const char *name)
{
    if (!out || !cer_one_element(a, out[0], name)) return NULL;
    Tensor **jacobian = cer_gradients(out, 1, in, a->n_inputs, NULL, true, false);
    return jacobian && cer_all_require_grad(a, jacobian, a->n_inputs, CER_JACOBIAN) ? jacobian : NULL;
}

int torch_autograd_functional_vhp_args(Tensor **outputs, Tensor **result, const torch_FunctionalArgs *a)
{
    cer_clear(outputs, 1);
    cer_clear(result, a->n_inputs);
    torch_scope();
    torch_enable_grad();
    Tensor **in = cer_prepared(a), **v = cer_vectors(a, in, a->n_inputs, ONE_INPUT);
    Tensor **out = v ? cer_evaluated(a, in, "vhp") : NULL, **jacobian = gradient(a, in, out, "vhp");
    Tensor **grad =
        jacobian ? cer_gradients(jacobian, a->n_inputs, in, a->n_inputs, v, a->create_graph, a->create_graph) : NULL;
    bool fine = cer_fill_in_zeros(a, grad, in, a->n_inputs, CER_DOUBLE_BACK) && cer_hand_out(a, outputs, out, 1) &&
                cer_hand_out(a, result, grad, a->n_inputs);
    return end(fine, outputs, 1, result, a->n_inputs);
}

int torch_autograd_functional_hvp_args(Tensor **outputs, Tensor **result, const torch_FunctionalArgs *a)
{
    int64_t n = a->n_inputs;
    cer_clear(outputs, 1);
    cer_clear(result, n);
    torch_scope();
    torch_enable_grad();
    Tensor **in = cer_prepared(a), **v = cer_vectors(a, in, n, ONE_INPUT);
    Tensor **out = v ? cer_evaluated(a, in, "hvp") : NULL, **jacobian = gradient(a, in, out, "hvp");
    Tensor **zero = cer_zeros_like(jacobian ? in : NULL, n);
    Tensor **back = zero ? cer_gradients(jacobian, n, in, n, zero, true, false) : NULL;
    if (!back || !cer_all_require_grad(a, jacobian, n, CER_HESSIAN)) back = NULL;
    Tensor **grad = back ? cer_gradients(back, n, zero, n, v, a->create_graph, a->create_graph) : NULL;
    bool fine = cer_fill_in_zeros(a, grad, in, n, CER_DOUBLE_BACK_TRICK) && cer_hand_out(a, outputs, out, 1) &&
                cer_hand_out(a, result, grad, n);
    return end(fine, outputs, 1, result, n);
}
