/* Schedulers of schedulers, SequentialLR and ChainedScheduler; and ReduceLROnPlateau, which looks at a metric. */
#include <math.h>
#include <stdio.h>

#include "scheduler.h"

/* ---- of several -------------------------------------------------------------------------------------------------- */

static bool all_of(const optim_Optimizer *o, int64_t n, optim_LRScheduler *const *inner, bool sequential)
{
    const char *name = sequential ? "SequentialLR" : "ChainedScheduler";
    if (n <= 0 || !inner) return cer_raise(TORCH_INDEX_ERROR, name, "list index out of range");
    for (int64_t k = 0; k < n; k++)
        if (!inner[k]) return cer_raise(TORCH_TYPE_ERROR, name, "the scheduler at index %lld is NULL", (long long)k);
    for (int64_t k = 0; k < n; k++) {
        if (sequential && inner[k]->optimizer != o)
            return cer_raise(TORCH_VALUE_ERROR, name,
                             "Sequential Schedulers expects all schedulers to belong to the same optimizer, but got "
                             "schedulers at index %lld to be different than the optimizer passed in.",
                             (long long)k);
        if (inner[k]->optimizer != inner[0]->optimizer)
            return cer_raise(TORCH_VALUE_ERROR, name,
                             "ChainedScheduler expects all schedulers to belong to the same optimizer, but got "
                             "schedulers at index 0 and %lld to be different",
                             (long long)k);
    }
    return true;
}

static bool take(optim_LRScheduler *s, int64_t n, optim_LRScheduler *const *inner)
{
    size_t bytes = (size_t)n * sizeof *s->inner;
    s->inner = cer_alloc(bytes);
    if (!s->inner) return cer_raise_memory(s->record->name, (double)bytes);
    memcpy(s->inner, inner, bytes);
    s->n_inner = n;
    return true;
}

/* Begins anew with the first: the others have not stepped yet. */
static bool sequential_begin(optim_LRScheduler *s)
{
    for (int64_t i = 0; i < s->n; i++) cer_group_set(s, i, "lr", cer_group_get(s, i, "initial_lr"));
    for (int64_t k = 0; k < s->n_inner; k++) s->inner[k]->last_epoch--;
    s->inner[0]->step_count = s->optimizer->step_count = 0;
    if (optim_lr_scheduler_step(s->inner[0]) != TORCH_OK) return false;
    cer_scheduler_keep_last(s);
    return true;
}

static int sequential_step(optim_LRScheduler *s, const double *epoch)
{
    (void)epoch;
    int64_t at = 0;
    s->last_epoch++;
    while (at < s->n_milestones && s->milestone[at] <= s->last_epoch) at++;
    int code = at > 0 && s->milestone[at - 1] == s->last_epoch ? optim_lr_scheduler_step_epoch(s->inner[at], 0)
                                                               : optim_lr_scheduler_step(s->inner[at]);
    if (code == TORCH_OK) cer_scheduler_keep_last(s);
    return code;
}

static int chained_step(optim_LRScheduler *s, const double *epoch)
{
    (void)epoch;
    for (int64_t k = 0; k < s->n_inner; k++)
        if (optim_lr_scheduler_step(s->inner[k]) != TORCH_OK) return torch_error_code();
    cer_scheduler_keep_last(s);
    return TORCH_OK;
}

static const cer_SchedulerClass sequential_class = {.name = "SequentialLR", .step = sequential_step};
static const cer_SchedulerClass chained_class = {.name = "ChainedScheduler", .step = chained_step};

static optim_LRScheduler *several(const cer_SchedulerClass *record, optim_Optimizer *o, int64_t n,
                                  optim_LRScheduler *const *inner, int64_t n_milestones, const int64_t *milestones)
{
    bool sequential = record == &sequential_class;
    optim_LRScheduler *s = NULL;
    if (!cer_error_pending() && all_of(o, n, inner, sequential) && sequential && n_milestones != n - 1)
        cer_raise(
            TORCH_VALUE_ERROR, record->name,
            "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
            "milestone points, but got number of schedulers %lld and the number of milestones to be equal to %lld",
            (long long)n, (long long)n_milestones);
    if (!cer_error_pending()) s = cer_scheduler_new(record, inner[0]->optimizer, false);
    if (s && take(s, n, inner) && cer_scheduler_milestones(s, n_milestones, milestones)) {
        if (!sequential) cer_scheduler_keep_last(s);
        if (!sequential || sequential_begin(s)) return s;
    }
    if (!s || !s->n_inner)
        for (int64_t k = 0; inner && k < n; k++) optim_lr_scheduler_free(inner[k]);
    optim_lr_scheduler_free(s);
    return NULL;
}

