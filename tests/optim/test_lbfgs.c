/* LBFGS against PyTorch's answers in tests/reference/optim/lbfgs.txt: losses and parameters after every step within rounding,
 * evaluations and iterations exactly; resumed from a state_dict in the middle; and with every allocation failing once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/support.h"

enum { STEPS = 6, LINE = 4096 };

/* ---- the problems ------------------------------------------------------------------------------------------------ */

typedef struct Problem {
    Tensor *x, *y, *a; /* y: a parameter without a gradient, or NULL */
    optim_Optimizer *o;
    Tensor *(*loss)(const struct Problem *p);
} Problem;

static Tensor *rosenbrock_loss(const Problem *p)
{
    Tensor *x0 = torch_select(p->x, 0, 0), *x1 = torch_select(p->x, 0, 1);
    Tensor *valley = torch_pow(torch_sub(x1, torch_pow(x0, 2)), 2);
    return torch_add(torch_pow(torch_rsub(x0, 1), 2), torch_mul(valley, 100));
}

static Tensor *fit_loss(const Problem *p)
{
    Tensor *off = torch_sub(torch_matmul(p->a, torch_view(p->x, 21)), 1);
    return torch_add(torch_mean(torch_pow(off, 2)), torch_div(torch_sum(torch_pow(p->x, 4)), 10));
}

static Tensor *numbers(const double *v, torch_dtype dtype, int64_t n)
{
    return torch_to(torch_tensor_n(v, torch_float64, 1, &n), dtype);
}

static Tensor *start(int n, torch_dtype dtype)
{
    double v[32];
    for (int i = 0; i < n; i++) v[i] = ((i * 37 + n) % 64 - 32) / 16.0;
    return numbers(v, dtype, n);
}

static Problem rosenbrock(torch_dtype dtype)
{
    return (Problem){.x = torch_requires_grad_(numbers((double[]){-1.5, 2}, dtype, 2), true), .loss = rosenbrock_loss};
}

static Problem fit(torch_dtype dtype)
{
    double v[126];
    for (int i = 0; i < 126; i++) v[i] = ((i * 29 + 11) % 101 - 50) / 64.0;
    Tensor *x = torch_view(start(21, dtype), 3, 7), *y = start(5, dtype);
    return (Problem){.x = torch_requires_grad_(torch_detach(x), true),
                     .y = torch_requires_grad_(y, true),
                     .a = torch_view(numbers(v, dtype, 126), 6, 21),
                     .loss = fit_loss};
}

static Tensor *closure(void *data)
{
    const Problem *p = data;
    optim_zero_grad(p->o);
    Tensor *loss = p->loss(p);
    torch_backward(loss);
    return loss;
}

/* ---- the rows ---------------------------------------------------------------------------------------------------- */

#define NAME_OF(line) make_##line
#define NAME(line) NAME_OF(line)
#define LBFGS(problem, letters, python, ...)                                                   \
    static Problem NAME(__LINE__)(torch_dtype dtype)                                           \
    {                                                                                          \
        Problem p = problem(dtype);                                                            \
        torch_ParameterList params = p.y ? torch_parameters(p.x, p.y) : torch_parameters(p.x); \
        p.o = optim_LBFGS(params, __VA_ARGS__);                                                \
        return p;                                                                              \
    }
#include "lbfgs.def"
#undef LBFGS

typedef struct Row {
    const char *problem, *letters, *python;
    Problem (*make)(torch_dtype dtype);
} Row;
static const Row rows[] = {
#define LBFGS(problem, letters, python, ...) {#problem, letters, python, NAME(__LINE__)},
#include "lbfgs.def"
#undef LBFGS
};
enum { N_ROWS = sizeof rows / sizeof *rows };

/* ---- against PyTorch --------------------------------------------------------------------------------------------- */

static FILE *open_row(const Row *row, char *line)
{
    char head[512];
    snprintf(head, sizeof head, "= %s\t%s\n", row->problem, row->python);
    FILE *f = fopen("tests/reference/optim/lbfgs.txt", "r");
    while (f && fgets(line, LINE, f))
        if (strcmp(line, head) == 0) return f;
    ck_abort_msg("lbfgs.txt has no row %s, %s: run make_lbfgs.py", row->problem, row->python);
    return NULL;
}

static void check_number(const char *what, double have, double want, double tolerance)
{
    bool same = have == want || (isnan(have) && isnan(want)) || fabs(have - want) <= tolerance * fmax(1, fabs(want));
    ck_assert_msg(same, "%s is %.9g, expected %.9g", what, have, want);
}

static void check_step(const Problem *p, Tensor *loss, const char *expected, double tolerance)
{
    char *end = NULL;
    ck_assert_msg(loss != NULL, "step: %s", torch_error());
    check_number("the loss", torch_item(loss), strtod(expected, &end), tolerance);
    check_number("func_evals", torch_item(optim_state(p->o, p->x, "func_evals")), strtod(end, &end), 0);
    check_number("n_iter", torch_item(optim_state(p->o, p->x, "n_iter")), strtod(end, &end), 0);
    for (int64_t i = 0; i < torch_numel(p->x); i++)
        check_number("x", support_element(p->x, i), strtod(end, &end), tolerance);
}

