/* Gradients against central differences, in float64, for every sample that has one: the first derivative, and the second
 * through create_graph. Empty inputs must at least run. */
#include <stdio.h>

#include "core/random.h"
#include "samples.h"
#include "tests/support.h"

enum { ELEMENTS = 12 }; /* of each input that are moved */
static const double step = 1e-6;

/* ---- a scalar function of tensors, and its gradient -------------------------------------------------------------- */

typedef struct Problem {
    const Case *c;
    Inputs in;
    Tensor *g; /* what backward is fed */
    bool twice;
} Problem;

static double weighted(const Tensor *t, const Tensor *weights) /* sum of t times weights */
{
    double sum = 0;
    for (int64_t i = 0; i < torch_numel(t); i++) sum += support_element(t, i) * support_element(weights, i);
    return sum;
}

static Tensor *weights_for(const Tensor *t)
{
    torch_Size size = torch_shape(t);
    return made('v', 'd', size.ndim, size.dim);
}

static Tensor *forward(const Problem *p)
{
    torch_manual_seed(7);
    return p->c->sample->call(&p->in);
}

/* First gradients of sum(result * g); those of inputs that it does not depend on are NULL. */
static bool gradients(const Problem *p, bool create_graph, Tensor *grad[INPUTS])
{
    Tensor *r = forward(p), *inputs[INPUTS], *found[INPUTS], *g = p->g;
    int which[INPUTS], n = 0;
    memset(grad, 0, sizeof(Tensor *) * INPUTS);
    for (int k = 0; k < INPUTS; k++)
        if (p->in.t[k] && torch_requires_grad(p->in.t[k])) inputs[n] = p->in.t[k], which[n++] = k;
    torch_GradArgs a = {.struct_size = sizeof a,
                        .outputs = &r,
                        .n_outputs = 1,
                        .inputs = inputs,
                        .n_inputs = n,
                        .grad_outputs = &g,
                        .create_graph = create_graph,
                        .allow_unused = true};
    if (!r || torch_autograd_grad_args(found, &a) != TORCH_OK) return false;
    for (int i = 0; i < n; i++) grad[which[i]] = found[i];
    return true;
}

/* What is differentiated: sum(result * g), or the sum of the first gradients, weighted. */
static double objective(const Problem *p)
{
    double sum = 0;
    torch_scope();
    if (!p->twice) {
        Tensor *r = forward(p);
        return r ? weighted(r, p->g) : (double)NAN;
    }
    Tensor *grad[INPUTS];
    if (!gradients(p, true, grad)) return (double)NAN;
    for (int k = 0; k < INPUTS; k++)
        if (grad[k]) sum += weighted(grad[k], weights_for(grad[k]));
    return sum;
}

/* The gradient of the objective, by the engine; the last is that of g. */
static bool derivative(const Problem *p, Tensor *grad[INPUTS + 1])
{
    Tensor *first[INPUTS], *outputs[INPUTS], *weights[INPUTS], *inputs[INPUTS + 1], *found[INPUTS + 1];
    int which[INPUTS + 1], n = 0, n_out = 0;
    grad[INPUTS] = NULL;
    if (!p->twice) return gradients(p, false, grad);
    memset(grad, 0, sizeof(Tensor *) * (INPUTS + 1));
    if (!gradients(p, true, first)) return false;
    for (int k = 0; k < INPUTS; k++) {
        if (p->in.t[k] && torch_requires_grad(p->in.t[k])) inputs[n] = p->in.t[k], which[n++] = k;
        if (first[k] && torch_requires_grad(first[k]))
            outputs[n_out] = first[k], weights[n_out++] = weights_for(first[k]);
    }
    inputs[n] = p->g;
    which[n++] = INPUTS;
    if (n_out == 0) return true; /* all of them constant */
    torch_GradArgs a = {.struct_size = sizeof a,
                        .outputs = outputs,
                        .n_outputs = n_out,
                        .inputs = inputs,
                        .n_inputs = n,
                        .grad_outputs = weights,
                        .allow_unused = true};
    if (torch_autograd_grad_args(found, &a) != TORCH_OK) return false;
    for (int i = 0; i < n; i++) grad[which[i]] = found[i];
    return true;
}

/* ---- differences ------------------------------------------------------------------------------------------------- */

static double *element_of(Tensor *t, int64_t i)
{
    torch_Size size = torch_shape(t);
    double *data = torch_data_ptr(t);
    for (int64_t d = size.ndim; d-- > 0; i /= size.dim[d]) data += i % size.dim[d] * torch_stride(t, d);
    return data;
}

