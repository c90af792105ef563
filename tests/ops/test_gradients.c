/* The samples of samples.def once more, without PyTorch: gradients against central differences in float64, gradients of those
 * gradients likewise, and every allocation of a forward and backward failing in turn. */
#include "core/random.h"
#include "samples.h"
#include "tests/support.h"

enum { FEW = 24 }; /* elements per input that are worth perturbing */

/* Cases that have a derivative everywhere near their inputs: float64 only, no special values. */
static bool is_smooth(const Case *c)
{
    if (c->mixed || strstr(c->sample->python, "detach") || strstr(c->sample->python, "/ 0")) return false; /* cut off; infinite */
    for (int i = 0; i < c->n; i++) {
        char name = INPUT_NAMES[c->given[i].which];
        int64_t numel = 1;
        for (int64_t d = 0; d < c->given[i].ndim; d++) numel *= c->given[i].shape[d];
        if (name == 's' || name == 't' || numel > FEW) return false;
        if (c->given[i].letter != 'd' && name != 'i' && name != 'b') return false;
    }
    return true;
}

static Tensor *upstream(const Tensor *r)
{
    torch_Size size = torch_shape(r);
    return made('g', 'd', size.ndim, size.dim);
}

/* <r, g>: a number from a case's result */
static double weighed(const Case *c, const Inputs *in)
{
    torch_scope();
    torch_manual_seed(7);
    Tensor *r = c->sample->call(in);
    return torch_item(torch_sum(torch_mul(r, upstream(r))));
}

/* Gradients of <r, g> for the inputs that require grad; NULL where one does not take part. */
static int first_gradients(const Case *c, const Inputs *in, bool create_graph, Tensor **gradient)
{
    Tensor *wanted[INPUTS];
    int n = 0;
    for (int k = 0; k < INPUTS; k++)
        if (in->t[k] && torch_requires_grad(in->t[k])) wanted[n++] = in->t[k];
    torch_manual_seed(7);
    Tensor *r = c->sample->call(in), *g = r ? upstream(r) : NULL;
    torch_autograd_grad_args(gradient, &(torch_GradArgs){.outputs = &r, .n_outputs = 1, .inputs = wanted, .n_inputs = n, .grad_outputs = &g,
                                                         .create_graph = create_graph, .allow_unused = true,
                                                         .struct_size = sizeof(torch_GradArgs)});
    return n;
}

/* sum over inputs of <gradient, v>: a number whose gradients are second derivatives */
static Tensor *weighed_gradients(Tensor *const *gradient, int n)
{
    Tensor *sum = torch_zeros_n(0, NULL, torch_float64);
    for (int k = 0; k < n; k++)
        if (gradient[k]) sum = torch_add(sum, torch_sum(torch_mul(gradient[k], upstream(gradient[k]))));
    return sum;
}

static double second_order(const Case *c, const Inputs *in)
{
    torch_scope();
    Tensor *gradient[INPUTS];
    int n = first_gradients(c, in, false, gradient);
    return torch_item(weighed_gradients(gradient, n));
}

/* Compares gradient[] with differences of `value` as each element of each input moves a little. */
static void compare_with_differences(const Case *c, const Inputs *in, Tensor *const *gradient, double (*value)(const Case *, const Inputs *),
                                     const char *what)
{
    const double h = 1e-6;
    int n = 0;
    for (int k = 0; k < INPUTS; k++) {
        if (!in->t[k] || !torch_requires_grad(in->t[k])) continue;
        Tensor *x = torch_detach(in->t[k]), *g = gradient[n++];
        torch_Size size = torch_shape(x);
        for (int64_t i = 0; i < torch_numel(x); i++) {
            double *element = torch_data_ptr(x);
            int64_t rest = i;
            for (int64_t d = size.ndim; d-- > 0; rest /= size.dim[d]) element += rest % size.dim[d] * torch_stride(x, d);
            double kept = *element;
            *element = kept + h;
            double up = value(c, in);
            *element = kept - h;
            double down = value(c, in);
            *element = kept;
            double numeric = (up - down) / (2 * h), analytic = g ? support_element(g, i) : 0;
            ck_assert_msg(fabs(numeric - analytic) <= 2e-5 * (1 + fabs(numeric)), "%s [%s]: %s of input %c, element %lld: %.9g, by differences %.9g",
                          c->sample->python, c->key, what, INPUT_NAMES[k], (long long)i, analytic, numeric);
        }
    }
}

/* The result, if the case has one whose gradient can be looked at. */
static bool has_gradient(const Case *c, Inputs *in)
{
    if (!is_smooth(c) || !case_inputs(c, in)) return false;
    torch_manual_seed(7);
    Tensor *r = c->sample->call(in);
    bool fine = r && torch_requires_grad(r) && torch_dtype_of(r) == torch_float64;
    torch_error_clear();
    return fine;
}

