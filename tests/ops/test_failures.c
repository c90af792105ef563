/* What every op does when it cannot: a missing operand, an error that is already pending, and memory that runs out at any
 * point of forward and backward. Each time an error, no result, nothing changed and nothing left behind. */
#include <stdio.h>
#include <stdlib.h>

#include "core/random.h"
#include "samples.h"
#include "tests/support.h"

/* The first case of the sample only: the ways to fail do not depend on the numbers. */
typedef struct First {
    void (*visit)(const Case *c);
    bool done;
} First;

static void visit_first(const Case *c, void *data)
{
    First *first = data;
    if (!first->done) first->visit(c);
    first->done = true;
}

static void on_first_case(int sample, void (*visit)(const Case *c))
{
    First first = {.visit = visit};
    torch_set_warning_handler(NULL);
    each_case(&samples[sample], visit_first, &first);
    ck_assert(first.done);
}

/* ---- NULL -------------------------------------------------------------------------------------------------------- */

static bool may_be_missing(const Case *c, char name) /* an optional bias; what is fed to the gradient of a 0-d loss */
{
    const char *python = c->sample->python;
    return strstr(python, "given") || strstr(python, "sorter=") || strstr(python, "histogram(x, 3, weight=") ||
           (name == 'y' && strstr(python, "per_sample_weights=y")) ||
           (name == 'z' && (strstr(python, "F.linear") || strstr(python, "F.bilinear") ||
                            strstr(python, "grad_of(F.mse_loss(x, y),")));
}

static void without_each_input(const Case *c)
{
    Inputs in;
    for (int k = 0; k < c->n; k++) {
        torch_scope();
        char name = INPUT_NAMES[c->given[k].which];
        if (may_be_missing(c, name)) continue;
        ck_assert(case_inputs(c, &in));
        in.t[c->given[k].which] = NULL;
        Tensor *r = c->sample->call(&in);
        ck_assert_msg(!r, "%s, %s: a result without %c", c->sample->python, c->key, name);
        ck_assert_msg(torch_error() != NULL, "%s, %s: no error without %c", c->sample->python, c->key, name);
        torch_error_clear();
    }
}

START_TEST(null_is_an_error)
{
    on_first_case(_i, without_each_input);
}
END_TEST

/* Our own words: PyTorch cannot be asked for a NULL. */
START_TEST(null_is_named)
{
    Tensor *x = torch_ones(2), *none = NULL;
    ck_assert_ptr_null(torch_add(none, x));
    ck_assert_error(TORCH_TYPE_ERROR, "add(): argument (position 1) must be Tensor, not NoneType");
    ck_assert_ptr_null(torch_mm(x, none));
    ck_assert_error(TORCH_TYPE_ERROR, "mm(): argument (position 2) must be Tensor, not NoneType");
    ck_assert_ptr_null(torch_index(x, NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "index: the index text is NULL");
    ck_assert_ptr_null(torch_add(1, 2));
    ck_assert_error(TORCH_TYPE_ERROR, "add(): expected a Tensor, got numbers only");
}
END_TEST

/* Where there is no LAPACK. Only in a process of its own: it is looked for once. */
START_TEST(no_lapack_is_an_error)
{
    const char *fork_mode = getenv("CK_FORK");
    if (fork_mode && strcmp(fork_mode, "no") == 0) return;
    setenv("CERILLA_LAPACK", "none", 1);
    ck_assert_ptr_null(torch_linalg_inv(torch_ones(2, 2)));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "linalg.inv: no LAPACK was found on this system (CERILLA_LAPACK may name one; Debian's "
                    "package is libopenblas0-pthread)");
}
END_TEST

/* ---- pending ----------------------------------------------------------------------------------------------------- */

static void while_pending(const Case *c)
{
    torch_scope();
    Inputs in;
    ck_assert(case_inputs(c, &in));
    torch_manual_seed(7);
    int64_t asked = torch_allocations();
    int raised = support_errors_raised();
    torch_error_raise(TORCH_VALUE_ERROR, "test", "the first error");
    Tensor *r = c->sample->call(&in);
    ck_assert_msg(!r, "%s, %s: a result while an error was pending", c->sample->python, c->key);
    ck_assert_int_eq(support_errors_raised(), raised + 1);
    ck_assert_msg(torch_allocations() == asked, "%s, %s: memory was asked for while an error was pending",
                  c->sample->python, c->key);
    ck_assert_error(TORCH_VALUE_ERROR, "the first error");
}

