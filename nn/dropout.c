/* Dropout. */
#include "layer.h"

NN_UNARY(nn_Dropout, dropout_forward, F_dropout(x, m->p, self->module->training))

static void dropout_repr(const nn_Module *self, char *text, size_t bytes)
{
    cer_Repr r = {text, bytes};
    cer_repr_number(r, "p", ((const nn_Dropout *)self)->p);
    cer_repr_bool(r, "inplace", false);
}

static const nn_Class dropout_class = NN_CLASS(nn_Dropout, .forward = dropout_forward, .extra_repr = dropout_repr);

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
