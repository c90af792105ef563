/* What lands in .grad: sums over several backwards, in memory of its own. */
#include "cases.h"

START_TEST(several_backwards)
{
    Tensor *x = LEAF(1, 2, 3);
    for (int i = 1; i <= 4; i++) torch_backward(torch_sum(torch_mul(torch_mul(x, x), i)));
    ck_values(torch_grad(x), 20, 40, 60);
}
END_TEST

START_TEST(adds_into_the_same_memory)
{
    Tensor *x = LEAF(1, 2);
    torch_backward(torch_sum(x));
    Tensor *g = torch_grad(x);
    const void *memory = torch_data_ptr(g);
    int64_t version = torch_version_of(g);
    torch_backward(torch_sum(x));
    ck_assert_ptr_eq(torch_grad(x), g);
    ck_assert_ptr_eq(torch_data_ptr(g), memory);
    ck_assert_int_eq(torch_version_of(g), version + 1);
    ck_values(g, 2, 2);
}
END_TEST

START_TEST(no_aliasing_between_leaves)
{
    Tensor *x = LEAF(1, 1), *y = LEAF(1, 1);
    torch_backward(torch_add(x, y), .gradient = CONST(1, 1));
    ck_assert_ptr_ne(torch_grad(x), torch_grad(y));
    ck_assert_ptr_ne(torch_data_ptr(torch_grad(x)), torch_data_ptr(torch_grad(y)));
    torch_mul_(torch_grad(x), 5);
    ck_values(torch_grad(y), 1, 1);
}
END_TEST

START_TEST(no_aliasing_of_views)
{
    Tensor *x = LEAF(1, 1), *y = LEAF(1, 1);
    torch_backward(
        torch_sum(torch_add(torch_view(x, 2, 1), torch_view(y, 2, 1)))); /* one gradient, shown by two views */
    ck_assert_ptr_ne(torch_data_ptr(torch_grad(x)), torch_data_ptr(torch_grad(y)));
    torch_mul_(torch_grad(x), 5);
    ck_values(torch_grad(y), 1, 1);
}
END_TEST

START_TEST(no_aliasing_of_the_given_gradient)
{
    Tensor *x = LEAF(1, 1), *v = CONST(3, 4);
    torch_backward(x, .gradient = v);
    ck_assert_ptr_ne(torch_data_ptr(torch_grad(x)), torch_data_ptr(v));
    torch_zero_(torch_grad(x));
    ck_values(v, 3, 4);
}
END_TEST

START_TEST(no_aliasing_with_a_retained_gradient)
{
    Tensor *x = LEAF(1, 1), *y = torch_add(x, 1);
    torch_retain_grad(y);
    torch_backward(torch_sum(torch_mul(y, 2)));
    ck_assert_ptr_ne(torch_data_ptr(torch_grad(x)), torch_data_ptr(torch_grad(y)));
    torch_zero_(torch_grad(y));
    ck_values(torch_grad(x), 2, 2);
}
END_TEST

START_TEST(expanded_gradient_becomes_real_memory)
{
    Tensor *x = LEAF(1, 2, 3);
    torch_backward(torch_sum(x)); /* all strides 0 until it is committed */
    ck_assert_int_eq(torch_stride(torch_grad(x), 0), 1);
    torch_add_(torch_grad(x), CONST(1, 2, 3));
    ck_values(torch_grad(x), 2, 3, 4);
}
END_TEST

START_TEST(no_aliasing_with_create_graph)
{
    Tensor *x = LEAF(1, 1), *y = LEAF(1, 1);
    torch_backward(torch_sum(torch_add(x, y)), .create_graph = true);
    ck_assert_ptr_ne(torch_data_ptr(torch_grad(x)), torch_data_ptr(torch_grad(y)));
    ck_assert(!torch_requires_grad(torch_grad(x))); /* a constant */
    torch_mul_(torch_grad(x), 5);
    ck_values(torch_grad(y), 1, 1);
    torch_set_grad(x, NULL);
    torch_backward(torch_sum(torch_mul(x, y)), .create_graph = true);
    ck_assert_str_eq(torch_grad_fn(torch_grad(x)), "CopyBackwards");
    torch_set_grad(x, NULL), torch_set_grad(y, NULL);
}
END_TEST

START_TEST(adds_into_any_strides)
{
    Tensor *x = torch_ones(2, 3, .requires_grad = true), *g = torch_t(torch_zeros(3, 2));
    torch_set_grad(x, g);
    torch_backward(torch_sum(torch_mul(x, torch_tensor(((float[2][3]){{1, 2, 3}, {4, 5, 6}})))));
    ck_assert_ptr_eq(torch_grad(x), g);
    ck_values(g, 1, 2, 3, 4, 5, 6);
    torch_set_grad(x, torch_expand(torch_ones(1), 2, 3));
    torch_backward(torch_sum(x));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "unsupported operation: more than one element of the written-to tensor refers to a single memory "
                    "location. Please clone() the tensor before performing the operation.");
}
END_TEST

