/* Schedulers whose rate follows from the epoch, or from the rate before, by a factor. */
#include <math.h>

#include "scheduler.h"

static bool refuse(const char *name, const char *text)
{
    return cer_raise(TORCH_VALUE_ERROR, name, "%s", text);
}

/* ---- LambdaLR, MultiplicativeLR ---------------------------------------------------------------------------------- */

static double lambda_lr(const optim_LRScheduler *s, int64_t i)
{
    return s->base_lr[i] * s->args.lambda.lr_lambda(s->last_epoch, s->args.lambda.data);
}

static double multiplicative_lr(const optim_LRScheduler *s, int64_t i)
{
    if (s->last_epoch <= 0) return cer_scheduler_lr(s, i);
    return cer_scheduler_lr(s, i) * s->args.multiplicative.lr_lambda(s->last_epoch, s->args.multiplicative.data);
}

static bool callable(const char *name, optim_LRLambda *function)
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

SCHEDULER(LambdaLR, lambda, lambda_lr, NULL, callable("LambdaLR", a.lr_lambda))
SCHEDULER(MultiplicativeLR, multiplicative, multiplicative_lr, NULL, callable("MultiplicativeLR", a.lr_lambda))

/* ---- StepLR, ExponentialLR --------------------------------------------------------------------------------------- */

static double step_lr(const optim_LRScheduler *s, int64_t i)
{
    bool due = s->last_epoch != 0 && s->last_epoch % s->args.step.step_size == 0;
    return due ? cer_scheduler_lr(s, i) * s->args.step.gamma : cer_scheduler_lr(s, i);
}

static double step_closed(const optim_LRScheduler *s, int64_t i)
{
    return s->base_lr[i] * pow(s->args.step.gamma, floor((double)s->last_epoch / (double)s->args.step.step_size));
}

static double exponential_lr(const optim_LRScheduler *s, int64_t i)
{
    return s->last_epoch == 0 ? cer_scheduler_lr(s, i) : cer_scheduler_lr(s, i) * s->args.exponential.gamma;
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

/* ---- MultiStepLR ------------------------------------------------------------------------------------------------- */

static double multi_step_lr(const optim_LRScheduler *s, int64_t i)
{
    int64_t times = 0;
    for (int64_t k = 0; k < s->n_milestones; k++) times += s->milestone[k] == s->last_epoch;
    return times ? cer_scheduler_lr(s, i) * pow(s->args.multi_step.gamma, (double)times) : cer_scheduler_lr(s, i);
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

/* ---- ConstantLR, LinearLR, PolynomialLR -------------------------------------------------------------------------- */

static double constant_lr(const optim_LRScheduler *s, int64_t i)
{
    const optim_ConstantLRArgs *a = &s->args.constant;
    if (s->last_epoch == 0) return cer_scheduler_lr(s, i) * a->factor;
    return s->last_epoch == a->total_iters ? cer_scheduler_lr(s, i) * (1.0 / a->factor) : cer_scheduler_lr(s, i);
}

static double constant_closed(const optim_LRScheduler *s, int64_t i)
{
    const optim_ConstantLRArgs *a = &s->args.constant;
    return s->base_lr[i] * (a->factor + (s->last_epoch >= a->total_iters ? 1 - a->factor : 0));
}

static double linear_lr(const optim_LRScheduler *s, int64_t i)
{
    const optim_LinearLRArgs *a = &s->args.linear;
    if (s->last_epoch == 0) return cer_scheduler_lr(s, i) * a->start_factor;
    if (s->last_epoch > a->total_iters) return cer_scheduler_lr(s, i);
    double span = a->end_factor - a->start_factor;
    return cer_scheduler_lr(s, i) *
           (1. + span / ((double)a->total_iters * a->start_factor + (double)(s->last_epoch - 1) * span));
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
    if (s->last_epoch == 0 || s->last_epoch > a->total_iters) return cer_scheduler_lr(s, i);
    return cer_scheduler_lr(s, i) * pow((1.0 - epoch / total) / (1.0 - (epoch - 1) / total), a->power);
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
