/* torch.autograd.grad, and backward(inputs=...). */
#include "cases.h"

/* torch.autograd.grad(outputs, inputs, ...): outputs and inputs as torch_tensors(...). */
static int grad_many(Tensor **result, Tensor *const *outputs, int64_t n_outputs, Tensor *const *inputs,
                     int64_t n_inputs, torch_GradArgs args)
{
    args.outputs = outputs;
    args.n_outputs = n_outputs;
    args.inputs = inputs;
    args.n_inputs = n_inputs;
    return torch_autograd_grad_args(result, &args);
}

#define NO_ARGS ((torch_GradArgs){.struct_size = sizeof(torch_GradArgs)})
#define ARGS(...) ((torch_GradArgs){.struct_size = sizeof(torch_GradArgs), __VA_ARGS__})

START_TEST(one_of_one)
{
    Tensor *x = torch_tensor(3.0, .requires_grad = true), *y = torch_mul(x, x);
    Tensor *g = torch_autograd_grad(y, x);
    ck_values(g, 6);
    ck_assert(!torch_requires_grad(g));
    ck_assert_ptr_null(torch_grad(x));
    ck_assert_no_error();
    ck_assert_ptr_null(torch_autograd_grad(y, x));
    ck_assert_error(TORCH_RUNTIME_ERROR, SECOND_BACKWARD);
}
END_TEST

START_TEST(several_of_several)
{
    Tensor *x = torch_tensor(2.0, .requires_grad = true), *y = torch_tensor(3.0, .requires_grad = true);
    Tensor *a = torch_mul(x, y), *b = torch_add(x, y), *g[2];
    ck_assert_int_eq(grad_many(g, torch_tensors(a, b), torch_tensors(x, y), ARGS(.retain_graph = true)), TORCH_OK);
    ck_values(g[0], 4);
    ck_values(g[1], 3);
    Tensor *const v[3] = {NULL, torch_tensor(5.0), torch_tensor(2.0)}; /* a counts twice, once with the implicit 1 */
    ck_assert_int_eq(grad_many(g, torch_tensors(a, b, a), torch_tensors(x, y), ARGS(.grad_outputs = v)), TORCH_OK);
    ck_values(g[0], 14);
    ck_values(g[1], 11);
    ck_values(v[1], 5);
    ck_values(v[2], 2);
    ck_assert_ptr_null(torch_grad(x));
}
END_TEST

START_TEST(same_output_twice_leaves_the_given_gradients)
{
    Tensor *x = LEAF(2, 3), *y = torch_mul(x, x), *g[1];
    Tensor *const v[2] = {CONST(1, 1), CONST(10, 20)};
    grad_many(g, torch_tensors(y, y), torch_tensors(x), ARGS(.grad_outputs = v));
    ck_values(g[0], 44, 126);
    ck_values(v[0], 1, 1);
    ck_values(v[1], 10, 20);
}
END_TEST

START_TEST(same_input_twice)
{
    Tensor *x = LEAF(2, 3), *g[2];
    grad_many(g, torch_tensors(torch_sum(x)), torch_tensors(x, x), NO_ARGS);
    ck_values(g[0], 1, 1);
    ck_values(g[1], 1, 1);
}
END_TEST

START_TEST(intermediates)
{
    Tensor *x = LEAF(2, 3), *y = torch_mul(x, x), *z = torch_mul(y, y), *s = torch_sum(z), *g[3];
    grad_many(g, torch_tensors(s), torch_tensors(x, y, z), ARGS(.retain_graph = true));
    ck_values(g[0], 32, 108);
    ck_values(g[1], 8, 18);
    ck_values(g[2], 1, 1);
    ck_values(torch_autograd_grad(s, s, .retain_graph = true), 1);
    ck_values(torch_autograd_grad(s, y), 8, 18);
    ck_assert_ptr_null(torch_grad(y));
    /* Only the way from s to y was walked, and freed: the rest still works. */
    torch_backward(torch_sum(y));
    ck_values(torch_grad(x), 4, 6);
}
END_TEST

START_TEST(unused)
{
    Tensor *x = torch_tensor(2.0, .requires_grad = true), *z = torch_tensor(2.0, .requires_grad = true),
           *y = torch_mul(x, x), *g[2] = {x, x};
    ck_assert_int_eq(grad_many(g, torch_tensors(y), torch_tensors(x, z), ARGS(.retain_graph = true)),
                     TORCH_RUNTIME_ERROR);
    ck_assert_str_eq(torch_error_op(), "grad");
    ck_assert_error(TORCH_RUNTIME_ERROR, UNUSED);
    ck_assert(!g[0] && !g[1]);
    ck_assert_int_eq(grad_many(g, torch_tensors(y), torch_tensors(x, z), ARGS(.allow_unused = true)), TORCH_OK);
    ck_values(g[0], 4);
    ck_assert_ptr_null(g[1]);
    ck_assert_no_error();
}
END_TEST

