/* jacobian, hessian and the products. Numbers and texts from PyTorch 1.13.1. */
#include "autograd/functional.h"
#include "tools.h"

static Tensor *x, *y, *ones;

static void start(void)
{
    x = CONST64(1, 2);
    y = CONST64(3, 4);
    ones = CONST64(1, 1);
}

#define FUNCTION(name, ...)                                                  \
    static void name(Tensor *const *in, int64_t n, Tensor **out, void *data) \
    {                                                                        \
        (void)n, (void)data, (void)in;                                       \
        __VA_ARGS__;                                                         \
    }

FUNCTION(two, out[0] = torch_mul(torch_mul(in[0], in[0]), in[1]); out[1] = torch_sum(in[1]))
FUNCTION(expo, out[0] = torch_exp(in[0]))
FUNCTION(constant, out[0] = torch_ones(2, .dtype = torch_float64))
FUNCTION(doubled, out[0] = torch_mul(in[0], 2))
FUNCTION(total, out[0] = torch_sum(in[0]))
FUNCTION(cubes, out[0] = torch_sum(torch_pow(in[0], 3)))
FUNCTION(product, out[0] = torch_sum(torch_mul(torch_mul(in[0], in[0]), in[1])))
FUNCTION(nothing, (void)out)

#define LAST(code, text) ck_assert_error(code, text)

START_TEST(jacobian)
{
    start();
    Tensor *j[4];
    torch_autograd_functional_jacobian(j, two, NULL, torch_tensors(x, y), .n_outputs = 2);
    ck_values(j[0], 6, 0, 0, 16);
    ck_values(j[1], 1, 0, 0, 4);
    ck_values(j[2], 0, 0);
    ck_values(j[3], 1, 1);
    ck_assert_shape(j[0], 2, 2);
    ck_assert_shape(j[2], 2);
    ck_assert(!torch_requires_grad(j[0]));
    torch_autograd_functional_jacobian(j, constant, NULL, torch_tensors(x));
    ck_values(j[0], 0, 0, 0, 0);
    Tensor *wide = torch_ones(2, 3, .dtype = torch_float64);
    torch_autograd_functional_jacobian(j, total, NULL, torch_tensors(wide));
    ck_assert_shape(j[0], 2, 3);
    torch_autograd_functional_jacobian(j, doubled, NULL, torch_tensors(torch_t(wide)));
    ck_assert_shape(j[0], 3, 2, 3, 2);
    ck_assert(!torch_requires_grad(x));
}
END_TEST

START_TEST(jacobian_with_a_graph)
{
    start();
    torch_requires_grad_(x, true);
    Tensor *j;
    torch_autograd_functional_jacobian(&j, expo, NULL, torch_tensors(x), .create_graph = true);
    ck_assert(torch_requires_grad(j));
    torch_backward(torch_sum(torch_mul(j, j)));
    ck_near(torch_grad(x), 2 * exp(2), 2 * exp(4));
}
END_TEST

