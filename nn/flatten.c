/* nn.Identity, nn.Flatten and nn.Unflatten. */
#include "layer.h"

NN_UNARY(nn_Identity, identity_forward, x)
NN_UNARY(nn_Flatten, flatten_forward, torch_flatten_dims(x, m->start_dim, m->end_dim))

static void flatten_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Flatten *m = (const nn_Flatten *)self;
    cer_repr_int((cer_Repr){text, bytes}, "start_dim", m->start_dim);
    cer_repr_int((cer_Repr){text, bytes}, "end_dim", m->end_dim);
}

static const nn_Class flatten_class = NN_CLASS(nn_Flatten, .forward = flatten_forward, .extra_repr = flatten_repr);

nn_FlattenArgs nn_FlattenArgs_defaults(void)
{
    return (nn_FlattenArgs){.struct_size = sizeof(nn_FlattenArgs), .start_dim = 1, .end_dim = -1};
}

nn_Flatten *nn_Flatten_new(const nn_FlattenArgs *args)
{
    nn_FlattenArgs a = nn_FlattenArgs_defaults();
    cer_args(&a, sizeof a, args);
    nn_Flatten *m = nn_new_class(nn_Flatten, &flatten_class);
    if (!m) return NULL;
    m->start_dim = a.start_dim;
    m->end_dim = a.end_dim;
    return m;
}

static const nn_Class identity_class = NN_CLASS(nn_Identity, .forward = identity_forward);

nn_Identity *nn_Identity_new(void)
{
    return nn_new_class(nn_Identity, &identity_class);
}

NN_UNARY(nn_Unflatten, unflatten_forward, torch_unflatten(x, m->dim, m->n_sizes, m->unflattened_size))

static void unflatten_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_Unflatten *m = (const nn_Unflatten *)self;
    cer_repr_int((cer_Repr){text, bytes}, "dim", m->dim);
    cer_repr_tuple((cer_Repr){text, bytes}, "unflattened_size", m->n_sizes, m->unflattened_size);
}

static const nn_Class unflatten_class =
    NN_CLASS(nn_Unflatten, .forward = unflatten_forward, .extra_repr = unflatten_repr);

nn_Unflatten *nn_Unflatten_new(int64_t dim, int64_t n, const int64_t *unflattened_size)
{
    if (cer_error_pending()) return NULL;
    if (n < 0 || n > TORCH_MAX_DIM || (n > 0 && !unflattened_size))
        return cer_raise(TORCH_VALUE_ERROR, "Unflatten", "unflattened_size must have from 0 to %d sizes",
                         TORCH_MAX_DIM),
               NULL;
    nn_Unflatten *m = nn_new_class(nn_Unflatten, &unflatten_class);
    if (!m) return NULL;
    m->dim = dim;
    m->n_sizes = n;
    for (int64_t i = 0; i < n; i++) m->unflattened_size[i] = unflattened_size[i];
    return m;
}
