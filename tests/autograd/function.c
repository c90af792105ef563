/* Functions with a backward of their own. Numbers and texts from PyTorch 1.13.1. */
#include "cases.h"

static Tensor *x, *w;

static void start(void)
{
    x = LEAF64(2, 2, 2);
    w = LEAF64(1, 1, 1);
}

#define APPLY(f, ...) torch_Function_apply(&(f), torch_tensors(__VA_ARGS__), NULL, NULL)

static void cube(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)n;
    ck_assert(!torch_is_grad_enabled());
    torch_ctx_save_for_backward(ctx, torch_tensors(in[0]));
    out[0] = torch_mul(torch_mul(in[0], in[0]), in[0]);
}

static int64_t cube_backward(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    Tensor *a = torch_ctx_saved_tensor(ctx, 0);
    in[0] = torch_mul(torch_mul(g[0], 3), torch_mul(a, a));
    return 1;
}

static const torch_Function Cube = {"Cube", cube, cube_backward, 1, false};
static const torch_Function Once = {"Once", cube, cube_backward, 1, true};

START_TEST(first_and_second_derivative)
{
    start();
    Tensor *y = APPLY(Cube, x);
    ck_assert_str_eq(torch_grad_fn(y), "CubeBackward");
    ck_values(y, 8, 8, 8);
    Tensor *g = torch_autograd_grad(torch_sum(y), x, .create_graph = true);
    ck_values(g, 12, 12, 12);
    ck_assert_str_eq(torch_grad_fn(g), "MulBackward0");
    ck_values(torch_autograd_grad(torch_sum(g), x), 12, 12, 12);
    torch_backward(torch_sum(y));
    ck_values(torch_grad(x), 12, 12, 12);
}
END_TEST

static void expo(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)n;
    out[0] = torch_mul(in[0], in[0]);
    torch_ctx_save_for_backward(ctx, torch_tensors(out[0], NULL));
}

static int64_t expo_backward(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    ck_assert_int_eq(torch_ctx_n_saved_tensors(ctx), 2);
    Tensor *none = torch_ctx_saved_tensor(ctx, 1);
    ck_assert(!none);
    in[0] = torch_mul(g[0], torch_ctx_saved_tensor(ctx, 0));
    return 1;
}

static const torch_Function Expo = {"Expo", expo, expo_backward, 1, false};

START_TEST(saved_output)
{
    start();
    Tensor *y = APPLY(Expo, x), *g = torch_autograd_grad(torch_sum(y), x, .create_graph = true);
    ck_values(g, 4, 4, 4);
    ck_values(torch_autograd_grad(torch_sum(g), x, .retain_graph = true), 4, 4, 4); /* 1 through y: its own backward */
    torch_add_(y, 1);
    torch_backward(torch_sum(y));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    "[torch.DoubleTensor [3]], which is output 0 of ExpoBackward, is at version 1; expected version 0 "
                    "instead. Hint: enable anomaly detection to find the operation that failed to compute its "
                    "gradient, with torch.autograd.set_detect_anomaly(True).");
}
END_TEST

START_TEST(saved_input_changed_or_freed)
{
    start();
    Tensor *a = torch_mul(x, 1), *y = APPLY(Cube, a);
    torch_add_(a, 1);
    torch_backward(torch_sum(y));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    "[torch.DoubleTensor [3]], which is output 0 of AddBackward0, is at version 1; expected version 0 "
                    "instead. Hint: enable anomaly detection to find the operation that failed to compute its "
                    "gradient, with torch.autograd.set_detect_anomaly(True).");
    y = APPLY(Cube, x);
    torch_backward(torch_sum(y));
    torch_backward(torch_sum(y));
    ck_assert_error(TORCH_RUNTIME_ERROR, SECOND_BACKWARD);
}
END_TEST

START_TEST(once_differentiable)
{
    start();
    Tensor *y = APPLY(Once, x), *g = torch_autograd_grad(torch_sum(y), x, .create_graph = true);
    ck_assert(!torch_requires_grad(g));
    g = torch_autograd_grad(torch_sum(torch_mul(y, y)), x, .create_graph = true);
    ck_values(g, 192, 192, 192);
    ck_assert(torch_requires_grad(g));
    torch_backward(torch_sum(g));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "trying to differentiate twice a function that was marked with @once_differentiable");
}
END_TEST

static void product(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)ctx, (void)n;
    out[0] = torch_mul(in[0], in[1]);
}

static int64_t one_only(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    (void)ctx;
    in[0] = g[0];
    return 1;
}

static int64_t three(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    in[0] = in[1] = g[0];
    in[2] = torch_ctx_data(ctx) ? NULL : g[0];
    return 3;
}

static int64_t too_short(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    (void)ctx;
    in[0] = torch_slice(g[0], 0, 0, 2, 1);
    in[1] = g[0];
    return 2;
}

