/* SWALR: to the constant rate at which weights are averaged. */
#include <math.h>

#include "scheduler.h"

static const double PI = 3.14159265358979323846;

static double annealed(const optim_SWALRArgs *a, int64_t step)
{
    double t = (double)step / (double)(a->anneal_epochs > 1 ? a->anneal_epochs : 1);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return strcmp(a->anneal_strategy, "linear") == 0 ? t : (1 - cos(PI * t)) / 2;
}

/* From the rate now: what it would be without the annealing so far, and with one step more. */
static double swa_lr(const optim_LRScheduler *s, int64_t i)
{
    const optim_SWALRArgs *a = &s->args.swa;
    int64_t step = s->step_count - 1;
    if (a->anneal_epochs == 0 && step < 1) step = 1;
    double swa = cer_group_get(s, i, "swa_lr"), before = annealed(a, step - 1), now = annealed(a, step);
    double initial = before == 1 ? swa : (cer_scheduler_lr(s, i) - before * swa) / (1 - before);
    return swa * now + initial * (1 - now);
}

static const cer_SchedulerClass swa_class = {.name = "SWALR", .lr = swa_lr};

optim_SWALRArgs optim_SWALRArgs_defaults(void)
{
    return (optim_SWALRArgs){
        .anneal_epochs = 10, .anneal_strategy = "cos", .last_epoch = -1, .struct_size = sizeof(optim_SWALRArgs)};
}

/* The strategy becomes ours: the caller's text may end before the scheduler does. */
static bool fits(optim_SWALRArgs *a)
{
    const char *given = a->anneal_strategy ? a->anneal_strategy : "None";
    bool cosine = strcmp(given, "cos") == 0;
    if (!cosine && strcmp(given, "linear") != 0)
        return cer_raise(TORCH_VALUE_ERROR, "SWALR", "anneal_strategy must by one of 'cos' or 'linear', instead got %s",
                         given);
    a->anneal_strategy = cosine ? "cos" : "linear";
    return a->anneal_epochs >= 0 ||
           cer_raise(TORCH_VALUE_ERROR, "SWALR", "anneal_epochs must be equal or greater than 0, got %lld",
                     (long long)a->anneal_epochs);
}

optim_LRScheduler *optim_lr_scheduler_SWALR_new(const optim_SWALRArgs *args)
{
    optim_SWALRArgs a = optim_SWALRArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending() || !fits(&a)) return NULL;
    optim_LRScheduler *s = cer_scheduler_new(&swa_class, a.optimizer, a.verbose);
    if (!s) return NULL;
    s->args.swa = a;
    for (int64_t i = 0; i < s->n; i++) cer_group_set(s, i, "swa_lr", a.swa_lr);
    return cer_scheduler_begin(s, a.last_epoch);
}
