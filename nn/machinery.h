/* What a module is, and what all modules can do: torch.nn.Module. A module is a struct whose first member
 * is an nn_Module named `module`:
 *
 *     typedef struct { nn_Module module; int64_t hidden_size; Tensor *scale; nn_Linear *fc; } Net;     class Net(nn.Module):
 *     Net *self = nn_new(Net);                                               super().__init__()
 *     nn_set(self, fc, nn_Linear(5, 1));                                     self.fc = nn.Linear(5, 1)
 *     nn_register_parameter(self, scale, nn_Parameter(torch_ones(1)));       self.scale = nn.Parameter(torch.ones(1))
 *
 * Macros whose argument is called m take a pointer to any such struct, the library's own included, and nn_Module
 * pointers. Modules are owned: nn_set and containers move a child into its parent, nn_free ends what has no
 * parent. What is returned besides is borrowed from the module or the innermost scope. Behind each line: what
 * is returned after an error. */
#ifndef CERILLA_NN_MACHINERY_H
#define CERILLA_NN_MACHINERY_H

#include "../core/params.h"

TORCH_BEGIN

typedef struct nn_ModuleImpl nn_ModuleImpl;
typedef struct nn_Module {
    nn_ModuleImpl *module; /* named like the member of the structs around it, so that NN_MODULE takes both */
} nn_Module;

/* What the library must know of a class. nn_new(Net) has just name and size; with a record of its own,
 *     static const nn_Class Net_class = NN_CLASS(Net, .forward = forward);
 *     Net *self = nn_new_class(Net, &Net_class);
 * a module can be called by nn_forward, and so stand in nn_Sequential. */
typedef struct nn_Class {
    size_t struct_size;
    const char *name; /* as printed; a leading "struct " or "nn_" is dropped */
    size_t size;      /* of the struct */
    /* Fills out[0], and out[1..n_out) as far as it has results; the rest is NULL already. Returns a code. */
    int (*forward)(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out);
    void (*extra_repr)(const nn_Module *self, char *text,
                       size_t bytes); /* writes what print shows in the parentheses */
    void (*free)(nn_Module *self);    /* ends what the struct holds besides parameters, buffers and children */
    /* copy has the struct's bytes: gives it things of its own where the original holds such. Returns a code. */
    int (*copy)(nn_Module *copy, const nn_Module *original);
    Tensor *(*right_inverse)(nn_Module *self, Tensor *value); /* of a parametrization (parametrize.h) */
} nn_Class;

#define NN_SIZE(type) (sizeof(type) + 0 * sizeof(char[offsetof(type, module) == 0 ? 1 : -1])) /* module comes first */
#define NN_CLASS(type, ...)                                                                \
    {                                                                                      \
        .struct_size = sizeof(nn_Class), .name = #type, .size = NN_SIZE(type), __VA_ARGS__ \
    }
#define NN_MODULE(m) (((void)sizeof(_Generic((m)->module, nn_Module : 1, nn_ModuleImpl * : 1)), (nn_Module *)(m)))

/* One optional argument of a macro, by position or by keyword: nn_train(m), nn_train(m, false),
 * nn_train(m, .mode = false). */
#define NN_FLAG(name, preset, ...)               \
    (((const struct {                            \
         char none;                              \
         bool name;                              \
     }){.name = preset, .none = 0, __VA_ARGS__}) \
         .name)

/* ---- making a module --------------------------------------------------------------------------------------------- */

/* A zeroed struct, in training mode; owned. ValueError when the record's size is below `size`.      NULL */
TORCH_API nn_Module *nn_Module_new(const nn_Class *record, size_t size);
#define nn_new(type) ((type *)nn_Module_new(&(nn_Class)NN_CLASS(type, .free = NULL), NN_SIZE(type)))
#define nn_new_class(type, record) ((type *)nn_Module_new(record, NN_SIZE(type)))

TORCH_API void nn_Module_free(nn_Module *m); /* ends m and its children, unless a parent holds it; always works */
#define nn_free(m) nn_Module_free(NN_MODULE(m))

/* setattr(self, "fc", child), self.add_module("fc", child): stores the child in the field and registers it under the
 * field's name; what stood there ends. On failure the child ends (unless it holds self) and the field is as before. A
 * module may have several parents. NULL without an error is None. KeyError "module name can't contain \".\", got: a.b";
 * ValueError for a cycle.      NULL */
