/* Hooks of tensors and nodes, and the graph as it can be walked. Numbers, orders and texts from PyTorch 1.13.1. */
#include "cases.h"

static int calls, order[16];
static double seen[16];

static Tensor *times(Tensor *g, void *factor)
{
    seen[calls] = support_element(g, 0);
    order[calls++] = (int)*(double *)factor;
    return torch_mul(g, *(double *)factor);
}

static Tensor *look_only(Tensor *g, void *mode)
{
    seen[calls++] = support_element(g, 0);
    if (mode) *(bool *)mode = torch_is_grad_enabled();
    return NULL;
}

static double two = 2, ten = 10;
static Tensor *x, *y;

static void start(void)
{
    calls = 0;
    x = LEAF64(1, 1);
    y = torch_mul(x, 2);
}

START_TEST(order_and_retain_grad)
{
    start();
    torch_register_hook(y, times, &two);
    torch_retain_grad(y);
    torch_register_hook(y, times, &ten); /* with the first: before .grad is kept */
    torch_backward(torch_sum(y));
    ck_assert(calls == 2 && order[0] == 2 && order[1] == 10 && seen[1] == 2);
    ck_values(torch_grad(y), 20, 20);
    ck_values(torch_grad(x), 40, 40);
    start();
    torch_retain_grad(y);
    torch_register_hook(y, times, &ten);
    torch_backward(torch_sum(y));
    ck_values(torch_grad(y), 1, 1);
    ck_values(torch_grad(x), 20, 20);
}
END_TEST

START_TEST(leaves)
{
    start();
    torch_register_hook(x, times, &ten);
    torch_backward(torch_sum(torch_add(torch_mul(x, 2), x)));
    ck_assert_int_eq(calls, 1); /* with the complete gradient */
    ck_values(torch_grad(x), 30, 30);
    ck_values(torch_autograd_grad(torch_sum(torch_mul(x, 3)), x), 3, 3); /* what grad() takes out is not hooked */
    ck_values(torch_autograd_grad(torch_sum(y), y), 1, 1);
}
END_TEST

START_TEST(removal)
{
    start();
    torch_Hook h = torch_register_hook(x, times, &ten), twice = torch_register_hook(y, times, &two);
    torch_remove_hook(h);
    torch_remove_hook(h);
    torch_backward(torch_sum(y), .retain_graph = true);
    ck_values(torch_grad(x), 4, 4);
    torch_remove_hook(twice);
    torch_backward(torch_sum(y));
    ck_values(torch_grad(x), 6, 6);
    torch_remove_hook((torch_Hook){0});
}
END_TEST

static torch_Hook self_handle;
static Tensor *once(Tensor *g, void *data)
{
    (void)g, (void)data;
    calls++;
    torch_remove_hook(self_handle);
    return NULL;
}

static void count_end(void *data)
{
    ++*(int *)data;
}

START_TEST(removes_itself)
{
    start();
    int ended = 0;
    self_handle = torch_register_hook_named(x, once, &ended, count_end, "once");
    torch_backward(torch_sum(y), .retain_graph = true);
    torch_backward(torch_sum(y));
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(ended, 1);
    {
        torch_scope();
        Tensor *z = torch_mul(x, 3);
        self_handle = torch_register_hook_named(z, once, &ended, count_end, "once");
    }
    ck_assert_int_eq(ended, 2); /* with its graph */
    torch_remove_hook(self_handle);
}
END_TEST

START_TEST(grad_mode_inside)
{
    start();
    bool mode = false;
    torch_register_hook(y, look_only, &mode);
    torch_backward(torch_sum(y), .create_graph = true);
    ck_assert(mode);
    torch_backward(torch_sum(y));
    ck_assert(!mode);
    torch_set_grad(x, NULL); /* its history holds x itself */
}
END_TEST

static Tensor *longer(Tensor *g, void *data)
{
    (void)g, (void)data;
    return torch_ones(3, .dtype = torch_float64);
}

static Tensor *narrower(Tensor *g, void *data)
{
    (void)data;
    return torch_to(g, torch_float32);
}

static Tensor *fails(Tensor *g, void *data)
{
    (void)data;
    return torch_mm(g, g);
}

START_TEST(refusals)
{
    torch_register_hook(CONST(1, 2), look_only, NULL);
    ck_assert_error(TORCH_RUNTIME_ERROR, "cannot register a hook on a tensor that doesn't require gradient");
    start();
    torch_Hook h = torch_register_hook(y, longer, NULL);
    torch_backward(torch_sum(y), .retain_graph = true);
    ck_assert_error(TORCH_RUNTIME_ERROR, "hook 'longer' has changed the size of value");
    torch_remove_hook(h);
    h = torch_register_hook(y, narrower, NULL);
    torch_backward(torch_sum(y), .retain_graph = true);
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "hook 'narrower' has changed the type of value (was torch.DoubleTensor got torch.FloatTensor)");
    torch_remove_hook(h);
    torch_register_hook(y, fails, NULL);
    torch_backward(torch_sum(y));
    ck_assert_error(TORCH_RUNTIME_ERROR, "self must be a matrix");
    ck_assert_ptr_null(torch_grad(x));
}
END_TEST

START_TEST(in_place)
{
    start();
    torch_register_hook(y, look_only, NULL); /* of the value that y had */
    torch_mul_(y, 3);
    torch_register_hook(y, look_only, NULL); /* of the new one */
    torch_backward(torch_mul(torch_sum(y), 5));
    ck_assert(calls == 2 && seen[0] == 5 && seen[1] == 15);
    start(); /* a view whose base is written keeps its .grad */
    Tensor *v = torch_slice(y, 0, 0, 1, 1);
    torch_register_hook(v, look_only, NULL);
    torch_retain_grad(v);
    torch_mul_(y, 3);
    torch_backward(torch_mul(torch_sum(v), 5));
    ck_assert_int_eq(calls, 0);
    ck_values(torch_grad(v), 5);
}
END_TEST

