/* In-place operations on results keep the gradients right. y = 2 x, then the operation, then sum(y * [1, 10]).
 * Numbers from PyTorch 1.13.1, x = [1, 2], w = [3, 5], float64. */
#include "cases.h"

static Tensor *x, *w, *y;

static void before(void)
{
    x = LEAF64(1, 2);
    w = LEAF64(3, 5);
    y = torch_mul(x, 2);
}

static void after(const char *grad_fn, const double *value, const double *gx, const double *gw)
{
    if (grad_fn) ck_assert_str_eq(torch_grad_fn(y), grad_fn);
    ck_assert_tensor(y, 2, value, 1e-15, 0);
    torch_backward(torch_sum(torch_mul(y, CONST64(1, 10))));
    ck_assert_tensor(torch_grad(x), 2, gx, 1e-13, 0); /* 1 - y^2 cancels where there is no fused product */
    if (gw)
        ck_assert_tensor(torch_grad(w), 2, gw, 1e-14, 0);
    else
        ck_assert_ptr_null(torch_grad(w));
}

#define PAIR(a, b) ((const double[]){a, b})
#define IN_PLACE(name, statement, grad_fn, value, gx, gw) \
    START_TEST(name)                                      \
    {                                                     \
        before();                                         \
        ck_assert_ptr_eq(statement, y);                   \
        after(grad_fn, value, gx, gw);                    \
    }                                                     \
    END_TEST

IN_PLACE(mul_w, torch_mul_(y, w), "MulBackward0", PAIR(6, 20), PAIR(6, 100), PAIR(2, 40))
IN_PLACE(mul_number, torch_mul_(y, 3), "MulBackward0", PAIR(6, 12), PAIR(6, 60), NULL)
IN_PLACE(add_alpha, torch_add_alpha_(y, w, 3), "AddBackward0", PAIR(11, 19), PAIR(2, 20), PAIR(3, 30))
IN_PLACE(add_self, torch_add_(y, y), "AddBackward0", PAIR(4, 8), PAIR(4, 40), NULL)
IN_PLACE(sub_w, torch_sub_(y, w), "SubBackward0", PAIR(-1, -1), PAIR(2, 20), PAIR(-1, -10))
IN_PLACE(div_w, torch_div_(y, w), "DivBackward0", PAIR(0.6666666666666666, 0.8), PAIR(0.6666666666666666, 4.0),
         PAIR(-0.2222222222222222, -1.6))
IN_PLACE(copy_w, torch_copy_(y, w), "CopyBackwards", PAIR(3, 5), PAIR(0, 0), PAIR(1, 10))
IN_PLACE(copy_self, torch_copy_(y, y), "CopyBackwards", PAIR(2, 4), PAIR(2, 20), NULL)
IN_PLACE(copy_float, torch_copy_(y, torch_to(w, torch_float32)), "CopyBackwards", PAIR(3, 5), PAIR(0, 0), PAIR(1, 10))
IN_PLACE(fill_number, torch_fill_(y, 7), "FillBackward2", PAIR(7, 7), PAIR(0, 0), NULL)
IN_PLACE(fill_tensor, torch_fill_(y, torch_select(w, 0, 0)), NULL, PAIR(3, 3), PAIR(0, 0), PAIR(11, 0))
IN_PLACE(zero, torch_zero_(y), NULL, PAIR(0, 0), PAIR(0, 0), NULL)
IN_PLACE(exp_, torch_exp_(y), "ExpBackward0", PAIR(7.38905609893065, 54.598150033144236),
         PAIR(14.7781121978613, 1091.9630006628847), NULL)
IN_PLACE(tanh_, torch_tanh_(y), "TanhBackward0", PAIR(0.9640275800758169, 0.999329299739067),
         PAIR(0.14130164970632886, 0.02681901366051833), NULL)
IN_PLACE(relu_, torch_relu_(y), "ReluBackward0", PAIR(2, 4), PAIR(2, 20), NULL)
IN_PLACE(sqrt_, torch_sqrt_(y), "SqrtBackward0", PAIR(1.4142135623730951, 2.0), PAIR(0.7071067811865475, 5.0), NULL)
IN_PLACE(sigmoid_, torch_sigmoid_(y), "SigmoidBackward0", PAIR(0.8807970779778823, 0.9820137900379085),
         PAIR(0.20998717080701323, 0.35325412426582214), NULL)
