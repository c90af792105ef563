/* Optimizers: torch.optim. They retain the tensors that they change, never modules.
 *
 *     optim_Optimizer *optimizer = optim_SGD(nn_parameters(model), .lr = 0.01, .momentum = 0.9);    owned: optim_free
 *     optim_zero_grad(optimizer); torch_backward(loss); optim_step(optimizer); */
#ifndef CERILLA_OPTIM_H
#define CERILLA_OPTIM_H

#include "../core/params.h"

TORCH_BEGIN

typedef struct optim_Optimizer optim_Optimizer;

/* ---- optimizers -----------------------------------------------------------------------------------------------------
 * optim.SGD(params, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False, maximize=False):
 *     d = grad (negated if maximize) + weight_decay p
 *     buf = d in the first step, then momentum buf + (1 - dampening) d;   d = nesterov ? d + momentum buf : buf   (if momentum)
 *     p = p - lr d
 * ValueError "parameter group didn't specify a value of required optimization parameter lr", "Invalid learning rate: -1.0",
 * "Invalid momentum value: -0.5", "Invalid weight_decay value: -0.5", "Nesterov momentum requires a momentum and zero dampening",
 * "optimizer got an empty parameter list", "can't optimize a non-leaf Tensor".      NULL */
typedef struct optim_SGDArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr; /* NaN: not given */
    double momentum, dampening, weight_decay;
    bool nesterov, maximize;
} optim_SGDArgs;
TORCH_API optim_SGDArgs optim_SGDArgs_defaults(void);
TORCH_API optim_Optimizer *optim_SGD_new(const optim_SGDArgs *args);
#define optim_SGD(...) \
    optim_SGD_new(&(optim_SGDArgs){.lr = (double)(0.0f / 0.0f), .struct_size = sizeof(optim_SGDArgs), __VA_ARGS__})

TORCH_API void optim_free(optim_Optimizer *o); /* always works; NULL passes */

/* ---- training ---------------------------------------------------------------------------------------------------- */

/* optimizer.zero_grad(set_to_none=False): gradients become 0, or None. A code */
TORCH_API int optim_Optimizer_zero_grad(optim_Optimizer *o, bool set_to_none);
#define optim_zero_grad(...) optim_zero_grad_(__VA_ARGS__, )
#define optim_zero_grad_(o, ...)                             \
    optim_Optimizer_zero_grad(o, ((const struct {            \
                                     char none;              \
                                     bool set_to_none;       \
                                 }){.none = 0, __VA_ARGS__}) \
                                     .set_to_none)

/* optimizer.step(): changes every parameter that has a gradient, in place and unrecorded. Refuses while an error is pending; on
 * failure no parameter has changed. A code */
TORCH_API int optim_step(optim_Optimizer *o);

/* ---- parameter groups -------------------------------------------------------------------------------------------- */

/* optimizer.add_param_group({"params": params, "lr": 0.1}) is optim_add_param_group(optimizer, params, {"lr", 0.1}): options that
 * are not given are the constructor's. ValueError "some parameters appear in more than one parameter group"; UserWarning for
 * duplicates within the group. The group's index.      -1 */
typedef struct optim_Option {
    const char *name;
    double value; /* of a bool: 0 or 1 */
} optim_Option;
/* ends with a NULL name */
TORCH_API int64_t optim_add_param_group_n(optim_Optimizer *o, torch_ParameterList params, const optim_Option *options);
#define optim_add_param_group(o, ...) optim_add_param_group_(o, __VA_ARGS__, )
#define optim_add_param_group_(o, params, ...) \
    optim_add_param_group_n(o, params, (const optim_Option[]){__VA_ARGS__{NULL, 0}})

/* len(optimizer.param_groups); optimizer.param_groups[i]["params"]; ...[i]["lr"], read and written. IndexError "list index out of
 * range", KeyError "'lrr'".      0; length 0; NaN; a code */
TORCH_API int64_t optim_param_groups(const optim_Optimizer *o);
TORCH_API torch_ParameterList optim_param_group_params(const optim_Optimizer *o, int64_t i);
TORCH_API double optim_param_group_get(const optim_Optimizer *o, int64_t i, const char *option);
TORCH_API int optim_param_group_set(optim_Optimizer *o, int64_t i, const char *option, double value);

/* optimizer.state[p]["momentum_buffer"], borrowed; NULL where there is none (yet). */
TORCH_API Tensor *optim_state(const optim_Optimizer *o, const Tensor *parameter, const char *name);

/* ---- saving and printing ----------------------------------------------------------------------------------------- */

/* optimizer.state_dict(), flat and borrowed: "state.0.momentum_buffer", ..., "param_groups.0.lr" (0-d), ..., "param_groups.0.params"
 * (the indices). optimizer.load_state_dict(d): copies. ValueError "loaded state dict has a different number of parameter groups",
 * "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"; nothing is changed then. */
TORCH_API torch_StateDict *optim_state_dict(optim_Optimizer *o);                   /* NULL */
TORCH_API int optim_load_state_dict(optim_Optimizer *o, const torch_StateDict *d); /* a code */

TORCH_API const char *optim_str(const optim_Optimizer *o); /* repr(optimizer), borrowed.      NULL */
TORCH_API void optim_print(const optim_Optimizer *o);      /* print(optimizer) */

TORCH_END

#endif