optim_LRScheduler *optim_lr_scheduler_SequentialLR(optim_Optimizer *optimizer, int64_t n,
                                                   optim_LRScheduler *const *schedulers, int64_t n_milestones,
                                                   const int64_t *milestones)
{
    return several(&sequential_class, optimizer, n, schedulers, n_milestones, milestones);
}

optim_LRScheduler *optim_lr_scheduler_ChainedScheduler(int64_t n, optim_LRScheduler *const *schedulers)
{
    return several(&chained_class, NULL, n, schedulers, 0, NULL);
}

/* ---- ReduceLROnPlateau ------------------------------------------------------------------------------------------- */

static int plateau_step(optim_LRScheduler *s, const double *epoch)
{
    (void)s, (void)epoch;
    return torch_error_raise(TORCH_TYPE_ERROR, "step",
                             "ReduceLROnPlateau.step() missing 1 required positional argument: 'metrics'");
}

static const cer_SchedulerClass plateau_class = {
    .name = "ReduceLROnPlateau", .step = plateau_step, .saves = CER_SAVES_PLATEAU};

optim_ReduceLROnPlateauArgs optim_ReduceLROnPlateauArgs_defaults(void)
{
    return (optim_ReduceLROnPlateauArgs){.mode = "min",
                                         .factor = 0.1,
                                         .patience = 10,
                                         .threshold = 1e-4,
                                         .threshold_mode = "rel",
                                         .eps = 1e-8,
                                         .struct_size = sizeof(optim_ReduceLROnPlateauArgs)};
}

/* One of two words, as a constant of ours; NULL after raising "mode x is unknown!". */
static const char *one_of(const char *what, const char *text, const char *first, const char *second)
{
    if (text && strcmp(text, first) == 0) return first;
    if (text && strcmp(text, second) == 0) return second;
    cer_raise(TORCH_VALUE_ERROR, "ReduceLROnPlateau", "%s %.100s is unknown!", what, text ? text : "None");
    return NULL;
}

optim_LRScheduler *optim_lr_scheduler_ReduceLROnPlateau_new(const optim_ReduceLROnPlateauArgs *args)
{
    optim_ReduceLROnPlateauArgs a = optim_ReduceLROnPlateauArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (a.factor >= 1.0) return cer_raise(TORCH_VALUE_ERROR, "ReduceLROnPlateau", "Factor should be < 1.0."), NULL;
    a.mode = one_of("mode", a.mode, "min", "max");
    if (a.mode) a.threshold_mode = one_of("threshold mode", a.threshold_mode, "rel", "abs");
    if (!a.mode || !a.threshold_mode) return NULL;
    optim_LRScheduler *s = cer_scheduler_new(&plateau_class, a.optimizer, a.verbose);
    if (!s) return NULL;
    s->args.plateau = a;
    s->best = a.mode[1] == 'i' ? (double)INFINITY : -(double)INFINITY;
    cer_scheduler_keep_last(s);
    return s;
}

static bool is_better(const optim_ReduceLROnPlateauArgs *a, double metric, double best)
{
    bool least = a->mode[1] == 'i', relative = a->threshold_mode[0] == 'r';
    if (least) return metric < (relative ? best * (1. - a->threshold) : best - a->threshold);
    return metric > (relative ? best * (a->threshold + 1.) : best + a->threshold);
}

static void reduce(optim_LRScheduler *s)
{
    const optim_ReduceLROnPlateauArgs *a = &s->args.plateau;
    for (int64_t i = 0; i < s->n; i++) {
        double old = cer_scheduler_lr(s, i), rate = fmax(old * a->factor, a->min_lr);
        if (!(old - rate > a->eps)) continue;
        cer_group_set(s, i, "lr", rate);
        if (s->verbose)
            printf("Epoch %.5lld: reducing learning rate of group %lld to %.4e.\n", (long long)s->last_epoch,
                   (long long)i, rate);
    }
}

int optim_lr_scheduler_step_metrics(optim_LRScheduler *s, double metrics)
{
    if (cer_error_pending()) return torch_error_code();
    if (!s || s->record != &plateau_class)
        return torch_error_raise(TORCH_TYPE_ERROR, "step", "only ReduceLROnPlateau takes metrics");
    const optim_ReduceLROnPlateauArgs *a = &s->args.plateau;
    s->last_epoch++;
    bool better = is_better(a, metrics, s->best);
    if (better) s->best = metrics;
    s->bad_epochs = better ? 0 : s->bad_epochs + 1;
    if (s->cooldown_left > 0) s->cooldown_left--, s->bad_epochs = 0;
    if (s->bad_epochs > a->patience) {
        reduce(s);
        s->cooldown_left = a->cooldown;
        s->bad_epochs = 0;
    }
    cer_scheduler_keep_last(s);
    return TORCH_OK;
}
