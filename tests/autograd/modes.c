/* no_grad and enable_grad, however the block is left. */
#include "cases.h"

START_TEST(no_grad)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2), *z, *w;
    ck_assert(torch_is_grad_enabled());
    {
        torch_no_grad();
        ck_assert(!torch_is_grad_enabled());
        z = torch_mul(y, 2);
        w = torch_zeros(2, .requires_grad = true); /* leaves may still be made */
        torch_add_(x, 1);                          /* and written */
    }
    ck_assert(torch_is_grad_enabled());
    ck_assert(!torch_requires_grad(z) && torch_is_leaf(z) && torch_requires_grad(w));
    ck_values(x, 2, 3);
    torch_backward(torch_sum(z));
    ck_assert_error(TORCH_RUNTIME_ERROR, "element 0 of tensors does not require grad and does not have a grad_fn");
    torch_backward(torch_sum(y));
    ck_values(torch_grad(x), 2, 2);
}
END_TEST

START_TEST(nested)
{
    Tensor *x = LEAF(1, 2);
    torch_no_grad();
    {
        torch_enable_grad();
        ck_assert(torch_requires_grad(torch_mul(x, 2)));
        {
            torch_inference_mode();
            ck_assert(!torch_requires_grad(torch_mul(x, 2)));
        }
        ck_assert(torch_requires_grad(torch_mul(x, 2)));
    }
    ck_assert(!torch_requires_grad(torch_mul(x, 2)));
    torch_set_grad_enabled(true); /* else the fixture's results would be of this mode */
}
END_TEST

static bool early_return(int i)
{
    torch_scope();
    torch_no_grad();
    if (i) return torch_is_grad_enabled();
    torch_set_grad_enabled(true);
    return torch_is_grad_enabled();
}

START_TEST(left_early)
{
    for (int i = 0; i < 10; i++) {
        torch_no_grad();
        if (i % 2) continue;
        if (i == 6) break;
    }
    ck_assert(torch_is_grad_enabled());
    ck_assert(!early_return(1) && torch_is_grad_enabled());
    ck_assert(early_return(0) && torch_is_grad_enabled());
    switch ((int)torch_is_grad_enabled()) {
    case 1: {
        torch_no_grad();
        break;
    }
    default: ck_abort();
    }
    ck_assert(torch_is_grad_enabled());
}
END_TEST

START_TEST(set_grad_enabled_returns_the_old)
{
    ck_assert(torch_set_grad_enabled(false));
    ck_assert(!torch_set_grad_enabled(true));
    ck_assert(torch_is_grad_enabled());
}
END_TEST

START_TEST(backward_inside_no_grad)
{
    Tensor *x = LEAF(3), *y = torch_sum(torch_mul(x, x));
    torch_no_grad();
    torch_backward(y); /* the graph was made outside */
    ck_values(torch_grad(x), 6);
    ck_assert(!torch_is_grad_enabled());
}
END_TEST

START_TEST(mode_survives_errors)
{
    Tensor *x = LEAF(1, 2), *w = CONST(1, 2), *y = torch_sum(torch_mul(x, w));
    torch_add_(w, 1);
    torch_backward(y); /* fails inside the engine, which had switched recording off */
    ck_assert_ptr_nonnull(torch_error());
    torch_error_clear();
    ck_assert(torch_is_grad_enabled());
    ck_assert(torch_requires_grad(torch_mul(x, 2)));
}
END_TEST

TCase *modes_case(void)
{
    return test_case("modes", no_grad, nested, left_early, set_grad_enabled_returns_the_old, backward_inside_no_grad,
                     mode_survives_errors);
}
