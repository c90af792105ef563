/* The dropouts: a row each. */
#include "layer.h"

nn_DropoutArgs nn_DropoutArgs_defaults(void)
{
    return *NN_DROPOUT(.inplace = false);
}

static void dropout_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Dropout *m = (const nn_Dropout *)self;
    cer_repr_number((cer_Repr){text, bytes}, "p", m->p);
    cer_repr_bool((cer_Repr){text, bytes}, "inplace", m->inplace);
}

static void *dropout(const nn_Class *record, const nn_DropoutArgs *args)
{
    nn_DropoutArgs a = nn_DropoutArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    char p[CER_REPR_BYTES];
    if (!(a.p >= 0 && a.p <= 1))
        return cer_raise(TORCH_VALUE_ERROR, cer_nn_class_name(record->name),
                         "dropout probability has to be between 0 and 1, but got %s", cer_repr(a.p, p)),
               NULL;
    nn_Dropout *m = nn_new_class(nn_Dropout, record);
    if (!m) return NULL;
    m->p = a.p;
    m->inplace = a.inplace;
    return m;
}

#define DROPOUT(name, forward_, y)                                                                                 \
    NN_UNARY(nn_##name, forward_, y)                                                                               \
    static const nn_Class forward_##_class = NN_CLASS(nn_##name, .forward = forward_, .extra_repr = dropout_repr); \
    nn_##name *nn_##name##_new(const nn_DropoutArgs *args)                                                         \
    {                                                                                                              \
        return dropout(&forward_##_class, args);                                                                   \
    }
#define MAY_WRITE(function) (m->inplace ? function##_ : function)(x, m->p, self->module->training)
DROPOUT(Dropout, dropout_forward, MAY_WRITE(F_dropout))
DROPOUT(Dropout1d, dropout1d_forward, MAY_WRITE(F_dropout1d))
DROPOUT(Dropout2d, dropout2d_forward, MAY_WRITE(F_dropout2d))
DROPOUT(Dropout3d, dropout3d_forward, MAY_WRITE(F_dropout3d))
DROPOUT(AlphaDropout, alpha_forward, F_alpha_dropout(x, m->p, self->module->training))
DROPOUT(FeatureAlphaDropout, feature_alpha_forward, F_feature_alpha_dropout(x, m->p, self->module->training))
