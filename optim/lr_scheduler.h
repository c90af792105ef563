/* Learning rates that change: torch.optim.lr_scheduler.
 *
 *     optim_LRScheduler *scheduler = optim_lr_scheduler_StepLR(optimizer, 30, .gamma = 0.1);   owned: optim_lr_scheduler_free
 *     for (...) { train(...); optim_step(optimizer); optim_lr_scheduler_step(scheduler); }
 *
 * The optimizer must outlive its schedulers. */
#ifndef CERILLA_OPTIM_LR_SCHEDULER_H
#define CERILLA_OPTIM_LR_SCHEDULER_H

#include "optim.h"

TORCH_BEGIN

typedef struct optim_LRScheduler optim_LRScheduler;
typedef double optim_LRLambda(int64_t epoch, void *data);

TORCH_API void optim_lr_scheduler_free(optim_LRScheduler *s); /* always works; NULL passes */

/* scheduler.step(). UserWarning "Detected call of `lr_scheduler.step()` before `optimizer.step()`. ...". A code */
TORCH_API int optim_lr_scheduler_step(optim_LRScheduler *s);
/* scheduler.step(epoch): UserWarning, for it is deprecated, except by CosineAnnealingWarmRestarts. A code */
TORCH_API int optim_lr_scheduler_step_epoch(optim_LRScheduler *s, double epoch);
/* ReduceLROnPlateau: scheduler.step(metrics). A code */
TORCH_API int optim_lr_scheduler_step_metrics(optim_LRScheduler *s, double metrics);
/* scheduler.get_last_lr()[i]; IndexError.      NaN */
TORCH_API double optim_lr_scheduler_get_last_lr(const optim_LRScheduler *s, int64_t i);
TORCH_API int64_t optim_lr_scheduler_last_epoch(const optim_LRScheduler *s); /* scheduler.last_epoch;      -1 */

/* scheduler.state_dict(), flat and borrowed: "last_epoch", "_step_count", "base_lrs", ...
 * of a SequentialLR or ChainedScheduler "_schedulers.0.last_epoch". Functions are not saved.
 * scheduler.load_state_dict(d): what d lacks stays. */
TORCH_API torch_StateDict *optim_lr_scheduler_state_dict(const optim_LRScheduler *s);             /* NULL */
TORCH_API int optim_lr_scheduler_load_state_dict(optim_LRScheduler *s, const torch_StateDict *d); /* a code */

/* ---- schedulers -----------------------------------------------------------------------------------------------------
 * All take .last_epoch = -1 (when resuming, groups need "initial_lr": KeyError) and .verbose = false, which prints
 * "Adjusting learning rate of group 0 to 1.0000e-01."      NULL */

/* LambdaLR: lr = initial_lr lr_lambda(epoch, data) */
typedef struct optim_LambdaLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    optim_LRLambda *lr_lambda;
    void *data;
    int64_t last_epoch;
    bool verbose;
} optim_LambdaLRArgs;
TORCH_API optim_LambdaLRArgs optim_LambdaLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_LambdaLR_new(const optim_LambdaLRArgs *args);
#define optim_lr_scheduler_LambdaLR(...) \
    optim_lr_scheduler_LambdaLR_new(     \
        &(optim_LambdaLRArgs){.last_epoch = -1, .struct_size = sizeof(optim_LambdaLRArgs), __VA_ARGS__})

/* MultiplicativeLR: lr = lr lr_lambda(epoch, data) */
typedef struct optim_MultiplicativeLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    optim_LRLambda *lr_lambda;
    void *data;
    int64_t last_epoch;
    bool verbose;
} optim_MultiplicativeLRArgs;
TORCH_API optim_MultiplicativeLRArgs optim_MultiplicativeLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_MultiplicativeLR_new(const optim_MultiplicativeLRArgs *args);
#define optim_lr_scheduler_MultiplicativeLR(...)                           \
    optim_lr_scheduler_MultiplicativeLR_new(&(optim_MultiplicativeLRArgs){ \
        .last_epoch = -1, .struct_size = sizeof(optim_MultiplicativeLRArgs), __VA_ARGS__})

