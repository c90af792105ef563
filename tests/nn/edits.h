/* Modules that change after they are made, for rows of layers/container.def and layers/reparam.def: each function beside its Python. */
#ifndef CERILLA_TESTS_NN_EDITS_H
#define CERILLA_TESTS_NN_EDITS_H

#include "nn/nn.h"
#include "ops/ops.h"

/* m = nn.Sequential(nn.Linear(2, 3), nn.ReLU()) */
static inline nn_Sequential *two(void)
{
    return nn_Sequential(nn_Linear(2, 3), nn_ReLU());
}

/* The module, or NULL after ending one that an edit failed on: in Python the exception leaves the constructor's line. */
static inline void *edited(void *m)
{
    if (m && torch_error()) {
        nn_Module_free(m);
        return NULL;
    }
    return m;
}

/* The module after a call with x. */
static inline void *called(void *m, Tensor *x)
{
    if (m) nn_forward((nn_Module *)m, x);
    return edited(m);
}

#define EDIT(name, Type, constructor, ...) \
    static inline void *name(void)         \
    {                                      \
        Type *m = constructor;             \
        if (m) __VA_ARGS__;                \
        return edited(m);                  \
    }
EDIT(edit_append, nn_Sequential, two(), nn_Sequential_append(m, nn_Linear(3, 1)))
EDIT(edit_insert, nn_Sequential, two(), nn_Sequential_insert(m, 1, nn_Linear(3, 3)),
     nn_Sequential_insert(m, -3, nn_Tanh()))
EDIT(edit_insert_far, nn_Sequential, two(), nn_Sequential_insert(m, 5, nn_Tanh()))
EDIT(edit_set, nn_Sequential, two(), nn_Sequential_set(m, -1, nn_Tanh()))
EDIT(edit_set_far, nn_Sequential, two(), nn_Sequential_set(m, 2, nn_Tanh()))
EDIT(edit_del, nn_Sequential, two(), nn_Sequential_append(m, nn_Linear(3, 1)), nn_Sequential_del(m, 1))
EDIT(edit_pop, nn_Sequential, two(), nn_free(nn_Sequential_pop(m, -1)))
EDIT(edit_extend, nn_Sequential, two(), nn_Sequential_extend(m, m))
EDIT(edit_list, nn_ModuleList, nn_ModuleList(nn_Linear(2, 1), nn_Tanh()), nn_ModuleList_insert(m, 0, nn_Linear(2, 2)),
     nn_ModuleList_del(m, -1), nn_ModuleList_append(m, NULL))
EDIT(edit_dict, nn_ModuleDict, nn_ModuleDict({"a", nn_Linear(2, 1)}, {"b", nn_Tanh()}),
     nn_ModuleDict_set(m, "c", nn_Linear(1, 1)), nn_ModuleDict_del(m, "b"), nn_ModuleDict_set(m, "a", nn_Linear(2, 3)))
EDIT(edit_dict_missing, nn_ModuleDict, nn_ModuleDict({"a", nn_Linear(2, 1)}), nn_ModuleDict_get(m, "lin"))
EDIT(edit_parameters, nn_ParameterList, nn_ParameterList(torch_ones(2, 3), torch_zeros(1)),
     nn_ParameterList_append(m, torch_zeros(4)), nn_ParameterList_set(m, 0, torch_zeros(2)))
EDIT(edit_parameters_far, nn_ParameterList, nn_ParameterList(torch_ones(2)), nn_ParameterList_get(m, 1))
EDIT(edit_parameter_dict, nn_ParameterDict, nn_ParameterDict({"w", torch_ones(2, 3)}, {"b", torch_zeros(1)}),
     nn_ParameterDict_set(m, "v", torch_zeros(2)), nn_ParameterDict_del(m, "w"))

EDIT(normed_linear, nn_Linear, nn_Linear(3, 2), nn_utils_weight_norm(m))
EDIT(normed_linear_all, nn_Linear, nn_Linear(3, 2), nn_utils_weight_norm(m, .dim = TORCH_NONE))
EDIT(normed_linear_columns, nn_Linear, nn_Linear(3, 2), nn_utils_weight_norm(m, "weight", 1))
EDIT(normed_conv, nn_Conv2d, nn_Conv2d(2, 3, 2, .bias = false), nn_utils_weight_norm(m, .dim = 1))
EDIT(normed_lstm, nn_LSTM, nn_LSTM(2, 3, 2, .bidirectional = true), nn_utils_weight_norm(m, "weight_hh_l1_reverse"))
EDIT(normed_gru, nn_GRU, nn_GRU(2, 3), nn_utils_weight_norm(m, "weight_hh_l0"), nn_utils_weight_norm(m, "weight_ih_l0"))
EDIT(normed_twice, nn_Linear, nn_Linear(3, 2), nn_utils_weight_norm(m), nn_utils_weight_norm(m))
EDIT(normed_foo, nn_Linear, nn_Linear(3, 2), nn_utils_weight_norm(m, "foo"))
EDIT(normed_none, nn_Linear, nn_Linear(3, 2, .bias = false), nn_utils_weight_norm(m, "bias"))
EDIT(normed_far, nn_Linear, nn_Linear(3, 2), nn_utils_weight_norm(m, .dim = 3))
EDIT(normed_removed, nn_Linear, nn_Linear(3, 2), nn_utils_weight_norm(m), nn_utils_remove_weight_norm(m))
EDIT(normed_not_removed, nn_Linear, nn_Linear(3, 2), nn_utils_remove_weight_norm(m))
EDIT(spectral_linear, nn_Linear, nn_Linear(3, 3), nn_utils_spectral_norm(m))
EDIT(spectral_conv, nn_ConvTranspose2d, nn_ConvTranspose2d(2, 3, 2), nn_utils_spectral_norm(m, .n_power_iterations = 3))
EDIT(spectral_columns, nn_Linear, nn_Linear(3, 2), nn_utils_spectral_norm(m, .dim = 1))
EDIT(spectral_foo, nn_Linear, nn_Linear(3, 2), nn_utils_spectral_norm(m, "foo"))
EDIT(spectral_none, nn_Linear, nn_Linear(3, 2, .bias = false), nn_utils_spectral_norm(m, "bias"))
EDIT(spectral_zero, nn_Linear, nn_Linear(3, 2), nn_utils_spectral_norm(m, .n_power_iterations = 0))
EDIT(spectral_removed, nn_Linear, nn_Linear(3, 2), nn_utils_spectral_norm(m), nn_utils_remove_spectral_norm(m))
EDIT(parametrized_spectral, nn_Linear, nn_Linear(3, 2), nn_utils_parametrizations_spectral_norm(m))
EDIT(parametrized_bias, nn_Linear, nn_Linear(3, 3), nn_utils_parametrizations_spectral_norm(m, "bias"))
EDIT(parametrized_conv, nn_Conv1d, nn_Conv1d(2, 3, 2),
     nn_utils_parametrizations_spectral_norm(m, .dim = 1, .n_power_iterations = 2))