static void check_first(const Case *c, void *unused)
{
    torch_scope();
    Inputs in;
    if (!has_gradient(c, &in)) return;
    Tensor *gradient[INPUTS];
    first_gradients(c, &in, false, gradient);
    ck_assert_no_error();
    compare_with_differences(c, &in, gradient, weighed, "gradient");
    (void)unused;
}

static void check_second(const Case *c, void *unused)
{
    torch_scope();
    Inputs in;
    if (!has_gradient(c, &in)) return;
    Tensor *gradient[INPUTS], *twice[INPUTS] = {NULL}, *wanted[INPUTS];
    int n = first_gradients(c, &in, true, gradient), k = 0;
    ck_assert_no_error();
    Tensor *number = weighed_gradients(gradient, n);
    for (int i = 0; i < INPUTS; i++)
        if (in.t[i] && torch_requires_grad(in.t[i])) wanted[k++] = in.t[i];
    if (torch_requires_grad(number))
        torch_autograd_grad_args(twice, &(torch_GradArgs){.outputs = &number, .n_outputs = 1, .inputs = wanted, .n_inputs = n, .allow_unused = true,
                                                          .struct_size = sizeof(torch_GradArgs)});
    ck_assert_no_error();
    compare_with_differences(c, &in, twice, second_order, "second derivative");
    (void)unused;
}

START_TEST(gradients_are_right)
{
    torch_set_warning_handler(NULL);
    each_case(&samples[_i], check_first, NULL);
}
END_TEST

START_TEST(second_derivatives_are_right)
{
    torch_set_warning_handler(NULL);
    each_case(&samples[_i], check_second, NULL);
}
END_TEST

/* ---- every differentiable record is met by one of these checks -------------------------------------------------------------------- */

static void note(const Case *c, void *checked)
{
    torch_scope();
    Inputs in;
    if (has_gradient(c, &in)) *(bool *)checked = true;
}

START_TEST(every_vjp_is_checked)
{
    torch_set_warning_handler(NULL);
    for (int64_t i = 0; i < cer_n_ops; i++) {
        if (!cer_ops[i]->vjp) continue;
        bool checked = false;
        for (int k = 0; k < n_samples && !checked; k++)
            if (samples[k].op == cer_ops[i]) each_case(&samples[k], note, &checked);
        ck_assert_msg(checked, "no sample of %s (%s) has a gradient in float64", cer_ops[i]->name, cer_ops[i]->grad_name);
    }
}
END_TEST

/* ---- out of memory ------------------------------------------------------------------------------------------------------------------ */

static void check_allocations(const Case *c, void *done)
{
    if (*(bool *)done || c->n == 0) return;
    *(bool *)done = true; /* the first case of each sample will do */
    torch_scope();
    Inputs in;
    ck_assert(case_inputs(c, &in));
    int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes();
    for (int64_t k = 1;; k++) {
        int64_t scope = torch_scope_push();
        torch_manual_seed(7);
        torch_fail_allocation(k);
        Tensor *r = c->sample->call(&in);
        bool backward = r && torch_requires_grad(r) && torch_dtype_is_floating_point(torch_dtype_of(r));
        if (backward) torch_backward(torch_sum(r));
        torch_fail_allocation(0);
        torch_Code code = torch_error_code();
        torch_error_clear();
        torch_scope_pop(scope);
        if (code != TORCH_MEMORY_ERROR) break; /* it went through, or ended in the error that the sample is about */
        for (int i = 0; i < INPUTS; i++)
            if (in.t[i]) ck_assert_msg(!torch_grad(in.t[i]), "%s: a gradient after failure %lld", c->sample->python, (long long)k);
        ck_assert_msg(torch_live_tensors() == tensors, "%s: %lld tensors more after failure %lld", c->sample->python,
                      (long long)(torch_live_tensors() - tensors), (long long)k);
        ck_assert_msg(torch_live_nodes() <= nodes + INPUTS, "%s: nodes are left after failure %lld", c->sample->python, (long long)k);
        ck_assert_int_lt(k, 10000);
    }
}

START_TEST(any_allocation_may_fail)
{
    torch_set_warning_handler(NULL);
    bool done = false;
    each_case(&samples[_i], check_allocations, &done);
}
END_TEST

static TCase *walk(void)
{
    TCase *c = test_case("gradients", every_vjp_is_checked);
    tcase_add_loop_test(c, gradients_are_right, 0, n_samples);
    tcase_add_loop_test(c, second_derivatives_are_right, 0, n_samples);
    tcase_add_loop_test(c, any_allocation_may_fail, 0, n_samples);
    return c;
}

SUITE_MAIN("ops gradients", walk)
