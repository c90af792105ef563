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
                     right_after_a_failure);
}