START_TEST(refusals)
{
    Tensor *x = LEAF(2, 3), *w = CONST(1, 1), *y = torch_mul(x, w), *g[1];
    ck_assert_ptr_null(torch_autograd_grad(torch_sum(y), w));
    ck_assert_error(TORCH_RUNTIME_ERROR, "One of the differentiated Tensors does not require grad");
    ck_assert_ptr_null(torch_autograd_grad(w, x));
    ck_assert_error(TORCH_RUNTIME_ERROR, "element 0 of tensors does not require grad and does not have a grad_fn");
    ck_assert_ptr_null(torch_autograd_grad(y, x));
    ck_assert_error(TORCH_RUNTIME_ERROR, "grad can be implicitly created only for scalar outputs");
    Tensor *const v[2] = {NULL, torch_ones(3)};
    grad_many(g, torch_tensors(torch_sum(y), y), torch_tensors(x), ARGS(.grad_outputs = v));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Mismatch in shape: grad_output[1] has a shape of torch.Size([3]) and output[1] has a shape of "
                    "torch.Size([2]).");
    grad_many(g, torch_tensors(torch_sum(y)), NULL, 0, NO_ARGS);
    ck_assert_error(TORCH_VALUE_ERROR, "grad requires non-empty inputs.");
    grad_many(g, NULL, 0, torch_tensors(x), NO_ARGS);
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "One of the differentiated Tensors appears to not have been used in the graph. Set "
                    "allow_unused=True if this is the desired behavior.");
    grad_many(g, NULL, 0, torch_tensors(x), ARGS(.allow_unused = true));
    ck_assert_ptr_null(g[0]);
    ck_assert_ptr_null(torch_autograd_grad(NULL, x));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(torch_autograd_grad(torch_sum(y), NULL));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(other_leaves_are_left_alone)
{
    Tensor *x = LEAF(1, 2), *y = LEAF(3, 4), *s = torch_sum(torch_mul(x, torch_exp(y)));
    torch_autograd_grad(s, x);
    ck_assert(!torch_grad(x) && !torch_grad(y));
    Tensor *kept = torch_mul(y, 2);
    torch_retain_grad(kept);
    torch_autograd_grad(torch_sum(torch_mul(x, kept)), x);
    ck_assert_ptr_null(torch_grad(kept)); /* not on the way to x */
}
END_TEST

START_TEST(result_is_not_shared_with_the_graph)
{
    Tensor *x = LEAF(1, 2), *y = LEAF(1, 2), *g[2];
    grad_many(g, torch_tensors(torch_add(x, y)), torch_tensors(x, y), ARGS(.grad_outputs = (Tensor *[]){CONST(1, 1)}));
    ck_values(g[0], 1, 1);
    ck_values(g[1], 1, 1);
}
END_TEST

/* ---- backward(inputs=...) ---------------------------------------------------------------------------------------- */

START_TEST(backward_into_some)
{
    Tensor *x = LEAF(1, 2), *y = LEAF(3, 4), *z = LEAF(5), *p = torch_sum(torch_mul(x, y));
    Tensor *into[] = {x, z};
    ck_assert_int_eq(torch_backward(p, .inputs = into, .n_inputs = 2, .retain_graph = true), TORCH_OK);
    ck_values(torch_grad(x), 3, 4);
    ck_assert(!torch_grad(y) && !torch_grad(z));
    torch_backward(p, .inputs = into, .n_inputs = 1);
    ck_values(torch_grad(x), 6, 8);
}
END_TEST

START_TEST(backward_into_an_intermediate)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2), *z = torch_sum(torch_mul(y, y));
    ck_assert_int_eq(torch_backward(z, .inputs = &y, .n_inputs = 1, .retain_graph = true), TORCH_OK);
    ck_values(torch_grad(y), 4, 8);
    ck_assert_ptr_null(torch_grad(x));
    ck_assert_int_eq(torch_backward(z, .inputs = &y, .n_inputs = 1), TORCH_OK);
    ck_values(torch_grad(y), 8, 16);
}
END_TEST

START_TEST(backward_into_refusals)
{
    Tensor *x = LEAF(1, 2), *w = CONST(1, 2), *s = torch_sum(torch_mul(x, x));
    torch_backward(s, .inputs = &w, .n_inputs = 1);
    ck_assert_error(TORCH_RUNTIME_ERROR, "can't retain_grad on Tensor that has requires_grad=False");
    torch_backward(s, .inputs = &x, .n_inputs = 0);
    ck_assert_error(TORCH_RUNTIME_ERROR, "'inputs' argument to backward() cannot be empty.");
    ck_assert_ptr_null(torch_grad(x));
    torch_backward(s);
    ck_values(torch_grad(x), 2, 4);
}
END_TEST

START_TEST(backward_into_does_not_alias)
{
    Tensor *x = LEAF(1, 1), *y = LEAF(1, 1), *into[] = {x, y}, *v = CONST(1, 1);
    torch_backward(torch_add(x, y), .gradient = v, .inputs = into, .n_inputs = 2);
    ck_assert_ptr_ne(torch_data_ptr(torch_grad(x)), torch_data_ptr(torch_grad(y)));
    torch_mul_(torch_grad(x), 5);
    ck_values(torch_grad(y), 1, 1);
    ck_values(v, 1, 1);
    Tensor *z = LEAF(1, 1);
    torch_backward(torch_sum(z), .inputs = &z, .n_inputs = 1);
    ck_assert_int_eq(torch_stride(torch_grad(z), 0), 1);
    torch_add_(torch_grad(z), 1);
    ck_values(torch_grad(z), 2, 2);
}
END_TEST

TCase *grad_case(void)
{
    return test_case("grad", one_of_one, several_of_several, same_output_twice_leaves_the_given_gradients,
                     same_input_twice, intermediates, unused, refusals, other_leaves_are_left_alone,
                     result_is_not_shared_with_the_graph, backward_into_some, backward_into_an_intermediate,
                     backward_into_refusals, backward_into_does_not_alias);
}
