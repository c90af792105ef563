/* Every scheduler of schedulers.def beside PyTorch's answers in tests/reference/optim/schedulers.txt: 50 steps of rates
 * and momentum, errors; each with every allocation failing once; carried over by state_dict; and the warnings. */
#include <math.h>
#include <stdio.h>

#include "core/print.h"
#include "ops/ops.h"
#include "optim/lr_scheduler.h"
#include "tests/support.h"

enum { STEPS = 50 };

static double decay(int64_t epoch, void *data)
{
    (void)data;
    return pow(0.95, (double)epoch);
}

#define LIST(...)                                                                          \
    (int64_t)(sizeof((optim_LRScheduler *[]){__VA_ARGS__}) / sizeof(optim_LRScheduler *)), \
        (optim_LRScheduler *const[])                                                       \
    {                                                                                      \
        __VA_ARGS__                                                                        \
    }

typedef enum Kind { sgd, adam } Kind;

typedef struct Row {
    const char *python;
    Kind kind;
    bool metrics;
    optim_LRScheduler *(*make)(optim_Optimizer *o);
} Row;

#define NAME_OF(line) make_##line
#define NAME(line) NAME_OF(line)
#define SCHEDULER(kind, python, ...)                              \
    static optim_LRScheduler *NAME(__LINE__)(optim_Optimizer * o) \
    {                                                             \
        return __VA_ARGS__;                                       \
    }
#define METRICS SCHEDULER
#include "schedulers.def"
#undef SCHEDULER
#undef METRICS

static const Row rows[] = {
#define SCHEDULER(kind, python, ...) {python, kind, false, NAME(__LINE__)},
#define METRICS(kind, python, ...) {python, kind, true, NAME(__LINE__)},
#include "schedulers.def"
};
enum { ROWS = sizeof rows / sizeof *rows };

static optim_Optimizer *optimizer(Kind kind)
{
    Tensor *p = torch_requires_grad_(torch_zeros(2), true), *q = torch_requires_grad_(torch_zeros(3), true);
    if (kind == adam) return optim_Adam(torch_parameters(p), .lr = 0.01);
    optim_Optimizer *o = optim_SGD(torch_parameters(p), .lr = 0.1, .momentum = 0.9);
    if (o) optim_add_param_group_n(o, torch_parameters(q), (optim_Option[]){{"lr", 0.02}, {NULL, 0}});
    return o;
}

static void step(const Row *row, optim_Optimizer *o, optim_LRScheduler *s, int64_t k)
{
    optim_step(o);
    if (row->metrics)
        optim_lr_scheduler_step_metrics(s, (double)(k * 37 % 20) / 10);
    else
        optim_lr_scheduler_step(s);
}

/* ---- beside PyTorch ---------------------------------------------------------------------------------------------- */

static FILE *open_row(const char *python)
{
    static char line[4096];
    FILE *f = fopen("tests/reference/optim/schedulers.txt", "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "= ", 2) == 0 && strcmp(line + 2, python) == 0) return f;
    }
    ck_abort_msg("%s is not in the reference: run make_schedulers.py", python);
    return NULL;
}

static void check_state(const Row *row, optim_Optimizer *o, const char *line, int64_t k)
{
    char *end;
    for (int64_t i = 0; i < optim_param_groups(o); i++, line = end) {
        double want = strtod(line, &end), have = optim_param_group_get(o, i, "lr");
        ck_assert_msg(fabs(have - want) <= 1e-15 * fabs(want) + 1e-18,
                      "%s: after %lld steps lr of group %lld is %.17g, expected %.17g", row->python, (long long)k,
                      (long long)i, have, want);
    }
    double want = strtod(line, NULL), have = optim_param_group_get(o, 0, row->kind == adam ? "betas[0]" : "momentum");
    ck_assert_msg(fabs(have - want) <= 1e-15, "%s: after %lld steps momentum is %.17g, expected %.17g", row->python,
                  (long long)k, have, want);
}