IN_PLACE(neg_, torch_neg_(y), "NegBackward0", PAIR(-2, -4), PAIR(-2, -20), NULL)
IN_PLACE(three_in_a_row, torch_mul_(torch_add_(torch_mul_(y, w), x), 2), "MulBackward0", PAIR(14, 44), PAIR(14, 220),
         PAIR(4, 80))
/* PyTorch refuses y.mul_(y), for it keeps no copy of what it overwrites; here the old value is kept, and 8 x is right. */
IN_PLACE(mul_self, torch_mul_(y, y), "MulBackward0", PAIR(4, 16), PAIR(8, 160), NULL)
IN_PLACE(div_self, torch_div_(y, y), "DivBackward0", PAIR(1, 1), PAIR(0, 0), NULL)

START_TEST(result_of_a_constant)
{
    Tensor *a = CONST(1, 2), *b = LEAF(3, 4);
    torch_mul_(a, b); /* a becomes part of the graph */
    ck_assert(torch_requires_grad(a) && !torch_is_leaf(a));
    torch_backward(torch_sum(a));
    ck_values(torch_grad(b), 1, 2);
    ck_assert_int_eq(torch_version_of(a), 1);
}
END_TEST

START_TEST(read_before_and_after)
{
    before();
    Tensor *sum = torch_add(y, w); /* reads y's value, saves nothing */
    torch_mul_(y, 10);
    torch_backward(torch_sum(torch_add(sum, y)));
    ck_values(torch_grad(x), 22, 22);
    ck_values(torch_grad(w), 1, 1);
}
END_TEST

START_TEST(retained_gradient_is_that_of_the_new_value)
{
    before();
    torch_retain_grad(y);
    torch_mul_(y, 3);
    torch_backward(torch_sum(y));
    ck_values(torch_grad(y), 1, 1);
    ck_values(torch_grad(x), 6, 6);
}
END_TEST

START_TEST(retained_gradient_moves_to_the_new_value)
{
    before();
    torch_retain_grad(y);
    Tensor *old = torch_sum(torch_mul(y, 5));
    torch_mul_(y, 3);
    torch_backward(old);
    ck_assert_ptr_null(torch_grad(y));
    ck_values(torch_grad(x), 10, 10);
}
END_TEST

START_TEST(leaves_refuse)
{
    static const char message[] = "a leaf Variable that requires grad is being used in an in-place operation.";
    before();
    ck_assert_ptr_null(torch_add_(x, 1));
    ck_assert_str_eq(torch_error_op(), "add_");
    ck_assert_error(TORCH_RUNTIME_ERROR, message);
    ck_assert_ptr_null(torch_zero_(x));
    ck_assert_error(TORCH_RUNTIME_ERROR, message);
    ck_assert_ptr_null(torch_copy_(x, w));
    ck_assert_error(TORCH_RUNTIME_ERROR, message);
    ck_assert_ptr_null(torch_uniform_(x, 0, 1));
    ck_assert_error(TORCH_RUNTIME_ERROR, message);
    ck_values(x, 1, 2);
    ck_assert_int_eq(torch_version_of(x), 0);
    torch_no_grad();
    torch_add_(x, 1);
    ck_values(x, 2, 3);
}
END_TEST

START_TEST(views_of_leaves_refuse)
{
    static const char message[] =
        "a view of a leaf Variable that requires grad is being used in an in-place operation.";
    before();
    ck_assert_ptr_null(torch_add_(torch_view(x, 2, 1), 1));
    ck_assert_error(TORCH_RUNTIME_ERROR, message);
    ck_assert_ptr_null(torch_fill_(torch_select(x, 0, 0), 1));
    ck_assert_error(TORCH_RUNTIME_ERROR, message);
    ck_assert_ptr_null(torch_mul_(torch_slice(torch_view(x, 1, 2), 1, 0, 1, 1), 1)); /* a view of a view */
    ck_assert_error(TORCH_RUNTIME_ERROR, message);
    ck_values(x, 1, 2);
    torch_no_grad();
    torch_mul_(torch_select(x, 0, 0), 10);
    ck_values(x, 10, 2);
    ck_assert_int_eq(torch_version_of(x), 1);
}
END_TEST

START_TEST(shapes_and_types_refuse)
{
    Tensor *a = CONST(1, 2);
    ck_assert_ptr_null(torch_add_(a, torch_ones(3, 2)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "output with shape [2] doesn't match the broadcast shape [3, 2]");
    ck_assert_ptr_null(torch_add_(torch_expand(a, 3, 2), 1));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "unsupported operation: more than one element of the written-to tensor refers to a single memory "
                    "location. Please clone() the tensor before performing the operation.");
    Tensor *i = torch_tensor(torch_list(int, 1, 2));
    ck_assert_ptr_null(torch_add_(i, 0.5));
    ck_assert_error(TORCH_RUNTIME_ERROR, "result type Float can't be cast to the desired output type Long");
    ck_values(a, 1, 2);
    ck_assert_int_eq(torch_version_of(a), 0);
}
END_TEST