TORCH_API void *nn_Module_add_module(nn_Module *self, const char *name, void *child);
#define nn_set(self, field, child) \
    ((self)->field = (child), (self)->field = nn_Module_add_module(NN_MODULE(self), #field, (self)->field))

/* nn.Parameter(data, requires_grad=True): borrowed, shares data's memory. RuntimeError "Only Tensors of floating point
 * and complex dtype can require gradients".      NULL */
TORCH_API Tensor *nn_Parameter_new(Tensor *data, bool requires_grad);
#define nn_Parameter(...) nn_Parameter_(__VA_ARGS__, )
#define nn_Parameter_(data, ...) nn_Parameter_new(data, NN_FLAG(requires_grad, true, __VA_ARGS__))

/* self.register_parameter(name, p), self.register_buffer(name, t, persistent=True): the module retains the
 * tensor and the field shows it; NULL is None. KeyError "attribute 'weight' already exists", "parameter name
 * can't contain \".\"", TypeError "cannot assign 'torch.FloatTensor' object to parameter 'w' (torch.nn.Parameter
 * or None required)".      NULL */
TORCH_API Tensor *nn_Module_register_parameter(nn_Module *self, const char *name, Tensor *parameter);
TORCH_API Tensor *nn_Module_register_buffer(nn_Module *self, const char *name, Tensor *tensor, bool persistent);
#define nn_register_parameter(self, field, parameter) \
    ((self)->field = nn_Module_register_parameter(NN_MODULE(self), #field, parameter))
#define nn_register_buffer(self, field, ...) nn_register_buffer_(self, field, __VA_ARGS__, )
#define nn_register_buffer_(self, field, tensor, ...) \
    ((self)->field = nn_Module_register_buffer(NN_MODULE(self), #field, tensor, NN_FLAG(persistent, true, __VA_ARGS__)))

/* ---- calling --------------------------------------------------------------------------------------------------------
 * nn_forward(m, x, ...): m(x, ...), its first result. Opens a scope around the body, so that only results are left
 * over; runs the forward hooks. Any input may be NULL, where the class takes None. NotImplementedError `Module
 * [Net] is missing the required "forward" function`; TypeError "Linear.forward() missing 1 required positional
 * argument: 'input'".      NULL */
TORCH_API Tensor *nn_Module_forward(nn_Module *m, Tensor *const *in); /* in ends with NN_END */
/* all results */
TORCH_API int nn_Module_forward_n(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out);
#define NN_END ((Tensor *)(uintptr_t)1)
#define nn_forward(m, ...) nn_Module_forward(NN_MODULE(m), (Tensor *const[]){__VA_ARGS__, NN_END})

/* ---- looking into a module ------------------------------------------------------------------------------------------
 * In PyTorch's order: the module's own, in order of registration, then its children's.
 * What occurs twice is listed once.
 *     torch_ParameterList p = nn_named_parameters(m);
 *     for (int64_t i = 0; i < p.length; i++) printf("%s %s\n", p.name[i], torch_size_str(torch_shape(p.tensor[i])));      length 0 */
typedef struct nn_NamedModules {
    int64_t length;
    nn_Module *const *module;
    const char *const *name; /* "", "rnn", "layers.0", ... */
} nn_NamedModules;
TORCH_API torch_ParameterList nn_Module_named_parameters(nn_Module *m);
TORCH_API torch_ParameterList nn_Module_named_buffers(nn_Module *m);
TORCH_API nn_NamedModules nn_Module_named_modules(nn_Module *m); /* m itself first, as "" */
TORCH_API nn_NamedModules nn_Module_named_children(nn_Module *m);
#define nn_parameters(m) nn_Module_named_parameters(NN_MODULE(m))
#define nn_named_parameters(m) nn_Module_named_parameters(NN_MODULE(m))
#define nn_buffers(m) nn_Module_named_buffers(NN_MODULE(m))
#define nn_named_buffers(m) nn_Module_named_buffers(NN_MODULE(m))
#define nn_modules(m) nn_Module_named_modules(NN_MODULE(m))
#define nn_named_modules(m) nn_Module_named_modules(NN_MODULE(m))
#define nn_children(m) nn_Module_named_children(NN_MODULE(m))
#define nn_named_children(m) nn_Module_named_children(NN_MODULE(m))

/* m.get_parameter("fc.weight"), m.get_submodule("layers.0"). AttributeError "Linear has no
 * attribute `foo`".      NULL */
TORCH_API Tensor *nn_Module_get_parameter(nn_Module *m, const char *path);
TORCH_API nn_Module *nn_Module_get_submodule(nn_Module *m, const char *path);
#define nn_get_parameter(m, path) nn_Module_get_parameter(NN_MODULE(m), path)
#define nn_get_submodule(m, path) nn_Module_get_submodule(NN_MODULE(m), path)

/* type(m).__name__; and `m if isinstance(m, nn.Linear) else None`: nn_as(nn_Linear, m).      NULL */
TORCH_API const char *nn_Module_name(const nn_Module *m);
TORCH_API void *nn_Module_as(nn_Module *m, const char *name);
#define nn_class_name(m) nn_Module_name(NN_MODULE(m))
#define nn_as(type, m) ((type *)nn_Module_as(NN_MODULE(m), #type))

/* repr(m), borrowed; print(m).      NULL */
TORCH_API const char *nn_Module_str(const nn_Module *m);
TORCH_API void nn_Module_print(const nn_Module *m);
#define nn_str(m) nn_Module_str(NN_MODULE(m))
#define nn_print(m) nn_Module_print(NN_MODULE(m))

/* copy.deepcopy(m): owned. Parameters and buffers are cloned, without gradients; what occurs twice does so in the copy, too;
 * pointers in the structs to what is registered point into the copy, all other members are copied as they are. Hooks go
 * along. TypeError for a class with `free` and without `copy`.      NULL */
TORCH_API nn_Module *nn_Module_deepcopy(nn_Module *m);
#define nn_deepcopy(m) ((void *)nn_Module_deepcopy(NN_MODULE(m)))

/* ---- changing a whole tree ------------------------------------------------------------------------------------------
 * These return m, or NULL after an error. */
typedef void (*nn_Visitor)(nn_Module *m, void *data);
TORCH_API nn_Module *nn_Module_apply(nn_Module *m, nn_Visitor visitor, void *data); /* m.apply(f): children first */
TORCH_API nn_Module *nn_Module_train(nn_Module *m, bool mode);                      /* m.train(mode=True), m.eval() */
/* m.zero_grad(set_to_none=False) */
TORCH_API nn_Module *nn_Module_zero_grad(nn_Module *m, bool set_to_none);
/* m.requires_grad_(requires_grad=True) */
TORCH_API nn_Module *nn_Module_requires_grad_(nn_Module *m, bool requires_grad);
/* m.share_memory(): for other threads */
TORCH_API nn_Module *nn_Module_share_memory(nn_Module *m);
TORCH_API bool nn_Module_training(const nn_Module *m); /* m.training */
/* m.to(dtype): floating parameters, buffers and gradients, in place. TypeError "nn.Module.to only accepts floating
 * point or complex dtypes, but got desired dtype=torch.int64". */
TORCH_API nn_Module *nn_Module_to(nn_Module *m, torch_dtype dtype);
#define nn_apply(m, visitor, data) nn_Module_apply(NN_MODULE(m), visitor, data)
#define nn_train(...) nn_train_(__VA_ARGS__, )
#define nn_train_(m, ...) nn_Module_train(NN_MODULE(m), NN_FLAG(mode, true, __VA_ARGS__))
#define nn_eval(m) nn_Module_train(NN_MODULE(m), false)
#define nn_training(m) nn_Module_training(NN_MODULE(m))
#define nn_zero_grad(...) nn_zero_grad_(__VA_ARGS__, )
#define nn_zero_grad_(m, ...) nn_Module_zero_grad(NN_MODULE(m), NN_FLAG(set_to_none, false, __VA_ARGS__))
#define nn_requires_grad_(...) nn_requires_grad__(__VA_ARGS__, )
#define nn_requires_grad__(m, ...) nn_Module_requires_grad_(NN_MODULE(m), NN_FLAG(requires_grad, true, __VA_ARGS__))
#define nn_share_memory(m) nn_Module_share_memory(NN_MODULE(m))
#define nn_to(m, dtype) nn_Module_to(NN_MODULE(m), dtype)
#define nn_float(m) nn_to(m, torch_float32)
#define nn_double(m) nn_to(m, torch_float64)
#define nn_half(m) nn_to(m, torch_float16)
#define nn_bfloat16(m) nn_to(m, torch_bfloat16)

/* m.state_dict(): borrowed; its tensors share memory with the module's.      NULL
 * m.load_state_dict(d, strict=True): copies into the module. RuntimeError "Error(s) in loading state_dict for
 * Linear:\n\t..." with all missing and unexpected keys and size mismatches; nothing is changed then. A code. */
TORCH_API torch_StateDict *nn_Module_state_dict(nn_Module *m);
TORCH_API int nn_Module_load_state_dict(nn_Module *m, const torch_StateDict *d, bool strict);
#define nn_state_dict(m) nn_Module_state_dict(NN_MODULE(m))
#define nn_load_state_dict(m, ...) nn_load_state_dict_(m, __VA_ARGS__, )
#define nn_load_state_dict_(m, d, ...) nn_Module_load_state_dict(NN_MODULE(m), d, NN_FLAG(strict, true, __VA_ARGS__))

TORCH_END

#endif