START_TEST(as_pytorch)
{
    const Row *row = &rows[_i];
    static char line[4096];
    torch_WarningHandler before = torch_set_warning_handler(NULL);
    FILE *f = open_row(row->python);
    optim_Optimizer *o = optimizer(row->kind);
    optim_LRScheduler *s = row->make(o);
    for (int64_t k = 0; fgets(line, sizeof line, f) && line[0] != '='; k++) {
        line[strcspn(line, "\n")] = '\0';
        if (k > 0 && s && !torch_error()) step(row, o, s, k - 1);
        if (line[0] == '!') {
            ck_assert_msg(torch_error() != NULL, "%s: no error; expected %s", row->python, line);
            ck_assert_str_eq(torch_error(), strchr(line, '\t') + 1);
            torch_error_clear();
            break;
        }
        ck_assert_msg(!torch_error(), "%s: %s", row->python, torch_error());
        check_state(row, o, line, k);
    }
    fclose(f);
    optim_lr_scheduler_free(s);
    optim_free(o);
    torch_set_warning_handler(before);
}
END_TEST

/* ---- memory, saving, warnings ------------------------------------------------------------------------------------ */

START_TEST(memory_runs_out)
{
    const Row *row = &rows[_i];
    torch_WarningHandler before = torch_set_warning_handler(NULL);
    optim_Optimizer *o = optimizer(row->kind);
    optim_lr_scheduler_free(row->make(o));
    bool works = !torch_error();
    torch_error_clear();
    int64_t n = torch_allocations();
    optim_lr_scheduler_free(row->make(o));
    torch_error_clear();
    n = torch_allocations() - n;
    for (int64_t k = 1; k <= n && works; k++) {
        torch_fail_allocation(k);
        optim_LRScheduler *s = row->make(o);
        torch_fail_allocation(0);
        ck_assert_msg(!s, "%s: allocation %lld failed, and there is a scheduler", row->python, (long long)k);
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
    }
    optim_free(o);
    torch_set_warning_handler(before);
}
END_TEST

START_TEST(state_carries_over)
{
    const Row *row = &rows[_i];
    torch_WarningHandler before = torch_set_warning_handler(NULL);
    optim_Optimizer *a = optimizer(row->kind), *b = optimizer(row->kind);
    optim_LRScheduler *s = row->make(a), *t = row->make(b);
    for (int64_t k = 0; s && k < 8 && !torch_error(); k++) step(row, a, s, k);
    if (s && t && !torch_error()) {
        ck_assert_int_eq(optim_lr_scheduler_load_state_dict(t, optim_lr_scheduler_state_dict(s)), TORCH_OK);
        ck_assert_int_eq(optim_load_state_dict(b, optim_state_dict(a)), TORCH_OK);
        for (int64_t k = 8; k < 19; k++) {
            step(row, a, s, k);
            step(row, b, t, k);
            ck_assert_double_eq(optim_lr_scheduler_get_last_lr(s, 0), optim_lr_scheduler_get_last_lr(t, 0));
            ck_assert_double_eq(optim_param_group_get(a, 0, "lr"), optim_param_group_get(b, 0, "lr"));
        }
    }
    torch_error_clear();
    optim_lr_scheduler_free(s);
    optim_lr_scheduler_free(t);
    optim_free(a);
    optim_free(b);
    torch_set_warning_handler(before);
}
END_TEST

static char heard[1024];

static void hear(const char *category, const char *message)
{
    (void)category;
    snprintf(heard, sizeof heard, "%s", message);
}