/* StepLR: lr = lr gamma, every step_size epochs */
typedef struct optim_StepLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    int64_t step_size;
    double gamma;
    int64_t last_epoch;
    bool verbose;
} optim_StepLRArgs;
TORCH_API optim_StepLRArgs optim_StepLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_StepLR_new(const optim_StepLRArgs *args);
#define optim_lr_scheduler_StepLR(...) \
    optim_lr_scheduler_StepLR_new(     \
        &(optim_StepLRArgs){.gamma = 0.1, .last_epoch = -1, .struct_size = sizeof(optim_StepLRArgs), __VA_ARGS__})

/* MultiStepLR: lr = lr gamma at each milestone: TORCH_DIMS(30, 80) */
typedef struct optim_MultiStepLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    const int64_t *milestones;
    int64_t n_milestones;
    double gamma;
    int64_t last_epoch;
    bool verbose;
} optim_MultiStepLRArgs;
TORCH_API optim_MultiStepLRArgs optim_MultiStepLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_MultiStepLR_new(const optim_MultiStepLRArgs *args);
#define optim_lr_scheduler_MultiStepLR(...)                      \
    optim_lr_scheduler_MultiStepLR_new(&(optim_MultiStepLRArgs){ \
        .gamma = 0.1, .last_epoch = -1, .struct_size = sizeof(optim_MultiStepLRArgs), __VA_ARGS__})

/* ConstantLR: lr = initial_lr factor, from total_iters on initial_lr.
 * ValueError "Constant multiplicative factor expected to be between 0 and 1." */
typedef struct optim_ConstantLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    double factor;
    int64_t total_iters;
    int64_t last_epoch;
    bool verbose;
} optim_ConstantLRArgs;
TORCH_API optim_ConstantLRArgs optim_ConstantLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_ConstantLR_new(const optim_ConstantLRArgs *args);
#define optim_lr_scheduler_ConstantLR(...)                                                                 \
    optim_lr_scheduler_ConstantLR_new(&(optim_ConstantLRArgs){.factor = 1.0 / 3,                           \
                                                              .total_iters = 5,                            \
                                                              .last_epoch = -1,                            \
                                                              .struct_size = sizeof(optim_ConstantLRArgs), \
                                                              __VA_ARGS__})

/* LinearLR: lr = initial_lr times a factor that grows from start_factor to
 * end_factor in total_iters. ValueError "Starting multiplicative factor expected to be between 0 and 1." */
typedef struct optim_LinearLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    double start_factor;
    double end_factor;
    int64_t total_iters;
    int64_t last_epoch;
    bool verbose;
} optim_LinearLRArgs;
TORCH_API optim_LinearLRArgs optim_LinearLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_LinearLR_new(const optim_LinearLRArgs *args);
#define optim_lr_scheduler_LinearLR(...)                                                             \
    optim_lr_scheduler_LinearLR_new(&(optim_LinearLRArgs){.start_factor = 1.0 / 3,                   \
                                                          .end_factor = 1.0,                         \
                                                          .total_iters = 5,                          \
                                                          .last_epoch = -1,                          \
                                                          .struct_size = sizeof(optim_LinearLRArgs), \
                                                          __VA_ARGS__})

/* ExponentialLR: lr = lr gamma */
typedef struct optim_ExponentialLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    double gamma;
    int64_t last_epoch;
    bool verbose;
} optim_ExponentialLRArgs;
TORCH_API optim_ExponentialLRArgs optim_ExponentialLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_ExponentialLR_new(const optim_ExponentialLRArgs *args);
#define optim_lr_scheduler_ExponentialLR(...) \
    optim_lr_scheduler_ExponentialLR_new(     \
        &(optim_ExponentialLRArgs){.last_epoch = -1, .struct_size = sizeof(optim_ExponentialLRArgs), __VA_ARGS__})

/* PolynomialLR: lr = initial_lr (1 - epoch / total_iters)^power */
typedef struct optim_PolynomialLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    int64_t total_iters;
    double power;
    int64_t last_epoch;
    bool verbose;
} optim_PolynomialLRArgs;
TORCH_API optim_PolynomialLRArgs optim_PolynomialLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_PolynomialLR_new(const optim_PolynomialLRArgs *args);
#define optim_lr_scheduler_PolynomialLR(...)                       \
    optim_lr_scheduler_PolynomialLR_new(&(optim_PolynomialLRArgs){ \
        .total_iters = 5, .power = 1.0, .last_epoch = -1, .struct_size = sizeof(optim_PolynomialLRArgs), __VA_ARGS__})

