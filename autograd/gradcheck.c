/* gradcheck in its slow mode: the Jacobian by differences beside the one by backward, element by element of every input. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "autograd/gradcheck.h"
#include "core/op.h"
#include "core/print.h"
#include "ops/ops.h"

typedef struct Check {
    const torch_GradcheckArgs *a;
    bool failed;          /* a GradcheckError, told or not */
    bool *differentiable; /* by output */
    int64_t *n_out;       /* elements of each output */
    double *
        *numerical; /* [output * n_inputs + input]: elements of the input times those of the output; NULL: not wanted */
} Check;

torch_GradcheckArgs torch_GradcheckArgs_defaults(void)
{
    return (torch_GradcheckArgs){.struct_size = sizeof(torch_GradcheckArgs),
                                 .eps = 1e-6,
                                 .atol = 1e-5,
                                 .rtol = 1e-3,
                                 .n_outputs = 1,
                                 .raise_exception = true,
                                 .check_undefined_grad = true};
}

/* A GradcheckError: raised only if the caller wants that. */
static bool mismatch(Check *c, const char *text)
{
    c->failed = true;
    if (c->a->raise_exception) cer_raise(TORCH_RUNTIME_ERROR, "gradcheck", "%s", text);
    return false;
}

static void *block(int64_t n, size_t size) /* zeros that the innermost scope owns */
{
    size_t bytes = (size_t)(n > 0 ? n : 1) * size;
    void *p = cer_pool_string(bytes);
    if (p) memset(p, 0, bytes);
    return p;
}

static Tensor **evaluate(const torch_GradcheckArgs *a)
{
    Tensor **out = block(a->n_outputs, sizeof *out);
    if (!out) return NULL;
    a->func(a->inputs, a->n_inputs, out, a->data);
    for (int64_t k = 0; !cer_error_pending() && k < a->n_outputs; k++) cer_usable(out[k], "gradcheck", (int)k + 1);
    return cer_error_pending() ? NULL : out;
}

static bool wanted(const Tensor *t)
{
    return t && torch_requires_grad(t);
}

static bool check_inputs(const torch_GradcheckArgs *a)
{
    bool any = false;
    for (int64_t i = 0; i < a->n_inputs; i++) {
        if (!wanted(a->inputs[i])) continue;
        any = true;
        if (torch_dtype_of(a->inputs[i]) != torch_float64)
            torch_warn("UserWarning",
                       "Input #%lld requires gradient and is not a double precision floating point or complex. This "
                       "check will likely fail if all the inputs are not of double precision floating point or "
                       "complex. ",
                       (long long)i);
        for (int64_t d = 0; d < torch_dim(a->inputs[i]); d++)
            if (torch_stride(a->inputs[i], d) == 0 && torch_size(a->inputs[i], d) > 1)
                return cer_raise(TORCH_RUNTIME_ERROR, "gradcheck",
                                 "The %lldth input has a dimension with stride 0. gradcheck only supports inputs that "
                                 "are non-overlapping to be able to compute the numerical gradients correctly. You "
                                 "should call .contiguous on the input before passing it to gradcheck.",
                                 (long long)i);
    }
    if (cer_error_pending()) return false;
    return any || cer_raise(TORCH_VALUE_ERROR, "gradcheck",
                            "gradcheck expects at least one input tensor to require gradient, but none of the them "
                            "have requires_grad=True.");
}

/* ---- numerical --------------------------------------------------------------------------------------------------- */

static char *element(const Tensor *t, int64_t i)
{
    int64_t offset = 0;
    for (int64_t d = torch_dim(t); d-- > 0;) {
        int64_t size = torch_size(t, d);
        offset += i % size * torch_stride(t, d);
        i /= size;
    }
    return (char *)torch_data_ptr(t) + offset * (int64_t)torch_dtype_size(torch_dtype_of(t));
}

