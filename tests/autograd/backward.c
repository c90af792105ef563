/* Does backward visit every node once, with all of its gradients? */
#include "cases.h"

START_TEST(reused_intermediate)
{
    Tensor *x = torch_tensor(3.0, .requires_grad = true);
    Tensor *n = torch_mul(x, 2);
    Tensor *z = torch_mul(torch_add(n, n), n); /* 8 x^2 */
    torch_backward(z);
    ck_values(z, 72);
    ck_values(torch_grad(x), 48);
}
END_TEST

START_TEST(diamond)
{
    Tensor *x = LEAF(1, 2);
    Tensor *a = torch_mul(x, 3), *b = torch_mul(a, a), *c = torch_add(a, 1); /* b c = 9 x^2 (3 x + 1) */
    torch_backward(torch_sum(torch_mul(b, c)));
    ck_values(torch_grad(x), 81 + 18, 324 + 36);
}
END_TEST

START_TEST(diamonds_in_a_row)
{
    Tensor *x = torch_tensor(1.0, .requires_grad = true), *y = x;
    for (int i = 0; i < 40; i++) y = torch_add(y, y); /* 2^40 paths, 40 nodes */
    torch_backward(y);
    ck_values(torch_grad(x), 1099511627776.0);
}
END_TEST

/* add gives one tensor to both of its inputs. Here the sum for n is shared with m's when q's gradient arrives, twice. */
START_TEST(one_gradient_for_two_inputs)
{
    Tensor *x = torch_tensor(3.0, .requires_grad = true), *y = torch_tensor(1.0, .requires_grad = true);
    Tensor *n = torch_mul(x, 2), *m = torch_mul(y, 5), *q = torch_add(n, n), *r = torch_mul(q, 3), *s = torch_add(n, m);
    torch_backward(torch_add(r, s)); /* 7 n + m */
    ck_values(torch_grad(x), 14);
    ck_values(torch_grad(y), 5);
}
END_TEST

START_TEST(leaf_used_by_everything)
{
    Tensor *x = LEAF(2, -1);
    Tensor *y = torch_add(torch_mul(x, x), torch_sub(torch_mul(x, 3), torch_div(x, 2)));
    torch_backward(torch_sum(torch_add(y, x))); /* 2 x + 3.5 */
    ck_values(torch_grad(x), 7.5, 1.5);
}
END_TEST

START_TEST(leaf_is_the_root)
{
    Tensor *x = torch_tensor(2.0, .requires_grad = true);
    Tensor *three = torch_tensor(3.0);
    ck_assert_int_eq(torch_backward(x), TORCH_OK);
    ck_assert_int_eq(torch_backward(x, .gradient = three), TORCH_OK);
    ck_values(torch_grad(x), 4);
}
END_TEST

START_TEST(wide_fan_out)
{
    Tensor *x = LEAF(1, 2, 3), *sum = NULL;
    for (int i = 0; i < 3000; i++) {
        Tensor *y = torch_mul(x, i);
        sum = sum ? torch_add(sum, y) : y;
    }
    torch_backward(torch_sum(sum));
    ck_values(torch_grad(x), 4498500, 4498500, 4498500);
}
END_TEST

START_TEST(wide_fan_in)
{
    enum { N = 3000 };
    static Tensor *leaf[N], *part[N];
    for (int i = 0; i < N; i++) leaf[i] = LEAF((float)i, 1), part[i] = torch_mul(leaf[i], leaf[i]);
    torch_backward(torch_sum(torch_cat_n(part, N, 0)));
    for (int i = 0; i < N; i++) ck_values(torch_grad(leaf[i]), 2.0 * i, 2);
}
END_TEST

START_TEST(same_operand_many_times)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2);
    Tensor *many[12];
    for (int i = 0; i < 12; i++) many[i] = y;
    torch_backward(torch_sum(torch_cat_n(many, 12, 0)));
    ck_values(torch_grad(x), 24, 24);
}
END_TEST

/* An unused output of a node, and a node that gets no gradient at all. */
START_TEST(second_output_is_an_index)
{
    Tensor *x = torch_tensor(((float[2][3]){{1, 5, 2}, {9, 3, 4}}), .requires_grad = true), *index;
    Tensor *v = torch_max_dim(x, 1, false, &index);
    ck_values(index, 1, 0);
    ck_assert(!torch_requires_grad(index) && torch_is_leaf(index) && !torch_grad_fn(index));
    torch_backward(torch_sum(torch_mul(v, v)));
    ck_values(torch_grad(x), 0, 10, 0, 18, 0, 0);
}
END_TEST

