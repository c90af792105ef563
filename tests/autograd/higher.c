/* Derivatives of derivatives, against closed forms and PyTorch's numbers (float64, 1.13.1). */
#include "cases.h"

static Tensor *polynomial(Tensor *x) /* x^5 - 2 x^3 + x */
{
    return torch_add(torch_sub(torch_pow(x, 5), torch_mul(torch_pow(x, 3), 2)), x);
}

static Tensor *products(Tensor *x) /* the same in products */
{
    Tensor *cube = torch_mul(torch_mul(x, x), x);
    return torch_add(torch_sub(torch_mul(torch_mul(cube, x), x), torch_mul(2, cube)), x);
}

static Tensor *inverse(Tensor *x)
{
    return torch_div(1, x);
}

static Tensor *square_of_root(Tensor *x)
{
    return torch_pow(torch_sqrt(x), 2.0);
}

START_TEST(three_derivatives_at_one_half)
{
    static const struct {
        Tensor *(*f)(Tensor *);
        double d[3];
    } cases[] = {
        {torch_tanh, {0.7864477329659274, -0.7268619813835873, -0.5652092882597705}},
        {torch_exp, {1.6487212707001282, 1.6487212707001282, 1.6487212707001282}},
        {torch_sigmoid, {0.2350037122015945, -0.05755679485232075, -0.09635675628958461}},
        {polynomial, {-0.1875, -3.5, 3.0}},
        {products, {-0.1875, -3.5, 3.0}},
        {torch_sqrt, {0.7071067811865475, -0.7071067811865474, 2.121320343559642}},
        {torch_log, {2.0, -4.0, 16.0}},
        {inverse, {-4.0, 16.0, -96.0}},
        {torch_reciprocal, {-4.0, 16.0, -96.0}},
        {square_of_root, {1, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Tensor *x = torch_tensor(0.5, .dtype = torch_float64, .requires_grad = true), *y = cases[i].f(x);
        for (int k = 0; k < 3; k++) {
            y = torch_autograd_grad(y, x, .create_graph = true);
            ck_assert_tensor(y, 1, &cases[i].d[k], 1e-12, 1e-12);
            ck_assert(torch_requires_grad(y) || cases[i].f == torch_exp || k == 2);
        }
        ck_assert_ptr_null(torch_grad(x));
    }
}
END_TEST

/* y = (A B)^3 in elements; first, second and third derivatives. */
START_TEST(matmul)
{
    Tensor *A = torch_tensor(((double[2][2]){{1, 2}, {3, 4}}), .dtype = torch_float64, .requires_grad = true);
    Tensor *B = torch_tensor(((double[2][2]){{0.5, -1}, {2, 1.5}}), .dtype = torch_float64, .requires_grad = true);
    Tensor *inputs[2] = {A, B}, *g[2], *y = torch_sum(torch_pow(torch_matmul(A, B), 3));
    torch_GradArgs args = {.struct_size = sizeof args,
                           .outputs = &y,
                           .n_outputs = 1,
                           .inputs = inputs,
                           .n_inputs = 2,
                           .create_graph = true};
    torch_autograd_grad_args(g, &args);
    ck_near(g[0], 18.375, 139.5, 108.375, 582.0);
    ck_near(g[1], 873.0, 93.0, 1204.5, 132.0);
    y = torch_sum(torch_mul(g[0], g[1]));
    torch_autograd_grad_args(g, &args);
    ck_near(g[0], 7528.21875, 70139.53125, 16035.46875, 246492.28125);
    ck_near(g[1], 633992.625, 143797.5, 396612.0, 143640.0);
    y = torch_add(torch_sum(g[0]), torch_sum(torch_pow(g[1], 2)));
    args.create_graph = false;
    torch_autograd_grad_args(g, &args);
    ck_near(g[0], 72280877348.67188, 312763302245.3906, 241578421968.79688, 1145759397520.6406);
    ck_near(g[1], 2258824255625.25, 406975112968.5, 1729527963147.0, 415314627651.0);
}
END_TEST

/* .grad with a history holds the leaf that holds it: the cycle is the caller's to break, as in PyTorch. */
START_TEST(backward_with_create_graph)
{
    torch_Slot first = {0};
    Tensor *x = torch_tensor(3.0, .requires_grad = true);
    torch_backward(torch_pow(x, 3), .create_graph = true);
    ck_values(torch_grad(x), 27);
    ck_assert(torch_requires_grad(torch_grad(x)));
    torch_set(&first, torch_grad(x));
    torch_set_grad(x, NULL);
    torch_backward(first.t);
    ck_values(torch_grad(x), 18);
    torch_clear(&first);
}
END_TEST

START_TEST(accumulating_with_create_graph)
{
    Tensor *x = torch_tensor(3.0, .requires_grad = true);
    torch_backward(torch_pow(x, 3), .create_graph = true);
    torch_backward(torch_pow(x, 2), .create_graph = true);
    ck_values(torch_grad(x), 33);
    ck_assert_str_eq(torch_grad_fn(torch_grad(x)), "AddBackward0");
    ck_values(torch_autograd_grad(torch_grad(x), x), 20);
    torch_set_grad(x, NULL);
}
END_TEST

START_TEST(create_graph_keeps_the_graph)
{
    Tensor *x = torch_tensor(3.0, .requires_grad = true), *y = torch_mul(torch_mul(x, x), x);
    Tensor *g = torch_autograd_grad(y, x, .create_graph = true);
    ck_values(torch_autograd_grad(y, x, .retain_graph = true), 27);
    ck_values(torch_autograd_grad(g, x), 18);
}
END_TEST

START_TEST(gradient_penalty) /* a loss of a gradient: d/dw (d(w x^2)/dx)^2 = 8 w x^2 */
{
    Tensor *w = torch_tensor(0.5, .requires_grad = true), *x = torch_tensor(3.0, .requires_grad = true);
    Tensor *g = torch_autograd_grad(torch_mul(w, torch_mul(x, x)), x, .create_graph = true);
    torch_backward(torch_pow(g, 2));
    ck_values(torch_grad(w), 36);
    ck_values(torch_grad(x), 6);
}
END_TEST

START_TEST(gradient_with_a_history_of_its_own)
{
    Tensor *x = torch_tensor(3.0, .requires_grad = true), *v = torch_tensor(2.0, .requires_grad = true);
    Tensor *y = torch_mul(x, x);
    Tensor *g = torch_autograd_grad_one(
        y, x, &(torch_GradArgs){.struct_size = sizeof(torch_GradArgs), .grad_outputs = &v, .create_graph = true});
    ck_values(g, 12);
    ck_values(torch_autograd_grad(g, v), 6); /* double backward trick: d (2 x v) / d v */
}
END_TEST

START_TEST(first_derivatives_have_no_history)
{
    Tensor *x = LEAF(1, 2);
    torch_backward(torch_sum(torch_pow(x, 3)));
    ck_assert(!torch_requires_grad(torch_grad(x)) && torch_is_leaf(torch_grad(x)));
}
END_TEST

START_TEST(second_derivative_through_a_reduction)
{
    Tensor *x = torch_tensor(((double[2][2]){{1, 2}, {3, 4}}), .dtype = torch_float64, .requires_grad = true);
    Tensor *y = torch_sum(torch_pow(torch_mean(x, 1), 3)); /* 1.5^3 + 3.5^3 */
    Tensor *g = torch_autograd_grad(y, x, .create_graph = true);
    ck_near(g, 3.375, 3.375, 18.375, 18.375);
    ck_near(torch_autograd_grad(
                torch_sum(torch_mul(g, torch_tensor(((double[2][2]){{1, 2}, {3, 4}}), .dtype = torch_float64))), x),
            6.75, 6.75, 36.75, 36.75); /* m_i = (c_i1 + c_i2) * 3/2 * mean_i */
}
END_TEST

TCase *higher_case(void)
{
    return test_case("higher", three_derivatives_at_one_half, matmul, backward_with_create_graph,
                     accumulating_with_create_graph, create_graph_keeps_the_graph, gradient_penalty,
                     gradient_with_a_history_of_its_own, first_derivatives_have_no_history,
                     second_derivative_through_a_reduction);
}
