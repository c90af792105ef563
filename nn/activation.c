/* Activations: a row each. */
#include "layer.h"

/* ---- without options --------------------------------------------------------------------------------------------- */

#define PLAIN(type, forward_, y)                                              \
    NN_UNARY(type, forward_, y)                                               \
    static const nn_Class type##_class = NN_CLASS(type, .forward = forward_); \
    type *type##_new(void)                                                    \
    {                                                                         \
        return nn_new_class(type, &type##_class);                             \
    }
PLAIN(nn_Tanh, tanh_forward, torch_tanh(x))
PLAIN(nn_Sigmoid, sigmoid_forward, torch_sigmoid(x))
PLAIN(nn_LogSigmoid, logsigmoid_forward, F_logsigmoid(x))
PLAIN(nn_Softsign, softsign_forward, F_softsign(x))
PLAIN(nn_Tanhshrink, tanhshrink_forward, F_tanhshrink(x))

static Tensor *softmax2d(Tensor *x)
{
    if (x && x->ndim != 3 && x->ndim != 4)
        return cer_raise(TORCH_VALUE_ERROR, "forward", "Softmax2d requires a 3D or 4D tensor as input"), NULL;
    return F_softmax(x, -3);
}
PLAIN(nn_Softmax2d, softmax2d_forward, softmax2d(x))

/* ---- inplace ----------------------------------------------------------------------------------------------------- */

static void inplace_repr(const nn_Module *self, char *text, size_t bytes)
{
    if (((const nn_ReLU *)self)->inplace) cer_repr_bool((cer_Repr){text, bytes}, "inplace", true);
}

#define INPLACE(type, forward_, repr, function)                                                   \
    NN_UNARY(type, forward_, m->inplace ? function##_(x) : function(x))                           \
    static const nn_Class type##_class = NN_CLASS(type, .forward = forward_, .extra_repr = repr); \
    type *type##_new(bool inplace)                                                                \
    {                                                                                             \
        type *m = nn_new_class(type, &type##_class);                                              \
        if (m) m->inplace = inplace;                                                              \
        return m;                                                                                 \
    }
INPLACE(nn_ReLU, relu_forward, inplace_repr, torch_relu)
INPLACE(nn_ReLU6, relu6_forward, inplace_repr, F_relu6)
INPLACE(nn_SELU, selu_forward, inplace_repr, F_selu)
INPLACE(nn_SiLU, silu_forward, inplace_repr, F_silu)
INPLACE(nn_Mish, mish_forward, inplace_repr, F_mish)
INPLACE(nn_Hardswish, hardswish_forward, NULL, F_hardswish)
INPLACE(nn_Hardsigmoid, hardsigmoid_forward, NULL, F_hardsigmoid)

/* ---- along a dimension ------------------------------------------------------------------------------------------- */

static void dim_repr(const nn_Module *self, char *text, size_t bytes)
{
    int64_t dim = ((const nn_Softmax *)self)->dim;
    cer_Repr r = {text, bytes};
    if (dim == TORCH_NONE)
        cer_repr_text(r, "dim", "None");
    else
        cer_repr_int(r, "dim", dim);
}

#define ALONG(type, forward_, function)                                                               \
    NN_UNARY(type, forward_, function(x, m->dim))                                                     \
    static const nn_Class type##_class = NN_CLASS(type, .forward = forward_, .extra_repr = dim_repr); \
    type *type##_new(int64_t dim)                                                                     \
    {                                                                                                 \
        type *m = nn_new_class(type, &type##_class);                                                  \
        if (m) m->dim = dim;                                                                          \
        return m;                                                                                     \
    }
ALONG(nn_Softmax, softmax_forward, F_softmax)
ALONG(nn_Softmin, softmin_forward, F_softmin)
ALONG(nn_LogSoftmax, log_softmax_forward, F_log_softmax)
ALONG(nn_GLU, glu_forward, F_glu)
