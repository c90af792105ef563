#include "support.h"

static int64_t tensors_before, nodes_before, depth_before, mark;
static int errors_raised;

static void count_error(torch_Code code, const char *op, const char *message, void *data)
{
    (void)code, (void)op, (void)message, (void)data;
    errors_raised++;
}

static void setup(void)
{
    torch_fail_allocation(0);
    torch_error_clear();
    errors_raised = 0;
    torch_push_error_handler(count_error, NULL);
    depth_before = torch_scope_depth();
    tensors_before = torch_live_tensors();
    nodes_before = torch_live_nodes();
    mark = torch_scope_push();
}

static void teardown(void)
{
    torch_fail_allocation(0);
    const char *pending = torch_error();
    torch_scope_pop(mark);
    torch_pop_error_handler();
    ck_assert_msg(!pending, "the test left an error pending: %s", pending);
    ck_assert_int_eq(torch_scope_depth(), depth_before);
    ck_assert_int_eq(torch_live_tensors(), tensors_before);
    ck_assert_int_eq(torch_live_nodes(), nodes_before);
}

TCase *support_case(const char *name, const TTest *const *tests)
{
    TCase *c = tcase_create(name);
    tcase_set_timeout(c, 600); /* against a hang only: valgrind is slow */
    tcase_add_checked_fixture(c, setup, teardown);
    for (; *tests; tests++) tcase_add_test(c, *tests);
    return c;
}

int support_run(const char *name, TCase *(*const *cases)(void), size_t n)
{
    Suite *suite = suite_create(name);
    for (size_t i = 0; i < n; i++) suite_add_tcase(suite, cases[i]());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int support_errors_raised(void)
{
    return errors_raised;
}

/* ---- assertions: each fails at the caller's line ----------------------------------------------------------------- */

void support_assert_error(const char *file, int line, torch_Code code, const char *text)
{
    const char *message = torch_error();
    if (!message) ck_abort_msg("%s:%d: no error is pending; expected: %s", file, line, text);
    if (strcmp(message, text) != 0 || torch_error_code() != code)
        ck_abort_msg("%s:%d: error %d \"%s\", expected %d \"%s\"", file, line, torch_error_code(), message, code, text);
    torch_error_clear();
}

void support_assert_no_error(const char *file, int line)
{
    const char *message = torch_error();
    if (message) ck_abort_msg("%s:%d: error in %s: %s", file, line, torch_error_op(), message);
}

static double half_value(uint16_t bits) /* IEEE binary16 */
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double sign = bits >> 15 ? -1 : 1;
    if (exponent == 31) return fraction ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static double bfloat16_value(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float f;
    memcpy(&f, &wide, sizeof f);
    return (double)f;
}

static double value_at(const char *p, torch_dtype dtype)
{
    union {
        uint8_t u8;
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint16_t u16;
        float f;
        double d;
        bool b;
    } v;
    memcpy(&v, p, torch_dtype_size(dtype));
    switch (dtype) {
    case torch_uint8: return v.u8;
    case torch_int8: return v.i8;
    case torch_int16: return v.i16;
    case torch_int32: return v.i32;
    case torch_int64: return (double)v.i64;
    case torch_float16: return half_value(v.u16);
    case torch_bfloat16: return bfloat16_value(v.u16);
    case torch_float32: return (double)v.f;
    case torch_float64: return v.d;
    case torch_bool: return v.b;
    default: return NAN;
    }
}

double support_element(const Tensor *t, int64_t i)
{
    torch_Size size = torch_shape(t);
    int64_t offset = 0;
    for (int64_t d = size.ndim; d-- > 0; i /= size.dim[d]) offset += i % size.dim[d] * torch_stride(t, d);
    torch_dtype dtype = torch_dtype_of(t);
    return value_at((const char *)torch_data_ptr(t) + offset * (int64_t)torch_dtype_size(dtype), dtype);
}

void support_assert_tensor(const char *file, int line, const Tensor *t, int64_t n, const double *values, double rtol,
                           double atol)
{
    support_assert_no_error(file, line);
    if (!t) ck_abort_msg("%s:%d: the tensor is NULL", file, line);
    if (torch_numel(t) != n)
        ck_abort_msg("%s:%d: %lld elements, expected %lld", file, line, (long long)torch_numel(t), (long long)n);
    for (int64_t i = 0; i < n; i++) {
        double got = support_element(t, i), want = values[i];
        bool same = got == want || (isnan(got) && isnan(want)) || fabs(got - want) <= atol + rtol * fabs(want);
        if (!same) ck_abort_msg("%s:%d: element %lld is %.17g, expected %.17g", file, line, (long long)i, got, want);
    }
}

void support_assert_shape(const char *file, int line, const Tensor *t, int64_t ndim, const int64_t *shape)
{
    support_assert_no_error(file, line);
    if (!t) ck_abort_msg("%s:%d: the tensor is NULL", file, line);
    torch_Size size = torch_shape(t);
    if (size.ndim != ndim)
        ck_abort_msg("%s:%d: %lld dimensions, expected %lld", file, line, (long long)size.ndim, (long long)ndim);
    for (int64_t d = 0; d < ndim; d++)
        if (size.dim[d] != shape[d])
            ck_abort_msg("%s:%d: dimension %lld is %lld, expected %lld", file, line, (long long)d,
                         (long long)size.dim[d], (long long)shape[d]);
}