static Tensor **with_element(const torch_GradcheckArgs *a, char *at, torch_dtype type, double value)
{
    cer_convert(at, type, &value, torch_float64, 1);
    Tensor **out = evaluate(a);
    for (int64_t k = 0; out && k < a->n_outputs; k++)
        if (!(out[k] = torch_flatten(torch_clone(torch_detach(out[k]))))) return NULL;
    return out;
}

static bool read_values(const Tensor *t, double *to) /* of a contiguous one */
{
    return t && cer_convert(to, torch_float64, torch_data_ptr(t), torch_dtype_of(t), torch_numel(t));
}

static bool same_form(const Check *c, const Tensor *t, int64_t k)
{
    return torch_numel(t) == c->n_out[k] ||
           cer_raise(TORCH_RUNTIME_ERROR, "gradcheck",
                     "Expected `func` to return outputs with the same shape when inputs are perturbed by %s.",
                     torch_repr(c->a->eps));
}

/* Row e of the Jacobians with respect to input i. */
static bool numerical_row(Check *c, int64_t i, int64_t e)
{
    torch_scope();
    const torch_GradcheckArgs *a = c->a;
    torch_dtype type = torch_dtype_of(a->inputs[i]);
    char *at = element(a->inputs[i], e);
    double was, before, after;
    cer_convert(&was, torch_float64, at, type, 1);
    before = was - a->eps;
    after = was + a->eps;
    Tensor **lower = with_element(a, at, type, before), **upper = lower ? with_element(a, at, type, after) : NULL;
    cer_convert(at, type, &was, torch_float64, 1);
    for (int64_t k = 0; upper && k < a->n_outputs; k++) {
        double *to = c->numerical[k * a->n_inputs + i];
        if (!torch_is_floating_point(upper[k])) continue;
        if (!same_form(c, lower[k], k) || !same_form(c, upper[k], k)) return false;
        if (!read_values(torch_div(torch_sub(upper[k], lower[k]), 2 * a->eps), to + e * c->n_out[k])) return false;
    }
    return upper != NULL;
}

static bool numerical(Check *c)
{
    const torch_GradcheckArgs *a = c->a;
    c->numerical = block(a->n_outputs * a->n_inputs, sizeof *c->numerical);
    for (int64_t i = 0; c->numerical && i < a->n_inputs; i++) {
        if (!wanted(a->inputs[i])) continue;
        int64_t n = torch_numel(a->inputs[i]);
        for (int64_t k = 0; k < a->n_outputs; k++)
            if (!(c->numerical[k * a->n_inputs + i] = block(n * c->n_out[k], sizeof(double)))) return false;
        for (int64_t e = 0; e < n; e++)
            if (!numerical_row(c, i, e)) return false;
    }
    return c->numerical && !cer_error_pending();
}

/* ---- analytical -------------------------------------------------------------------------------------------------- */

/* The inputs that take part, and where they stand. */
static Tensor **leaves(const torch_GradcheckArgs *a, int64_t *n)
{
    Tensor **in = block(a->n_inputs, sizeof *in);
    *n = 0;
    for (int64_t i = 0; in && i < a->n_inputs; i++)
        if (wanted(a->inputs[i])) in[(*n)++] = a->inputs[i];
    return in;
}

static bool backward(Tensor **grad, Tensor *const *out, int64_t n_out, Tensor *const *with, Tensor *const *in,
                     int64_t n)
{
    torch_GradArgs args = torch_GradArgs_defaults();
    args.outputs = out;
    args.n_outputs = n_out;
    args.inputs = in;
    args.n_inputs = n;
    args.grad_outputs = with;
    args.retain_graph = args.allow_unused = true;
    return torch_autograd_grad_args(grad, &args) == TORCH_OK;
}

