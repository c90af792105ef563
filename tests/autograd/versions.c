/* A saved tensor that was changed before backward is an error, never a wrong gradient. Texts from PyTorch 1.13.1. */
#include <stdio.h>

#include "cases.h"

#define CHANGED "one of the variables needed for gradient computation has been modified by an inplace operation: "
#define HINT                                                                                                    \
    " instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with " \
    "torch.autograd.set_detect_anomaly(True)."

static void refused(Tensor *result, const char *text)
{
    ck_assert_no_error();
    ck_assert_int_eq(torch_backward(torch_dim(result) ? torch_sum(result) : result), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR, text);
}

START_TEST(saved_input)
{
    Tensor *x = LEAF(1, 2), *w = CONST(3, 4), *y = torch_mul(x, w);
    torch_add_(w, 1);
    refused(y, CHANGED "[torch.FloatTensor [2]] is at version 1; expected version 0" HINT);
    ck_assert_ptr_null(torch_grad(x));
}
END_TEST

START_TEST(saved_matrix)
{
    Tensor *x = torch_ones(2, 2, .requires_grad = true), *w = torch_ones(2, 2), *y = torch_mm(x, w);
    torch_zero_(w);
    refused(y, CHANGED "[torch.FloatTensor [2, 2]] is at version 1; expected version 0" HINT);
}
END_TEST

START_TEST(saved_scalar)
{
    Tensor *x = torch_tensor(2.0, .requires_grad = true), *w = torch_tensor(3.0), *y = torch_mul(x, w);
    torch_fill_(w, 1);
    refused(y, CHANGED "[torch.FloatTensor []] is at version 1; expected version 0" HINT);
}
END_TEST

START_TEST(saved_result_of_an_op)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 2), *z = torch_mul(y, y);
    torch_add_(y, 1);
    refused(z, CHANGED
            "[torch.FloatTensor [2]], which is output 0 of AddBackward0, is at version 1; expected version 0" HINT);
}
END_TEST

START_TEST(changed_twice)
{
    Tensor *x = LEAF64(1, 2), *y = torch_mul(x, 2), *z = torch_log(y);
    torch_add_(y, 1);
    torch_add_(y, 1);
    refused(z, CHANGED
            "[torch.DoubleTensor [2]], which is output 0 of AddBackward0, is at version 2; expected version 0" HINT);
}
END_TEST

START_TEST(saved_outputs)
{
    static const struct {
        Tensor *(*f)(Tensor *);
        const char *name;
    } cases[] = {{torch_exp, "ExpBackward0"},
                 {torch_tanh, "TanhBackward0"},
                 {torch_sigmoid, "SigmoidBackward0"},
                 {torch_relu, "ReluBackward0"},
                 {torch_sqrt, "SqrtBackward0"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        Tensor *x = LEAF(1, 2), *y = cases[i].f(x);
        torch_mul_(y, 2);
        snprintf(text, sizeof text,
                 CHANGED "[torch.FloatTensor [2]], which is output 0 of %s, is at version 1; expected version 0" HINT,
                 cases[i].name);
        refused(y, text);
    }
}
END_TEST

START_TEST(through_detach)
{
    Tensor *x = LEAF(1, 2), *y = torch_tanh(x);
    torch_zero_(torch_detach(y));
    refused(y, CHANGED
            "[torch.FloatTensor [2]], which is output 0 of TanhBackward0, is at version 1; expected version 0" HINT);
}
END_TEST

START_TEST(through_a_view)
{
    Tensor *x = LEAF(1, 2, 3), *b = torch_ones(3), *y = torch_div(x, b);
    torch_add_(torch_select(b, 0, 0), 1);
    refused(y, CHANGED "[torch.FloatTensor [3]] is at version 1; expected version 0" HINT);
}
END_TEST

START_TEST(expected_version_counts_from_the_save)
{
    Tensor *x = LEAF(1, 2), *w = CONST(3, 4);
    torch_add_(w, 1);
    torch_add_(w, 1);
    Tensor *y = torch_mul(x, w);
    torch_add_(w, 1);
    refused(y, CHANGED "[torch.FloatTensor [2]] is at version 3; expected version 2" HINT);
}
END_TEST

START_TEST(under_no_grad)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, x);
    {
        torch_no_grad();
        torch_mul_(x, 2); /* an optimizer's step between forward and backward */
    }
    refused(y, CHANGED "[torch.FloatTensor [2]] is at version 1; expected version 0" HINT);
}
END_TEST

START_TEST(change_of_what_nobody_reads)
{
    Tensor *x = LEAF64(1, 2), *y = torch_mul(x, 2), *z = torch_sqrt(y); /* saves its result only */
    torch_add_(y, 1);
    torch_backward(torch_sum(z));
    ck_near(torch_grad(x), 0.7071067811865475, 0.5);
}
END_TEST

START_TEST(overwritten_values_of_the_op_itself)
{
    Tensor *x = LEAF64(1, 2), *y = torch_mul(x, 2);
    torch_log(y);
    torch_mul_(y, CONST64(3, 4)); /* saves the old y for nobody: its other operand needs no gradient */
    torch_backward(torch_sum(y));
    ck_values(torch_grad(x), 6, 8);
}
END_TEST

TCase *versions_case(void)
{
    return test_case("versions", saved_input, saved_matrix, saved_scalar, saved_result_of_an_op, changed_twice,
                     saved_outputs, through_detach, through_a_view, expected_version_counts_from_the_save,
                     under_no_grad, change_of_what_nobody_reads, overwritten_values_of_the_op_itself);
}