START_TEST(warns_of_the_order)
{
    torch_WarningHandler before = torch_set_warning_handler(hear);
    *heard = '\0';
    torch_reset_warnings();
    optim_Optimizer *o = optimizer(sgd);
    optim_LRScheduler *s = optim_lr_scheduler_StepLR(o, 3);
    ck_assert_str_eq(heard, "");
    optim_lr_scheduler_step(s);
    ck_assert(
        strncmp(heard, "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0", 82) == 0);
    *heard = '\0';
    optim_step(o);
    optim_lr_scheduler_step(s);
    ck_assert_str_eq(heard, "");
    optim_lr_scheduler_step_epoch(s, 7);
    ck_assert(strncmp(heard, "The epoch parameter in `scheduler.step()` was not necessary", 59) == 0);
    ck_assert_double_eq_tol(optim_lr_scheduler_get_last_lr(s, 0), 0.1 * pow(0.1, 2), 1e-18);
    ck_assert_int_eq(optim_lr_scheduler_last_epoch(s), 7);
    optim_lr_scheduler_free(s);
    optim_free(o);
    torch_set_warning_handler(before);
}
END_TEST

/* Steps, a far epoch, steps; or was it refused? Either is fine: nothing overflows, which the sanitizer sees. */
static void try_out(optim_LRScheduler *s)
{
    for (int step = 0; s && step < 3; step++) optim_lr_scheduler_step(s);
    torch_error_clear();
    if (s) optim_lr_scheduler_step_epoch(s, 9e14);
    for (int step = 0; s && step < 3; step++) optim_lr_scheduler_step(s);
    torch_error_clear();
    optim_lr_scheduler_free(s);
}

START_TEST(absurd_numbers_pass)
{
    torch_WarningHandler before = torch_set_warning_handler(NULL);
    const int64_t huge[] = {INT64_MAX, INT64_MAX / 4 - 1, INT64_C(1) << 62, 3, 0, -1, INT64_MIN + 1};
    optim_Optimizer *o = optimizer(sgd);
    for (size_t k = 0; k < sizeof huge / sizeof *huge; k++) {
        int64_t n = huge[k];
        try_out(optim_lr_scheduler_StepLR(o, n));
        try_out(optim_lr_scheduler_MultiStepLR(o, (int64_t[]){n, n}, 2));
        try_out(optim_lr_scheduler_ConstantLR(o, .total_iters = n));
        try_out(optim_lr_scheduler_LinearLR(o, .total_iters = n));
        try_out(optim_lr_scheduler_PolynomialLR(o, n));
        try_out(optim_lr_scheduler_CosineAnnealingLR(o, n));
        try_out(optim_lr_scheduler_CosineAnnealingWarmRestarts(o, n, 1));
        try_out(optim_lr_scheduler_CosineAnnealingWarmRestarts(o, 1, n));
        try_out(optim_lr_scheduler_CyclicLR(o, 0.1, 0.2, n, n));
        try_out(optim_lr_scheduler_CyclicLR(o, 0.1, 0.2, n, -n));
        try_out(optim_lr_scheduler_OneCycleLR(o, 0.1, n));
        try_out(optim_lr_scheduler_OneCycleLR(o, 0.1, .epochs = n, .steps_per_epoch = n));
        ck_assert_no_error();
    }
    optim_free(o);
    torch_set_warning_handler(before);
}
END_TEST

START_TEST(null_is_an_error)
{
    ck_assert_ptr_null(optim_lr_scheduler_StepLR(NULL, 3));
    ck_assert_error(TORCH_TYPE_ERROR, "NoneType is not an Optimizer");
    ck_assert_int_eq(optim_lr_scheduler_step(NULL), TORCH_TYPE_ERROR);
    torch_error_clear();
    optim_lr_scheduler_free(NULL);
}
END_TEST

static TCase *schedulers(void)
{
    TCase *c = test_case("schedulers", warns_of_the_order, null_is_an_error, absurd_numbers_pass);
    tcase_add_loop_test(c, as_pytorch, 0, ROWS);
    tcase_add_loop_test(c, memory_runs_out, 0, ROWS);
    tcase_add_loop_test(c, state_carries_over, 0, ROWS);
    return c;
}

SUITE_MAIN("schedulers", schedulers)
