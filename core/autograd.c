/* The public face of the engine: backward, grad, and what a tensor knows of its history. */
#include <string.h>

#include "engine.h"

/* ---- roots ------------------------------------------------------------------------------------------------------- */

static Tensor *ones_for(const Tensor *x)
{
    Tensor *one = cer_empty(x->dtype, x->ndim, x->shape);
    if (!one) return NULL;
    int64_t n = 1;
    cer_convert(one->data, one->dtype, &n, torch_int64, 1);
    return one;
}

/* The gradient that the caller gave for output i, or the implicit 1. */
static Tensor *root_gradient(const char *op, const Tensor *x, Tensor *given, int64_t i)
{
    if (!given) {
        if (x->numel == 1) return ones_for(x);
        cer_raise(TORCH_RUNTIME_ERROR, op, "grad can be implicitly created only for scalar outputs");
        return NULL;
    }
    if (!cer_usable(given, op, 2)) return NULL;
    if (given->ndim == x->ndim && memcmp(given->shape, x->shape, sizeof(int64_t) * x->ndim) == 0)
        return cer_to(given, x->dtype);
    torch_Size a = torch_shape(given), b = torch_shape(x);
    cer_raise(TORCH_RUNTIME_ERROR, op,
              "Mismatch in shape: grad_output[%lld] has a shape of %s and output[%lld] has a shape of %s.",
              (long long)i, torch_size_str(a), (long long)i, torch_size_str(b));
    return NULL;
}

static bool root_of(const char *op, Tensor *x, Tensor *given, int64_t i, cer_Root *root)
{
    if (!cer_usable(x, op, 1) || !cer_fresh(x)) return false;
    if (!(x->flags & CER_REQUIRES_GRAD))
        return cer_raise(TORCH_RUNTIME_ERROR, op,
                         "element %lld of tensors does not require grad and does not have a grad_fn", (long long)i);
    root->gradient = root_gradient(op, x, given, i);
    if (!root->gradient) return false;
    root->node = x->node ? x->node : cer_accumulator(x);
    root->output = x->output;
    return root->node || cer_raise_memory(op, sizeof(cer_Node));
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

bool cer_engine_is_input(const cer_Engine *e, const cer_Node *n)
{
    for (int64_t i = 0; i < e->n_inputs; i++)
        if (e->inputs[i]->node == n) return true;
    return false;
}

bool cer_engine_capture(cer_Engine *e, const cer_Node *n, uint32_t output, Tensor *gradient)
{
    for (int64_t i = 0; i < e->n_inputs; i++)
        if (e->inputs[i]->node == n && e->inputs[i]->output == output) {
            cer_retain(gradient);
            e->captured[i] = gradient;
        }
    return true;
}

static bool check_inputs(const char *op, Tensor *const *inputs, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!cer_usable(inputs[i], op, (int)i + 1) || !cer_fresh(inputs[i])) return false;
        if (!(inputs[i]->flags & CER_REQUIRES_GRAD))
            return cer_raise(TORCH_RUNTIME_ERROR, op, "One of the differentiated Tensors does not require grad");
        if (!inputs[i]->node && !cer_accumulator(inputs[i])) return cer_raise_memory(op, sizeof(cer_Node));
    }
    return true;
}

/* ---- torch.autograd.grad ----------------------------------------------------------------------------------------- */

torch_GradArgs torch_GradArgs_defaults(void)
{
    return (torch_GradArgs){.struct_size = sizeof(torch_GradArgs)};
}

static bool grad_roots(const torch_GradArgs *a, cer_Root *roots)
{
    for (int64_t i = 0; i < a->n_outputs; i++)
        if (!root_of("grad", a->outputs[i], a->grad_outputs ? a->grad_outputs[i] : NULL, i, &roots[i])) return false;
    return true;
}