START_TEST(gradient_that_is_also_the_given_one)
{
    Tensor *x = LEAF(1, 1), *v = CONST(3, 4);
    torch_set_grad(x, v);
    torch_backward(x, .gradient = v);
    ck_assert_ptr_eq(torch_grad(x), v);
    ck_values(v, 6, 8);
}
END_TEST

START_TEST(gradient_of_a_transposed_leaf)
{
    Tensor *x = torch_requires_grad_(torch_t(torch_tensor(((float[2][3]){{1, 2, 3}, {4, 5, 6}}))), true);
    ck_assert(torch_is_leaf(x));
    for (int i = 0; i < 2; i++) torch_backward(torch_sum(torch_mul(x, x)));
    ck_assert_shape(torch_grad(x), 3, 2);
    ck_values(torch_grad(x), 4, 16, 8, 20, 12, 24);
}
END_TEST

START_TEST(grad_may_be_set)
{
    Tensor *x = LEAF(1, 2), *g = CONST(10, 20);
    ck_assert_int_eq(torch_set_grad(x, g), TORCH_OK);
    ck_assert_ptr_eq(torch_grad(x), g);
    torch_backward(torch_sum(x)); /* into the tensor that was set, as in PyTorch */
    ck_values(g, 11, 21);
    torch_set_grad(x, NULL);
    ck_assert_ptr_null(torch_grad(x));
    ck_assert_no_error();
    torch_backward(torch_sum(x));
    ck_values(torch_grad(x), 1, 1);
    ck_values(g, 11, 21);
}
END_TEST

START_TEST(set_grad_refuses)
{
    Tensor *x = CONST(1, 2);
    ck_assert_int_eq(torch_set_grad(x, CONST(1, 2, 3)), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR, "assigned grad has data of a different size");
    torch_set_grad(x, torch_ones(1, 2));
    ck_assert_error(TORCH_RUNTIME_ERROR, "assigned grad has data of a different size");
    torch_set_grad(x, CONST64(1, 2));
    ck_assert_error(TORCH_RUNTIME_ERROR, "assigned grad has data of a different type");
    torch_set_grad(x, x);
    ck_assert_error(TORCH_RUNTIME_ERROR, "can't assign Variable as its own grad");
    ck_assert_ptr_null(torch_grad(x));
}
END_TEST

START_TEST(retained_gradients)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2);
    ck_assert_int_eq(torch_retain_grad(y), TORCH_OK);
    ck_assert_int_eq(torch_retain_grad(y), TORCH_OK);
    Tensor *z = torch_sum(torch_mul(y, y));
    torch_backward(z, .retain_graph = true);
    ck_values(torch_grad(y), 4, 8);
    ck_values(torch_grad(x), 8, 16);
    torch_backward(z);
    ck_values(torch_grad(y), 8, 16);
    ck_values(torch_grad(x), 16, 32);
}
END_TEST

START_TEST(retain_grad_rules)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2);
    torch_backward(torch_sum(y));
    ck_assert_ptr_null(torch_grad(y));                /* not kept unless asked */
    ck_assert_int_eq(torch_retain_grad(x), TORCH_OK); /* a leaf keeps it anyway */
    ck_assert_int_eq(torch_retain_grad(CONST(1)), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR, "can't retain_grad on Tensor that has requires_grad=False");
}
END_TEST

START_TEST(retained_gradient_of_a_dead_tensor)
{
    Tensor *x = LEAF(1, 2), *z;
    {
        torch_scope();
        Tensor *y = torch_mul(x, 2);
        torch_retain_grad(y);
        z = torch_escape(torch_sum(y));
    }
    torch_backward(z);
    ck_values(torch_grad(x), 2, 2);
}
END_TEST

START_TEST(half_precision)
{
    Tensor *p = torch_tensor(torch_list(float, 1, 2), .dtype = torch_float16, .requires_grad = true);
    Tensor *q = torch_tensor(torch_list(float, 3, 4), .dtype = torch_bfloat16, .requires_grad = true);
    torch_backward(torch_sum(torch_mul(p, q)));
    Tensor *g = torch_grad(p);
    torch_backward(torch_sum(torch_mul(p, q)));
    ck_assert_ptr_eq(torch_grad(p), g); /* in place, though there is no loop for half types */
    ck_values(torch_grad(p), 6, 8);
    ck_values(torch_grad(q), 2, 4);
    ck_assert_int_eq(torch_dtype_of(torch_grad(p)), torch_float16);
    ck_assert_int_eq(torch_dtype_of(torch_grad(q)), torch_bfloat16);
}
END_TEST

TCase *accumulate_case(void)
{
    return test_case("accumulate", several_backwards, adds_into_the_same_memory, no_aliasing_between_leaves,
                     no_aliasing_of_views, no_aliasing_of_the_given_gradient, no_aliasing_with_a_retained_gradient,
                     expanded_gradient_becomes_real_memory, no_aliasing_with_create_graph, adds_into_any_strides,
                     gradient_that_is_also_the_given_one, gradient_of_a_transposed_leaf, grad_may_be_set,
                     set_grad_refuses, retained_gradients, retain_grad_rules, retained_gradient_of_a_dead_tensor,
                     half_precision);
}
