/* Schedulers whose rate follows from the epoch, and from the rate before: ten of them. */
#include <math.h>

#include "scheduler.h"

static const double PI = 3.14159265358979323846;

static double now(const optim_LRScheduler *s, int64_t i)
{
    return cer_scheduler_lr(s, i);
}

/* A class, its defaults, and its constructor over args->member, which ends where check fails. */
#define SCHEDULER(Name, member, lr_, closed_, check_)                                             \
    static const cer_SchedulerClass Name##_class = {.name = #Name, .lr = lr_, .closed = closed_}; \
    optim_LRScheduler *optim_lr_scheduler_##Name##_new(const optim_##Name##Args *args)            \
    {                                                                                             \
        optim_##Name##Args a = optim_##Name##Args_defaults();                                     \
        cer_args(&a, sizeof a, args);                                                             \
        if (cer_error_pending() || !(check_)) return NULL;                                        \
        optim_LRScheduler *s = cer_scheduler_new(&Name##_class, a.optimizer, a.verbose);          \
        if (s) s->args.member = a;                                                                \
        return cer_scheduler_begin(s, a.last_epoch);                                              \
    }

static bool refuse(const char *name, const char *text)
{
    return cer_raise(TORCH_VALUE_ERROR, name, "%s", text);
}

/* ---- LambdaLR, MultiplicativeLR ------------------------------------------------------------------------------------ */

static double lambda_lr(const optim_LRScheduler *s, int64_t i)
{
    return s->base_lr[i] * s->args.lambda.lr_lambda(s->last_epoch, s->args.lambda.data);
}

static double multiplicative_lr(const optim_LRScheduler *s, int64_t i)
{
    if (s->last_epoch <= 0) return now(s, i);
    return now(s, i) * s->args.multiplicative.lr_lambda(s->last_epoch, s->args.multiplicative.data);
}

static bool callable(const char *name, const void *function)
{
    return function || cer_raise(TORCH_TYPE_ERROR, name, "lr_lambda should be a function, but got NULL");
}

optim_LambdaLRArgs optim_LambdaLRArgs_defaults(void)
{
    return (optim_LambdaLRArgs){.last_epoch = -1, .struct_size = sizeof(optim_LambdaLRArgs)};
}

optim_MultiplicativeLRArgs optim_MultiplicativeLRArgs_defaults(void)
{
    return (optim_MultiplicativeLRArgs){.last_epoch = -1, .struct_size = sizeof(optim_MultiplicativeLRArgs)};
}

SCHEDULER(LambdaLR, lambda, lambda_lr, NULL, a.lr_lambda || callable("LambdaLR", NULL))
SCHEDULER(MultiplicativeLR, multiplicative, multiplicative_lr, NULL, a.lr_lambda || callable("MultiplicativeLR", NULL))

/* ---- StepLR, ExponentialLR ----------------------------------------------------------------------------------------- */

static double step_lr(const optim_LRScheduler *s, int64_t i)
{
    bool due = s->last_epoch != 0 && s->last_epoch % s->args.step.step_size == 0;
    return due ? now(s, i) * s->args.step.gamma : now(s, i);
}

static double step_closed(const optim_LRScheduler *s, int64_t i)
{
    return s->base_lr[i] * pow(s->args.step.gamma, floor((double)s->last_epoch / (double)s->args.step.step_size));
}

static double exponential_lr(const optim_LRScheduler *s, int64_t i)
{
    return s->last_epoch == 0 ? now(s, i) : now(s, i) * s->args.exponential.gamma;
}

static double exponential_closed(const optim_LRScheduler *s, int64_t i)
{
    return s->base_lr[i] * pow(s->args.exponential.gamma, (double)s->last_epoch);
}

optim_StepLRArgs optim_StepLRArgs_defaults(void)
{
    return (optim_StepLRArgs){.gamma = 0.1, .last_epoch = -1, .struct_size = sizeof(optim_StepLRArgs)};
}

optim_ExponentialLRArgs optim_ExponentialLRArgs_defaults(void)
{
    return (optim_ExponentialLRArgs){.last_epoch = -1, .struct_size = sizeof(optim_ExponentialLRArgs)};
}

/* PyTorch's first step divides by a step_size of zero, too; in the words of Python */
SCHEDULER(StepLR, step, step_lr, step_closed,
          a.step_size != 0 ||
              cer_raise(TORCH_RUNTIME_ERROR, "StepLR", "ZeroDivisionError: integer division or modulo by zero"))
SCHEDULER(ExponentialLR, exponential, exponential_lr, exponential_closed, true)

/* ---- MultiStepLR --------------------------------------------------------------------------------------------------- */

static double multi_step_lr(const optim_LRScheduler *s, int64_t i)
{
    int64_t times = 0;
    for (int64_t k = 0; k < s->n_milestones; k++) times += s->milestone[k] == s->last_epoch;
    return times ? now(s, i) * pow(s->args.multi_step.gamma, (double)times) : now(s, i);
}

static double multi_step_closed(const optim_LRScheduler *s, int64_t i)
{
    int64_t passed = 0;
    for (int64_t k = 0; k < s->n_milestones; k++) passed += s->milestone[k] <= s->last_epoch;
    return s->base_lr[i] * pow(s->args.multi_step.gamma, (double)passed);
}

optim_MultiStepLRArgs optim_MultiStepLRArgs_defaults(void)
{
    return (optim_MultiStepLRArgs){.gamma = 0.1, .last_epoch = -1, .struct_size = sizeof(optim_MultiStepLRArgs)};
}

optim_LRScheduler *optim_lr_scheduler_MultiStepLR_new(const optim_MultiStepLRArgs *args)
{
    static const cer_SchedulerClass record = {.name = "MultiStepLR", .lr = multi_step_lr, .closed = multi_step_closed};
    optim_MultiStepLRArgs a = optim_MultiStepLRArgs_defaults();
    cer_args(&a, sizeof a, args);
    optim_LRScheduler *s = cer_scheduler_new(&record, a.optimizer, a.verbose);
    if (!s) return NULL;
    s->args.multi_step = a;
    if (cer_scheduler_milestones(s, a.n_milestones, a.milestones)) return cer_scheduler_begin(s, a.last_epoch);
    optim_lr_scheduler_free(s);
    return NULL;
}

/* ---- ConstantLR, LinearLR, PolynomialLR ---------------------------------------------------------------------------- */

static double constant_lr(const optim_LRScheduler *s, int64_t i)
{
    const optim_ConstantLRArgs *a = &s->args.constant;
    if (s->last_epoch == 0) return now(s, i) * a->factor;
    return s->last_epoch == a->total_iters ? now(s, i) * (1.0 / a->factor) : now(s, i);
}

static double constant_closed(const optim_LRScheduler *s, int64_t i)
{
    const optim_ConstantLRArgs *a = &s->args.constant;
    return s->base_lr[i] * (a->factor + (s->last_epoch >= a->total_iters ? 1 - a->factor : 0));
}

static double linear_lr(const optim_LRScheduler *s, int64_t i)
{
    const optim_LinearLRArgs *a = &s->args.linear;
    if (s->last_epoch == 0) return now(s, i) * a->start_factor;
    if (s->last_epoch > a->total_iters) return now(s, i);
    double span = a->end_factor - a->start_factor;
    return now(s, i) * (1. + span / ((double)a->total_iters * a->start_factor + (double)(s->last_epoch - 1) * span));
}

static double linear_closed(const optim_LRScheduler *s, int64_t i)
{
    const optim_LinearLRArgs *a = &s->args.linear;
    int64_t done = s->last_epoch < a->total_iters ? s->last_epoch : a->total_iters;
    return s->base_lr[i] *
           (a->start_factor + (a->end_factor - a->start_factor) * (double)done / (double)a->total_iters);
}

static double polynomial_lr(const optim_LRScheduler *s, int64_t i)
{
    const optim_PolynomialLRArgs *a = &s->args.polynomial;
    double total = (double)a->total_iters, epoch = (double)s->last_epoch;
    if (s->last_epoch == 0 || s->last_epoch > a->total_iters) return now(s, i);
    return now(s, i) * pow((1.0 - epoch / total) / (1.0 - (epoch - 1) / total), a->power);
}

static double polynomial_closed(const optim_LRScheduler *s, int64_t i)
{
    const optim_PolynomialLRArgs *a = &s->args.polynomial;
    int64_t done = s->last_epoch < a->total_iters ? s->last_epoch : a->total_iters;
    return s->base_lr[i] * pow(1.0 - (double)done / (double)a->total_iters, a->power);
}

optim_ConstantLRArgs optim_ConstantLRArgs_defaults(void)
{
    return (optim_ConstantLRArgs){
        .factor = 1.0 / 3, .total_iters = 5, .last_epoch = -1, .struct_size = sizeof(optim_ConstantLRArgs)};
}

optim_LinearLRArgs optim_LinearLRArgs_defaults(void)
{
    return (optim_LinearLRArgs){.start_factor = 1.0 / 3,
                                .end_factor = 1.0,
                                .total_iters = 5,
                                .last_epoch = -1,
                                .struct_size = sizeof(optim_LinearLRArgs)};
}

optim_PolynomialLRArgs optim_PolynomialLRArgs_defaults(void)
{
    return (optim_PolynomialLRArgs){
        .total_iters = 5, .power = 1.0, .last_epoch = -1, .struct_size = sizeof(optim_PolynomialLRArgs)};
}

static bool linear_factors(const optim_LinearLRArgs *a)
{
    if (a->start_factor > 1.0 || a->start_factor < 0)
        return refuse("LinearLR", "Starting multiplicative factor expected to be between 0 and 1.");
    return (a->end_factor <= 1.0 && a->end_factor >= 0) ||
           refuse("LinearLR", "Ending multiplicative factor expected to be between 0 and 1.");
}

SCHEDULER(ConstantLR, constant, constant_lr, constant_closed,
          (a.factor <= 1.0 && a.factor >= 0) ||
              refuse("ConstantLR", "Constant multiplicative factor expected to be between 0 and 1."))
SCHEDULER(LinearLR, linear, linear_lr, linear_closed, linear_factors(&a))
SCHEDULER(PolynomialLR, polynomial, polynomial_lr, polynomial_closed, true)

/* ---- CosineAnnealingLR, CosineAnnealingWarmRestarts ---------------------------------------------------------------- */

static double cosine_closed(const optim_LRScheduler *s, int64_t i)
{
    const optim_CosineAnnealingLRArgs *a = &s->args.cosine;
    return a->eta_min + (s->base_lr[i] - a->eta_min) * (1 + cos(PI * (double)s->last_epoch / (double)a->T_max)) / 2;
}

static double cosine_lr(const optim_LRScheduler *s, int64_t i)
{
    const optim_CosineAnnealingLRArgs *a = &s->args.cosine;
    double epoch = (double)s->last_epoch, half = (double)a->T_max;
    if (s->last_epoch == 0) return now(s, i);
    if (s->step_count == 1 && s->last_epoch > 0)
        return a->eta_min + (s->base_lr[i] - a->eta_min) * (1 + cos(epoch * PI / half)) / 2;
    if ((s->last_epoch - 1 - a->T_max) % (2 * a->T_max) == 0)
        return now(s, i) + (s->base_lr[i] - a->eta_min) * (1 - cos(PI / half)) / 2;
    return (1 + cos(PI * epoch / half)) / (1 + cos(PI * (epoch - 1) / half)) * (now(s, i) - a->eta_min) + a->eta_min;
}

static double restarts_lr(const optim_LRScheduler *s, int64_t i)
{
    double low = s->args.restarts.eta_min;
    return low + (s->base_lr[i] - low) * (1 + cos(PI * s->t_cur / (double)s->t_i)) / 2;
}

optim_CosineAnnealingLRArgs optim_CosineAnnealingLRArgs_defaults(void)
{
    return (optim_CosineAnnealingLRArgs){.last_epoch = -1, .struct_size = sizeof(optim_CosineAnnealingLRArgs)};
}

SCHEDULER(CosineAnnealingLR, cosine, cosine_lr, cosine_closed,
          (a.T_max != 0 && a.T_max < INT64_MAX / 4 && a.T_max > -(INT64_MAX / 4)) ||
              cer_raise(TORCH_RUNTIME_ERROR, "CosineAnnealingLR", "ZeroDivisionError: float division by zero"))

const cer_SchedulerClass cer_restarts = {.name = "CosineAnnealingWarmRestarts", .lr = restarts_lr};

optim_CosineAnnealingWarmRestartsArgs optim_CosineAnnealingWarmRestartsArgs_defaults(void)
{
    return (optim_CosineAnnealingWarmRestartsArgs){
        .T_mult = 1, .last_epoch = -1, .struct_size = sizeof(optim_CosineAnnealingWarmRestartsArgs)};
}

optim_LRScheduler *optim_lr_scheduler_CosineAnnealingWarmRestarts_new(const optim_CosineAnnealingWarmRestartsArgs *args)
{
    optim_CosineAnnealingWarmRestartsArgs a = optim_CosineAnnealingWarmRestartsArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (a.T_0 <= 0 || a.T_mult < 1) {
        const char *text = a.T_0 <= 0 ? "positive integer T_0" : "integer T_mult >= 1";
        cer_raise(TORCH_VALUE_ERROR, cer_restarts.name, "Expected %s, but got %lld", text,
                  (long long)(a.T_0 <= 0 ? a.T_0 : a.T_mult));
        return NULL;
    }
    optim_LRScheduler *s = cer_scheduler_new(&cer_restarts, a.optimizer, a.verbose);
    if (!s) return NULL;
    s->args.restarts = a;
    s->t_i = a.T_0;
    s->t_cur = (double)a.last_epoch;
    return cer_scheduler_begin(s, a.last_epoch);
}
