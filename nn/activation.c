/* Layers without parameters: Tanh, Sigmoid, Identity, ReLU, Dropout, Flatten. */
#include <stdio.h>

#include "module.h"

/* A forward of one input: `result` over the module m and the input x. */
#define FORWARD(function, type, result)                                                                \
    static int function(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out) \
    {                                                                                                  \
        (void)n_out;                                                                                   \
        if (!cer_nn_arity(self, n_in, 1, 1, "input", NULL)) return torch_error_code();                 \
        const type *m = (const type *)self;                                                            \
        Tensor *x = in[0];                                                                             \
        (void)m;                                                                                       \
        out[0] = result;                                                                               \
        return torch_error_code();                                                                     \
    }

FORWARD(tanh_forward, nn_Tanh, torch_tanh(x))
FORWARD(sigmoid_forward, nn_Sigmoid, torch_sigmoid(x))
FORWARD(identity_forward, nn_Identity, x)
FORWARD(relu_forward, nn_ReLU, m->inplace ? torch_relu_(x) : F_relu(x))
FORWARD(dropout_forward, nn_Dropout, F_dropout(x, m->p, self->module->training))
FORWARD(flatten_forward, nn_Flatten, torch_flatten_dims(x, m->start_dim, m->end_dim))

static void relu_repr(const nn_Module *self, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s", ((const nn_ReLU *)self)->inplace ? "inplace=True" : "");
}

static void dropout_repr(const nn_Module *self, char *text, size_t bytes)
{
    const char *p = torch_repr(((const nn_Dropout *)self)->p);
    snprintf(text, bytes, "p=%s, inplace=False", p ? p : "");
}

static void flatten_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Flatten *m = (const nn_Flatten *)self;
    snprintf(text, bytes, "start_dim=%lld, end_dim=%lld", (long long)m->start_dim, (long long)m->end_dim);
}

static const nn_Class tanh_class = NN_CLASS(nn_Tanh, .forward = tanh_forward);
static const nn_Class sigmoid_class = NN_CLASS(nn_Sigmoid, .forward = sigmoid_forward);
static const nn_Class identity_class = NN_CLASS(nn_Identity, .forward = identity_forward);
static const nn_Class relu_class = NN_CLASS(nn_ReLU, .forward = relu_forward, .extra_repr = relu_repr);
static const nn_Class dropout_class = NN_CLASS(nn_Dropout, .forward = dropout_forward, .extra_repr = dropout_repr);
static const nn_Class flatten_class = NN_CLASS(nn_Flatten, .forward = flatten_forward, .extra_repr = flatten_repr);

nn_Tanh *nn_Tanh_new(void)
{
    return nn_new_class(nn_Tanh, &tanh_class);
}

nn_Sigmoid *nn_Sigmoid_new(void)
{
    return nn_new_class(nn_Sigmoid, &sigmoid_class);
}

nn_Identity *nn_Identity_new(void)
{
    return nn_new_class(nn_Identity, &identity_class);
}

nn_ReLU *nn_ReLU_new(bool inplace)
{
    nn_ReLU *m = nn_new_class(nn_ReLU, &relu_class);
    if (m) m->inplace = inplace;
    return m;
}

nn_Dropout *nn_Dropout_new(double p)
{
    if (cer_error_pending()) return NULL;
    if (!(p >= 0 && p <= 1)) {
        const char *value = torch_repr(p);
        torch_error_raise(TORCH_VALUE_ERROR, "Dropout", "dropout probability has to be between 0 and 1, but got %s",
                          value ? value : "");
        return NULL;
    }
    nn_Dropout *m = nn_new_class(nn_Dropout, &dropout_class);
    if (m) m->p = p;
    return m;
}

nn_FlattenArgs nn_FlattenArgs_defaults(void)
{
    return (nn_FlattenArgs){.struct_size = sizeof(nn_FlattenArgs), .start_dim = 1, .end_dim = -1};
}

nn_Flatten *nn_Flatten_new(const nn_FlattenArgs *args)
{
    nn_FlattenArgs a = nn_FlattenArgs_defaults();
    cer_nn_args(&a, sizeof a, args);
    nn_Flatten *m = nn_new_class(nn_Flatten, &flatten_class);
    if (!m) return NULL;
    m->start_dim = a.start_dim;
    m->end_dim = a.end_dim;
    return m;
}
