/* The walk over the optimizers: every row of rows.def against PyTorch's answer in tests/reference/optim/rows.txt:
 * errors, repr, parameters and states, bit for bit where the kernels of this CPU fuse as PyTorch's do, else within
 * rounding; resumed from a state_dict in the middle; and with every allocation failing once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/support.h"

enum { STEPS = 50, LINE = 4096 };

static optim_Optimizer *add_n(optim_Optimizer *o, Tensor *q, const optim_Option *options)
{
    optim_add_param_group_n(o, torch_parameters(q), options);
    return o;
}
#define add(o, q, ...) add_n(o, q, (const optim_Option[]){__VA_ARGS__, {NULL, 0}})

#define NAME_OF(line) make_##line
#define NAME(line) NAME_OF(line)
#define ROW(python, ...)                                           \
    static optim_Optimizer *NAME(__LINE__)(Tensor * p, Tensor * q) \
    {                                                              \
        (void)p, (void)q;                                          \
        return __VA_ARGS__;                                        \
    }
#include "rows.def"
#undef ROW

typedef struct Row {
    const char *python;
    optim_Optimizer *(*make)(Tensor *p, Tensor *q);
} Row;
static const Row rows[] = {
#define ROW(python, ...) {python, NAME(__LINE__)},
#include "rows.def"
#undef ROW
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static Tensor *numbers(int n, int k, torch_dtype dtype)
{
    double v[32];
    int64_t size = n;
    for (int i = 0; i < n; i++)
        v[i] = k < 0 ? ((i * 37 + n) % 64 - 32) / 16.0 : ((i * 29 + k * 53 + n) * 7 % 101 - 50) / 64.0;
    Tensor *t = torch_to(torch_tensor_n(v, torch_float64, 1, &size), dtype);
    return n == 21 ? torch_view(t, 3, 7) : t;
}

static Tensor *leaf(int n, torch_dtype dtype)
{
    return torch_requires_grad_(numbers(n, -1, dtype), true);
}

static int step(optim_Optimizer *o, Tensor *p, Tensor *q, int k)
{
    torch_scope();
    torch_dtype dtype = torch_dtype_of(p);
    torch_set_grad(p, numbers(21, k, dtype));
    torch_set_grad(q, k % 3 == 1 ? NULL : numbers(5, k, dtype));
    return optim_step(o);
}

/* ---- the reference ----------------------------------------------------------------------------------------------- */

static FILE *file;
static char line[LINE], *field[3];

static void next_line(void)
{
    static char none[] = "";
    if (!fgets(line, LINE, file)) *line = '\0';
    line[strcspn(line, "\n")] = '\0';
    field[0] = line;
    for (int k = 1; k < 3; k++) {
        char *tab = strchr(field[k - 1], '\t');
        field[k] = tab ? tab + 1 : none;
        if (tab) *tab = '\0';
    }
}

static void open_row(const Row *row)
{
    file = fopen("tests/reference/optim/rows.txt", "r");
    ck_assert_ptr_nonnull(file);
    do next_line();
    while (*line && (strncmp(line, "= ", 2) != 0 || strcmp(line + 2, row->python) != 0));
    ck_assert_msg(*line, "%s: not in tests/reference/optim/rows.txt: run make_optim.py", row->python);
    next_line();
}

/* Does a + alpha b round once, as in the run that made the numbers? */
static bool fused(void)
{
    Tensor *sum = torch_add_alpha(torch_full(-1.0, 1), torch_full(1 + 0x1p-13, 1), 1 - 0x1p-13);
    return torch_item(sum) != 0;
}

static void check_values(const char *what, const Tensor *t, const char *text, bool exact)
{
    ck_assert_msg(t, "%s is missing", what);
    /* numbers like NAdam's mu_product come back from a state_dict in the parameter's dtype, as in PyTorch */
    double loose = torch_dtype_of(t) == torch_float64 ? 1e-9 : 2e-5;
    int64_t n = torch_numel(t);
    for (int64_t i = 0; i < n; i++) {
        char *end;
        double expected = strtod(text, &end), got = support_element(t, i);
        ck_assert_msg(end != text, "%s: too many elements", what);
        ck_assert_msg(got == expected || (!exact && fabs(got - expected) <= loose * fmax(1, fabs(expected))),
                      "%s[%d] is %a, expected %a", what, (int)i, got, expected);
        text = end;
    }
    ck_assert_msg(!*text, "%s: too few elements", what);
}