START_TEST(jacobian_refusals)
{
    start();
    Tensor *j[2];
    torch_autograd_functional_jacobian(j, constant, NULL, torch_tensors(x), .strict = true);
    LAST(TORCH_RUNTIME_ERROR, "Output 0 of the user-provided function does not require gradients. The outputs must be "
                              "computed in a differentiable manner from the input when running in strict mode.");
    torch_autograd_functional_jacobian(j, doubled, NULL, torch_tensors(x, y), .strict = true);
    LAST(TORCH_RUNTIME_ERROR,
         "Output 0 of the user-provided function is independent of input 1. This is not allowed in strict mode.");
    torch_autograd_functional_jacobian(j, doubled, NULL, torch_tensors(x), .strict = true, .create_graph = true);
    LAST(TORCH_RUNTIME_ERROR, "The jacobian of the user-provided function is independent of input 0. This is not "
                              "allowed in strict mode when create_graph=True.");
    ck_assert_int_eq(torch_autograd_functional_jacobian(j, nothing, NULL, torch_tensors(x)), TORCH_TYPE_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(j[0]);
    ck_assert_int_eq(torch_autograd_functional_jacobian(j, NULL, NULL, torch_tensors(x)), TORCH_TYPE_ERROR);
    torch_error_clear();
    ck_assert_int_eq(torch_autograd_functional_hessian(j, NULL, NULL, torch_tensors(x)), TORCH_TYPE_ERROR);
    torch_error_clear();
    Tensor *deep = torch_ones(1, 1, 1, 1, 1);
    ck_assert_int_eq(torch_autograd_functional_jacobian(j, doubled, NULL, torch_tensors(deep)),
                     TORCH_NOT_IMPLEMENTED_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(hessian)
{
    start();
    Tensor *h[4];
    torch_autograd_functional_hessian(h, product, NULL, torch_tensors(x, y));
    ck_values(h[0], 6, 0, 0, 8);
    ck_values(h[1], 2, 0, 0, 4);
    ck_values(h[2], 2, 0, 0, 4);
    ck_values(h[3], 0, 0, 0, 0);
    torch_autograd_functional_hessian(h, doubled, NULL, torch_tensors(x));
    LAST(TORCH_RUNTIME_ERROR, "The Tensor returned by the function given to hessian should contain a single element");
    torch_autograd_functional_hessian(h, two, NULL, torch_tensors(x, y), .n_outputs = 2);
    LAST(TORCH_RUNTIME_ERROR, "The function given to hessian should return a single Tensor");
    torch_autograd_functional_hessian(h, total, NULL, torch_tensors(x), .strict = true);
    LAST(TORCH_RUNTIME_ERROR,
         "While computing the hessian, found that the jacobian of the user-provided function with respect to input 0 "
         "is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
         "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear "
         "function for example).");
}
END_TEST

START_TEST(vjp_and_jvp)
{
    start();
    Tensor *out[2], *r[2], *v[2] = {ones, torch_tensor(2.0, .dtype = torch_float64)}, *w[2] = {ones, ones};
    torch_autograd_functional_vjp(out, r, two, NULL, torch_tensors(x, y), .n_outputs = 2, .v = v);
    ck_values(out[0], 3, 16);
    ck_values(out[1], 7);
    ck_values(r[0], 6, 16);
    ck_values(r[1], 3, 6);
    torch_autograd_functional_jvp(out, r, two, NULL, torch_tensors(x, y), .n_outputs = 2, .v = w);
    ck_values(out[0], 3, 16);
    ck_values(r[0], 7, 20);
    ck_values(r[1], 2);
    torch_autograd_functional_vjp(NULL, r, total, NULL, torch_tensors(x));
    ck_values(r[0], 1, 1);
    torch_autograd_functional_vjp(out, r, doubled, NULL, torch_tensors(x));
    LAST(TORCH_RUNTIME_ERROR,
         "The vector v can only be None if the user-provided function returns a single Tensor with a single element.");
    torch_autograd_functional_jvp(out, r, doubled, NULL, torch_tensors(x));
    LAST(TORCH_RUNTIME_ERROR, "The vector v can only be None if the input to the user-provided function is a single "
                              "Tensor with a single element.");
    v[0] = torch_ones(3);
    torch_autograd_functional_vjp(out, r, doubled, NULL, torch_tensors(x), .v = v);
    LAST(TORCH_RUNTIME_ERROR, "v has invalid size: should be torch.Size([2]) but got torch.Size([3]).");
    torch_autograd_functional_jvp(out, r, doubled, NULL, torch_tensors(x), .v = v);
    LAST(TORCH_RUNTIME_ERROR, "v has invalid size: should be torch.Size([2]) but got torch.Size([3]).");
    torch_autograd_functional_jvp(out, r, doubled, NULL, torch_tensors(x), .v = w, .strict = true,
                                  .create_graph = true);
    LAST(TORCH_RUNTIME_ERROR, "The jacobian of the user-provided function is independent of input 0. This is not "
                              "allowed in strict mode when create_graph=True.");
    ck_assert(!out[0] && !r[0]);
}
END_TEST

START_TEST(products_with_the_hessian)
{
    start();
    Tensor *out, *r[2], *v[2] = {ones, ones};
    torch_autograd_functional_vhp(&out, r, cubes, NULL, torch_tensors(x), .v = v);
    ck_values(out, 9);
    ck_values(r[0], 6, 12);
    torch_autograd_functional_hvp(&out, r, cubes, NULL, torch_tensors(x), .v = v);
    ck_values(out, 9);
    ck_values(r[0], 6, 12);
    torch_autograd_functional_hvp(&out, r, product, NULL, torch_tensors(x, y), .v = v);
    ck_values(r[0], 8, 12);
    ck_values(r[1], 2, 4);
    torch_autograd_functional_hvp(&out, r, total, NULL, torch_tensors(x), .v = v);
    ck_values(r[0], 0, 0);
    torch_autograd_functional_hvp(&out, r, cubes, NULL, torch_tensors(x));
    LAST(TORCH_RUNTIME_ERROR, "The vector v can only be None if the input to the user-provided function is a single "
                              "Tensor with a single element.");
    torch_autograd_functional_vhp(&out, r, expo, NULL, torch_tensors(x), .v = v);
    LAST(TORCH_RUNTIME_ERROR, "The Tensor returned by the function given to vhp should contain a single element");
    torch_autograd_functional_vhp(&out, r, total, NULL, torch_tensors(x), .v = v, .strict = true);
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(out_of_memory)
{
    for (int64_t k = 1;; k++) {
        torch_scope();
        start();
        Tensor *h[4], *out, *r[2], *v[2] = {ones, ones};
        torch_fail_allocation(k);
        torch_autograd_functional_hessian(h, product, NULL, torch_tensors(x, y));
        torch_autograd_functional_hvp(&out, r, product, NULL, torch_tensors(x, y), .v = v);
        torch_fail_allocation(0);
        if (!torch_error()) break;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        ck_assert(!out && !r[0] && !r[1]);
        torch_error_clear();
    }
}
END_TEST

TCase *functional_case(void)
{
    return test_case("functional", jacobian, jacobian_with_a_graph, jacobian_refusals, hessian, vjp_and_jvp,
                     products_with_the_hessian, out_of_memory);
}
