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
 * ValueError "parameter group didn't specify a value of required optimization parameter lr", "Invalid learning rate:
 * -1.0", "Invalid momentum value: -0.5", "Invalid weight_decay value: -0.5", "Nesterov momentum requires a momentum and
 * zero dampening", "optimizer got an empty parameter list", "can't optimize a non-leaf Tensor".      NULL */
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

/* optim.Adam(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, amsgrad=False, maximize=False):
 *     d = grad (negated if maximize) + weight_decay p;   m = b1 m + (1 - b1) d;   v = b2 v + (1 - b2) d^2
 *     p = p - lr / (1 - b1^step) m / (sqrt(v) / sqrt(1 - b2^step) + eps);   amsgrad: the largest v so far
 * States: step, exp_avg, exp_avg_sq, max_exp_avg_sq (amsgrad). ValueError "Invalid beta parameter at
 * index 0: 1.0", ...      NULL */
typedef struct optim_AdamArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double betas[2];
    double eps;
    double weight_decay;
    bool amsgrad;
    bool maximize;
} optim_AdamArgs;
TORCH_API optim_AdamArgs optim_AdamArgs_defaults(void);
TORCH_API optim_Optimizer *optim_Adam_new(const optim_AdamArgs *args);
#define optim_Adam(...)               \
    optim_Adam_new(&(optim_AdamArgs){ \
        .lr = 0.001, .betas = {0.9, 0.999}, .eps = 1e-8, .struct_size = sizeof(optim_AdamArgs), __VA_ARGS__})

/* optim.AdamW(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01, amsgrad=False, maximize=False):
 *     p = (1 - lr weight_decay) p, then Adam without weight_decay.      NULL */
typedef struct optim_AdamWArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double betas[2];
    double eps;
    double weight_decay;
    bool amsgrad;
    bool maximize;
} optim_AdamWArgs;
TORCH_API optim_AdamWArgs optim_AdamWArgs_defaults(void);
TORCH_API optim_Optimizer *optim_AdamW_new(const optim_AdamWArgs *args);
#define optim_AdamW(...)                                                       \
    optim_AdamW_new(&(optim_AdamWArgs){.lr = 0.001,                            \
                                       .betas = {0.9, 0.999},                  \
                                       .eps = 1e-8,                            \
                                       .weight_decay = 0.01,                   \
                                       .struct_size = sizeof(optim_AdamWArgs), \
                                       __VA_ARGS__})

/* optim.NAdam(params, lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0,
 * momentum_decay=0.004): Adam with Nesterov momentum.
 *     mu = b1 (1 - 0.96^(step momentum_decay) / 2), next: that of step + 1;   mu_product = mu_product mu;   s = sqrt(v / (1 - b2^step)) + eps
 *     p = p - lr (1 - mu) / (1 - mu_product) d / s - lr next / (1 - mu_product mu next) m / s
 * States: step, mu_product, exp_avg, exp_avg_sq.      NULL */
typedef struct optim_NAdamArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double betas[2];
    double eps;
    double weight_decay;
    double momentum_decay;
} optim_NAdamArgs;
TORCH_API optim_NAdamArgs optim_NAdamArgs_defaults(void);
TORCH_API optim_Optimizer *optim_NAdam_new(const optim_NAdamArgs *args);
#define optim_NAdam(...)                                                       \
    optim_NAdam_new(&(optim_NAdamArgs){.lr = 0.002,                            \
                                       .betas = {0.9, 0.999},                  \
                                       .eps = 1e-8,                            \
                                       .momentum_decay = 0.004,                \
                                       .struct_size = sizeof(optim_NAdamArgs), \
                                       __VA_ARGS__})

/* optim.RAdam(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0): Adam whose adaptive rate
 * waits until its variance is tractable (rho_t > 5); before that p = p - lr m / (1 - b1^step). States: step,
 * exp_avg, exp_avg_sq.      NULL */
