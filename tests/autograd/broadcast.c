/* Gradients of operands that were broadcast or converted come back in their own shape and dtype. Numbers from PyTorch 1.13.1. */
#include "cases.h"

static Tensor *mul(Tensor *a, Tensor *b)
{
    return torch_mul(a, b);
}
static Tensor *divide(Tensor *a, Tensor *b)
{
    return torch_div(a, b);
}
static Tensor *sub(Tensor *a, Tensor *b)
{
    return torch_sub(a, b);
}
static Tensor *power(Tensor *a, Tensor *b)
{
    return torch_pow(a, b);
}

/* a: (3, 1), b: (1, 2), c: (), d: (2) */
static const double column[3] = {1, 2, 3}, row[2] = {4, 5}, number[1] = {2}, flat[2] = {1, -1};

static Tensor *operand(char name)
{
    Tensor *t = NULL;
    switch (name) {
    case 'a': t = torch_tensor_n(column, torch_float64, 2, (const int64_t[]){3, 1}); break;
    case 'b': t = torch_tensor_n(row, torch_float64, 2, (const int64_t[]){1, 2}); break;
    case 'c': t = torch_tensor_n(number, torch_float64, 0, NULL); break;
    case 'd': t = torch_tensor_n(flat, torch_float64, 1, (const int64_t[]){2}); break;
    default: ck_abort();
    }
    return torch_requires_grad_(t, true);
}

START_TEST(every_position)
{
    static const struct {
        Tensor *(*f)(Tensor *, Tensor *);
        const char *operands;
        double left[3], right[3];
    } cases[] = {
        {mul, "ab", {9, 9, 9}, {6, 6}},
        {mul, "ba", {6, 6}, {9, 9, 9}},
        {mul, "ac", {2, 2, 2}, {6}},
        {mul, "ca", {6}, {2, 2, 2}},
        {mul, "ad", {0, 0, 0}, {6, 6}},
        {mul, "da", {6, 6}, {0, 0, 0}},
        {mul, "cd", {0}, {2, 2}},
        {divide, "ab", {0.45, 0.45, 0.45}, {-0.375, -0.24}},
        {divide, "ba", {1.8333333333333333, 1.8333333333333333}, {-9, -2.25, -1}},
        {divide, "ac", {0.5, 0.5, 0.5}, {-1.5}},
        {divide, "ca", {1.8333333333333333}, {-2, -0.5, -0.2222222222222222}},
        {divide, "ad", {0, 0, 0}, {-6, -6}},
        {divide, "da", {1.8333333333333333, 1.8333333333333333}, {0, 0, 0}},
        {divide, "cd", {0}, {-2, -2}},
        {sub, "ab", {2, 2, 2}, {-3, -3}},
        {sub, "ba", {3, 3}, {-2, -2, -2}},
        {sub, "ac", {1, 1, 1}, {-3}},
        {sub, "ca", {3}, {-1, -1, -1}},
        {sub, "ad", {2, 2, 2}, {-3, -3}},
        {sub, "da", {3, 3}, {-2, -2, -2}},
        {sub, "cd", {2}, {-1, -1}},
        {power, "ab", {9, 112, 513}, {100.07795027107602, 289.1434959242689}},
        {power, "ba", {57, 86}, {13.592367006650065, 62.41665758877076, 289.90257816593555}},
        {power, "ac", {2, 4, 6}, {12.660099320252769}},
        {power, "ca", {17}, {1.3862943611198906, 2.772588722239781, 5.545177444479562}},
        {power, "ad", {0, 0.75, 0.8888888888888888}, {4.68213122712422, 0.7127776865026758}},
        {power, "cd", {0.75}, {1.3862943611198906, 0.34657359027997264}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        torch_scope();
        Tensor *p = operand(cases[i].operands[0]), *q = operand(cases[i].operands[1]);
        torch_backward(torch_sum(cases[i].f(p, q)));
        ck_assert_tensor(torch_grad(p), torch_numel(p), cases[i].left, 1e-14, 1e-15);
        ck_assert_tensor(torch_grad(q), torch_numel(q), cases[i].right, 1e-14, 1e-15);
        ck_assert_int_eq(torch_dim(torch_grad(p)), torch_dim(p));
        ck_assert_int_eq(torch_dim(torch_grad(q)), torch_dim(q));
    }
}
END_TEST

START_TEST(middle_and_leading_dimensions)
{
    Tensor *x = torch_ones(3, 1, 2, .requires_grad = true), *y = torch_ones(5, 1, 4, 1, .requires_grad = true);
    torch_backward(torch_sum(torch_mul(x, y))); /* (5, 3, 4, 2) */
    ck_assert_shape(torch_grad(x), 3, 1, 2);
    ck_assert_shape(torch_grad(y), 5, 1, 4, 1);
    for (int64_t i = 0; i < 6; i++) ck_assert_double_eq(support_element(torch_grad(x), i), 20);
    for (int64_t i = 0; i < 20; i++) ck_assert_double_eq(support_element(torch_grad(y), i), 6);
}
END_TEST

START_TEST(expand_and_expand_again)
{
    Tensor *x = LEAF(1, 2);
    torch_backward(torch_sum(torch_mul(torch_expand(torch_view(torch_expand(x, 3, 2), 3, 1, 2), 3, 4, 2), 0.5)));
    ck_values(torch_grad(x), 6, 6);
}
END_TEST

START_TEST(float_parameter_in_a_double_expression)
{
    Tensor *p = LEAF(1, 2), *d = LEAF64(0.1, 0.2), *z = torch_sum(torch_add(torch_mul(p, d), p));
    ck_assert_int_eq(torch_dtype_of(z), torch_float64);
    torch_backward(z);
    ck_assert_int_eq(torch_dtype_of(torch_grad(p)), torch_float32);
    ck_assert_int_eq(torch_dtype_of(torch_grad(d)), torch_float64);
    ck_values(torch_grad(p), (double)1.1f, (double)1.2f);
    ck_values(torch_grad(d), 1, 2);
}
END_TEST

START_TEST(casts_there_and_back)
{
    Tensor *x = LEAF(1.5f, 2.5f), *y = torch_to(torch_to(x, torch_float64), torch_float16);
    torch_backward(torch_sum(torch_mul(y, y)));
    ck_assert_int_eq(torch_dtype_of(torch_grad(x)), torch_float32);
    ck_values(torch_grad(x), 3, 5);
}
END_TEST

START_TEST(integer_operand)
{
    Tensor *x = LEAF(1, 2), *i = torch_tensor(torch_list(int, 3, 4)), *b = torch_tensor(torch_list(bool, true, false));
    torch_backward(torch_sum(torch_mul(torch_mul(x, i), b)));
    ck_values(torch_grad(x), 3, 0);
    ck_assert(!torch_grad(i) && !torch_grad(b));
}
END_TEST

TCase *broadcast_case(void)
{
    return test_case("broadcast", every_position, middle_and_leading_dimensions, expand_and_expand_again,
                     float_parameter_in_a_double_expression, casts_there_and_back, integer_operand);
}