EDIT(parametrized_foo, nn_Linear, nn_Linear(3, 2), nn_utils_parametrizations_spectral_norm(m, "foo"))
EDIT(parametrized_tanh, nn_Linear, nn_Linear(3, 3),
     nn_utils_parametrize_register_parametrization(m, "weight", nn_Tanh()))
EDIT(parametrized_twice, nn_Linear, nn_Linear(3, 3),
     nn_utils_parametrize_register_parametrization(m, "weight", nn_Tanh()),
     nn_utils_parametrize_register_parametrization(m, "weight", nn_Softplus()))
EDIT(parametrized_shape, nn_Linear, nn_Linear(3, 3),
     nn_utils_parametrize_register_parametrization(m, "weight", nn_Flatten(0)))
EDIT(parametrized_nothing, nn_Linear, nn_Linear(3, 3),
     nn_utils_parametrize_register_parametrization(m, "foo", nn_Tanh()))
EDIT(parametrized_left, nn_Linear, nn_Linear(3, 3),
     nn_utils_parametrize_register_parametrization(m, "weight", nn_Tanh()),
     nn_utils_parametrize_remove_parametrizations(m, "weight"))
EDIT(parametrized_restored, nn_Linear, nn_Linear(3, 3),
     nn_utils_parametrize_register_parametrization(m, "weight", nn_Tanh()),
     nn_utils_parametrize_remove_parametrizations(m, "weight", .leave_parametrized = false))
EDIT(parametrized_not_removed, nn_Linear, nn_Linear(3, 3), nn_utils_parametrize_remove_parametrizations(m, "weight"))

/* ---- averaged models --------------------------------------------------------------------------------------------- */

static inline void *averaged_of(void *model, optim_AverageFunction average, bool use_buffers)
{
    if (!model) return NULL;
    void *m = optim_AveragedModel_new(&(optim_AveragedModelArgs){
        .struct_size = sizeof(optim_AveragedModelArgs), .model = model, .avg_fn = average, .use_buffers = use_buffers});
    nn_Module_free(model);
    return m;
}

static inline void update_with(optim_AveragedModel *m, void *model)
{
    if (model) optim_AveragedModel_update_parameters_from(m, model);
    nn_Module_free(model);
}

static inline Tensor *quarter(Tensor *averaged, Tensor *model, Tensor *n, void *data)
{
    (void)n, (void)data;
    return torch_add(averaged, torch_mul(torch_sub(model, averaged), 0.25));
}

static inline nn_BatchNorm *filled(double value)
{
    nn_BatchNorm *m = nn_BatchNorm1d(3);
    if (!m) return NULL;
    Tensor *all[4] = {torch_data(m->weight), torch_data(m->bias), m->running_mean, m->running_var};
    for (int i = 0; i < 4; i++) torch_fill_(all[i], value);
    return m;
}

static inline Tensor *next_batch(void *data)
{
    int *i = data;
    switch ((*i)++) {
    case 0: return torch_eye(3);
    case 1: return torch_ones(2, 3);
    case 2: return torch_mul(torch_eye(3), 2);
    default: return NULL;
    }
}

static inline void count_again(nn_Sequential *m)
{
    int i = 0;
    nn_BatchNorm *norm = nn_as(nn_BatchNorm1d, nn_Sequential_get(m, 1));
    if (norm) torch_fill_(norm->running_mean, 7);
    nn_eval(m);
    optim_swa_utils_update_bn(next_batch, &i, m);
}

EDIT(averaged, optim_AveragedModel,
     averaged_of(nn_Sequential(nn_Linear(3, 2, .bias = false), nn_BatchNorm1d(2)), NULL, false), (void)m)
EDIT(averaged_thrice, optim_AveragedModel, averaged_of(nn_Linear(3, 2), NULL, false), update_with(m, nn_Linear(3, 2)),
     update_with(m, nn_Linear(3, 2)), update_with(m, nn_Linear(3, 2)))
EDIT(averaged_buffers, optim_AveragedModel, averaged_of(nn_BatchNorm1d(3), quarter, true), update_with(m, filled(1)),
     update_with(m, filled(5)))
EDIT(statistics_anew, nn_Sequential, nn_Sequential(nn_Linear(3, 3, .bias = false), nn_BatchNorm1d(3)), count_again(m))
#undef EDIT

#endif
