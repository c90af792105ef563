/* checkpoint: the same gradients, and less kept. */
#include "autograd/checkpoint.h"
#include "core/random.h"
#include "tools.h"

static int runs;
static void block(Tensor *const *in, int64_t n, Tensor **out, void *data)
{
    (void)n;
    runs++;
    Tensor *h = torch_tanh(torch_mul(in[0], in[1]));
    h = F_dropout(h, 0.5, true);
    out[0] = torch_mul(h, torch_exp(h));
    if (data) out[1] = torch_sum(h);
}

static void outer(Tensor *const *in, int64_t n, Tensor **out, void *data)
{
    (void)n, (void)data;
    Tensor *h = torch_checkpoint(block, NULL, torch_tensors(in[0], in[1]));
    out[0] = torch_mul(h, h);
}

static void compare(torch_TensorFunction f, int expected)
{
    Tensor *x = LEAF64(0.5, 1, -1, 2, 0.25, -0.75, 3, 1.5), *w = LEAF64(1, 2, 3, 1, 1, -1, 0.5, 0.25), *want[2],
           *got[2];
    Tensor *in[2] = {x, w}, *out, *y;
    torch_manual_seed(5);
    f(in, 2, &out, NULL);
    torch_GradArgs args = torch_GradArgs_defaults();
    args.inputs = in, args.n_inputs = 2, args.n_outputs = 1;
    y = torch_sum(torch_mul(out, out));
    args.outputs = &y;
    torch_autograd_grad_args(want, &args);
    Tensor *drawn = torch_rand(1);
    torch_manual_seed(5);
    runs = 0;
    out = torch_checkpoint(f, NULL, torch_tensors(x, w));
    y = torch_sum(torch_mul(out, out));
    torch_autograd_grad_args(got, &args);
    ck_assert_int_eq(runs, expected);
    ck_assert_double_eq(torch_item(torch_rand(1)), torch_item(drawn)); /* the second run draws, and puts back */
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < 8; i++) ck_assert_double_eq(support_element(got[k], i), support_element(want[k], i));
}

START_TEST(same_gradients)
{
    compare(block, 2);
    compare(outer, 3); /* the second run of the outer one, and that of the inner one */
}
END_TEST

START_TEST(less_is_kept)
{
    Tensor *x = torch_ones(10, .requires_grad = true), *w = torch_ones(10);
    int64_t before = torch_live_tensors();
    {
        torch_scope();
        torch_escape(torch_checkpoint(block, NULL, torch_tensors(x, w), .preserve_rng_state = false));
    }
    ck_assert_int_eq(torch_live_tensors(), before + 1);
}
END_TEST

START_TEST(several_outputs_and_backward_twice)
{
    int data = 1;
    Tensor *x = LEAF64(1, 2), *w = LEAF64(1, 1), *other;
    runs = 0;
    Tensor *y = torch_checkpoint(block, &data, torch_tensors(x, w), .n_outputs = 2, .others = &other);
    Tensor *loss = torch_add(torch_sum(y), other);
    torch_backward(loss, .retain_graph = true);
    double first = support_element(torch_grad(x), 0);
    torch_backward(loss);
    ck_assert_int_eq(runs, 2);
    ck_assert_double_eq(support_element(torch_grad(x), 0), 2 * first);
    torch_backward(loss);
    ck_assert_error(TORCH_RUNTIME_ERROR, SECOND_BACKWARD);
    {
        torch_no_grad();
        ck_assert(!torch_requires_grad(torch_checkpoint(block, NULL, torch_tensors(x, w))));
    }
}
END_TEST

static void cube(Tensor *const *in, int64_t n, Tensor **out, void *data)
{
    (void)n, (void)data;
    out[0] = torch_mul(torch_mul(in[0], in[0]), in[0]);
}

START_TEST(second_derivative)
{
    Tensor *x = LEAF64(1, 2), *y = torch_checkpoint(cube, NULL, torch_tensors(x));
    Tensor *g = torch_autograd_grad(torch_sum(y), x, .create_graph = true);
    ck_values(g, 3, 12);
    ck_values(torch_autograd_grad(torch_sum(g), x), 6, 12);
}
END_TEST

static void changes(Tensor *const *in, int64_t n, Tensor **out, void *data)
{
    (void)n, (void)data;
    out[0] = runs++ ? torch_mul(in[0], 2) : torch_exp(torch_exp(in[0]));
}

static void fails(Tensor *const *in, int64_t n, Tensor **out, void *data)
{
    (void)n, (void)data;
    out[0] = runs++ ? torch_mm(in[0], in[0]) : torch_exp(in[0]);
}

START_TEST(refusals)
{
    Tensor *x = LEAF64(1, 2);
    runs = 0;
    torch_backward(torch_sum(torch_checkpoint(changes, NULL, torch_tensors(x))));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Attempt to retrieve a tensor saved by autograd multiple times without checkpoint recomputation "
                    "being triggered in between, this is not currently supported. Please open an issue with details on "
                    "your use case so that we can prioritize adding this.");
    runs = 0;
    torch_backward(torch_sum(torch_checkpoint(fails, NULL, torch_tensors(x))));
    ck_assert_error(TORCH_RUNTIME_ERROR, "self must be a matrix");
    ck_assert(torch_is_grad_enabled());
    ck_assert_ptr_null(torch_checkpoint(NULL, NULL, torch_tensors(x)));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(out_of_memory)
{
    Tensor *x = LEAF64(1, 2), *w = LEAF64(1, 1);
    for (int64_t k = 1;; k++) {
        torch_scope();
        int64_t tensors = torch_live_tensors();
        bool fine;
        {
            torch_scope();
            torch_fail_allocation(k);
            Tensor *y = torch_checkpoint(block, NULL, torch_tensors(x, w)), *g = NULL;
            g = torch_autograd_grad(torch_sum(y), x);
            torch_fail_allocation(0);
            fine = g != NULL;
        }
        ck_assert_int_eq(torch_live_tensors(), tensors);
        if (fine) break;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
    }
}
END_TEST

TCase *checkpoint_case(void)
{
    return test_case("checkpoint", same_gradients, less_is_kept, several_outputs_and_backward_twice, second_derivative,
                     refusals, out_of_memory);
}