/* optim.swa_utils.SWALR(optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1): from the rate that a group
 * has to swa_lr within anneal_epochs, along a cosine or "linear"; the group has swa_lr as an option. ValueError
 * "anneal_strategy must by one of 'cos' or 'linear', instead got x", "anneal_epochs must be equal or greater than 0, got -1" */
typedef struct optim_SWALRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    double swa_lr;
    int64_t anneal_epochs;
    const char *anneal_strategy;
    int64_t last_epoch;
    bool verbose; /* of all schedulers; SWALR of PyTorch has none */
} optim_SWALRArgs;
TORCH_API optim_SWALRArgs optim_SWALRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_SWALR_new(const optim_SWALRArgs *args);
#define optim_swa_utils_SWALR(...)                                                          \
    optim_lr_scheduler_SWALR_new(&(optim_SWALRArgs){.anneal_epochs = 10,                    \
                                                    .anneal_strategy = "cos",               \
                                                    .last_epoch = -1,                       \
                                                    .struct_size = sizeof(optim_SWALRArgs), \
                                                    __VA_ARGS__})

/* CosineAnnealingLR: lr = eta_min + (initial_lr - eta_min) (1 + cos(pi epoch / T_max)) / 2 */
typedef struct optim_CosineAnnealingLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    int64_t T_max;
    double eta_min;
    int64_t last_epoch;
    bool verbose;
} optim_CosineAnnealingLRArgs;
TORCH_API optim_CosineAnnealingLRArgs optim_CosineAnnealingLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_CosineAnnealingLR_new(const optim_CosineAnnealingLRArgs *args);
#define optim_lr_scheduler_CosineAnnealingLR(...)                            \
    optim_lr_scheduler_CosineAnnealingLR_new(&(optim_CosineAnnealingLRArgs){ \
        .last_epoch = -1, .struct_size = sizeof(optim_CosineAnnealingLRArgs), __VA_ARGS__})

/* CosineAnnealingWarmRestarts: the same, begun anew after
 * T_0, T_0 T_mult, T_0 T_mult^2, ... epochs. ValueError "Expected positive integer T_0, but got 0" */
typedef struct optim_CosineAnnealingWarmRestartsArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    int64_t T_0;
    int64_t T_mult;
    double eta_min;
    int64_t last_epoch;
    bool verbose;
} optim_CosineAnnealingWarmRestartsArgs;
TORCH_API optim_CosineAnnealingWarmRestartsArgs optim_CosineAnnealingWarmRestartsArgs_defaults(void);
TORCH_API optim_LRScheduler *
optim_lr_scheduler_CosineAnnealingWarmRestarts_new(const optim_CosineAnnealingWarmRestartsArgs *args);
#define optim_lr_scheduler_CosineAnnealingWarmRestarts(...)                                      \
    optim_lr_scheduler_CosineAnnealingWarmRestarts_new(&(optim_CosineAnnealingWarmRestartsArgs){ \
        .T_mult = 1, .last_epoch = -1, .struct_size = sizeof(optim_CosineAnnealingWarmRestartsArgs), __VA_ARGS__})

/* Schedulers one after the other: the next one begins at each of the n - 1 milestones. All at once: ChainedScheduler.
 * Both own the schedulers that they are given, also when they fail. ValueError "Sequential Schedulers expects number of
 * schedulers provided to be one more than the number of milestone points, but got number of schedulers 2 and the number
 * of milestones to be equal to 2" */
TORCH_API optim_LRScheduler *optim_lr_scheduler_SequentialLR(optim_Optimizer *optimizer, int64_t n,
                                                             optim_LRScheduler *const *schedulers, int64_t n_milestones,
                                                             const int64_t *milestones);
TORCH_API optim_LRScheduler *optim_lr_scheduler_ChainedScheduler(int64_t n, optim_LRScheduler *const *schedulers);

/* ReduceLROnPlateau: lr = max(lr factor, min_lr) after more than patience epochs
 * without a better metric. ValueError "Factor should be < 1.0.", "mode x is unknown!" */
