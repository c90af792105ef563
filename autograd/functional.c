/* torch.autograd.functional: jacobian and hessian, and the steps that these and the products (products.c) consist of. */
#include <stdio.h>
#include <string.h>

#include "autograd/steps.h"
#include "core/print.h"
#include "ops/ops.h"

torch_FunctionalArgs torch_FunctionalArgs_defaults(void)
{
    return (torch_FunctionalArgs){.struct_size = sizeof(torch_FunctionalArgs), .n_outputs = 1};
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

Tensor **cer_tensors(int64_t n)
{
    size_t bytes = (size_t)(n > 0 ? n : 1) * sizeof(Tensor *);
    Tensor **t = (Tensor **)(void *)cer_pool_string(bytes);
    if (t) memset(t, 0, bytes);
    return t;
}

void cer_clear(Tensor **result, int64_t n)
{
    for (int64_t i = 0; result && i < n; i++) result[i] = NULL;
}

static Tensor *view_of_all(Tensor *t)
{
    torch_Size size = torch_shape(t);
    return torch_expand_n(t, size.ndim, size.dim);
}

Tensor **cer_prepared(const torch_FunctionalArgs *a)
{
    if (cer_error_pending()) return NULL;
    if (!a->func || a->n_inputs < 1 || a->n_outputs < 1)
        return cer_raise(TORCH_TYPE_ERROR, "functional", "'NoneType' object is not callable"), NULL;
    Tensor **in = cer_tensors(a->n_inputs);
    for (int64_t i = 0; in && i < a->n_inputs; i++) {
        bool linked = a->create_graph && torch_requires_grad(a->inputs[i]);
        in[i] = linked ? view_of_all(a->inputs[i]) : torch_requires_grad_(torch_detach(a->inputs[i]), true);
        if (!in[i]) return NULL;
    }
    return in;
}

Tensor **cer_evaluated(const torch_FunctionalArgs *a, Tensor *const *in, const char *name)
{
    Tensor **out = in ? cer_tensors(a->n_outputs) : NULL;
    if (!out) return NULL;
    a->func(in, a->n_inputs, out, a->data);
    for (int64_t k = 0; !cer_error_pending() && k < a->n_outputs; k++)
        if (!out[k])
            cer_raise(TORCH_TYPE_ERROR, name,
                      "The outputs of the user-provided function given to %s must be either a Tensor or a tuple of "
                      "Tensors but the value at index %lld has type <class 'NoneType'>.",
                      name, (long long)k);
    return !cer_error_pending() && cer_all_require_grad(a, out, a->n_outputs, CER_OUTPUTS_OF) ? out : NULL;
}

static bool same_size(torch_Size a, torch_Size b)
{
    return a.ndim == b.ndim && memcmp(a.dim, b.dim, sizeof(int64_t) * (size_t)a.ndim) == 0;
}

Tensor **cer_vectors(const torch_FunctionalArgs *a, Tensor *const *like, int64_t n, const char *none)
{
    Tensor **v = like ? cer_tensors(n) : NULL;
    if (!v) return NULL;
    if (!a->v) {
        if (n == 1 && torch_numel(like[0]) == 1) return v; /* NULL: 1 */
        return cer_raise(TORCH_RUNTIME_ERROR, "functional", "%s", none), NULL;
    }
    for (int64_t i = 0; i < n; i++) {
        v[i] = a->v[i];
        bool linked = a->create_graph && torch_requires_grad(v[i]);
        v[i] = linked ? view_of_all(v[i]) : torch_detach(v[i]);
        if (!v[i]) return NULL;
        torch_Size got = torch_shape(v[i]), want = torch_shape(like[i]);
        if (same_size(got, want)) continue;
        char entry[48] = "";
        if (n > 1) snprintf(entry, sizeof entry, "Entry %lld in ", (long long)i);
        return cer_raise(TORCH_RUNTIME_ERROR, "functional", "%sv has invalid size: should be %s but got %s.", entry,
                         torch_size_str(want), torch_size_str(got)),
               NULL;
    }
    return v;
}

Tensor **cer_zeros_like(Tensor *const *like, int64_t n)
{
    Tensor **z = like ? cer_tensors(n) : NULL;
    for (int64_t i = 0; z && i < n; i++)
        if (!(z[i] = torch_requires_grad_(torch_zeros_like(torch_detach(like[i])), true))) return NULL;
    return z;
}

static bool refuse(cer_InputType type, bool none, int64_t i)
{
    static const char *const text[] = {
        "Output %lld of the user-provided function does not require gradients. The outputs must be computed in a "
        "differentiable manner from the input when running in strict mode.",
        "The gradient with respect to input %lld is independent of the inputs of the user-provided function. This is "
        "not allowed in strict mode.",
        "While computing the hessian, found that the jacobian of the user-provided function with respect to input "
        "%lld is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
        "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear function "
        "for example).",
        "The hessian of the user-provided function with respect to input %lld is independent of the input. This is not "
        "allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian "
        "depends on the inputs."};
    if (none)
        return cer_raise(TORCH_RUNTIME_ERROR, "functional",
                         "The output of the user-provided function is independent of input %lld. This is not allowed "
                         "in strict mode.",
                         (long long)i);
    char message[512];
    const char *at = strstr(text[type], "%lld");
    snprintf(message, sizeof message, "%.*s%lld%s", (int)(at - text[type]), text[type], (long long)i, at + 4);
    return cer_raise(TORCH_RUNTIME_ERROR, "functional", "%s", message);
}

bool cer_all_require_grad(const torch_FunctionalArgs *a, Tensor *const *t, int64_t n, cer_InputType type)
{
    for (int64_t i = 0; a->strict && i < n; i++) {
        bool requires_grad = t[i] && torch_requires_grad(t[i]);
        if (cer_error_pending()) return false;
        if (!requires_grad) return refuse(type, !t[i], i);
    }
    return true;
}

Tensor **cer_gradients(Tensor *const *out, int64_t n_out, Tensor *const *in, int64_t n_in, Tensor *const *v,
                       bool create_graph, bool retain_graph)
{
    if (cer_error_pending()) return NULL;
    Tensor **grad = cer_tensors(n_in), **used = cer_tensors(n_out), **with = cer_tensors(n_out);
    if (!grad || !used || !with) return NULL;
    int64_t n = 0;
    for (int64_t k = 0; k < n_out; k++) {
        if (!out[k] || !torch_requires_grad(out[k])) continue;
        with[n] = v ? v[k] : NULL;
        used[n++] = out[k];
    }
    if (n == 0) return cer_error_pending() ? NULL : grad;
    torch_GradArgs args = torch_GradArgs_defaults();
    args.outputs = used;
    args.n_outputs = n;
    args.inputs = in;
    args.n_inputs = n_in;
    args.grad_outputs = with;
    args.create_graph = create_graph;
    args.retain_graph = retain_graph;
    args.allow_unused = true;
    return torch_autograd_grad_args(grad, &args) ? NULL : grad;
}

bool cer_fill_in_zeros(const torch_FunctionalArgs *a, Tensor **grad, Tensor *const *like, int64_t n, cer_Stage stage)
{
    bool twice = stage == CER_DOUBLE_BACK || stage == CER_DOUBLE_BACK_TRICK;
    for (int64_t i = 0; grad && i < n; i++) {
        if (grad[i]) {
            if (!a->strict || !a->create_graph || torch_requires_grad(grad[i])) continue;
            return cer_raise(TORCH_RUNTIME_ERROR, "functional",
                             "The %s of the user-provided function is independent of input %lld. This is not allowed "
                             "in strict mode when create_graph=True.",
                             twice ? "hessian" : "jacobian", (long long)i);
        }
        if (!a->strict) {
            grad[i] = torch_zeros_like(torch_detach(like[i]));
            if (!grad[i]) return false;
            continue;
        }
        if (stage == CER_BACK || stage == CER_DOUBLE_BACK)
            return cer_raise(TORCH_RUNTIME_ERROR, "functional",
                             "The %s of the user-provided function is independent of input %lld. This is not allowed "
                             "in strict mode.",
                             stage == CER_BACK ? "output" : "jacobian", (long long)i);
        if (stage == CER_BACK_TRICK)
            return cer_raise(TORCH_RUNTIME_ERROR, "functional",
                             "The gradient with respect to the input is independent of entry %lld in the grad_outputs "
                             "when using the double backward trick to compute forward mode gradients. This is not "
                             "allowed in strict mode.",
                             (long long)i);
        return cer_raise(TORCH_RUNTIME_ERROR, "functional",
                         "The hessian of the user-provided function is independent of entry %lld in the "
                         "grad_jacobian. This is not allowed in strict mode as it prevents from using the double "
                         "backward trick to replace forward mode AD.",
                         (long long)i);
    }
    return grad && !cer_error_pending();
}

bool cer_one_element(const torch_FunctionalArgs *a, const Tensor *out, const char *name)
{
    if (a->n_outputs != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, name, "The function given to %s should return a single Tensor", name);
    return torch_numel(out) == 1 ||
           cer_raise(TORCH_RUNTIME_ERROR, name,
                     "The Tensor returned by the function given to %s should contain a single element", name);
}

bool cer_hand_out(const torch_FunctionalArgs *a, Tensor **result, Tensor *const *t, int64_t n)
{
    for (int64_t i = 0; result && i < n; i++) {
        result[i] = a->create_graph ? t[i] : torch_detach(t[i]);
        if (!result[i]) break;
        torch_escape(result[i]);
    }
    return !cer_error_pending();
}

/* ---- jacobian ---------------------------------------------------------------------------------------------------- */

/* One row: the gradients of element j of an output. */
static Tensor **row(const torch_FunctionalArgs *a, Tensor *out, int64_t j, Tensor *const *in)
{
    Tensor *flat = torch_reshape(out, -1);
    Tensor *one = flat ? torch_select(flat, 0, j) : NULL;
    return one ? cer_gradients(&one, 1, in, a->n_inputs, NULL, a->create_graph, true) : NULL;
}

static bool check_row(const torch_FunctionalArgs *a, Tensor *const *grad, int64_t i)
{
    for (int64_t j = 0; a->strict && j < a->n_inputs; j++) {
        if (!grad[j])
            return cer_raise(TORCH_RUNTIME_ERROR, "jacobian",
                             "Output %lld of the user-provided function is independent of input %lld. This is not "
                             "allowed in strict mode.",
                             (long long)i, (long long)j);
        if (a->create_graph && !torch_requires_grad(grad[j]))
            return cer_raise(TORCH_RUNTIME_ERROR, "jacobian",
                             "The jacobian of the user-provided function is independent of input %lld. This is not "
                             "allowed in strict mode when create_graph=True.",
                             (long long)i);
    }
    return true;
}

static Tensor *joined(Tensor *const *rows, int64_t n, torch_Size out, const Tensor *in)
{
    torch_Size size = out, tail = torch_shape(in);
    if (out.ndim + tail.ndim > TORCH_MAX_DIM)
        return cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "jacobian", "a jacobian of %lld dimensions; there are at most %d",
                         (long long)(out.ndim + tail.ndim), TORCH_MAX_DIM),
               NULL;
    for (int64_t d = 0; d < tail.ndim; d++) size.dim[size.ndim++] = tail.dim[d];
    if (n == 0) return torch_zeros_n(size.ndim, size.dim, torch_dtype_of(in));
    return torch_view_n(torch_stack_n(rows, n, 0), size.ndim, size.dim);
}