START_TEST(constants_get_nothing)
{
    Tensor *x = LEAF(1, 2), *w = CONST(3, 4);
    torch_backward(torch_sum(torch_mul(x, w)));
    ck_values(torch_grad(x), 3, 4);
    ck_assert_ptr_null(torch_grad(w));
    ck_assert_no_error();
}
END_TEST

START_TEST(dead_branch)
{
    Tensor *x = LEAF(1, 2), *y = LEAF(5);
    Tensor *used = torch_mul(x, 2);
    torch_mul(torch_add(used, y), y); /* hangs from the graph, leads nowhere */
    torch_backward(torch_sum(used));
    ck_values(torch_grad(x), 2, 2);
    ck_assert_ptr_null(torch_grad(y));
}
END_TEST

START_TEST(given_gradient)
{
    Tensor *x = LEAF(1, 2), *v = CONST(10, 100);
    torch_backward(torch_mul(x, x), .gradient = v);
    ck_values(torch_grad(x), 20, 400);
    ck_values(v, 10, 100);
    Tensor *y = LEAF(1, 2);
    torch_backward(torch_mul(y, 2), .gradient = CONST64(1, 3)); /* converted to y's dtype */
    ck_values(torch_grad(y), 2, 6);
    ck_assert_int_eq(torch_dtype_of(torch_grad(y)), torch_float32);
}
END_TEST

START_TEST(empty_tensors)
{
    Tensor *x = torch_zeros(0, 3, .requires_grad = true), *y = torch_zeros(2, 0, .requires_grad = true),
           *w = torch_zeros(1, 1, .requires_grad = true);
    torch_backward(torch_sum(torch_mul(x, 2)));
    ck_assert_shape(torch_grad(x), 0, 3);
    torch_backward(torch_sum(torch_mul(y, w)));
    ck_assert_shape(torch_grad(y), 2, 0);
    ck_assert_shape(torch_grad(w), 1, 1);
    ck_values(torch_grad(w), 0);
}
END_TEST

START_TEST(retain_graph)
{
    Tensor *x = LEAF(1, 2), *s = torch_sum(torch_mul(x, x));
    ck_assert_int_eq(torch_backward(s, .retain_graph = true), TORCH_OK);
    ck_assert_int_eq(torch_backward(s, .retain_graph = true), TORCH_OK);
    ck_assert_int_eq(torch_backward(s), TORCH_OK);
    ck_values(torch_grad(x), 6, 12);
    ck_assert_int_eq(torch_backward(s), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR, SECOND_BACKWARD);
    ck_values(torch_grad(x), 6, 12);
}
END_TEST

START_TEST(second_backward_where_nothing_was_saved)
{
    Tensor *x = torch_tensor(2.0, .requires_grad = true), *y = torch_add(x, 1);
    torch_backward(y);
    torch_backward(y);
    ck_values(torch_grad(x), 2);
}
END_TEST

/* The second backward of a part fails in the middle: nothing may be left behind in the nodes before it. */
START_TEST(failing_backward_leaves_no_gradient)
{
    Tensor *x = torch_tensor(3.0, .requires_grad = true), *y = torch_tensor(5.0, .requires_grad = true);
    Tensor *a = torch_mul(x, x);
    torch_backward(a);
    Tensor *b = torch_mul(y, 2), *z = torch_add(torch_mul(b, 7), a);
    torch_backward(z, .retain_graph = true);
    ck_assert_error(TORCH_RUNTIME_ERROR, SECOND_BACKWARD);
    ck_values(torch_grad(x), 6);
    ck_assert_ptr_null(torch_grad(y));
    torch_backward(torch_mul(b, 7));
    ck_values(torch_grad(y), 14);
}
END_TEST

TCase *backward_case(void)
{
    return test_case("backward", reused_intermediate, diamond, diamonds_in_a_row, one_gradient_for_two_inputs,
                     leaf_used_by_everything, leaf_is_the_root, wide_fan_out, wide_fan_in, same_operand_many_times,
                     second_output_is_an_index, constants_get_nothing, dead_branch, given_gradient, empty_tensors,
                     retain_graph, second_backward_where_nothing_was_saved, failing_backward_leaves_no_gradient);
}
