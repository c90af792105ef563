/* CyclicLR and OneCycleLR: rates that rise and fall, and momentum that goes the other way. */
#include <math.h>

#include "scheduler.h"

/* "momentum", or the first of betas, where the optimizer has it; else NULL */
static const char *momentum_option(const optim_Optimizer *o)
{
    return cer_optim_option(o, "betas[0]") >= 0 ? "betas[0]" : cer_optim_option(o, "momentum") >= 0 ? "momentum" : NULL;
}

static bool no_momentum(const char *name)
{
    return cer_raise(TORCH_VALUE_ERROR, name, "optimizer must support momentum with `cycle_momentum` option enabled");
}

/* ---- CyclicLR ---------------------------------------------------------------------------------------------------- */

/* How far up within the cycle, times how high the cycle is. */
static double cyclic_height(const optim_LRScheduler *s)
{
    const optim_CyclicLRArgs *a = &s->args.cyclic;
    double up = (double)a->step_size_up, down = a->step_size_down ? (double)a->step_size_down : up;
    double total = up + down, ratio = up / total, epoch = (double)s->last_epoch;
    double cycle = floor(1 + epoch / total), x = 1. + epoch / total - cycle;
    double scale = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    if (strcmp(a->mode, "triangular2") == 0) return scale * (1 / pow(2., cycle - 1));
    return strcmp(a->mode, "exp_range") == 0 ? scale * pow(a->gamma, epoch) : scale;
}

static double cyclic_lr(const optim_LRScheduler *s, int64_t i)
{
    return s->base_lr[i] + (s->args.cyclic.max_lr - s->base_lr[i]) * cyclic_height(s);
}

static void cyclic_momentum(optim_LRScheduler *s)
{
    const optim_CyclicLRArgs *a = &s->args.cyclic;
    double momentum = a->max_momentum - (a->max_momentum - a->base_momentum) * cyclic_height(s);
    for (int64_t i = 0; i < s->n && a->cycle_momentum; i++) cer_group_set(s, i, "momentum", momentum);
}

static const cer_SchedulerClass cyclic_class = {.name = "CyclicLR", .lr = cyclic_lr, .after = cyclic_momentum};

optim_CyclicLRArgs optim_CyclicLRArgs_defaults(void)
{
    return (optim_CyclicLRArgs){.step_size_up = 2000,
                                .mode = "triangular",
                                .gamma = 1.0,
                                .cycle_momentum = true,
                                .base_momentum = 0.8,
                                .max_momentum = 0.9,
                                .last_epoch = -1,
                                .struct_size = sizeof(optim_CyclicLRArgs)};
}

static bool cyclic_fits(optim_CyclicLRArgs *a)
{
    static const char *const modes[] = {"triangular", "triangular2", "exp_range"};
    const char *mode = NULL; /* ours: the caller's text may end before the scheduler does */
    for (int k = 0; k < 3; k++)
        if (a->mode && strcmp(a->mode, modes[k]) == 0) mode = modes[k];
    if (!mode) return cer_raise(TORCH_VALUE_ERROR, "CyclicLR", "mode is invalid and scale_fn is None");
    a->mode = mode;
    if (a->cycle_momentum && a->optimizer && cer_optim_option(a->optimizer, "momentum") < 0)
        return no_momentum("CyclicLR");
    return (double)a->step_size_up + (double)a->step_size_down != 0 ||
           cer_raise(TORCH_RUNTIME_ERROR, "CyclicLR", "ZeroDivisionError: float division by zero");
}

optim_LRScheduler *optim_lr_scheduler_CyclicLR_new(const optim_CyclicLRArgs *args)
{
    optim_CyclicLRArgs a = optim_CyclicLRArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending() || !cyclic_fits(&a)) return NULL;
    optim_LRScheduler *s = cer_scheduler_new(&cyclic_class, a.optimizer, a.verbose);
    if (!s) return NULL;
    s->args.cyclic = a;
    for (int64_t i = 0; i < s->n && a.last_epoch == -1; i++) {
        cer_group_set(s, i, "lr", a.base_lr);
        if (a.cycle_momentum) cer_group_set(s, i, "momentum", a.base_momentum);
    }
    s = cer_scheduler_begin(s, a.last_epoch);
    for (int64_t i = 0; s && i < s->n; i++) s->base_lr[i] = a.base_lr;
    return s;
}

/* ---- OneCycleLR -------------------------------------------------------------------------------------------------- */

typedef struct Phase {
    double end;
    const char *from, *to;                   /* rates, by option */
    const char *momentum_from, *momentum_to; /* momenta */
} Phase;