/* What PyTorch 1.13.1 says of x = arange(9.).view(3, 3). */
START_TEST(operands_in_the_same_memory)
{
    static const char text[] =
        "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
        "location. Please clone() the tensor before performing the operation.";
    Tensor *t = torch_view(torch_arange(9, .dtype = torch_float32), 3, 3);
    ck_assert_ptr_null(torch_add_(t, torch_t(t)));
    ck_assert_error(TORCH_RUNTIME_ERROR, text);
    ck_assert_ptr_null(torch_copy_(t, torch_t(t)));
    ck_assert_error(TORCH_RUNTIME_ERROR, text);
    ck_assert_ptr_null(torch_copy_(torch_narrow(t, 0, 1, 2), torch_narrow(t, 0, 0, 2)));
    ck_assert_error(TORCH_RUNTIME_ERROR, text);
    ck_assert_ptr_null(torch_mul_(t, torch_select(t, 0, 0)));
    ck_assert_error(TORCH_RUNTIME_ERROR, text);
    ck_assert_ptr_null(torch_mul_(t, torch_index(t, "0, 0")));
    ck_assert_error(TORCH_RUNTIME_ERROR, text);
    ck_assert_int_eq(torch_version_of(t), 0);
    ck_assert_ptr_eq(torch_add_(t, t), t);
    ck_assert_ptr_nonnull(torch_copy_(torch_select(t, 0, 0), torch_select(t, 0, 0)));
    ck_assert_ptr_nonnull(torch_copy_(torch_select(t, 0, 0), torch_select(t, 0, 1)));
    ck_assert_ptr_nonnull(torch_fill_(t, torch_index(t, "0, 1")));
    ck_assert_tensor(t, 9, ((double[]){8, 8, 8, 8, 8, 8, 8, 8, 8}), 0, 0);
}
END_TEST

/* An operand that walks its memory across is turned in tiles: every size around a tile's, of each width. */
START_TEST(turned_operands)
{
    static const int64_t sizes[] = {1, 15, 16, 17, 63, 64, 65, 130};
    static const torch_dtype types[] = {torch_float32, torch_float64, torch_int16, torch_uint8};
    for (size_t a = 0; a < 8; a++)
        for (size_t b = 0; b < 8; b++)
            for (size_t d = 0; d < 4; d++) {
                torch_scope();
                int64_t n = sizes[a], m = sizes[b];
                Tensor *rows = torch_to(torch_view(torch_arange(n * m), n, m), types[d]);
                Tensor *columns = torch_to(torch_view(torch_arange(n * m), m, n), types[d]),
                       *sum = torch_add(rows, torch_t(columns));
                Tensor *z = torch_add(torch_zeros(n, m, .dtype = types[d]), torch_t(columns));
                for (int64_t i = 0; i < n * m; i++) {
                    int64_t turned = i % m * n + i / m;
                    double px = support_element(rows, i), py = support_element(columns, turned),
                           ps = support_element(sum, i);
                    if (types[d] == torch_uint8   ? ((int)px + (int)py) % 256 != (int)ps
                        : types[d] == torch_int16 ? (int16_t)(px + py) != (int16_t)ps
                                                  : px + py != ps)
                        ck_abort_msg("%lld x %lld, %s: element %lld is %g", (long long)n, (long long)m,
                                     torch_dtype_str(types[d]), (long long)i, ps);
                    if (support_element(z, i) != py) ck_abort_msg("copied: element %lld", (long long)i);
                }
            }
}
END_TEST

TCase *inplace_case(void)
{
    return test_case("inplace", mul_w, mul_number, add_alpha, add_self, sub_w, div_w, copy_w, copy_self, copy_float,
                     fill_number, fill_tensor, zero, exp_, tanh_, relu_, sqrt_, sigmoid_, neg_, three_in_a_row,
                     mul_self, div_self, result_of_a_constant, read_before_and_after,
                     retained_gradient_is_that_of_the_new_value, retained_gradient_moves_to_the_new_value,
                     leaves_refuse, views_of_leaves_refuse, shapes_and_types_refuse, operands_in_the_same_memory,
                     turned_operands);
}
