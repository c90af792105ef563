/* Forward and backward with the k-th allocation failing, for every k: each time one error, leaves unchanged, nothing lost. */
#include "cases.h"

typedef struct Problem {
    Tensor *x, *w, *b; /* (3, 2), (2, 4), (4) */
} Problem;

static Problem problem(void)
{
    Problem p = {torch_tensor(((float[3][2]){{1, 2}, {3, 4}, {5, 6}}), .requires_grad = true),
                 torch_tensor(((float[2][4]){{1, -1, 0.5f, 0}, {0, 1, -0.5f, 2}}), .requires_grad = true),
                 torch_tensor(torch_list(float, 0.1f, 0.2f, 0.3f, 0.4f), .requires_grad = true)};
    return p;
}

/* Everything that allocates in its own way: products, broadcasts, saved outputs, views, joins, two outputs, casts, in place. */
static Tensor *forward(Problem p)
{
    Tensor *h = torch_tanh(torch_add(torch_mm(p.x, p.w), p.b));
    Tensor *j = torch_cat(torch_tensors(h, torch_mul(h, h), h), 1);
    Tensor *top = torch_max_dim(j, 1, true, NULL);
    Tensor *wide = torch_to(torch_sub(j, top), torch_float64);
    Tensor *y = torch_mul_(torch_clone(wide), 0.5);
    return torch_mean(torch_pow(torch_t(y), 2));
}

static bool train(Problem p)
{
    Tensor *loss = forward(p);
    return loss && torch_backward(loss) == TORCH_OK;
}

static bool second_order(Problem p)
{
    Tensor *g = torch_autograd_grad(forward(p), p.w, .create_graph = true);
    Tensor *h = torch_autograd_grad(torch_sum(torch_mul(g, g)), p.x);
    return h != NULL;
}

static bool into_some(Problem p)
{
    Tensor *into[] = {p.w, p.b}, *loss = forward(p);
    return loss && torch_backward(loss, .inputs = into, .n_inputs = 2) == TORCH_OK;
}

static bool keeps(Problem p)
{
    Tensor *y = torch_mul(p.x, 2);
    torch_retain_grad(y);
    return torch_backward(torch_sum(torch_add(y, p.x))) == TORCH_OK;
}

static Tensor *twice(Tensor *g, void *data)
{
    (void)data;
    return torch_mul(g, 2);
}

static void look_on(Tensor **in, int64_t n_in, Tensor **out, int64_t n_out, void *data)
{
    (void)n_out, (void)data;
    if (n_in) in[0] = in[0] ? torch_mul(in[0], 2) : NULL;
    out[0] = torch_add(out[0], 1);
}

static bool hooked(Problem p)
{
    Tensor *y = torch_mul(p.x, 2);
    torch_Hook h = torch_register_hook(p.w, twice, NULL);
    torch_register_hook(y, twice, NULL);
    if (!torch_error()) torch_Node_register_prehook(torch_grad_fn_node(y), look_on, NULL);
    if (!torch_error()) torch_Node_register_hook(torch_grad_fn_node(y), look_on, NULL);
    bool fine = torch_backward(torch_sum(torch_add(torch_mm(y, p.w), p.b))) == TORCH_OK;
    torch_remove_hook(h);
    return fine;
}

static void product(torch_Ctx *ctx, Tensor *const *in, int64_t n, Tensor **out)
{
    out[0] = torch_mm(in[0], in[1]);
    out[1] = in[0];
    if (out[0]) torch_ctx_save_for_backward(ctx, torch_tensors(in[0], in[1], out[0]));
    if (out[0]) torch_ctx_mark_non_differentiable(ctx, torch_tensors(in[2]));
    (void)n;
}

static int64_t product_backward(torch_Ctx *ctx, Tensor *const *g, Tensor **in)
{
    Tensor *a = torch_ctx_saved_tensor(ctx, 0), *b = torch_ctx_saved_tensor(ctx, 1);
    Tensor *ab = torch_ctx_saved_tensor(ctx, 2);
    in[0] = torch_add(torch_mm(g[0], torch_t(b)), g[1]);
    in[1] = torch_mm(torch_t(a), torch_mul(g[0], torch_sign(ab)));
    return 3;
}

static const torch_Function Product = {"Product", product, product_backward, 2, false};

static bool by_function(Problem p)
{
    Tensor *other = NULL, *y = torch_Function_apply(&Product, torch_tensors(p.x, p.w, p.b), NULL, &other);
    Tensor *g = torch_autograd_grad(torch_sum(torch_mul(y, y)), p.w, .create_graph = true);
    Tensor *loss = torch_add(torch_sum(g), torch_sum(other));
    return loss && torch_backward(loss) == TORCH_OK;
}

static void *pack(Tensor *t, void *data)
{
    (void)data;
    torch_scope();
    return torch_retain(torch_clone(t));
}

static Tensor *unpack(void *t, void *data)
{
    (void)data;
    return t;
}

static void drop(void *t, void *data)
{
    (void)data;
    torch_release(t);
}