static int64_t broadcast(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    ck_assert(torch_ctx_needs_input_grad(ctx, 0) && !torch_ctx_needs_input_grad(ctx, 1));
    in[0] = torch_expand(g[0], 4, 3);
    in[1] = torch_slice(g[0], 0, 0, 2, 1); /* nobody wants it */
    return 2;
}

static const torch_Function Few = {"MyFunction", product, one_only, 1, false},
                            Many = {"MyFunction", product, three, 1, false},
                            Short = {"MyFunction", product, too_short, 1, false},
                            Wide = {"MyFunction", product, broadcast, 1, false},
                            NoBackward = {"MyFunction", product, NULL, 1, false};

START_TEST(wrong_gradients)
{
    start();
    int data = 1;
    torch_backward(torch_sum(APPLY(Few, x, w)));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "function MyFunctionBackward returned an incorrect number of gradients (expected 2, got 1)");
    torch_backward(torch_sum(APPLY(Many, x, w)));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "function MyFunctionBackward returned an incorrect number of gradients (expected 2, got 3)");
    torch_backward(torch_sum(torch_Function_apply(&Many, torch_tensors(x, w), &data, NULL)));
    ck_values(torch_grad(w), 1, 1, 1);
    torch_backward(torch_sum(APPLY(Short, x, w)));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Function MyFunctionBackward returned an invalid gradient at index 0 - got [2] "
                    "but expected shape compatible with [3]");
    torch_set_grad(x, NULL);
    torch_backward(torch_sum(APPLY(Wide, x, CONST64(1, 1, 1))));
    ck_values(torch_grad(x), 4, 4, 4);
    torch_backward(torch_sum(APPLY(NoBackward, x, w)));
    ck_assert_error(TORCH_NOT_IMPLEMENTED_ERROR, "You must implement either the backward or vjp method for your custom "
                                                 "autograd.Function to use it with backward mode AD.");
    ck_assert_ptr_null(torch_Function_apply(NULL, torch_tensors(x), NULL, NULL));
    ck_assert_int_eq(torch_error_code(), TORCH_NOT_IMPLEMENTED_ERROR);
    torch_error_clear();
}
END_TEST

static bool got_second;
static void several(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)n;
    out[0] = torch_mul(in[0], 2);
    out[1] = torch_mul(in[0], 3);
    out[2] = torch_gt(in[0], 0);
    if (torch_ctx_data(ctx)) torch_ctx_mark_non_differentiable(ctx, torch_tensors(out[1]));
    if (!torch_ctx_data(ctx)) torch_ctx_set_materialize_grads(ctx, false);
}

static int64_t several_backward(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    (void)ctx;
    got_second = g[1] != NULL;
    if (g[1]) ck_values(g[1], 0, 0, 0);
    in[0] = g[0];
    return 1;
}

static const torch_Function Several = {"Several", several, several_backward, 3, false};

START_TEST(several_outputs)
{
    start();
    int data = 1;
    Tensor *others[2], *first = torch_Function_apply(&Several, torch_tensors(x), &data, others);
    ck_assert(torch_requires_grad(first) && !torch_requires_grad(others[0]) && !torch_requires_grad(others[1]));
    torch_backward(torch_sum(first));
    ck_assert(got_second);
    first = torch_Function_apply(&Several, torch_tensors(x), NULL, others);
    ck_assert(torch_requires_grad(others[0]) && !torch_requires_grad(others[1]));
    ck_assert_int_eq(torch_Node_next_output(torch_grad_fn_node(torch_mul(others[0], 1)), 0), 1);
    torch_backward(torch_sum(first));
    ck_assert(!got_second);
    ck_values(torch_grad(x), 2, 2, 2);
}
END_TEST

static void same(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)ctx, (void)n;
    out[0] = in[0];
}

static void part(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)ctx, (void)n;
    out[0] = torch_slice(in[0], 0, 0, 3, 1);
}

static int64_t fivefold(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    (void)ctx;
    in[0] = torch_mul(g[0], 5);
    return 1;
}

static const torch_Function Same = {"MyFunction", same, fivefold, 1, false};
static const torch_Function Part = {"MyFunction", part, fivefold, 1, false};

#define CUSTOM                                                                                                      \
    " modified inplace. This view was created inside a custom Function (or because an input was returned as-is) "   \
    "and the autograd logic to handle view+inplace would override the custom backward associated with the custom "  \
    "Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output " \
    "of the custom Function."

