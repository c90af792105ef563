/* gradcheck and gradgradcheck find what is wrong, and only that. Texts from PyTorch 1.13.1. */
#include "autograd/gradcheck.h"
#include "tools.h"

static void square(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)n;
    torch_ctx_save_for_backward(ctx, torch_tensors(in[0]));
    out[0] = torch_mul(in[0], in[0]);
}

static int64_t threefold(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    in[0] = torch_mul(torch_mul(g[0], 3), torch_ctx_saved_tensor(ctx, 0));
    return 1;
}

static int64_t cut_off(torch_Ctx *ctx, Tensor *const *g, Tensor **in) /* right, but not its own derivative */
{
    in[0] = torch_mul(torch_mul(g[0], 2), torch_detach(torch_ctx_saved_tensor(ctx, 0)));
    return 1;
}

static int64_t random_gradient(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    Tensor *noise = torch_mul(torch_to(torch_rand(1), torch_float64), 1e-9);
    in[0] = torch_mul(torch_mul(g[0], torch_add(noise, 2)), torch_ctx_saved_tensor(ctx, 0));
    return 1;
}

static int64_t constant_gradient(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    (void)g;
    in[0] = torch_mul(torch_ctx_saved_tensor(ctx, 0), 2);
    return 1;
}

static const torch_Function Bad = {"Bad", square, threefold, 1, false}, Cut = {"Cut", square, cut_off, 1, false},
                            Noisy = {"Noisy", square, random_gradient, 1, false},
                            Constant = {"Constant", square, constant_gradient, 1, false};

#define FUNCTION(name, ...)                                                  \
    static void name(Tensor *const *in, int64_t n, Tensor **out, void *data) \
    {                                                                        \
        (void)n, (void)data, (void)in;                                       \
        __VA_ARGS__;                                                         \
    }
#define APPLY(f, x) torch_Function_apply(&(f), torch_tensors(x), NULL, NULL)

FUNCTION(bad, out[0] = APPLY(Bad, in[0]))
FUNCTION(second_bad, out[0] = torch_mul(in[0], in[1]); out[1] = APPLY(Bad, in[1]))
FUNCTION(cut, out[0] = APPLY(Cut, in[0]))
FUNCTION(noisy, out[0] = APPLY(Noisy, in[0]))
FUNCTION(unscaled, out[0] = torch_sum(APPLY(Constant, in[0])))
FUNCTION(detached, out[0] = torch_detach(in[0]))
FUNCTION(constant, out[0] = torch_zeros(2))
FUNCTION(good, out[0] = torch_mm(torch_tanh(in[0]), in[1]); out[1] = torch_gt(in[0], 0); out[2] = torch_exp(in[1]))

#define WRONG                                                                                \
    "numerical:tensor([[2.0000, 0.0000],\n        [0.0000, 4.0000]], dtype=torch.float64)\n" \
    "analytical:tensor([[3., 0.],\n        [0., 6.]], dtype=torch.float64)\n"

START_TEST(right_ones)
{
    Tensor *a = torch_requires_grad_(torch_view(CONST64(1, -2, 3, 0.5, 0.25, 1), 2, 3), true);
    Tensor *b = torch_requires_grad_(torch_t(torch_view(CONST64(1, 2, -3, 0.5, 0.1, 1), 2, 3)), true); /* no copy */
    ck_assert(torch_gradcheck(good, NULL, torch_tensors(a, b), .n_outputs = 3));
    ck_assert(torch_gradgradcheck(good, NULL, torch_tensors(a, b), .n_outputs = 3));
    ck_assert(torch_gradcheck(constant, NULL, torch_tensors(a)));
    ck_assert(torch_gradcheck(good, NULL, torch_tensors(torch_detach(a), b), .n_outputs = 3));
    ck_values(a, 1, -2, 3, 0.5, 0.25, 1); /* as they were */
}
END_TEST

START_TEST(wrong_ones)
{
    Tensor *x = LEAF64(1, 2), *y = LEAF64(1, 2);
    ck_assert(!torch_gradcheck(bad, NULL, torch_tensors(x)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Jacobian mismatch for output 0 with respect to input 0,\n" WRONG);
    ck_assert(!torch_gradcheck(second_bad, NULL, torch_tensors(x, y), .n_outputs = 2));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Jacobian mismatch for output 1 with respect to input 1,\n" WRONG);
    ck_assert(!torch_gradcheck(bad, NULL, torch_tensors(x), .raise_exception = false));
    ck_assert_no_error();
    ck_assert(torch_gradcheck(bad, NULL, torch_tensors(x), .atol = 3));
    ck_assert(!torch_gradcheck(detached, NULL, torch_tensors(x)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Numerical gradient for function expected to be zero");
    ck_assert(!torch_gradcheck(unscaled, NULL, torch_tensors(x)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "backward not multiplied by grad_output");
    ck_assert(torch_gradcheck(cut, NULL, torch_tensors(x)));
    ck_assert(!torch_gradgradcheck(cut, NULL, torch_tensors(x), .raise_exception = false));
    ck_assert(!torch_gradcheck(noisy, NULL, torch_tensors(x)));
    ck_assert_int_eq(strncmp(torch_error(), "Backward is not reentrant", 25), 0);
    torch_error_clear();
    ck_assert(torch_gradcheck(noisy, NULL, torch_tensors(x), .nondet_tol = 1e-6));
}
END_TEST

START_TEST(refusals)
{
    ck_assert(!torch_gradcheck(bad, NULL, torch_tensors(CONST64(1, 2))));
    ck_assert_error(TORCH_VALUE_ERROR, "gradcheck expects at least one input tensor to require gradient, but none of "
                                       "the them have requires_grad=True.");
    Tensor *wide = torch_requires_grad_(torch_expand(torch_ones(1, .dtype = torch_float64), 3), true);
    ck_assert(!torch_gradcheck(bad, NULL, torch_tensors(wide)));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "The 0th input has a dimension with stride 0. gradcheck only supports inputs that are "
                    "non-overlapping to be able to compute the numerical gradients correctly. You should call "
                    ".contiguous on the input before passing it to gradcheck.");
    ck_assert(!torch_gradcheck(NULL, NULL, torch_tensors(wide)));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    ck_assert(!torch_gradcheck(bad, NULL, torch_tensors(LEAF64(1)), .n_outputs = 2)); /* it makes but one */
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(out_of_memory)
{
    Tensor *x = LEAF64(1, 2), *y = LEAF64(3, 4);
    for (int64_t k = 1;; k += 7) {
        torch_scope();
        torch_fail_allocation(k);
        bool fine = torch_gradgradcheck(second_bad, NULL, torch_tensors(x, y), .n_outputs = 2, .atol = 100);
        torch_fail_allocation(0);
        if (fine) break;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        ck_values(x, 1, 2);
        ck_values(y, 3, 4);
    }
}
END_TEST

TCase *gradcheck_case(void)
{
    return test_case("gradcheck", right_ones, wrong_ones, refusals, out_of_memory);
}