/* The jacobians of output i, one for each input. */
static bool jacobian_of(const torch_FunctionalArgs *a, Tensor *out, int64_t i, Tensor *const *in, Tensor **result)
{
    int64_t n = torch_numel(out);
    Tensor **rows = cer_tensors(n * a->n_inputs);
    for (int64_t j = 0; rows && j < n; j++) {
        Tensor **grad = row(a, out, j, in);
        if (!grad || !check_row(a, grad, i)) return false;
        for (int64_t k = 0; k < a->n_inputs; k++) {
            rows[k * n + j] = grad[k] ? grad[k] : torch_zeros_like(torch_detach(in[k]));
            if (!rows[k * n + j]) return false;
        }
    }
    for (int64_t k = 0; rows && k < a->n_inputs; k++)
        if (!(result[k] = joined(rows + k * n, n, torch_shape(out), in[k]))) return false;
    return rows != NULL;
}

static int jacobian(Tensor **result, const torch_FunctionalArgs *a, const char *name)
{
    int64_t n = a->n_outputs * a->n_inputs;
    cer_clear(result, n);
    torch_scope();
    torch_enable_grad();
    Tensor **in = cer_prepared(a), **out = cer_evaluated(a, in, name), **all = out ? cer_tensors(n) : NULL;
    bool fine = all != NULL;
    for (int64_t i = 0; fine && i < a->n_outputs; i++) fine = jacobian_of(a, out[i], i, in, all + i * a->n_inputs);
    if (!fine || !cer_hand_out(a, result, all, n)) cer_clear(result, n);
    return torch_error_code();
}