typedef struct optim_RAdamArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double betas[2];
    double eps;
    double weight_decay;
} optim_RAdamArgs;
TORCH_API optim_RAdamArgs optim_RAdamArgs_defaults(void);
TORCH_API optim_Optimizer *optim_RAdam_new(const optim_RAdamArgs *args);
#define optim_RAdam(...)                \
    optim_RAdam_new(&(optim_RAdamArgs){ \
        .lr = 0.001, .betas = {0.9, 0.999}, .eps = 1e-8, .struct_size = sizeof(optim_RAdamArgs), __VA_ARGS__})

/* optim.Adamax(params, lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, maximize=False):
 *     m = b1 m + (1 - b1) d;   u = max(b2 u, |d| + eps);   p = p - lr / (1 - b1^step) m / u
 * States: step, exp_avg, exp_inf.      NULL */
typedef struct optim_AdamaxArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double betas[2];
    double eps;
    double weight_decay;
    bool maximize;
} optim_AdamaxArgs;
TORCH_API optim_AdamaxArgs optim_AdamaxArgs_defaults(void);
TORCH_API optim_Optimizer *optim_Adamax_new(const optim_AdamaxArgs *args);
#define optim_Adamax(...)                 \
    optim_Adamax_new(&(optim_AdamaxArgs){ \
        .lr = 0.002, .betas = {0.9, 0.999}, .eps = 1e-8, .struct_size = sizeof(optim_AdamaxArgs), __VA_ARGS__})

/* optim.RMSprop(params, lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0, centered=False, maximize=False):
 *     v = alpha v + (1 - alpha) d^2;   s = sqrt(v) + eps, centered: sqrt(v - a^2) + eps with a = alpha a + (1 - alpha) d
 *     p = p - lr d / s;   with momentum: buf = momentum buf + d / s, p = p - lr buf
 * States: step (an int), square_avg, momentum_buffer (momentum), grad_avg (centered).      NULL */
typedef struct optim_RMSpropArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double alpha;
    double eps;
    double weight_decay;
    double momentum;
    bool centered;
    bool maximize;
} optim_RMSpropArgs;
TORCH_API optim_RMSpropArgs optim_RMSpropArgs_defaults(void);
TORCH_API optim_Optimizer *optim_RMSprop_new(const optim_RMSpropArgs *args);
#define optim_RMSprop(...)                  \
    optim_RMSprop_new(&(optim_RMSpropArgs){ \
        .lr = 0.01, .alpha = 0.99, .eps = 1e-8, .struct_size = sizeof(optim_RMSpropArgs), __VA_ARGS__})

/* optim.Adagrad(params, lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, maximize=False):
 *     sum = sum + d^2;   p = p - lr / (1 + (step - 1) lr_decay) d / (sqrt(sum) + eps)
 * States, from the beginning: step, sum.      NULL */
typedef struct optim_AdagradArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double lr_decay;
    double weight_decay;
    double initial_accumulator_value;
    double eps;
    bool maximize;
} optim_AdagradArgs;
TORCH_API optim_AdagradArgs optim_AdagradArgs_defaults(void);
TORCH_API optim_Optimizer *optim_Adagrad_new(const optim_AdagradArgs *args);
#define optim_Adagrad(...) \
    optim_Adagrad_new(     \
        &(optim_AdagradArgs){.lr = 0.01, .eps = 1e-10, .struct_size = sizeof(optim_AdagradArgs), __VA_ARGS__})

/* optim.Adadelta(params, lr=1.0, rho=0.9, eps=1e-06, weight_decay=0, maximize=False):
 *     v = rho v + (1 - rho) d^2;   by = sqrt(u + eps) / sqrt(v + eps) d;   u = rho u + (1 - rho) by^2;   p = p - lr by
 * States: step (an int), square_avg (v), acc_delta (u).      NULL */
typedef struct optim_AdadeltaArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double rho;
    double eps;
    double weight_decay;
    bool maximize;
} optim_AdadeltaArgs;
TORCH_API optim_AdadeltaArgs optim_AdadeltaArgs_defaults(void);
TORCH_API optim_Optimizer *optim_Adadelta_new(const optim_AdadeltaArgs *args);
#define optim_Adadelta(...)                   \
    optim_Adadelta_new(&(optim_AdadeltaArgs){ \
        .lr = 1.0, .rho = 0.9, .eps = 1e-6, .struct_size = sizeof(optim_AdadeltaArgs), __VA_ARGS__})

