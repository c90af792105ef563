/* Modules that change after they are made, for the rows of layers/container.def: each function beside its Python. */
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
#undef EDIT

#endif