/* Hands what was captured to the scope. */
static bool deliver(const torch_GradArgs *a, Tensor **result)
{
    bool missing = false;
    for (int64_t i = 0; i < a->n_inputs; i++) missing |= !result[i];
    if (missing && !a->allow_unused)
        cer_raise(TORCH_RUNTIME_ERROR, "grad",
                  "One of the differentiated Tensors appears to not have been used in the graph. Set "
                  "allow_unused=True if this is the desired behavior.");
    torch_Context *c = cer_context();
    bool fine = !c->code && cer_pool_reserve(c, a->n_inputs);
    for (int64_t i = 0; i < a->n_inputs; i++) {
        if (fine && result[i]) cer_pool_put(c, result[i]);
        if (fine) continue;
        cer_release(result[i]);
        result[i] = NULL;
    }
    return fine;
}

int torch_autograd_grad_args(Tensor **result, const torch_GradArgs *a)
{
    for (int64_t i = 0; i < a->n_inputs; i++) result[i] = NULL;
    torch_Context *c = cer_context();
    if (c->code) return c->code;
    if (a->n_inputs < 1) return torch_error_raise(TORCH_VALUE_ERROR, "grad", "grad requires non-empty inputs.");
    int64_t mark = c->pool.length;
    size_t bytes = (size_t)a->n_outputs * sizeof(cer_Root);
    cer_Root *roots = cer_alloc(bytes);
    if (!roots) return cer_raise_memory("grad", (double)bytes), c->code;
    cer_Engine e = {.retain_graph = a->retain_graph || a->create_graph,
                    .create_graph = a->create_graph,
                    .selective = true,
                    .roots = roots,
                    .n_roots = a->n_outputs,
                    .inputs = a->inputs,
                    .captured = result,
                    .n_inputs = a->n_inputs};
    bool fine = check_inputs("grad", a->inputs, a->n_inputs) && grad_roots(a, roots) && cer_engine_run(&e) == TORCH_OK;
    cer_free(roots, bytes);
    cer_pool_unwind(c, mark);
    if (fine) return deliver(a, result), c->code;
    for (int64_t i = 0; i < a->n_inputs; i++) {
        cer_release(result[i]);
        result[i] = NULL;
    }
    return c->code;
}

Tensor *torch_autograd_grad_one(Tensor *output, Tensor *input, const torch_GradArgs *args)
{
    torch_GradArgs a = args ? *args : torch_GradArgs_defaults();
    Tensor *result = NULL;
    a.outputs = &output;
    a.inputs = &input;
    a.n_outputs = a.n_inputs = 1;
    torch_autograd_grad_args(&result, &a);
    return result;
}

/* ---- backward ---------------------------------------------------------------------------------------------------- */

torch_BackwardArgs torch_BackwardArgs_defaults(void)
{
    return (torch_BackwardArgs){.struct_size = sizeof(torch_BackwardArgs)};
}

/* backward(inputs=...): into the .grad of these only; results among them keep theirs from now on. */
static bool check_targets(Tensor *const *inputs, int64_t n)
{
    if (n < 1) return cer_raise(TORCH_RUNTIME_ERROR, "backward", "'inputs' argument to backward() cannot be empty.");
    for (int64_t i = 0; i < n; i++)
        if (!cer_usable(inputs[i], "backward", (int)i + 1) || torch_retain_grad(inputs[i])) return false;
    return check_inputs("backward", inputs, n);
}

static bool backward_roots(Tensor *const *tensors, int64_t n, Tensor *const *gradients, cer_Root *roots)
{
    for (int64_t i = 0; i < n; i++)
        if (!root_of("backward", tensors[i], gradients ? gradients[i] : NULL, i, &roots[i])) return false;
    return true;
}

torch_AutogradBackwardArgs torch_AutogradBackwardArgs_defaults(void)
{
    return (torch_AutogradBackwardArgs){.struct_size = sizeof(torch_AutogradBackwardArgs)};
}

