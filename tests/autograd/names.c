/* grad_fn of what each call returns, as PyTorch 1.13.1 prints it. */
#include "cases.h"

static Tensor *x, *y, *v, *m, *p, *q; /* (2, 3) twice, (3), (3, 2), (2, 3, 4), (2, 4, 3) */

static void make(void)
{
    x = torch_ones(2, 3, .requires_grad = true);
    y = torch_ones(2, 3, .requires_grad = true);
    v = torch_ones(3, .requires_grad = true);
    m = torch_ones(3, 2, .requires_grad = true);
    p = torch_ones(2, 3, 4, .requires_grad = true);
    q = torch_ones(2, 4, 3, .requires_grad = true);
}

static void check_name(int line, Tensor *t, const char *name)
{
    ck_assert_no_error();
    const char *got = torch_grad_fn(t);
    if (!got || strcmp(got, name) != 0) ck_abort_msg("line %d: %s, expected %s", line, got ? got : "None", name);
}
#define NAME(t, name) check_name(__LINE__, t, name)

START_TEST(arithmetic)
{
    make();
    NAME(torch_add(x, y), "AddBackward0");
    NAME(torch_add(x, 1), "AddBackward0");
    NAME(torch_add_alpha(x, y, 2), "AddBackward0");
    NAME(torch_sub(x, y), "SubBackward0");
    NAME(torch_sub(x, 1), "SubBackward0");
    NAME(torch_sub(1, x), "RsubBackward1");
    NAME(torch_mul(x, y), "MulBackward0");
    NAME(torch_div(x, y), "DivBackward0");
    NAME(torch_div(1, x), "MulBackward0");
    NAME(torch_neg(x), "NegBackward0");
    NAME(torch_pow(x, 2), "PowBackward0");
    NAME(torch_pow(x, y), "PowBackward1");
    NAME(torch_pow(2, x), "PowBackward1");
    NAME(torch_reciprocal(x), "ReciprocalBackward0");
    NAME(torch_abs(x), "AbsBackward0");
    NAME(torch_sign(x), "SignBackward0");
    NAME(torch_clamp(x, 0, 1), "ClampBackward1");
    NAME(torch_clamp(x, .min = 0), "ClampBackward1");
    NAME(torch_exp(x), "ExpBackward0");
    NAME(torch_log(x), "LogBackward0");
    NAME(torch_sqrt(x), "SqrtBackward0");
    NAME(torch_tanh(x), "TanhBackward0");
    NAME(torch_sigmoid(x), "SigmoidBackward0");
    NAME(torch_relu(x), "ReluBackward0");
    NAME(F_relu(x), "ReluBackward0");
}
END_TEST

START_TEST(matrices)
{
    make();
    NAME(torch_matmul(x, m), "MmBackward0");
    NAME(torch_mm(x, m), "MmBackward0");
    NAME(torch_matmul(x, v), "MvBackward0");
    NAME(torch_matmul(v, v), "DotBackward0");
    NAME(torch_matmul(p, q), "UnsafeViewBackward0");
    NAME(torch_matmul(p, torch_select(q, 0, 0)), "UnsafeViewBackward0");
    NAME(torch_bmm(p, q), "BmmBackward0");
    NAME(torch_addmm(torch_ones(2), x, m), "AddmmBackward0");
    Tensor *w = torch_ones(5, 3, .requires_grad = true), *b = torch_ones(5, .requires_grad = true);
    NAME(F_linear(x, w, b), "AddmmBackward0");
    NAME(F_linear(x, w, NULL), "MmBackward0");
    NAME(F_linear(q, w, b), "ViewBackward0");
}
END_TEST

START_TEST(views)
{
    make();
    NAME(torch_t(x), "TBackward0");
    NAME(torch_T(x), "PermuteBackward0");
    NAME(torch_transpose(x, 0, 1), "TransposeBackward0");
    NAME(torch_permute(p, 2, 0, 1), "PermuteBackward0");
    NAME(torch_view(x, 3, 2), "ViewBackward0");
    NAME(torch_reshape(x, 3, 2), "ReshapeAliasBackward0");
    NAME(torch_reshape(torch_t(x), 6), "UnsafeViewBackward0");
    NAME(torch_flatten(p), "ReshapeAliasBackward0");
    NAME(torch_squeeze(x), "SqueezeBackward0");
    NAME(torch_squeeze_dim(x, 0), "SqueezeBackward1");
    NAME(torch_unsqueeze(x, 0), "UnsqueezeBackward0");
    NAME(torch_expand(v, 2, 3), "ExpandBackward0");
    NAME(torch_index(x, "0"), "SelectBackward0");
    NAME(torch_index(x, "0:2"), "SliceBackward0");
    NAME(torch_index(x, ":, 1"), "SelectBackward0");
    NAME(torch_index(x, "..., -1"), "SelectBackward0");
    NAME(torch_index(x, "None"), "UnsqueezeBackward0");
    NAME(torch_index(p, ":, -1, :"), "SliceBackward0");
}
END_TEST

START_TEST(copies_reductions_losses)
{
    make();
    NAME(torch_cat(torch_tensors(x, y), 0), "CatBackward0");
    NAME(torch_stack(torch_tensors(x, y), 0), "StackBackward0");
    NAME(torch_clone(x), "CloneBackward0");
    NAME(torch_contiguous(torch_t(x)), "CloneBackward0");
    NAME(torch_to(x, torch_float64), "ToCopyBackward0");
    NAME(torch_sum(x), "SumBackward0");
    NAME(torch_sum(x, 1), "SumBackward1");
    NAME(torch_mean(x), "MeanBackward0");
    NAME(torch_mean(x, 1), "MeanBackward1");
    NAME(torch_max(x), "MaxBackward1");
    NAME(torch_max_dim(x, 1, false, NULL), "MaxBackward0");
    NAME(torch_min(x), "MinBackward1");
    NAME(torch_min_dim(x, 1, false, NULL), "MinBackward0");
    NAME(F_mse_loss(x, y), "MseLossBackward0");
    NAME(F_mse_loss(x, y, .reduction = "none"), "MseLossBackward0");
    NAME(F_dropout(x, 0.5, true), "MulBackward0");
}
END_TEST

START_TEST(in_place)
{
    make();
    NAME(torch_add_(torch_clone(x), 1), "AddBackward0");
    NAME(torch_mul_(torch_clone(x), 2), "MulBackward0");
    NAME(torch_relu_(torch_clone(x)), "ReluBackward0");
}
END_TEST

TCase *names_case(void)
{
    return test_case("names", arithmetic, matrices, views, copies_reductions_losses, in_place);
}
