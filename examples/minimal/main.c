/* x = torch.tensor([1., 2., 3.], requires_grad=True); (x * x).sum().backward(); print(x.grad) */
#include <cerilla.h>

int main(void)
{
    torch_scope();
    Tensor *x = torch_tensor(torch_list(float, 1, 2, 3), .requires_grad = true);
    torch_backward(torch_sum(torch_mul(x, x)));
    torch_print(torch_grad(x));
    return torch_exit_code();
}