typedef struct optim_ReduceLROnPlateauArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    const char *mode;
    double factor;
    int64_t patience;
    double threshold;
    const char *threshold_mode;
    int64_t cooldown;
    double min_lr;
    double eps;
    bool verbose;
} optim_ReduceLROnPlateauArgs;
TORCH_API optim_ReduceLROnPlateauArgs optim_ReduceLROnPlateauArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_ReduceLROnPlateau_new(const optim_ReduceLROnPlateauArgs *args);
#define optim_lr_scheduler_ReduceLROnPlateau(...)                                          \
    optim_lr_scheduler_ReduceLROnPlateau_new(                                              \
        &(optim_ReduceLROnPlateauArgs){.mode = "min",                                      \
                                       .factor = 0.1,                                      \
                                       .patience = 10,                                     \
                                       .threshold = 1e-4,                                  \
                                       .threshold_mode = "rel",                            \
                                       .eps = 1e-8,                                        \
                                       .struct_size = sizeof(optim_ReduceLROnPlateauArgs), \
                                       __VA_ARGS__})

/* CyclicLR: up from base_lr to max_lr in step_size_up epochs and down in step_size_down (0: as many); momentum the
 * other way. mode "triangular", "triangular2" (the height halves), "exp_range" (gamma^epoch). ValueError "mode is
 * invalid and scale_fn is None", "optimizer must support momentum with `cycle_momentum` option enabled" */
typedef struct optim_CyclicLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    double base_lr;
    double max_lr;
    int64_t step_size_up;
    int64_t step_size_down;
    const char *mode;
    double gamma;
    bool cycle_momentum;
    double base_momentum;
    double max_momentum;
    int64_t last_epoch;
    bool verbose;
} optim_CyclicLRArgs;
TORCH_API optim_CyclicLRArgs optim_CyclicLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_CyclicLR_new(const optim_CyclicLRArgs *args);
#define optim_lr_scheduler_CyclicLR(...)                                                             \
    optim_lr_scheduler_CyclicLR_new(&(optim_CyclicLRArgs){.step_size_up = 2000,                      \
                                                          .mode = "triangular",                      \
                                                          .gamma = 1.0,                              \
                                                          .cycle_momentum = true,                    \
                                                          .base_momentum = 0.8,                      \
                                                          .max_momentum = 0.9,                       \
                                                          .last_epoch = -1,                          \
                                                          .struct_size = sizeof(optim_CyclicLRArgs), \
                                                          __VA_ARGS__})

/* OneCycleLR: from max_lr / div_factor to max_lr and down again; momentum, or the first of betas, the other way.
 * ValueError "You must define either total_steps OR (epochs AND steps_per_epoch)", "Tried to step 12 times. ..." */
typedef struct optim_OneCycleLRArgs {
    size_t struct_size;
    optim_Optimizer *optimizer;
    double max_lr;
    int64_t total_steps;
    int64_t epochs;
    int64_t steps_per_epoch;
    double pct_start;
    const char *anneal_strategy;
    bool cycle_momentum;
    double base_momentum;
    double max_momentum;
    double div_factor;
    double final_div_factor;
    bool three_phase;
    int64_t last_epoch;
    bool verbose;
} optim_OneCycleLRArgs;
TORCH_API optim_OneCycleLRArgs optim_OneCycleLRArgs_defaults(void);
TORCH_API optim_LRScheduler *optim_lr_scheduler_OneCycleLR_new(const optim_OneCycleLRArgs *args);
#define optim_lr_scheduler_OneCycleLR(...)                                                                 \
    optim_lr_scheduler_OneCycleLR_new(&(optim_OneCycleLRArgs){.pct_start = 0.3,                            \
                                                              .anneal_strategy = "cos",                    \
                                                              .cycle_momentum = true,                      \
                                                              .base_momentum = 0.85,                       \
                                                              .max_momentum = 0.95,                        \
                                                              .div_factor = 25.0,                          \
                                                              .final_div_factor = 1e4,                     \
                                                              .last_epoch = -1,                            \
                                                              .struct_size = sizeof(optim_OneCycleLRArgs), \
                                                              __VA_ARGS__})

TORCH_END

#endif
