/* torch.nn.init and torch.nn.utils beside PyTorch: every row of functions.def. */
#include <math.h>

#include "core/random.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/support.h"

enum { LEAVES = 3, VALUES = 160 };

typedef struct Answer {
    const char *python;
    torch_Code code;
    const char *text; /* of the error or the warning */
    int64_t n;
    double value[VALUES]; /* the result, then each tensor and its gradient */
} Answer;
#include "functions.inc"

typedef struct Row {
    const char *tensors;
    Tensor *(*call)(Tensor *t, Tensor *u, Tensor *v);
} Row;

#define NAME_OF(line) call_##line
#define NAME(line) NAME_OF(line)
#define CASE(tensors, python, ...)                                    \
    static Tensor *NAME(__LINE__)(Tensor * t, Tensor * u, Tensor * v) \
    {                                                                 \
        (void)t, (void)u, (void)v;                                    \
        return __VA_ARGS__;                                           \
    }
#include "functions.def"
#undef CASE

static const Row rows[] = {
#define CASE(tensors, ...) {tensors, NAME(__LINE__)},
#include "functions.def"
#undef CASE
};
enum { ROWS = sizeof rows / sizeof *rows };

static Tensor *quarters(torch_dtype dtype, int64_t ndim, const int64_t *shape, int step, int k, int period)
{
    double value[VALUES];
    int64_t n = 1;
    for (int64_t d = 0; d < ndim; d++) n *= shape[d];
    for (int64_t i = 0; i < n; i++) value[i] = ((double)((i * step + k) % period) - period / 2) / 4;
    return torch_to(torch_tensor_n(value, torch_float64, ndim, shape), dtype);
}

/* "f[2,3] d[4]" */
static int make_leaves(const char *text, Tensor **leaf)
{
    int n = 0;
    for (const char *at = text + (*text == '~'); at && *at; n++) {
        torch_dtype dtype = *at == 'f' ? torch_float32 : torch_float64;
        int64_t shape[8], ndim = 0;
        for (at++; *at != ']';) {
            char *end;
            shape[ndim++] = strtoll(at + 1, &end, 10);
            at = end;
        }
        at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
        leaf[n] = torch_requires_grad_(quarters(dtype, ndim, shape, 7, n, 11), true);
        if (leaf[n]) torch_set_grad(leaf[n], quarters(dtype, ndim, shape, 5, n, 13));
    }
    return n;
}

static char heard[1024];
static void hear(const char *category, const char *message)
{
    ck_assert_str_eq(category, "UserWarning");
    strncpy(heard, message, sizeof heard - 1);
}

static const double *check(const Answer *a, const Tensor *t, const double *expected, bool rounded)
{
    int64_t n = t ? torch_numel(t) : 0;
    ck_assert_msg(expected + n <= a->value + a->n, "%s: too many values", a->python);
    for (int64_t i = 0; i < n; i++) {
        double have = support_element(t, i), tolerance = !rounded                             ? 0
                                                         : torch_dtype_of(t) == torch_float32 ? 2e-6
                                                                                              : 1e-14;
        ck_assert_msg(have == expected[i] || fabs(have - expected[i]) <= tolerance * fmax(1, fabs(expected[i])),
                      "%s: the %dth is %.17g, expected %.17g", a->python, (int)i, have, expected[i]);
    }
    return expected + n;
}

START_TEST(as_pytorch)
{
    const Row *row = &rows[_i];
    const Answer *a = &answers[_i];
    Tensor *leaf[LEAVES] = {NULL};
    torch_scope();
    int n = make_leaves(row->tensors, leaf);
    ck_assert_no_error();
    torch_set_warning_handler(hear);
    *heard = '\0'; /* all tests may share a process */
    torch_reset_warnings();
    torch_manual_seed(5);
    Tensor *result = row->call(leaf[0], leaf[1], leaf[2]);
    if (a->code != TORCH_OK)
        ck_assert_error(a->code, a->text);
    else
        ck_assert_str_eq(heard, a->text);
    ck_assert_no_error();
    const double *expected = a->value;
    if (result) expected = check(a, result, expected, *row->tensors == '~');
    for (int k = 0; k < n; k++) {
        expected = check(a, leaf[k], expected, *row->tensors == '~');
        expected = check(a, torch_grad(leaf[k]), expected, *row->tensors == '~');
    }
    ck_assert_int_eq(expected - a->value, a->n);
}
END_TEST

/* Every allocation fails once: an error, no leak; NULL is a TypeError. */
START_TEST(without_memory)
{
    const Row *row = &rows[_i];
    torch_set_warning_handler(NULL);
    bool failed = true;
    for (int64_t k = 1; failed && k < 400; k++) {
        torch_scope();
        Tensor *leaf[LEAVES] = {NULL};
        make_leaves(row->tensors, leaf);
        torch_manual_seed(5);
        torch_fail_allocation(k);
        row->call(leaf[0], leaf[1], leaf[2]);
        torch_fail_allocation(0);
        failed = torch_error_code() == TORCH_MEMORY_ERROR;
        torch_error_clear();
    }
    ck_assert(!failed);
    row->call(NULL, NULL, NULL);
    torch_error_clear();
}
END_TEST

static TCase *functions(void)
{
    TCase *c = test_case("functions", NULL);
    tcase_add_loop_test(c, as_pytorch, 0, ROWS);
    tcase_add_loop_test(c, without_memory, 0, ROWS);
    return c;
}

SUITE_MAIN("nn_functions", functions)