int torch_autograd_functional_jacobian_args(Tensor **result, const torch_FunctionalArgs *a)
{
    return jacobian(result, a, "jacobian");
}

/* ---- hessian: the jacobian of the jacobian ----------------------------------------------------------------------- */

static void one_element(Tensor *const *in, int64_t n_in, Tensor **out, void *data)
{
    (void)n_in;
    const torch_FunctionalArgs *a = data;
    Tensor **made = cer_evaluated(a, in, "hessian");
    if (made && cer_one_element(a, made[0], "hessian")) out[0] = torch_squeeze(made[0]);
}

static void inner_jacobian(Tensor *const *in, int64_t n_in, Tensor **out, void *data)
{
    torch_FunctionalArgs a = torch_FunctionalArgs_defaults();
    a.func = one_element;
    a.data = data;
    a.inputs = in;
    a.n_inputs = n_in;
    a.create_graph = true;
    if (!torch_autograd_functional_jacobian_args(out, &a)) cer_all_require_grad(data, out, n_in, CER_JACOBIAN);
}

int torch_autograd_functional_hessian_args(Tensor **result, const torch_FunctionalArgs *a)
{
    torch_FunctionalArgs outer = *a;
    outer.func = inner_jacobian;
    outer.data = (void *)(uintptr_t)a;
    outer.n_outputs = a->n_inputs;
    if (a->func) return jacobian(result, &outer, "hessian");
    cer_clear(result, a->n_inputs * a->n_inputs);
    return torch_error_raise(TORCH_TYPE_ERROR, "hessian", "'NoneType' object is not callable");
}