/* Column j of the Jacobians of one output, into jacobian[input]. */
static bool analytical_column(const Check *c, Tensor *out, int64_t j, double *const *jacobian)
{
    torch_scope();
    const torch_GradcheckArgs *a = c->a;
    int64_t n, columns = torch_numel(out);
    Tensor **in = leaves(a, &n), **grad = block(n, sizeof *grad);
    Tensor *one = torch_zeros_like(torch_contiguous(torch_detach(out)));
    double unit = 1;
    if (!in || !grad || !one) return false;
    cer_convert(element(one, j), torch_dtype_of(one), &unit, torch_float64, 1);
    if (!backward(grad, &out, 1, &one, in, n)) return false;
    for (int64_t i = 0, at = 0; i < a->n_inputs; i++) {
        if (!wanted(a->inputs[i])) continue;
        Tensor *g = grad[at++];
        if (!g) continue;
        int64_t rows = torch_numel(g);
        double *values = block(rows, sizeof *values);
        if (!values || !read_values(torch_contiguous(g), values)) return false;
        for (int64_t r = 0; r < rows; r++) jacobian[i][r * columns + j] = values[r];
    }
    return true;
}

static double **analytical(const Check *c, Tensor *out)
{
    const torch_GradcheckArgs *a = c->a;
    int64_t columns = torch_numel(out);
    double **jacobian = block(a->n_inputs, sizeof *jacobian);
    for (int64_t i = 0; jacobian && i < a->n_inputs; i++) {
        if (!wanted(a->inputs[i])) continue;
        if (!(jacobian[i] = block(torch_numel(a->inputs[i]) * columns, sizeof(double)))) return NULL;
    }
    for (int64_t j = 0; jacobian && j < columns; j++)
        if (!analytical_column(c, out, j, jacobian)) return NULL;
    return jacobian;
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static bool close(double a, double n, double rtol, double atol)
{
    return a == n || fabs(a - n) <= atol + rtol * fabs(n);
}

static const char *shown(const double *values, int64_t rows, int64_t columns, torch_dtype type)
{
    int64_t size[2] = {rows, columns};
    return torch_str(torch_to(torch_tensor_n(values, torch_float64, 2, size), type));
}

/* output, input: as PyTorch counts them, which is those that require grad. */
static bool tell_mismatch(Check *c, const Tensor *out, int64_t k, int64_t output, int64_t i, int64_t input,
                          const double *made, const double *want)
{
    char text[1024];
    int64_t rows = torch_numel(c->a->inputs[i]), columns = c->n_out[k];
    const char *numbers = shown(want, rows, columns, torch_dtype_of(out));
    const char *gradients = shown(made, rows, columns, torch_dtype_of(c->a->inputs[i]));
    if (!numbers || !gradients) return false;
    snprintf(text, sizeof text,
             "Jacobian mismatch for output %lld with respect to input %lld,\nnumerical:%s\nanalytical:%s\n",
             (long long)output, (long long)input, numbers, gradients);
    return mismatch(c, text);
}

#define NOT_REENTRANT                                                                                           \
    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives "   \
    "different "                                                                                                \
    "values, although analytical gradient matches numerical gradient.The tolerance for nondeterminism was "     \
    "%s.\n\nNOTE: "                                                                                             \
    "If your op relies on non-deterministic operations i.e., it is listed here:\n"                              \
    "https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html\nthis failure might be " \
    "expected."

static bool check_output(Check *c, Tensor *out, int64_t k, int64_t output)
{
    torch_scope();
    const torch_GradcheckArgs *a = c->a;
    double **first = analytical(c, out), **second = first ? analytical(c, out) : NULL;
    if (!second) return false;
    for (int64_t i = 0; i < a->n_inputs; i++) {
        int64_t n = first[i] ? torch_numel(a->inputs[i]) * c->n_out[k] : 0;
        for (int64_t e = 0; e < n; e++) {
            if (close(first[i][e], second[i][e], 0, a->nondet_tol)) continue;
            char text[1024];
            snprintf(text, sizeof text, NOT_REENTRANT, torch_repr(a->nondet_tol));
            return mismatch(c, text);
        }
    }
    for (int64_t i = 0, input = 0; i < a->n_inputs; i++) {
        if (!first[i]) continue;
        const double *want = c->numerical[k * a->n_inputs + i];
        int64_t n = torch_numel(a->inputs[i]) * c->n_out[k];
        for (int64_t e = 0; e < n; e++)
            if (!close(first[i][e], want[e], a->rtol, a->atol))
                return tell_mismatch(c, out, k, output, i, input, first[i], want);
        input++;
    }
    return true;
}

static bool check_constant(Check *c)
{
    for (int64_t i = 0; i < c->a->n_inputs; i++)
        for (int64_t k = 0; k < c->a->n_outputs; k++) {
            const double *want = c->numerical[k * c->a->n_inputs + i];
            int64_t n = want ? torch_numel(c->a->inputs[i]) * c->n_out[k] : 0;
            for (int64_t e = 0; e < n; e++)
                if (want[e] != 0) return mismatch(c, "Numerical gradient for function expected to be zero");
        }
    return true;
}

static bool all_zero(const Tensor *t)
{
    for (int64_t i = 0; t && i < torch_numel(t); i++) {
        double value;
        cer_convert(&value, torch_float64, element(t, i), torch_dtype_of(t), 1);
        if (value != 0) return false;
    }
    return true;
}

/* Gradients of zero, all of them or (left: one output) without one, must give zero. */
static bool check_zero(Check *c, Tensor *const *out, int64_t left)
{
    torch_scope();
    const torch_GradcheckArgs *a = c->a;
    int64_t n, n_used = 0;
    Tensor **in = leaves(a, &n), **grad = block(n, sizeof *grad), **used = block(a->n_outputs, sizeof *used);
    Tensor **with = block(a->n_outputs, sizeof *with);
    if (!in || !grad || !used || !with) return false;
    for (int64_t k = 0; k < a->n_outputs; k++) {
        if (!c->differentiable[k] || k == left) continue;
        used[n_used] = out[k];
        if (!(with[n_used++] = torch_zeros_like(torch_contiguous(torch_detach(out[k]))))) return false;
    }
    if (n_used == 0) return true;
    if (!backward(grad, used, n_used, with, in, n)) return false;
    for (int64_t i = 0; i < n; i++) {
        if (all_zero(grad[i])) continue;
        return mismatch(c, left < 0 ? "backward not multiplied by grad_output"
                                    : "Expected all input grads to be undefined or zero when all output grads are "
                                      "undefined or zero. Please look at \"Notes about undefined output gradients\" in "
                                      "\"tools/autograd/derivatives.yaml\"");
    }
    return true;
}

static bool check_zeros(Check *c, Tensor *const *out, int64_t n_differentiable)
{
    if (!check_zero(c, out, -1)) return false;
    for (int64_t k = 0; c->a->check_undefined_grad && n_differentiable > 1 && k < c->a->n_outputs; k++)
        if (c->differentiable[k] && !check_zero(c, out, k)) return false;
    return true;
}

static bool gradcheck(Check *c)
{
    const torch_GradcheckArgs *a = c->a;
    if (!check_inputs(a)) return false;
    Tensor **out = evaluate(a);
    c->differentiable = block(a->n_outputs, sizeof *c->differentiable);
    c->n_out = block(a->n_outputs, sizeof *c->n_out);
    if (!out || !c->differentiable || !c->n_out) return false;
    int64_t n = 0;
    for (int64_t k = 0; k < a->n_outputs; k++) {
        c->n_out[k] = torch_numel(out[k]);
        c->differentiable[k] = wanted(out[k]);
        n += c->differentiable[k];
    }
    if (!numerical(c)) return false;
    if (n == 0) return check_constant(c);
    for (int64_t k = 0, output = 0; k < a->n_outputs; k++)
        if (c->differentiable[k] && !check_output(c, out[k], k, output++)) return false;
    return check_zeros(c, out, n);
}

bool torch_gradcheck_args(const torch_GradcheckArgs *a)
{
    if (cer_error_pending()) return false;
    if (!a->func) return cer_raise(TORCH_TYPE_ERROR, "gradcheck", "'NoneType' object is not callable");
    Check c = {.a = a};
    torch_scope();
    torch_enable_grad();
    return gradcheck(&c) && !cer_error_pending();
}

/* ---- gradgradcheck: gradcheck of the function that makes the gradients ------------------------------------------- */

typedef struct Second {
    const torch_GradcheckArgs *a;
    int64_t n_grads; /* gradients that exist */
    bool *exists;    /* by differentiable input */
} Second;

static Tensor **first_gradients(const Second *s, Tensor *const *in, int64_t n_in, int64_t *n)
{
    const torch_GradcheckArgs *a = s->a;
    torch_GradcheckArgs here = *a;
    here.inputs = in;
    Tensor **out = evaluate(&here), **used = block(a->n_outputs, sizeof *used), **grad;
    Tensor **leaf = leaves(&here, n);
    if (!out || !used || !leaf || !(grad = block(*n, sizeof *grad))) return NULL;
    int64_t n_used = 0;
    for (int64_t k = 0; k < a->n_outputs; k++)
        if (wanted(out[k])) used[n_used++] = out[k];
    torch_GradArgs args = torch_GradArgs_defaults();
    args.outputs = used;
    args.n_outputs = n_used;
    args.inputs = leaf;
    args.n_inputs = *n;
    args.grad_outputs = in + a->n_inputs;
    args.create_graph = args.allow_unused = true;
    if (n_used != n_in - a->n_inputs)
        return cer_raise(TORCH_RUNTIME_ERROR, "gradgradcheck", "got %lld tensors and %lld gradients", (long long)n_used,
                         (long long)(n_in - a->n_inputs)),
               NULL;
    return torch_autograd_grad_args(grad, &args) ? NULL : grad;
}

static void second_function(Tensor *const *in, int64_t n_in, Tensor **out, void *data)
{
    const Second *s = data;
    int64_t n, at = 0;
    Tensor **grad = first_gradients(s, in, n_in, &n);
    for (int64_t i = 0; grad && i < n; i++)
        if (s->exists[i]) out[at++] = grad[i];
}

/* The inputs, and behind them the gradients of the outputs. */
static Tensor **second_inputs(const torch_GradcheckArgs *a, int64_t *n)
{
    Tensor **out = evaluate(a), **in = block(a->n_inputs + a->n_outputs, sizeof *in);
    if (!out || !in) return NULL;
    for (*n = 0; *n < a->n_inputs; (*n)++) in[*n] = a->inputs[*n];
    for (int64_t k = 0, given = 0; k < a->n_outputs; k++) {
        if (!wanted(out[k])) continue;
        Tensor *g = a->grad_outputs ? a->grad_outputs[given++]
                                    : torch_uniform_(torch_zeros_like(torch_contiguous(torch_detach(out[k]))), -1, 1);
        if (!a->grad_outputs) torch_requires_grad_(g, true);
        if (cer_error_pending()) return NULL;
        in[(*n)++] = g;
    }
    return in;
}

bool torch_gradgradcheck_args(const torch_GradcheckArgs *a)
{
    if (cer_error_pending()) return false;
    if (!a->func) return cer_raise(TORCH_TYPE_ERROR, "gradgradcheck", "'NoneType' object is not callable");
    torch_scope();
    torch_enable_grad();
    torch_GradcheckArgs second = *a;
    Second s = {.a = a};
    int64_t n, n_in = 0;
    second.inputs = second_inputs(a, &n_in);
    s.exists = block(a->n_inputs, sizeof *s.exists);
    if (!second.inputs || !s.exists) return false;
    second.n_inputs = n_in;
    if (n_in > a->n_inputs) {
        Tensor **grad = first_gradients(&s, second.inputs, n_in, &n);
        for (int64_t i = 0; grad && i < n; i++) s.n_grads += s.exists[i] = grad[i] != NULL;
        if (!grad) return false;
    }
    second.func = second_function;
    second.data = &s;
    second.n_outputs = s.n_grads;
    return torch_gradcheck_args(&second);
}
