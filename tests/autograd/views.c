/* Views of which a function returns several: one node, one gradient for each, and no writing. Texts from PyTorch 1.13.1. */
#include "cases.h"
#include "core/impl.h"

#define SEVERAL                                                                                                   \
    " This view is the output of a function that returns multiple views. Such functions do not allow the output " \
    "views to be modified inplace. You should replace the inplace operation by an out-of-place one."

/* What unbind(x, 0) is, for a vector: elements. */
static bool element_shape(cer_Call *c)
{
    const Tensor *t = c->in[0].as.t;
    cer_form(&c->form[0], t->dtype, 0, NULL);
    c->form[0].strided = true;
    c->form[0].offset = c->part * t->stride[0];
    return true;
}

static void elements_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *row[8];
    for (int64_t k = 0; k < cer_n_outputs(n); k++) row[k] = g[k] ? g[k] : cer_zeros(torch_float64, 0, NULL);
    in[0] = torch_stack(row, cer_n_outputs(n), 0);
}

static const cer_Op unbind = {.name = "unbind",
                              .grad_name = "UnbindBackward0",
                              .shape = element_shape,
                              .vjp = elements_vjp,
                              .n_outputs = 1,
                              .flags = CER_VIEW};

START_TEST(one_node)
{
    Tensor *x = LEAF64(1, 2, 3, 4, 5, 6), *y = torch_mul(x, 2), *v[6];
    int64_t nodes = torch_live_nodes();
    ck_assert(cer_call_views(&unbind, y, 6, NULL, v));
    ck_assert_int_eq(torch_live_nodes(), nodes + 1);
    ck_assert_str_eq(torch_grad_fn(v[5]), "UnbindBackward0");
    ck_assert_double_eq(torch_item(v[5]), 12);
    torch_backward(torch_add(torch_mul(v[1], v[4]), v[4]));
    ck_values(torch_grad(x), 0, 20, 0, 0, 10, 0);
}
END_TEST

START_TEST(no_writing)
{
    Tensor *x = LEAF64(1, 2), *y = torch_mul(x, 2), *v[2];
    ck_assert(cer_call_views(&unbind, y, 2, NULL, v));
    ck_assert_ptr_null(torch_mul_(v[1], 3));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Output 1 of UnbindBackward0 is a view and is being modified inplace." SEVERAL);
    ck_assert_ptr_null(torch_mul_(torch_view(v[1], 1, 1), 3));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Output 0 of ViewBackward0 is a view and is being modified inplace." SEVERAL);
    torch_mul_(y, 3);
    ck_assert_ptr_null(torch_mul(v[1], 2));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Output 1 of UnbindBackward0 is a view and its base or another view of its "
                                         "base has been modified inplace." SEVERAL);
    ck_assert(cer_call_views(&unbind, x, 2, NULL, v));
    ck_assert_ptr_null(torch_mul_(v[0], 3));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Output 0 of UnbindBackward0 is a view and is being modified inplace." SEVERAL);
}
END_TEST

START_TEST(where_nothing_is_recorded)
{
    Tensor *x = CONST64(1, 2), *w = torch_select(LEAF64(5), 0, 0), *v[2];
    ck_assert(cer_call_views(&unbind, x, 2, NULL, v));
    torch_mul_(v[1], 3);
    ck_values(x, 1, 6);
    ck_assert_ptr_null(torch_mul_(v[1], w));
    ck_assert_error(TORCH_RUNTIME_ERROR, "A view was created in no_grad mode and is being modified inplace with grad "
                                         "mode enabled." SEVERAL);
    Tensor *y = torch_mul(LEAF64(1, 2), 2);
    {
        torch_no_grad();
        ck_assert(cer_call_views(&unbind, y, 2, NULL, v));
        torch_mul_(v[0], 2);
    }
    ck_assert_ptr_null(torch_mul_(v[0], w));
    ck_assert_error(
        TORCH_RUNTIME_ERROR,
        "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use "
        "case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the "
        "inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or both outside "
        "(if you want the inplace to be tracked).");
    ck_assert(cer_call_views(&unbind, x, 0, NULL, v)); /* none */
}
END_TEST

START_TEST(views_of_what_an_optimizer_writes)
{
    Tensor *w = LEAF64(1, 2), *flat;
    {
        torch_no_grad();
        flat = torch_view(w, 2, 1);
        torch_add_(w, 1);
    }
    {
        torch_no_grad();
        ck_values(torch_mul(flat, 2), 4, 6);
    }
    ck_assert_ptr_null(torch_mul(flat, 2));
    ck_assert_error(
        TORCH_RUNTIME_ERROR,
        "A view was created in no_grad mode and its base or another view of its base has been modified inplace with "
        "grad mode enabled. Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
        "your code by moving both the view and the inplace either both inside the no_grad block (if you don't want the "
        "inplace to be tracked) or both outside (if you want the inplace to be tracked).");
}
END_TEST

TCase *views_case(void)
{
    return test_case("views", one_node, no_writing, where_nothing_is_recorded, views_of_what_an_optimizer_writes);
}