START_TEST(input_as_it_is)
{
    start();
    Tensor *y = APPLY(Same, x), *c = CONST64(1), *z;
    ck_assert(y != x && torch_data_ptr(y) == torch_data_ptr(x));
    ck_assert(APPLY(Same, c) != c);
    torch_backward(torch_sum(y));
    ck_values(torch_grad(x), 5, 5, 5);
    Tensor *a = torch_mul(x, 1);
    ck_assert_ptr_null(torch_mul_(APPLY(Same, a), 2));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Output 0 of MyFunctionBackward is a view and is being" CUSTOM);
    z = APPLY(Part, a);
    torch_mul_(a, 2);
    ck_assert_ptr_null(torch_mul(z, 2));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Output 0 of MyFunctionBackward is a view and its base or another view of its "
                                         "base has been" CUSTOM);
}
END_TEST

static void twice_(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)n;
    torch_mul_(in[0], 2);
    torch_ctx_mark_dirty(ctx, torch_tensors(in[0]));
    out[0] = torch_ctx_data(ctx) ? torch_add(in[0], 1) : in[0];
}

static int64_t twice_backward(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    (void)ctx;
    in[0] = torch_mul(g[0], 2);
    return 1;
}

static const torch_Function Twice = {"Twice", twice_, twice_backward, 1, false};

START_TEST(dirty)
{
    start();
    int data = 1;
    Tensor *y = torch_mul(x, 1);
    ck_assert_ptr_eq(APPLY(Twice, y), y);
    ck_assert_int_eq(torch_version_of(y), 2);
    ck_assert_str_eq(torch_grad_fn(y), "TwiceBackward");
    torch_backward(torch_sum(y));
    ck_values(torch_grad(x), 2, 2, 2);
    torch_set_grad(x, NULL);
    Tensor *b = torch_mul(x, 1), *v = torch_slice(b, 0, 0, 2, 1);
    ck_assert_ptr_eq(APPLY(Twice, v), v);
    ck_assert_str_eq(torch_grad_fn(b), "CopySlices");
    ck_assert_str_eq(torch_grad_fn(v), "AsStridedBackward0");
    torch_backward(torch_sum(b));
    ck_values(torch_grad(x), 2, 2, 1);
    ck_assert_ptr_null(torch_Function_apply(&Twice, torch_tensors(torch_mul(x, 1)), &data, NULL));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Some elements marked as dirty during the forward method were not returned as output. The inputs "
                    "that are modified inplace must all be outputs of the Function.");
    ck_assert_ptr_null(APPLY(Twice, x));
    ck_assert_error(TORCH_RUNTIME_ERROR, "a leaf Variable that requires grad has been used in an in-place operation.");
}
END_TEST

static void fails(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)n;
    torch_ctx_save_for_backward(ctx, torch_tensors(in[0]));
    out[0] = torch_mm(in[0], in[0]);
}

static const torch_Function Fails = {"Fails", fails, one_only, 1, false};

static void count_end(void *data)
{
    ++*(int *)data;
}

static void holds(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    (void)n;
    torch_ctx_set_data(ctx, torch_ctx_data(ctx), count_end);
    out[0] = torch_mul(in[0], 2);
}

static const torch_Function Holds = {"Holds", holds, fivefold, 1, false};

START_TEST(data_and_errors)
{
    start();
    ck_assert_ptr_null(APPLY(Fails, x));
    ck_assert_error(TORCH_RUNTIME_ERROR, "self must be a matrix");
    ck_assert_ptr_null(APPLY(Cube, NULL)); /* None, which forward does not take */
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    int ended = 0;
    {
        torch_scope();
        Tensor *y = torch_Function_apply(&Holds, torch_tensors(x), &ended, NULL);
        torch_backward(torch_sum(y));
        ck_assert_int_eq(ended, 0);
    }
    ck_assert_int_eq(ended, 1);
    {
        torch_no_grad();
        ck_assert(!torch_requires_grad(torch_Function_apply(&Holds, torch_tensors(x), &ended, NULL)));
        ck_assert_int_eq(ended, 2);
    }
}
END_TEST

static int64_t by_inner_graph(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    torch_enable_grad();
    Tensor *a = torch_requires_grad_(torch_detach(torch_ctx_saved_tensor(ctx, 0)), true);
    Tensor *y = torch_mul(torch_mul(a, a), a);
    in[0] = torch_autograd_grad(torch_sum(torch_mul(y, g[0])), a);
    return 1;
}

static const torch_Function Inner = {"Inner", cube, by_inner_graph, 1, false};

START_TEST(backward_inside_backward)
{
    start();
    Tensor *y = torch_add(torch_mul(APPLY(Inner, x), w), x);
    ck_values(torch_autograd_grad(torch_sum(y), x, .retain_graph = true), 13, 13, 13);
    torch_backward(torch_sum(y));
    ck_values(torch_grad(x), 13, 13, 13);
    ck_values(torch_grad(w), 8, 8, 8);
}
END_TEST

TCase *function_case(void)
{
    return test_case("function", first_and_second_derivative, saved_output, saved_input_changed_or_freed,
                     once_differentiable, wrong_gradients, several_outputs, input_as_it_is, dirty, data_and_errors,
                     backward_inside_backward);
}