/* The same optimizer with what a state_dict holds. */
static void resume(Problem *p, const Row *row, torch_dtype dtype)
{
    Problem fresh = row->make(dtype);
    ck_assert_int_eq(optim_load_state_dict(fresh.o, optim_state_dict(p->o)), TORCH_OK);
    torch_no_grad();
    torch_copy_(fresh.x, p->x);
    optim_free(p->o);
    *p = fresh;
}

static void run(const Row *row, torch_dtype dtype, FILE *f, char *line)
{
    Problem p = row->make(dtype);
    double tolerance = dtype == torch_float64 ? 1e-8 : 2e-4;
    for (int k = 0; k < STEPS && fgets(line, LINE, f); k++) {
        torch_scope();
        if (strncmp(line, "repr\t", 5) == 0 || strncmp(line, "dtype\t", 6) == 0) {
            k--;
            continue;
        }
        Tensor *loss = optim_step_closure(p.o, closure, &p);
        if (*line == '!') {
            ck_assert_error(TORCH_RUNTIME_ERROR, "only 'strong_wolfe' is supported");
            break;
        }
        check_step(&p, loss, line + strlen("step\t"), tolerance);
        if (k == 2) break;
    }
    if (*line == 's') resume(&p, row, dtype);
    for (int k = 3; k < STEPS && *line == 's' && fgets(line, LINE, f); k++) {
        torch_scope();
        check_step(&p, optim_step_closure(p.o, closure, &p), line + strlen("step\t"), tolerance);
    }
    optim_free(p.o);
}

START_TEST(as_pytorch)
{
    static char line[LINE];
    FILE *f = open_row(&rows[_i], line);
    for (const char *c = rows[_i].letters; *c; c++) run(&rows[_i], *c == 'f' ? torch_float32 : torch_float64, f, line);
    fclose(f);
}
END_TEST

START_TEST(prints)
{
    static char line[LINE];
    FILE *f = open_row(&rows[_i], line);
    ck_assert_ptr_nonnull(fgets(line, LINE, f));
    fclose(f);
    Problem p = rows[_i].make(torch_float32);
    const char *text = optim_str(p.o), *want = line + strlen("repr\t");
    for (; *want && *want != '\n'; want++, text++) {
        if (*want == '\\') want++;
        if (strstr(rows[_i].python, "foo") && strncmp(want, "foo", 3) == 0)
            break; /* ours prints what it can search with */
        ck_assert_msg(*text == *want || (*text == '\n' && *want == 'n'), "repr differs at: %.40s, expected %.40s", text,
                      want);
    }
    optim_free(p.o);
}
END_TEST

/* ---- errors and memory ------------------------------------------------------------------------------------------- */

static Tensor *no_loss(void *data)
{
    (void)data;
    return NULL;
}

START_TEST(refusals)
{
    Problem p = rosenbrock(torch_float32);
    p.o = optim_LBFGS(torch_parameters(p.x));
    ck_assert_int_ne(optim_step(p.o), TORCH_OK);
    ck_assert_error(TORCH_TYPE_ERROR, "LBFGS.step() missing 1 required positional argument: 'closure'");
    ck_assert_ptr_null(optim_step_closure(p.o, no_loss, NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "the closure of LBFGS returned no loss");
    optim_add_param_group_n(p.o, torch_parameters(torch_requires_grad_(torch_ones(2), true)), NULL);
    ck_assert_ptr_null(optim_step_closure(p.o, closure, &p));
    ck_assert_error(TORCH_VALUE_ERROR, "LBFGS doesn't support per-parameter options (parameter groups)");
    optim_free(p.o);
}
END_TEST

START_TEST(memory_runs_out)
{
    for (int64_t nth = 1; nth < 100000; nth += 1 + nth / 50) {
        torch_scope();
        torch_fail_allocation(nth);
        Problem p = rosenbrock(torch_float32);
        p.o =
            p.x ? optim_LBFGS(torch_parameters(p.x), .max_iter = 6, .history_size = 2, .line_search_fn = "strong_wolfe")
                : NULL;
        if (p.o) optim_step_closure(p.o, closure, &p);
        torch_fail_allocation(0);
        bool fine = !torch_error();
        torch_error_clear();
        optim_free(p.o);
        if (fine) return;
    }
    ck_abort_msg("never enough memory");
}
END_TEST

static TCase *pytorch(void)
{
    TCase *t = tcase_create("pytorch");
    tcase_add_loop_test(t, as_pytorch, 0, N_ROWS);
    tcase_add_loop_test(t, prints, 0, N_ROWS);
    return t;
}

static TCase *complaints(void)
{
    return test_case("complaints", refusals, memory_runs_out);
}

SUITE_MAIN("lbfgs", pytorch, complaints)