static bool packed(Problem p)
{
    torch_saved_tensors_hooks(pack, unpack, drop, NULL);
    Tensor *g = torch_autograd_grad(torch_sum(torch_exp(torch_mm(p.x, p.w))), p.x, .create_graph = true);
    return g && torch_backward(torch_sum(g)) == TORCH_OK;
}

static Tensor *inner_backward(Tensor *g, void *problem)
{
    (void)g;
    Problem *p = problem;
    torch_enable_grad();
    Tensor *inner = torch_autograd_grad(torch_sum(torch_mm(p->x, p->w)), p->w);
    return inner ? NULL : NULL;
}

static bool nested(Problem p)
{
    Tensor *y = torch_mm(p.x, p.w), *z = torch_add(torch_mm(p.x, p.w), y);
    torch_register_hook(y, inner_backward, &p);
    return torch_backward(torch_sum(z)) == TORCH_OK;
}

static bool watched(Problem p)
{
    torch_WarningHandler old = torch_set_warning_handler(NULL);
    torch_detect_anomaly();
    Tensor *y = torch_sum(torch_t(torch_mm(p.x, p.w)));
    bool fine = y && torch_autograd_backward(torch_tensors(y, y)) == TORCH_OK;
    torch_set_warning_handler(old);
    return fine;
}

static bool data(Problem p)
{
    Tensor *d = torch_data(p.x), *y = torch_mul(p.x, 2);
    return d && y && torch_set_data(y, d) == TORCH_OK && torch_backward(torch_sum(y)) == TORCH_OK;
}

static void fail_everywhere(bool (*work)(Problem p), bool fresh)
{
    int64_t k = 0;
    for (bool done = false; !done;) {
        k++;
        torch_scope();
        int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes(), depth = torch_scope_depth();
        {
            torch_scope();
            Problem p = problem();
            if (!fresh) train(p); /* .grad is there already */
            float before[8] = {0}, after[8] = {0};
            if (!fresh) memcpy(before, torch_data_ptr(torch_grad(p.w)), sizeof before);
            ck_assert_no_error();
            int errors = support_errors_raised();
            torch_fail_allocation(k);
            done = work(p);
            torch_fail_allocation(0);
            ck_assert_int_eq(support_errors_raised() - errors, !done);
            if (!done) {
                ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
                ck_assert_msg(strstr(torch_error(), "can't allocate memory"), "%s", torch_error());
                torch_error_clear();
                if (fresh) ck_assert(!torch_grad(p.x) && !torch_grad(p.w) && !torch_grad(p.b));
                if (!fresh) memcpy(after, torch_data_ptr(torch_grad(p.w)), sizeof after);
                ck_assert_mem_eq(before, after, sizeof before);
                ck_assert(torch_is_grad_enabled());
                ck_assert(work(p)); /* and then it works */
            }
            ck_assert_no_error();
            torch_set_grad(p.w, NULL);
        }
        ck_assert_int_eq(torch_live_tensors(), tensors);
        ck_assert_int_eq(torch_live_nodes(), nodes);
        ck_assert_int_eq(torch_scope_depth(), depth);
    }
    ck_assert_int_gt(k, 5); /* otherwise it was not tried at all */
}

START_TEST(first_backward)
{
    fail_everywhere(train, true);
}
END_TEST

START_TEST(later_backward)
{
    fail_everywhere(train, false);
}
END_TEST

START_TEST(second_derivative)
{
    fail_everywhere(second_order, true);
}
END_TEST

START_TEST(backward_of_inputs)
{
    fail_everywhere(into_some, true);
    fail_everywhere(into_some, false);
}
END_TEST

START_TEST(retained)
{
    fail_everywhere(keeps, true);
}
END_TEST

START_TEST(with_hooks)
{
    fail_everywhere(hooked, true);
    fail_everywhere(nested, true);
    fail_everywhere(packed, true);
}
END_TEST

START_TEST(functions_and_data)
{
    fail_everywhere(by_function, true);
    fail_everywhere(data, true);
    fail_everywhere(watched, true);
}
END_TEST

/* After a failure in the middle the result is the same as without: no gradient was left behind in a node. */
START_TEST(right_after_a_failure)
{
    Problem p = problem(), q = problem();
    train(p);
    for (int64_t k = 1;; k++) {
        torch_scope();
        Tensor *loss = forward(q);
        torch_fail_allocation(k);
        int code = torch_backward(loss, .retain_graph = true);
        torch_fail_allocation(0);
        if (!code) break;
        torch_error_clear();
        ck_assert_int_eq(torch_backward(loss), TORCH_OK);
        double want[8];
        for (int64_t i = 0; i < 8; i++) want[i] = support_element(torch_grad(p.w), i);
        ck_assert_tensor(torch_grad(q.w), 8, want, 0, 0);
        torch_set_grad(q.x, NULL), torch_set_grad(q.w, NULL), torch_set_grad(q.b, NULL);
    }
}
END_TEST

TCase *memory_case(void)
{
    return test_case("memory", first_backward, later_backward, second_derivative, backward_of_inputs, retained,
                     with_hooks, functions_and_data, right_after_a_failure);
}