START_TEST(pending_error_is_silence)
{
    on_first_case(_i, while_pending);
}
END_TEST

/* ---- out of memory ----------------------------------------------------------------------------------------------- */

static bool forward_backward(const Case *c, const Inputs *in, Tensor *g)
{
    torch_scope();
    torch_manual_seed(7);
    Tensor *r = c->sample->call(in);
    if (r && g) torch_backward(r, g);
    return r && !torch_error();
}

/* The gradient that backward is fed, in a scope of the caller; NULL where there is no backward. */
static Tensor *gradient_for(const Case *c, const Inputs *in)
{
    int64_t scope = torch_scope_push();
    Tensor *g = NULL, *r = c->sample->call(in);
    torch_error_clear();
    if (r && torch_requires_grad(r)) {
        torch_Size size = torch_shape(r);
        g = made('g', torch_dtype_of(r) == torch_float64 ? 'd' : 'f', size.ndim, size.dim);
        if (torch_dtype_of(r) != torch_dtype_of(g)) g = NULL;
        torch_escape(g);
    }
    torch_scope_pop(scope);
    return g;
}

/* Every input gets a .grad of its own, to see that no failing backward touches it. */
static void preset_grads(const Inputs *in)
{
    for (int k = 0; k < INPUTS; k++)
        if (in->t[k] && torch_requires_grad(in->t[k]))
            torch_set_grad(in->t[k], torch_full_like(torch_detach(in->t[k]), 0.5));
}

static bool grads_are_preset(const Inputs *in)
{
    for (int k = 0; k < INPUTS; k++) {
        Tensor *g = in->t[k] && torch_requires_grad(in->t[k]) ? torch_grad(in->t[k]) : NULL;
        for (int64_t i = 0; g && i < torch_numel(g); i++)
            if (support_element(g, i) != 0.5) return false;
    }
    return true;
}

static void failing_everywhere(const Case *c)
{
    torch_scope();
    Inputs in;
    ck_assert(case_inputs(c, &in));
    Tensor *g = gradient_for(c, &in);
    bool works = forward_backward(c, &in, g), again = works;
    torch_error_clear();
    preset_grads(&in);
    forward_backward(c, &in, g); /* now as often again as below: room for headers is there */
    torch_error_clear();
    preset_grads(&in);
    int64_t n = torch_allocations();
    forward_backward(c, &in, g);
    n = torch_allocations() - n;
    torch_error_clear();
    preset_grads(&in);
    int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes();
    for (int64_t k = 1; k <= n; k++) {
        torch_fail_allocation(k);
        bool fine = forward_backward(c, &in, g);
        torch_fail_allocation(0);
        ck_assert_msg(!fine && torch_error(), "%s, %s: allocation %lld of %lld failed without an error",
                      c->sample->python, c->key, (long long)k, (long long)n);
        if (works)
            ck_assert_msg(torch_error_code() == TORCH_MEMORY_ERROR || torch_error_code() == TORCH_RUNTIME_ERROR,
                          "%s, %s: %s", c->sample->python, c->key, torch_error());
        torch_error_clear();
        ck_assert_msg(torch_live_tensors() == tensors && torch_live_nodes() == nodes,
                      "%s, %s: allocation %lld of %lld failed, and left %lld tensors, %lld nodes", c->sample->python,
                      c->key, (long long)k, (long long)n, (long long)(torch_live_tensors() - tensors),
                      (long long)(torch_live_nodes() - nodes));
        ck_assert_msg(grads_are_preset(&in), "%s, %s: allocation %lld of %lld failed, and a .grad changed",
                      c->sample->python, c->key, (long long)k, (long long)n);
    }
    again = forward_backward(c, &in, g);
    torch_error_clear();
    ck_assert_msg(again == works, "%s, %s: does not work again", c->sample->python, c->key);
}

START_TEST(memory_runs_out)
{
    on_first_case(_i, failing_everywhere);
}
END_TEST

static TCase *failures(void)
{
    TCase *c = test_case("failures", null_is_named, no_lapack_is_an_error);
    tcase_add_loop_test(c, null_is_an_error, 0, n_samples);
    tcase_add_loop_test(c, pending_error_is_silence, 0, n_samples);
    tcase_add_loop_test(c, memory_runs_out, 0, n_samples);
    return c;
}

SUITE_MAIN("ops_failures", failures)
