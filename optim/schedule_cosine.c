/* CosineAnnealingLR and CosineAnnealingWarmRestarts. */
#include <math.h>

#include "scheduler.h"

static const double PI = 3.14159265358979323846;

/* ---- CosineAnnealingLR ------------------------------------------------------------------------------------------- */

static double cosine_closed(const optim_LRScheduler *s, int64_t i)
{
    const optim_CosineAnnealingLRArgs *a = &s->args.cosine;
    return a->eta_min + (s->base_lr[i] - a->eta_min) * (1 + cos(PI * (double)s->last_epoch / (double)a->T_max)) / 2;
}

static double cosine_lr(const optim_LRScheduler *s, int64_t i)
{
    const optim_CosineAnnealingLRArgs *a = &s->args.cosine;
    double epoch = (double)s->last_epoch, half = (double)a->T_max;
    if (s->last_epoch == 0) return cer_scheduler_lr(s, i);
    if (s->step_count == 1 && s->last_epoch > 0)
        return a->eta_min + (s->base_lr[i] - a->eta_min) * (1 + cos(epoch * PI / half)) / 2;
    if ((s->last_epoch - 1 - a->T_max) % (2 * a->T_max) == 0)
        return cer_scheduler_lr(s, i) + (s->base_lr[i] - a->eta_min) * (1 - cos(PI / half)) / 2;
    return (1 + cos(PI * epoch / half)) / (1 + cos(PI * (epoch - 1) / half)) * (cer_scheduler_lr(s, i) - a->eta_min) +
           a->eta_min;
}

optim_CosineAnnealingLRArgs optim_CosineAnnealingLRArgs_defaults(void)
{
    return (optim_CosineAnnealingLRArgs){.last_epoch = -1, .struct_size = sizeof(optim_CosineAnnealingLRArgs)};
}

SCHEDULER(CosineAnnealingLR, cosine, cosine_lr, cosine_closed,
          (a.T_max != 0 && a.T_max < INT64_MAX / 4 && a.T_max > -(INT64_MAX / 4)) ||
              cer_raise(TORCH_RUNTIME_ERROR, "CosineAnnealingLR", "ZeroDivisionError: float division by zero"))

/* ---- CosineAnnealingWarmRestarts --------------------------------------------------------------------------------- */

static double restarts_lr(const optim_LRScheduler *s, int64_t i)
{
    double low = s->args.restarts.eta_min;
    return low + (s->base_lr[i] - low) * (1 + cos(PI * s->t_cur / (double)s->t_i)) / 2;
}

/* A length of many doublings that no integer holds is the longest. */
static int64_t length_of(double length)
{
    return length < 9e18 ? (int64_t)length : INT64_MAX;
}

/* Where a given epoch lies: in which round, and how far in it. */
static void place(optim_LRScheduler *s, double epoch)
{
    const optim_CosineAnnealingWarmRestartsArgs *a = &s->args.restarts;
    double first = (double)a->T_0, m = (double)a->T_mult;
    s->t_i = a->T_0;
    s->t_cur = epoch;
    if (epoch < first) return;
    if (a->T_mult == 1) {
        s->t_cur = fmod(epoch, first);
        return;
    }
    double factor = pow(m, trunc(log(epoch / first * (m - 1) + 1) / log(m)));
    s->t_cur = epoch - first * (factor - 1) / (m - 1);
    s->t_i = length_of(first * factor);
}

static int restarts_step(optim_LRScheduler *s, const double *given)
{
    double epoch = given ? *given : s->last_epoch < 0 ? 0 : (double)(s->last_epoch + 1);
    if (!(epoch >= 0)) {
        const char *text = torch_repr(epoch);
        return torch_error_raise(TORCH_VALUE_ERROR, "step", "Expected non-negative epoch, but got %s",
                                 text ? text : "");
    }
    if (given || s->last_epoch < 0) {
        place(s, epoch);
    } else if (++s->t_cur >= (double)s->t_i) {
        s->t_cur -= (double)s->t_i;
        s->t_i = length_of((double)s->t_i * (double)s->args.restarts.T_mult);
    }
    s->last_epoch = (int64_t)floor(epoch);
    return cer_scheduler_set_rates(s, s->record->lr, &epoch);
}

static const cer_SchedulerClass restarts_class = {
    .name = "CosineAnnealingWarmRestarts", .lr = restarts_lr, .step = restarts_step, .saves = CER_SAVES_RESTARTS};

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
        cer_raise(TORCH_VALUE_ERROR, restarts_class.name, "Expected %s, but got %lld", text,
                  (long long)(a.T_0 <= 0 ? a.T_0 : a.T_mult));
        return NULL;
    }
    optim_LRScheduler *s = cer_scheduler_new(&restarts_class, a.optimizer, a.verbose);
    if (!s) return NULL;
    s->args.restarts = a;
    s->t_i = a.T_0;
    s->t_cur = (double)a.last_epoch;
    return cer_scheduler_begin(s, a.last_epoch);
}