static int phases(const optim_LRScheduler *s, Phase phase[3])
{
    const optim_OneCycleLRArgs *a = &s->args.one_cycle;
    double total = (double)a->total_steps, rise = a->pct_start * total - 1;
    Phase up = {rise, "initial_lr", "max_lr", "max_momentum", "base_momentum"};
    phase[0] = up;
    phase[1] = (Phase){total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"};
    if (!a->three_phase) return 2;
    phase[1] = (Phase){2 * a->pct_start * total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"};
    phase[2] = (Phase){total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"};
    return 3;
}

/* Between two options of a group, as far as the phase has come. */
static double annealed(const optim_LRScheduler *s, int64_t i, bool momentum)
{
    const optim_OneCycleLRArgs *a = &s->args.one_cycle;
    Phase phase[3];
    int n = phases(s, phase), k = 0;
    while (k < n - 1 && (double)s->last_epoch > phase[k].end) k++;
    double begin = k ? phase[k - 1].end : 0, share = ((double)s->last_epoch - begin) / (phase[k].end - begin);
    double from = cer_group_get(s, i, momentum ? phase[k].momentum_from : phase[k].from);
    double to = cer_group_get(s, i, momentum ? phase[k].momentum_to : phase[k].to);
    if (strcmp(a->anneal_strategy, "linear") == 0) return (to - from) * share + from;
    return to + (from - to) / 2.0 * (cos(3.14159265358979323846 * share) + 1);
}

static double one_cycle_lr(const optim_LRScheduler *s, int64_t i)
{
    return annealed(s, i, false);
}

static void one_cycle_momentum(optim_LRScheduler *s)
{
    const char *option = momentum_option(s->optimizer);
    for (int64_t i = 0; i < s->n && option && s->args.one_cycle.cycle_momentum; i++)
        cer_group_set(s, i, option, annealed(s, i, true));
}

static bool one_cycle_goes_on(const optim_LRScheduler *s)
{
    int64_t total = s->args.one_cycle.total_steps;
    return s->last_epoch <= total || cer_raise(TORCH_VALUE_ERROR, "OneCycleLR",
                                               "Tried to step %lld times. The specified number of total steps is %lld",
                                               (long long)s->last_epoch + 1, (long long)total);
}

static const cer_SchedulerClass one_cycle_class = {
    .name = "OneCycleLR", .lr = one_cycle_lr, .check = one_cycle_goes_on, .after = one_cycle_momentum};

optim_OneCycleLRArgs optim_OneCycleLRArgs_defaults(void)
{
    return (optim_OneCycleLRArgs){.pct_start = 0.3,
                                  .anneal_strategy = "cos",
                                  .cycle_momentum = true,
                                  .base_momentum = 0.85,
                                  .max_momentum = 0.95,
                                  .div_factor = 25.0,
                                  .final_div_factor = 1e4,
                                  .last_epoch = -1,
                                  .struct_size = sizeof(optim_OneCycleLRArgs)};
}

static bool positive(const char *what, int64_t value)
{
    return value > 0 || cer_raise(TORCH_VALUE_ERROR, "OneCycleLR", "Expected positive integer %s, but got %lld", what,
                                  (long long)value);
}

static bool one_cycle_fits(optim_OneCycleLRArgs *a)
{
    const char *name = "OneCycleLR";
    if (!a->total_steps && !a->epochs && !a->steps_per_epoch)
        return cer_raise(TORCH_VALUE_ERROR, name, "You must define either total_steps OR (epochs AND steps_per_epoch)");
    if (a->total_steps ? !positive("total_steps", a->total_steps)
                       : !positive("epochs", a->epochs) || !positive("steps_per_epoch", a->steps_per_epoch))
        return false;
    if (!a->total_steps && __builtin_mul_overflow(a->epochs, a->steps_per_epoch, &a->total_steps))
        return cer_raise(TORCH_VALUE_ERROR, name, "epochs times steps_per_epoch is out of range");
    if (!(a->pct_start >= 0 && a->pct_start <= 1)) {
        const char *text = torch_repr(a->pct_start);
        return cer_raise(TORCH_VALUE_ERROR, name, "Expected float between 0 and 1 pct_start, but got %s",
                         text ? text : "");
    }
    if (!a->anneal_strategy || (strcmp(a->anneal_strategy, "cos") && strcmp(a->anneal_strategy, "linear")))
        return cer_raise(TORCH_VALUE_ERROR, name,
                         "anneal_strategy must by one of 'cos' or 'linear', instead got %.100s",
                         a->anneal_strategy ? a->anneal_strategy : "None");
    a->anneal_strategy = a->anneal_strategy[0] == 'c' ? "cos" : "linear"; /* ours: it must last */
    return !a->cycle_momentum || !a->optimizer || momentum_option(a->optimizer) || no_momentum(name);
}

static void one_cycle_begin(const optim_LRScheduler *s, const optim_OneCycleLRArgs *a)
{
    for (int64_t i = 0; i < s->n; i++) {
        double first = a->max_lr / a->div_factor;
        cer_group_set(s, i, "initial_lr", first);
        cer_group_set(s, i, "max_lr", a->max_lr);
        cer_group_set(s, i, "min_lr", first / a->final_div_factor);
        if (!a->cycle_momentum) continue;
        cer_group_set(s, i, momentum_option(s->optimizer), a->max_momentum);
        cer_group_set(s, i, "max_momentum", a->max_momentum);
        cer_group_set(s, i, "base_momentum", a->base_momentum);
    }
}

optim_LRScheduler *optim_lr_scheduler_OneCycleLR_new(const optim_OneCycleLRArgs *args)
{
    optim_OneCycleLRArgs a = optim_OneCycleLRArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending() || !one_cycle_fits(&a)) return NULL;
    optim_LRScheduler *s = cer_scheduler_new(&one_cycle_class, a.optimizer, a.verbose);
    if (!s) return NULL;
    s->args.one_cycle = a;
    if (a.last_epoch == -1) one_cycle_begin(s, &a);
    return cer_scheduler_begin(s, a.last_epoch);
}