/* optim.ASGD(params, lr=0.01, lambd=0.0001, alpha=0.75, t0=1000000.0, weight_decay=0,
 * maximize=False): averaged descent.
 *     p = (1 - lambd eta) p - eta d;   ax = ax + mu (p - ax), where mu is 1: p
 *     eta = lr / (1 + lambd lr step)^alpha;   mu = 1 / max(1, step - t0)
 * States: step, eta, mu, ax (the average).      NULL */
typedef struct optim_ASGDArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double lambd;
    double alpha;
    double t0;
    double weight_decay;
    bool maximize;
} optim_ASGDArgs;
TORCH_API optim_ASGDArgs optim_ASGDArgs_defaults(void);
TORCH_API optim_Optimizer *optim_ASGD_new(const optim_ASGDArgs *args);
#define optim_ASGD(...)               \
    optim_ASGD_new(&(optim_ASGDArgs){ \
        .lr = 0.01, .lambd = 1e-4, .alpha = 0.75, .t0 = 1e6, .struct_size = sizeof(optim_ASGDArgs), __VA_ARGS__})

/* optim.Rprop(params, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-06, 50), maximize=False): the sign of the gradient only.
 *     size = clamp(size etas[1] where d keeps its sign, etas[0] where it changes (then d = 0));   p = p - size sign(d)
 * States: step (an int), prev (the last d), step_size. ValueError "Invalid eta values: 1.5, 1.2".      NULL */
typedef struct optim_RpropArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double etas[2];
    double step_sizes[2];
    bool maximize;
} optim_RpropArgs;
TORCH_API optim_RpropArgs optim_RpropArgs_defaults(void);
TORCH_API optim_Optimizer *optim_Rprop_new(const optim_RpropArgs *args);
#define optim_Rprop(...)                                                       \
    optim_Rprop_new(&(optim_RpropArgs){.lr = 0.01,                             \
                                       .etas = {0.5, 1.2},                     \
                                       .step_sizes = {1e-6, 50},               \
                                       .struct_size = sizeof(optim_RpropArgs), \
                                       __VA_ARGS__})

/* optim.SparseAdam(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, maximize=False): here for its refusal, a
 * RuntimeError of the step: "SparseAdam does not support dense gradients, please consider Adam instead"; there
 * are no sparse ones.      NULL */
typedef struct optim_SparseAdamArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    double betas[2];
    double eps;
    bool maximize;
} optim_SparseAdamArgs;
TORCH_API optim_SparseAdamArgs optim_SparseAdamArgs_defaults(void);
TORCH_API optim_Optimizer *optim_SparseAdam_new(const optim_SparseAdamArgs *args);
#define optim_SparseAdam(...)                     \
    optim_SparseAdam_new(&(optim_SparseAdamArgs){ \
        .lr = 0.001, .betas = {0.9, 0.999}, .eps = 1e-8, .struct_size = sizeof(optim_SparseAdamArgs), __VA_ARGS__})

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

/* optimizer.step(): changes every parameter that has a gradient, in place and unrecorded. Refuses while an error is
 * pending; on failure no parameter has changed. A code */
TORCH_API int optim_step(optim_Optimizer *o);

/* optim.LBFGS(params, lr=1, max_iter=20, max_eval=max_iter 5 / 4, tolerance_grad=1e-7, tolerance_change=1e-9,
 * history_size=100, line_search_fn=None): up to max_iter quasi-Newton steps p = p + t d in each call, d = -H grad with H from the
 * last history_size changes of the gradient; t is lr, or what line_search_fn "strong_wolfe" finds. Stops when no element of
 * the gradient is larger than tolerance_grad, or nothing changes by more than tolerance_change. One group only; steps by
 * optim_step_closure only. Nocedal and Wright, 2006, chapter 7.
 * States, of the first parameter: func_evals, n_iter, d, t, old_dirs, old_stps, ro, H_diag, prev_flat_grad, prev_loss;
 * histories are one tensor each, the oldest first. RuntimeError "only 'strong_wolfe' is supported" in step.      NULL */
