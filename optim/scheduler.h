/* Inside optim: what a scheduler is made of. A new one is a cer_SchedulerClass and a constructor, in
 * schedules.c or a file of its own. */
#ifndef CERILLA_SCHEDULER_H
#define CERILLA_SCHEDULER_H

#include "lr_scheduler.h"
#include <string.h>

#include "optimizer.h"

typedef enum cer_SchedulerSaves {
    CER_SAVES_ALWAYS,
    CER_SAVES_COUNT,
    CER_SAVES_RESTARTS,
    CER_SAVES_PLATEAU
} cer_SchedulerSaves;

typedef struct cer_SchedulerClass {
    const char *name;
    double (*lr)(const optim_LRScheduler *s, int64_t i); /* get_lr()[i], from the group's lr. NULL: takes no epoch */
    double (*closed)(const optim_LRScheduler *s, int64_t i); /* the same from the epoch alone; NULL: as lr */
    bool (*check)(const optim_LRScheduler *s);               /* before every step; NULL: fine */
    void (*after)(optim_LRScheduler *s);                     /* what else a step changes: momentum; NULL: nothing */
    /* A step of its own, instead of counting and calling lr; epoch NULL: the next. NULL: as all do */
    int (*step)(optim_LRScheduler *s, const double *epoch);
    cer_SchedulerSaves saves; /* what state_dict has besides what all have */
} cer_SchedulerClass;

struct optim_LRScheduler {
    const cer_SchedulerClass *record;
    optim_Optimizer *optimizer;
    int64_t n;                 /* groups, when it was made */
    double *base_lr, *last_lr; /* n of each, one block */
    int64_t last_epoch, step_count;
    bool verbose;
    union {
        optim_LambdaLRArgs lambda;
        optim_MultiplicativeLRArgs multiplicative;
        optim_StepLRArgs step;
        optim_MultiStepLRArgs multi_step;
        optim_ConstantLRArgs constant;
        optim_LinearLRArgs linear;
        optim_ExponentialLRArgs exponential;
        optim_PolynomialLRArgs polynomial;
        optim_CosineAnnealingLRArgs cosine;
        optim_CosineAnnealingWarmRestartsArgs restarts;
        optim_ReduceLROnPlateauArgs plateau;
        optim_CyclicLRArgs cyclic;
        optim_OneCycleLRArgs one_cycle;
        optim_SWALRArgs swa;
    } args;
    int64_t *milestone, n_milestones; /* copied, sorted */
    optim_LRScheduler **inner;        /* of SequentialLR, ChainedScheduler */
    int64_t n_inner;
    double t_cur, best; /* warm restarts; plateau */
    int64_t t_i, bad_epochs, cooldown_left;
};

optim_LRScheduler *cer_scheduler_new(const cer_SchedulerClass *record, optim_Optimizer *o, bool verbose);
/* The first step, which sets lr. Frees s and gives NULL if that fails. */
optim_LRScheduler *cer_scheduler_begin(optim_LRScheduler *s, int64_t last_epoch);
bool cer_scheduler_milestones(optim_LRScheduler *s, int64_t n, const int64_t *milestone);
double cer_scheduler_lr(const optim_LRScheduler *s, int64_t i); /* of group i now */
void cer_group_set(const optim_LRScheduler *s, int64_t i, const char *option, double value);
double cer_group_get(const optim_LRScheduler *s, int64_t i, const char *option); /* NaN: not there */
void cer_scheduler_keep_last(optim_LRScheduler *s);

/* Sets the rates that lr gives, and what `after` changes, and tells of it where verbose; epoch as printed. A code */
int cer_scheduler_set_rates(optim_LRScheduler *s, double (*lr)(const optim_LRScheduler *, int64_t),
                            const double *epoch);

/* A class, and its constructor over args->member, which ends where check fails. */
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

#endif