static void post(Tensor **in, int64_t n_in, Tensor **out, int64_t n_out, void *data)
{
    ck_assert_int_eq(n_out, 1);
    seen[calls] = support_element(out[0], 0);
    order[calls++] = 100 + (int)n_in;
    if (data) in[0] = torch_mul(in[0], *(double *)data);
}

static void pre(Tensor **in, int64_t n_in, Tensor **out, int64_t n_out, void *data)
{
    ck_assert(!in && n_in == 0 && n_out == 1);
    order[calls++] = 50;
    out[0] = torch_mul(out[0], *(double *)data);
}

START_TEST(of_nodes)
{
    start();
    torch_Node *n = torch_grad_fn_node(y);
    torch_Node_register_hook(n, post, &ten);
    torch_Node_register_prehook(n, pre, &two);
    torch_register_hook(y, look_only, NULL);
    torch_Node_register_hook(torch_Node_next(n, 0), post, NULL); /* x's AccumulateGrad */
    torch_backward(torch_sum(y));
    ck_assert_int_eq(calls, 4);
    ck_assert(order[0] == 50 && seen[1] == 2 && order[2] == 102 && seen[2] == 2 && order[3] == 100 && seen[3] == 40);
    ck_values(torch_grad(x), 40, 40);
    ck_assert_int_eq((int)torch_Node_register_hook(NULL, post, NULL).id, 0);
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(graph)
{
    start();
    Tensor *z = torch_mul(y, CONST64(3, 4));
    torch_Node *n = torch_grad_fn_node(z), *next = torch_Node_next(n, 0), *leaf = torch_Node_next(next, 0);
    ck_assert_str_eq(torch_Node_name(n), "MulBackward0");
    ck_assert_int_eq(torch_Node_n_next(n), 2);
    ck_assert_ptr_eq(next, torch_grad_fn_node(y));
    ck_assert_ptr_null(torch_Node_next(n, 1));
    ck_assert_str_eq(torch_Node_name(leaf), "AccumulateGrad");
    ck_assert_int_eq(torch_Node_n_next(leaf), 0);
    ck_assert_ptr_eq(torch_Node_variable(leaf), x);
    ck_assert_ptr_null(torch_Node_variable(n));
    ck_assert_int_eq(torch_Node_next_output(n, 0), 0);
    ck_assert_ptr_null(torch_Node_next(n, 2));
    ck_assert_error(TORCH_INDEX_ERROR, "tuple index out of range");
    ck_assert_ptr_null(torch_grad_fn_node(x));
}
END_TEST

static Tensor *inner_backward(Tensor *g, void *leaf)
{
    (void)g;
    torch_enable_grad();
    Tensor *w = leaf, *inner = torch_sum(torch_mul(w, w));
    calls++;
    torch_backward(inner); /* over the same leaf that the outer backward waits for */
    return NULL;
}

START_TEST(backward_inside_a_hook)
{
    start();
    Tensor *z = torch_add(torch_mul(y, 5), torch_mul(x, x)); /* x is met three times */
    torch_register_hook(y, inner_backward, x);
    torch_backward(torch_sum(torch_add(z, x)));
    ck_assert_int_eq(calls, 1);
    ck_values(torch_grad(x), 2 + 10 + 2 + 1, 2 + 10 + 2 + 1);
}
END_TEST

static Tensor *ten_times(Tensor *g, void *unused)
{
    (void)unused;
    return times(g, &ten);
}

START_TEST(detach_in_place_takes_hooks_along)
{
    int ended = 0;
    start();
    {
        torch_scope();
        Tensor *w = torch_mul(x, 2), *old = torch_mul(w, 3);
        torch_register_hook_named(w, ten_times, &ended, count_end, "ten_times");
        torch_Hook h = torch_register_hook(w, times, &two);
        torch_requires_grad_(torch_detach_(w), true);
        torch_backward(torch_sum(torch_mul(w, 5)));
        ck_values(torch_grad(w), 100, 100);
        ck_assert(calls == 2 && order[0] == 10 && order[1] == 2);
        torch_backward(torch_sum(old), .retain_graph = true); /* whose hooks they still are */
        ck_values(torch_grad(x), 120, 120);
        torch_remove_hook(h); /* from both */
        torch_backward(torch_sum(old));
        ck_values(torch_grad(x), 180, 180);
        torch_backward(torch_sum(torch_mul(w, 5)));
        ck_values(torch_grad(w), 150, 150);
        ck_assert_int_eq(calls, 6);
        ck_assert_int_eq(ended, 0);
    }
    ck_assert_int_eq(ended, 1);
}
END_TEST

START_TEST(detach_in_place_without_memory)
{
    start();
    torch_register_hook(y, times, &ten);
    torch_register_hook(y, times, &two);
    for (int64_t k = 1; k <= 3; k++) {
        torch_fail_allocation(k);
        Tensor *r = torch_detach_(y);
        torch_fail_allocation(0);
        ck_assert_ptr_null(r);
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        ck_assert_str_eq(torch_grad_fn(y), "MulBackward0");
    }
    ck_assert_ptr_eq(torch_detach_(y), y);
    torch_backward(torch_sum(torch_requires_grad_(y, true)));
    ck_values(torch_grad(y), 20, 20);
}
END_TEST

TCase *hooks_case(void)
{
    return test_case("hooks", order_and_retain_grad, leaves, removal, removes_itself, grad_mode_inside, refusals,
                     in_place, of_nodes, graph, backward_inside_a_hook, detach_in_place_takes_hooks_along,
                     detach_in_place_without_memory);
}
