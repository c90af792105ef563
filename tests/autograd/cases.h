/* The files of this suite, in the order in which they run, and a few shorthands. */
#ifndef CERILLA_TESTS_AUTOGRAD_CASES_H
#define CERILLA_TESTS_AUTOGRAD_CASES_H

#include "ops/ops.h"
#include "tests/support.h"

TCase *backward_case(void);
TCase *accumulate_case(void);
TCase *rules_case(void);
TCase *modes_case(void);
TCase *grad_case(void);
TCase *higher_case(void);
TCase *broadcast_case(void);
TCase *inplace_case(void);
TCase *versions_case(void);
TCase *views_case(void);
TCase *hooks_case(void);
TCase *watch_case(void);
TCase *function_case(void);
TCase *names_case(void);
TCase *life_case(void);
TCase *memory_case(void);
TCase *deep_case(void);

/* A float32 leaf of these values, a float64 one, and the same without requires_grad. (torch_tensor would do, but inside an
 * assertion, which keeps its own text, its expansion is long.) */
#define CASES_COUNT(type, ...) (int64_t)(sizeof((type[]){__VA_ARGS__}) / sizeof(type))
#define LEAF(...) torch_requires_grad_(CONST(__VA_ARGS__), true)
#define LEAF64(...) torch_requires_grad_(CONST64(__VA_ARGS__), true)
#define CONST(...) vector(torch_float32, CASES_COUNT(float, __VA_ARGS__), (const float[]){__VA_ARGS__})
#define CONST64(...) vector(torch_float64, CASES_COUNT(double, __VA_ARGS__), (const double[]){__VA_ARGS__})
static inline Tensor *vector(torch_dtype dtype, int64_t n, const void *values)
{
    return torch_tensor_n(values, dtype, 1, &n);
}

/* t holds exactly these values; or these within a few units of the last place of float64. */
#define ck_values(t, ...) ck_assert_tensor(t, CASES_COUNT(double, __VA_ARGS__), ((double[]){__VA_ARGS__}), 0, 0)
#define ck_near(t, ...) ck_assert_tensor(t, CASES_COUNT(double, __VA_ARGS__), ((double[]){__VA_ARGS__}), 1e-12, 1e-14)

#define SECOND_BACKWARD                                                                                               \
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "   \
    "been "                                                                                                           \
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify " \
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved "       \
    "tensors "                                                                                                        \
    "after calling backward."
#define UNUSED                                                                                                        \
    "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if this is " \
    "the desired behavior."

#endif
