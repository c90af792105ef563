/* How long graphs and gradients live, and what happens to those who use a tensor for longer. */
#include "cases.h"
#include "core/impl.h"

/* Enough results to push a dead header out of the queue in which it waits would be 256: here it still lies there. */
static Tensor *dead_sum(void)
{
    torch_scope();
    return torch_sum(torch_mul(LEAF(1, 2), 2));
}

START_TEST(use_after_scope)
{
    if (cer_alloc_bypassed()) return; /* the header is really freed: the sanitizer's business */
    Tensor *t = dead_sum(), *x = LEAF(1, 2);
    ck_assert_ptr_null(torch_add(x, t));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "add(): argument (position 2) is a tensor whose scope has ended (it came from sum); keep it with "
                    "torch_set or hand it out with torch_escape");
    ck_assert_int_eq(torch_backward(t), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "backward(): argument (position 1) is a tensor whose scope has ended (it came from sum); keep it "
                    "with torch_set or hand it out with torch_escape");
    ck_assert_int_eq(torch_backward(torch_mul(x, x), .gradient = t), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "backward(): argument (position 2) is a tensor whose scope has ended (it came from sum); keep it "
                    "with torch_set or hand it out with torch_escape");
    ck_assert_ptr_null(torch_autograd_grad(torch_sum(x), t));
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(torch_grad(t));
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
    ck_assert_int_eq(torch_set_grad(x, t), TORCH_RUNTIME_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(torch_grad(x));
    torch_Slot slot = {0};
    ck_assert_int_eq(torch_set(&slot, t), TORCH_RUNTIME_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(slot.t);
}
END_TEST

START_TEST(backward_frees_what_was_saved)
{
    Tensor *x = LEAF(1, 2), *s;
    int64_t before = torch_live_tensors();
    {
        torch_scope();
        s = torch_escape(torch_sum(torch_mul(torch_exp(x), torch_exp(x))));
    }
    ck_assert_int_gt(torch_live_tensors(), before + 1);
    torch_backward(s);
    ck_assert_int_eq(torch_live_tensors(), before + 2); /* s, x.grad */
}
END_TEST

START_TEST(scope_frees_a_graph_that_nobody_ran)
{
    Tensor *x = LEAF(1, 2);
    int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes();
    {
        torch_scope();
        Tensor *y = torch_mul(x, x);
        for (int i = 0; i < 10; i++) y = torch_exp(torch_mul(y, x));
        torch_sum(y);
        ck_assert_int_gt(torch_live_nodes(), nodes + 20);
    }
    ck_assert_int_eq(torch_live_tensors(), tensors);
    ck_assert_int_le(torch_live_nodes(), nodes + 1); /* x's accumulator may stay with x */
}
END_TEST

START_TEST(gradients_are_freed_with_their_leaf)
{
    int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes();
    {
        torch_scope();
        Tensor *x = LEAF(1, 2);
        torch_backward(torch_sum(torch_mul(x, x)));
    }
    ck_assert_int_eq(torch_live_tensors(), tensors);
    ck_assert_int_eq(torch_live_nodes(), nodes);
}
END_TEST

START_TEST(graph_keeps_its_leaves)
{
    torch_Slot loss = {0};
    {
        torch_scope();
        Tensor *x = LEAF(1, 2), *w = CONST(3, 4);
        torch_set(&loss, torch_sum(torch_mul(torch_mul(x, w), x)));
    }
    ck_assert_int_eq(torch_backward(loss.t), TORCH_OK); /* x lives in the graph, though nobody sees its .grad */
    torch_clear(&loss);
}
END_TEST

START_TEST(slots_carry_a_graph_across_scopes)
{
    torch_Slot h = {0};
    Tensor *w = torch_tensor(2.0, .requires_grad = true);
    torch_set(&h, torch_tensor(1.0));
    for (int step = 0; step < 10; step++) { /* h = w^10 */
        torch_scope();
        torch_set(&h, torch_mul(h.t, w));
    }
    ck_values(h.t, 1024);
    ck_assert_int_eq(torch_live_nodes() > 10, true);
    torch_backward(h.t, .retain_graph = true);
    ck_values(torch_grad(w), 5120);
    {
        torch_scope();
        torch_set(&h, torch_detach(h.t)); /* truncated backpropagation: the old graph ends here */
    }
    torch_set_grad(w, NULL);
    torch_backward(torch_mul(h.t, w));
    ck_values(torch_grad(w), 1024);
    torch_clear(&h);
}
END_TEST

START_TEST(escaped_loss)
{
    Tensor *x = LEAF(1, 2), *loss;
    {
        torch_scope();
        Tensor *y = torch_mul(x, x);
        {
            torch_scope();
            loss = torch_escape(torch_escape(torch_sum(y)));
        }
        loss = torch_escape(loss);
    }
    torch_backward(loss);
    ck_values(torch_grad(x), 2, 4);
}
END_TEST

START_TEST(many_steps_hold_nothing)
{
    Tensor *w = LEAF(0.5, -0.5), *x = CONST(1, 2), *t = torch_tensor(3.0);
    int64_t tensors = 0, nodes = 0;
    for (int step = 0; step < 50; step++) {
        torch_scope();
        Tensor *loss = torch_pow(torch_sub(torch_sum(torch_mul(w, x)), t), 2);
        torch_set_grad(w, NULL);
        torch_backward(loss);
        torch_no_grad();
        torch_add_alpha_(w, torch_grad(w), -0.05);
        if (step == 1) tensors = torch_live_tensors(), nodes = torch_live_nodes();
        if (step > 1) ck_assert(torch_live_tensors() == tensors && torch_live_nodes() == nodes);
    }
    ck_assert_double_lt(fabs(torch_item(torch_sum(torch_mul(w, x))) - 3), 1e-5);
}
END_TEST

/* A leaf that older graphs lead to gets a history, and becomes a leaf again. */
START_TEST(leaf_moved_inside)
{
    Tensor *x = LEAF(1, 1), *w = LEAF(2, 2), *y = torch_mul(x, 2);
    torch_requires_grad_(x, false);
    torch_mul_(x, w);
    ck_assert_str_eq(torch_grad_fn(x), "MulBackward0");
    torch_backward(torch_sum(y), .retain_graph = true);
    ck_assert_error(TORCH_RUNTIME_ERROR, "leaf variable has been moved into the graph interior");
    torch_fill_(x, 3);
    torch_mul_(x, w);
    torch_backward(torch_sum(x));
    ck_values(torch_grad(w), 3, 3);
    torch_requires_grad_(torch_detach_(x), true);
    torch_backward(torch_sum(torch_add(torch_mul(x, 3), y)));
    ck_values(torch_grad(x), 5, 5);
}
END_TEST

TCase *life_case(void)
{
    return test_case("life", use_after_scope, backward_frees_what_was_saved, scope_frees_a_graph_that_nobody_ran,
                     gradients_are_freed_with_their_leaf, graph_keeps_its_leaves, slots_carry_a_graph_across_scopes,
                     escaped_loss, many_steps_hold_nothing, leaf_moved_inside);
}
