/* What every suite above the kernels needs: fixtures that watch for leaks, assertions on errors and tensors, and main.
 *
 *     START_TEST(adds) { ... ck_assert_tensor(t, 3, ((double[]){1, 2, 3}), 0, 0); } END_TEST
 *     static TCase *sums(void) { return test_case("sums", adds, adds_nothing); }
 *     SUITE_MAIN("ops", sums, products)
 *
 * Every test runs inside a scope of its own, with a silent error handler, and ends with these assertions: no error is
 * pending, no tensor and no graph node is left, no scope is open. CK_FORK=no runs all tests in one process. */
#ifndef CERILLA_TESTS_SUPPORT_H
#define CERILLA_TESTS_SUPPORT_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/autograd.h"
#include "core/scope.h"
#include "core/tensor.h"

/* The pending error has this code and exactly this text; it is cleared. */
#define ck_assert_error(code, text) support_assert_error(__FILE__, __LINE__, code, text)
void support_assert_error(const char *file, int line, torch_Code code, const char *text);

/* No error is pending; shows it if there is one. */
#define ck_assert_no_error() support_assert_no_error(__FILE__, __LINE__)
void support_assert_no_error(const char *file, int line);

/* t has n elements, in row order values[i], within atol + rtol |values[i]|. NaN equals NaN. Any dtype, any strides. */
#define ck_assert_tensor(t, n, values, rtol, atol) support_assert_tensor(__FILE__, __LINE__, t, n, values, rtol, atol)
void support_assert_tensor(const char *file, int line, const Tensor *t, int64_t n, const double *values, double rtol,
                           double atol);

/* t has exactly this shape: ck_assert_shape(t, 2, 3). ck_assert_scalar_shape(t): none. */
#define ck_assert_shape(t, ...)                                                                                \
    support_assert_shape(__FILE__, __LINE__, t, (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), \
                         (int64_t[]){__VA_ARGS__})
#define ck_assert_scalar_shape(t) support_assert_shape(__FILE__, __LINE__, t, 0, NULL)
void support_assert_shape(const char *file, int line, const Tensor *t, int64_t ndim, const int64_t *shape);

/* Element i of t, in row order, as double. */
double support_element(const Tensor *t, int64_t i);

/* How many errors the running test has raised so far: the handler hears of each once. */
int support_errors_raised(void);

/* A TCase of these tests, with the fixtures. */
#define test_case(name, ...) support_case(name, (const TTest *const[]){__VA_ARGS__, NULL})
TCase *support_case(const char *name, const TTest *const *tests);

#define SUITE_MAIN(name, ...)                                          \
    int main(void)                                                     \
    {                                                                  \
        TCase *(*const cases[])(void) = {__VA_ARGS__};                 \
        return support_run(name, cases, sizeof cases / sizeof *cases); \
    }
int support_run(const char *name, TCase *(*const *cases)(void), size_t n);

#endif