typedef struct optim_LBFGSArgs {
    size_t struct_size;
    torch_ParameterList params;
    double lr;
    int64_t max_iter, max_eval; /* max_eval TORCH_NONE: max_iter 5 / 4 */
    double tolerance_grad, tolerance_change;
    int64_t history_size;
    const char *line_search_fn; /* NULL: None */
} optim_LBFGSArgs;
TORCH_API optim_LBFGSArgs optim_LBFGSArgs_defaults(void);
TORCH_API optim_Optimizer *optim_LBFGS_new(const optim_LBFGSArgs *args);
#define optim_LBFGS(...)                                                       \
    optim_LBFGS_new(&(optim_LBFGSArgs){.lr = 1,                                \
                                       .max_iter = 20,                         \
                                       .max_eval = TORCH_NONE,                 \
                                       .tolerance_grad = 1e-7,                 \
                                       .tolerance_change = 1e-9,               \
                                       .history_size = 100,                    \
                                       .struct_size = sizeof(optim_LBFGSArgs), \
                                       __VA_ARGS__})

/* optimizer.step(closure): calls the closure with gradients enabled, then steps. The closure sets the gradients
 * (zero_grad, backward) and returns the loss, which is the result; NULL from it, with an error, ends the step. LBFGS
 * steps in this way only: TypeError "LBFGS.step() missing 1 required positional argument: 'closure'".      NULL */
typedef Tensor *optim_Closure(void *data);
TORCH_API Tensor *optim_step_closure(optim_Optimizer *o, optim_Closure *closure, void *data);

/* ---- parameter groups -------------------------------------------------------------------------------------------- */

/* optimizer.add_param_group({"params": params, "lr": 0.1}) is optim_add_param_group(optimizer, params, {"lr", 0.1}):
 * options that are not given are the constructor's. ValueError "some parameters appear in more than one parameter
 * group"; UserWarning for duplicates within the group. The group's index.      -1 */
typedef struct optim_Option {
    const char *name;
    double value; /* of a bool: 0 or 1 */
} optim_Option;
/* ends with a NULL name */
TORCH_API int64_t optim_add_param_group_n(optim_Optimizer *o, torch_ParameterList params, const optim_Option *options);
#define optim_add_param_group(o, ...) optim_add_param_group_(o, __VA_ARGS__, )
#define optim_add_param_group_(o, params, ...) \
    optim_add_param_group_n(o, params, (const optim_Option[]){__VA_ARGS__{NULL, 0}})

/* len(optimizer.param_groups); optimizer.param_groups[i]["params"]; ...[i]["lr"], read and
 * written. IndexError "list index out of
 * range", KeyError "'lrr'".      0; length 0; NaN; a code */
TORCH_API int64_t optim_param_groups(const optim_Optimizer *o);
TORCH_API torch_ParameterList optim_param_group_params(const optim_Optimizer *o, int64_t i);
TORCH_API double optim_param_group_get(const optim_Optimizer *o, int64_t i, const char *option);
TORCH_API int optim_param_group_set(optim_Optimizer *o, int64_t i, const char *option, double value);

/* optimizer.state[p]["momentum_buffer"], borrowed; NULL where there is none (yet). */
TORCH_API Tensor *optim_state(const optim_Optimizer *o, const Tensor *parameter, const char *name);

/* ---- saving and printing ----------------------------------------------------------------------------------------- */

/* optimizer.state_dict(), flat and borrowed: "state.0.momentum_buffer", ..., "param_groups.0.lr" (0-d), ...,
 * "param_groups.0.params" (the indices). optimizer.load_state_dict(d): copies. ValueError "loaded state dict has a
 * different number of parameter groups", "loaded state dict contains a parameter group that doesn't match the size of
 * optimizer's group"; nothing is changed then. */
TORCH_API torch_StateDict *optim_state_dict(optim_Optimizer *o);                   /* NULL */
TORCH_API int optim_load_state_dict(optim_Optimizer *o, const torch_StateDict *d); /* a code */

TORCH_API const char *optim_str(const optim_Optimizer *o); /* repr(optimizer), borrowed.      NULL */
TORCH_API void optim_print(const optim_Optimizer *o);      /* print(optimizer) */

TORCH_END

#endif
