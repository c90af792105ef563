/* requires_grad, leaves, detach, and what backward refuses. */
#include "cases.h"

START_TEST(who_requires_grad)
{
    Tensor *x = LEAF(1, 2), *w = CONST(3, 4), *y = torch_mul(x, w), *c = torch_mul(w, 2);
    ck_assert(torch_requires_grad(x) && torch_is_leaf(x) && !torch_grad_fn(x));
    ck_assert(!torch_requires_grad(w) && torch_is_leaf(w) && !torch_grad_fn(w));
    ck_assert(torch_requires_grad(y) && !torch_is_leaf(y));
    ck_assert_str_eq(torch_grad_fn(y), "MulBackward0");
    ck_assert(!torch_requires_grad(c) && torch_is_leaf(c) && !torch_grad_fn(c));
    ck_assert_ptr_null(torch_grad(y));
    ck_assert(!torch_requires_grad(torch_gt(x, 1)) && torch_is_leaf(torch_gt(x, 1)));
    ck_assert(!torch_requires_grad(torch_to(x, torch_int64)));
}
END_TEST

START_TEST(changing_requires_grad)
{
    Tensor *x = CONST(1, 2);
    ck_assert_ptr_eq(torch_requires_grad_(x, true), x);
    ck_assert(torch_requires_grad(x));
    torch_backward(torch_sum(x));
    torch_requires_grad_(x, false);
    ck_assert(!torch_requires_grad(x) && torch_is_leaf(x));
    ck_values(torch_grad(x), 1, 1);
    ck_assert(!torch_requires_grad(torch_mul(x, 2)));
    torch_add_(x, 1);
    ck_values(x, 2, 3);
    torch_requires_grad_(x, true);
    torch_backward(torch_sum(torch_mul(x, 5)));
    ck_values(torch_grad(x), 6, 6);
}
END_TEST

START_TEST(requires_grad_refusals)
{
    Tensor *y = torch_mul(LEAF(1, 2), 2);
    ck_assert_ptr_eq(torch_requires_grad_(y, true), y);
    ck_assert(!torch_is_leaf(y));
    ck_assert_ptr_null(torch_requires_grad_(y, false));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                    "in a subgraph that doesn't require differentiation use var_no_grad = var.detach().");
    ck_assert(torch_requires_grad(y));
    Tensor *i = torch_tensor(torch_list(int, 1, 2));
    ck_assert_ptr_null(torch_requires_grad_(i, true));
    ck_assert_error(TORCH_RUNTIME_ERROR, "only Tensors of floating point dtype can require gradients");
    ck_assert_ptr_eq(torch_requires_grad_(i, false), i);
    i = torch_tensor(torch_list(int, 1, 2), .requires_grad = true);
    ck_assert_ptr_null(i);
    ck_assert_error(TORCH_RUNTIME_ERROR, "Only Tensors of floating point and complex dtype can require gradients");
    ck_assert_ptr_null(torch_zeros(2, .dtype = torch_bool, .requires_grad = true));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Only Tensors of floating point and complex dtype can require gradients");
}
END_TEST

START_TEST(backward_refusals)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2);
    ck_assert_int_eq(torch_backward(y), TORCH_RUNTIME_ERROR);
    ck_assert_str_eq(torch_error_op(), "backward");
    ck_assert_error(TORCH_RUNTIME_ERROR, "grad can be implicitly created only for scalar outputs");
    torch_backward(torch_tensor(1.0));
    ck_assert_error(TORCH_RUNTIME_ERROR, "element 0 of tensors does not require grad and does not have a grad_fn");
    torch_backward(y, .gradient = CONST(1, 1, 1));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Mismatch in shape: grad_output[0] has a shape of torch.Size([3]) and output[0] has a shape of "
                    "torch.Size([2]).");
    torch_backward(torch_view(x, 1, 2), .gradient = CONST(1, 1));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Mismatch in shape: grad_output[0] has a shape of torch.Size([2]) and output[0] has a shape of "
                    "torch.Size([1, 2]).");
    ck_assert_int_eq(torch_backward(NULL), TORCH_TYPE_ERROR);
    ck_assert_ptr_nonnull(torch_error());
    torch_error_clear();
    ck_assert_ptr_null(torch_grad(x));
    torch_backward(torch_sum(y)); /* nothing was freed by the refusals */
    ck_values(torch_grad(x), 2, 2);
}
END_TEST

START_TEST(backward_refuses_while_an_error_is_pending)
{
    Tensor *x = LEAF(1, 2), *s = torch_sum(torch_mul(x, x));
    torch_add(CONST(1, 2), CONST(1, 2, 3));
    ck_assert_int_eq(torch_backward(s), TORCH_RUNTIME_ERROR);
    ck_assert_ptr_null(torch_autograd_grad(s, x));
    ck_assert_int_eq(support_errors_raised(), 1);
    torch_error_clear();
    ck_assert_ptr_null(torch_grad(x));
    torch_backward(s);
    ck_values(torch_grad(x), 2, 4);
}
END_TEST

START_TEST(detach)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2), *d = torch_detach(y);
    ck_assert(!torch_requires_grad(d) && torch_is_leaf(d) && !torch_grad_fn(d));
    ck_assert_ptr_eq(torch_data_ptr(d), torch_data_ptr(y));
    torch_backward(torch_sum(torch_mul(y, d))); /* d is a constant */
    ck_values(torch_grad(x), 4, 8);
    torch_add_(torch_detach(x), 1); /* shares memory, and is no in-place operation on a leaf */
    ck_values(x, 2, 3);
    ck_assert_int_eq(torch_version_of(x), 1);
    torch_requires_grad_(d, true);
    torch_backward(torch_sum(d));
    ck_values(torch_grad(d), 1, 1);
}
END_TEST

START_TEST(detach_in_place)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2), *z = torch_mul(y, y);
    ck_assert_ptr_eq(torch_detach_(y), y);
    ck_assert(!torch_requires_grad(y) && torch_is_leaf(y) && !torch_grad_fn(y));
    torch_backward(torch_sum(z)); /* made before: still leads to x */
    ck_values(torch_grad(x), 8, 16);
    torch_detach_(x);
    ck_assert(!torch_requires_grad(x));
    ck_assert_ptr_null(torch_detach_(torch_select(torch_mul(LEAF(1, 2), 2), 0, 0)));
    ck_assert_error(
        TORCH_RUNTIME_ERROR,
        "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) "
        "for training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
        "detach_() "
        "cannot be called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function in "
        "torch/optim/optimizer.py as the solution.");
}
END_TEST

START_TEST(detach_in_place_of_a_retained)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2), *z = torch_sum(torch_mul(y, 3));
    torch_retain_grad(y);
    torch_detach_(y);
    torch_backward(z);
    ck_values(torch_grad(x), 6, 6);
    ck_assert_ptr_null(torch_grad(y));
}
END_TEST

TCase *rules_case(void)
{
    return test_case("rules", who_requires_grad, changing_requires_grad, requires_grad_refusals, backward_refusals,
                     backward_refuses_while_an_error_is_pending, detach, detach_in_place,
                     detach_in_place_of_a_retained);
}
