/* Activations. */
#include "layer.h"

NN_UNARY(nn_Tanh, tanh_forward, torch_tanh(x))
NN_UNARY(nn_Sigmoid, sigmoid_forward, torch_sigmoid(x))
NN_UNARY(nn_ReLU, relu_forward, m->inplace ? torch_relu_(x) : F_relu(x))

static void relu_repr(const nn_Module *self, char *text, size_t bytes)
{
    if (((const nn_ReLU *)self)->inplace) cer_repr_bool((cer_Repr){text, bytes}, "inplace", true);
}

static const nn_Class tanh_class = NN_CLASS(nn_Tanh, .forward = tanh_forward);
static const nn_Class sigmoid_class = NN_CLASS(nn_Sigmoid, .forward = sigmoid_forward);
static const nn_Class relu_class = NN_CLASS(nn_ReLU, .forward = relu_forward, .extra_repr = relu_repr);
nn_Tanh *nn_Tanh_new(void)
{
    return nn_new_class(nn_Tanh, &tanh_class);
}

nn_Sigmoid *nn_Sigmoid_new(void)
{
    return nn_new_class(nn_Sigmoid, &sigmoid_class);
}

nn_ReLU *nn_ReLU_new(bool inplace)
{
    nn_ReLU *m = nn_new_class(nn_ReLU, &relu_class);
    if (m) m->inplace = inplace;
    return m;
}