static void compare(const Problem *p, Tensor *input, char name, const Tensor *grad)
{
    int64_t n = torch_numel(input), count = n < ELEMENTS ? n : ELEMENTS;
    for (int64_t k = 0; k < count; k++) {
        int64_t i = k * n / count;
        double *at = element_of(input, i), before = *at;
        *at = before + step;
        double above = objective(p);
        *at = before - step;
        double below = objective(p);
        *at = before;
        double slope = (above - below) / (2 * step), have = grad ? support_element(grad, i) : 0;
        if (!(fabs(slope - have) <= 1e-6 * (1 + fabs(slope))))
            ck_abort_msg("%s, %s: %s derivative by %c[%lld] is %.12g, differences say %.12g (%s)", p->c->sample->python,
                         p->c->key, p->twice ? "second" : "first", name, (long long)i, have, slope,
                         torch_error() ? torch_error() : "no error");
    }
}

static void check(Problem *p, int *checked)
{
    Tensor *grad[INPUTS + 1];
    if (!derivative(p, grad))
        ck_abort_msg("%s, %s: %s derivative: %s", p->c->sample->python, p->c->key, p->twice ? "second" : "first",
                     torch_error());
    for (int k = 0; k < INPUTS; k++)
        if (p->in.t[k] && torch_requires_grad(p->in.t[k])) compare(p, p->in.t[k], INPUT_NAMES[k], grad[k]);
    if (p->twice) compare(p, p->g, 'g', grad[INPUTS]);
    ++*checked;
}

/* Powers of 0 are constant where they are finite; PyTorch's second derivative there, and so ours, is 0 times infinity. The
 * backward of ctc_loss has no derivative. */
static bool twice_differentiable(const Case *c)
{
    return !strstr(c->sample->python, "0 ** ") && strcmp(c->sample->record, "ctc_loss") != 0;
}

static bool all_finite(const Tensor *t)
{
    for (int64_t i = 0; i < torch_numel(t); i++)
        if (!isfinite(support_element(t, i))) return false;
    return true;
}

/* What PyTorch has no derivative of: an op whose backward is an error. */
static bool without_formula(const char *grad_name)
{
    return grad_name && (strcmp(grad_name, "NotImplemented") == 0 || strcmp(grad_name, "NextafterBackward0") == 0 ||
                         strncmp(grad_name, "Unique", 6) == 0);
}

/* float64 throughout, no special values, and nothing that hides a dependence. */
static bool suits(const Case *c)
{
    if (c->mixed || strstr(c->sample->python, "detach")) return false;
    for (int k = 0; k < c->n; k++) {
        char name = INPUT_NAMES[c->given[k].which];
        if (name == 's' || name == 't' || (!strchr("bin", name) && c->given[k].letter != 'd')) return false;
    }
    return true;
}

static void check_case(const Case *c, void *checked)
{
    if (!suits(c)) return;
    torch_scope();
    Problem p = {.c = c};
    ck_assert(case_inputs(c, &p.in));
    Tensor *r = forward(&p);
    torch_error_clear(); /* a sample of what is refused */
    if (r && without_formula(torch_grad_fn(r))) return;
    if (!r || !torch_requires_grad(r) || torch_is_leaf(r) || torch_dtype_of(r) != torch_float64 || !all_finite(r))
        return;
    torch_Size size = torch_shape(r);
    p.g = torch_requires_grad_(made('g', 'd', size.ndim, size.dim), true);
    check(&p, checked);
    p.twice = true;
    if (twice_differentiable(c)) check(&p, checked);
}

START_TEST(follows_differences)
{
    int checked = 0;
    torch_set_warning_handler(NULL);
    each_case(&samples[_i], check_case, &checked);
    ck_assert_no_error();
}
END_TEST

/* ---- every record with a vjp is among them ----------------------------------------------------------------------- */

START_TEST(every_vjp_is_checked)
{
    /* constant in their input; and a conversion, whose other type is too coarse for differences: test_table.c compares it */
    static const char *const elsewhere[] = {"uniform_",   "normal_",      "bernoulli_", "random_",
                                            "random_to_", "random_from_", "normal",     "to"};
    torch_set_warning_handler(NULL);
    for (int64_t i = 0; i < cer_n_ops; i++) {
        int checked = 0;
        if (!cer_ops[i]->vjp) continue;
        for (int k = 0; k < n_samples && !checked; k++)
            if (samples[k].op == cer_ops[i]) each_case(&samples[k], check_case, &checked);
        bool exempt = without_formula(cer_ops[i]->grad_name);
        for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++)
            exempt |= strcmp(elsewhere[k], cer_ops[i]->name) == 0;
        ck_assert_msg(checked || exempt, "no sample in float64 differentiates %s (%s)", cer_ops[i]->name,
                      cer_ops[i]->grad_name);
    }
}
END_TEST

static TCase *gradients_of_samples(void)
{
    TCase *c = test_case("table", every_vjp_is_checked);
    tcase_add_loop_test(c, follows_differences, 0, n_samples);
    return c;
}

SUITE_MAIN("ops_gradients", gradients_of_samples)