int torch_autograd_backward_args(const torch_AutogradBackwardArgs *a)
{
    torch_Context *c = cer_context();
    int64_t n = a->n_tensors, mark = c->pool.length;
    if (c->code || n < 1) return c->code;
    cer_Root one, *roots = &one;
    size_t bytes = (size_t)n * sizeof *roots;
    if (n > 1 && !(roots = cer_alloc(bytes))) return cer_raise_memory("backward", (double)bytes), c->code;
    if (backward_roots(a->tensors, n, a->grad_tensors, roots) &&
        (!a->inputs || check_targets(a->inputs, a->n_inputs))) {
        bool some = a->inputs != NULL;
        cer_Engine e = {.retain_graph = a->retain_graph || a->create_graph,
                        .create_graph = a->create_graph,
                        .selective = some,
                        .into_leaves = some,
                        .roots = roots,
                        .n_roots = n,
                        .inputs = a->inputs,
                        .n_inputs = some ? a->n_inputs : 0};
        cer_engine_run(&e);
    }
    if (n > 1) cer_free(roots, bytes);
    cer_pool_unwind(c, mark);
    return c->code;
}

int torch_backward_args(const torch_BackwardArgs *a)
{
    torch_AutogradBackwardArgs all = {sizeof all,      &a->self,        1,         &a->gradient,
                                      a->retain_graph, a->create_graph, a->inputs, a->n_inputs};
    return torch_autograd_backward_args(&all);
}

/* ---- history of a tensor ----------------------------------------------------------------------------------------- */

static bool look(const Tensor *x, const char *what)
{
    return !cer_error_pending() && cer_usable(x, what, 1) &&
           cer_fresh((Tensor *)(uintptr_t)x); /* a view's history is made lazily */
}

bool torch_requires_grad(const Tensor *x)
{
    return look(x, "requires_grad") && x->flags & CER_REQUIRES_GRAD;
}

bool torch_is_leaf(const Tensor *x)
{
    return look(x, "is_leaf") && (!x->node || x->node->leaf);
}

Tensor *torch_requires_grad_(Tensor *x, bool requires_grad)
{
    if (!look(x, "requires_grad_")) return NULL;
    bool leaf = !x->node || x->node->leaf;
    if (!leaf && !requires_grad) {
        cer_raise(
            TORCH_RUNTIME_ERROR, "requires_grad_",
            "you can only change requires_grad flags of leaf variables. If you want to use "
            "a computed variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach().");
        return NULL;
    }
    if (requires_grad && x->flags & CER_INFERENCE && !cer_context()->inference) {
        cer_raise(TORCH_RUNTIME_ERROR, "requires_grad_",
                  "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
        return NULL;
    }
    if (requires_grad && !torch_dtype_is_floating_point(x->dtype)) {
        cer_raise(TORCH_RUNTIME_ERROR, "requires_grad_", "only Tensors of floating point dtype can require gradients");
        return NULL;
    }
    if (leaf) x->flags = (uint8_t)(requires_grad ? x->flags | CER_REQUIRES_GRAD : x->flags & ~CER_REQUIRES_GRAD);
    return x;
}

Tensor *torch_grad(const Tensor *x)
{
    return look(x, "grad") ? x->grad : NULL;
}

int torch_set_grad(Tensor *x, Tensor *grad)
{
    if (!look(x, "grad") || (grad && !cer_usable(grad, "grad", 2))) return torch_error_code();
    if (grad == x) return torch_error_raise(TORCH_RUNTIME_ERROR, "grad", "can't assign Variable as its own grad");
    if (grad && grad->dtype != x->dtype)
        return torch_error_raise(TORCH_RUNTIME_ERROR, "grad", "assigned grad has data of a different type");
    if (grad && (grad->ndim != x->ndim || memcmp(grad->shape, x->shape, sizeof(int64_t) * x->ndim) != 0))
        return torch_error_raise(TORCH_RUNTIME_ERROR, "grad", "assigned grad has data of a different size");
    Tensor *old = x->grad;
    if (grad) cer_retain(grad);
    x->grad = grad;
    cer_release(old);
    return TORCH_OK;
}

const char *torch_grad_fn(const Tensor *x)
{
    return look(x, "grad_fn") && x->node && !x->node->leaf ? cer_grad_name(x->node) : NULL;
}