static void check_step(const Row *row, const optim_Optimizer *o, Tensor *p, Tensor *q, bool exact)
{
    char what[200];
    for (; strcmp(field[0], "p") == 0 || strcmp(field[0], "q") == 0; next_line()) {
        Tensor *t = *field[0] == 'p' ? p : q;
        bool state = *field[2];
        snprintf(what, sizeof what, "%.120s: %s %s", row->python, field[0], state ? field[1] : "");
        check_values(what, state ? optim_state(o, t, field[1]) : t, state ? field[2] : field[1], exact);
    }
}

static void check_run(const Row *row, torch_dtype dtype, bool resume)
{
    torch_scope();
    Tensor *p = leaf(21, dtype), *q = leaf(5, dtype);
    optim_Optimizer *o = row->make(p, q);
    ck_assert_no_error();
    if (strcmp(field[0], "repr") == 0) {
        char text[1024] = "", *at = text;
        for (const char *s = optim_str(o); *s; s++) {
            if (*s == '\n') *at++ = '\\';
            *at++ = *s == '\n' ? 'n' : *s;
        }
        ck_assert_str_eq(text, field[1]);
        next_line();
    }
    for (int k = 0; k < STEPS; k++) {
        ck_assert_int_eq(step(o, p, q, k), TORCH_OK);
        if (resume && k == 4) {
            torch_StateDict *d = torch_StateDict_deepcopy(optim_state_dict(o));
            optim_free(o);
            o = row->make(p, q);
            ck_assert_int_eq(optim_load_state_dict(o, d), TORCH_OK);
            torch_StateDict_free(d);
        }
        if (strcmp(field[0], "step") != 0 || atoi(field[2]) != k + 1) continue;
        next_line();
        check_step(row, o, p, q, fused() && !(resume && dtype == torch_float64));
    }
    optim_free(o);
}

START_TEST(as_pytorch)
{
    const Row *row = &rows[_i];
    for (int resume = 0; resume < 2; resume++) {
        open_row(row);
        if (strcmp(field[0], "!") == 0) {
            Tensor *p = leaf(21, torch_float32), *q = leaf(5, torch_float32);
            optim_Optimizer *o = row->make(p, q);
            if (o) step(o, p, q, 0);
            ck_assert_error(strcmp(field[1], "ValueError") == 0 ? TORCH_VALUE_ERROR : TORCH_RUNTIME_ERROR, field[2]);
            optim_free(o);
        } else {
            check_run(row, torch_float32, resume);
            check_run(row, torch_float64, resume);
        }
        fclose(file);
    }
}
END_TEST

/* ---- memory that runs out ---------------------------------------------------------------------------------------- */

/* A life without its inputs: made, two steps, saved and loaded. */
static bool life(const Row *row, Tensor *p, Tensor *q)
{
    torch_scope();
    optim_Optimizer *o = row->make(p, q);
    if (o) optim_step(o);
    if (o) optim_step(o);
    if (o) optim_load_state_dict(o, optim_state_dict(o));
    if (o) optim_str(o);
    optim_free(o);
    return !torch_error();
}

START_TEST(memory_runs_out)
{
    const Row *row = &rows[_i];
    Tensor *p = leaf(21, torch_float32), *q = leaf(5, torch_float32);
    torch_set_grad(p, numbers(21, 0, torch_float32));
    torch_set_grad(q, numbers(5, 0, torch_float32));
    bool works = life(row, p, q);
    torch_error_clear();
    int64_t n = torch_allocations(), tensors = torch_live_tensors();
    life(row, p, q);
    torch_error_clear();
    n = torch_allocations() - n;
    for (int64_t k = 1; k <= n && works; k++) {
        torch_fail_allocation(k);
        bool fine = life(row, p, q);
        torch_fail_allocation(0);
        ck_assert_msg(!fine, "%s: allocation %d of %d failed without an error", row->python, (int)k, (int)n);
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        ck_assert_int_eq(torch_live_tensors(), tensors);
    }
}
END_TEST

static TCase *walk(void)
{
    TCase *c = test_case("walk", NULL);
    tcase_add_loop_test(c, as_pytorch, 0, N_ROWS);
    tcase_add_loop_test(c, memory_runs_out, 0, N_ROWS);
    return c;
}

SUITE_MAIN("optim_walk", walk)
