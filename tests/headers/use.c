/* Compiled, not run: the public macros in each form that the documentation shows, with all warnings on. */
#include "cerilla.h"

int main(void)
{
    torch_scope();
    torch_no_grad();
    int line[3] = {1, 2, 3};
    float table[2][2] = {{1, 2}, {3, 4}};
    Tensor *a = torch_tensor(line, .dtype = torch_float32, .requires_grad = true), *b = torch_tensor(table);
    Tensor *c = torch_tensor(torch_list(double, 1, 2, 3)), *d = torch_tensor(3), *e = torch_tensor(true);
    a = torch_add(torch_mul(a, 2), torch_sub(1.5, c));
    b = torch_add_alpha(torch_matmul(b, torch_t(b)), torch_full(3.5, 2, 2), 2);
    c = torch_cat(torch_tensors(torch_zeros(2, 3), torch_ones(2, 3, .dtype = torch_float32), torch_randn(2, 3)), 0);
    d = torch_stack(torch_tensors(torch_arange(3), torch_arange(0, 3), torch_arange(0, 3, 1, .dtype = torch_int64)), 0);
    e = torch_clamp(torch_to(e, torch_float32), .min = 0);
    e = torch_clip_(torch_where(torch_gt(e, 0), e, -1), -1, 1);
    e = torch_masked_fill(torch_floor_divide(7, torch_add(e, 2)), torch_not_equal(e, e), torch_tensor(3));
    e = torch_addcmul_(torch_lerp(e, e, 0.5), e, e, .value = 2);
    e = torch_nan_to_num(torch_div_mode(e, 2, "trunc"), .posinf = 1);
    if (torch_allclose(e, e, .rtol = 1e-3) || torch_equal(e, e)) e = torch_bitwise_left_shift_(torch_lshift(1, e), 2);
    Tensor *indices, *f = torch_max_dim(c, 1, false, &indices);
    f = torch_sum(f, .dim = 0, .keepdim = true);
    f = torch_sum(torch_index(c, ":, %d", 1), 0);
    f = torch_mean(torch_view(c, -1, 3), .dims = TORCH_DIM_LIST(0, 1));
    f = F_mse_loss(f, torch_zeros_like(f), .reduction = "sum");
    torch_Slot slot = {0};
    torch_set(&slot, torch_reshape(torch_expand(f, 1), 1, 1));
    torch_backward(f, .retain_graph = true);
    pd_DataFrame *df = pd_DataFrame(table, .columns = pd_columns("x", "y"));
    a = pd_column(pd_head(df), "x");
    b = pd_to_tensor(pd_head(df, 1), torch_float32);
    pd_DataFrame_free(df);
    torch_set_printoptions(.precision = 2);
    torch_print(torch_permute(b, 1, 0));
    torch_clear(&slot);
    return a && b && d && e && indices ? torch_exit_code() : 0;
}
