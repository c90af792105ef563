/* Inside optim: what a scheduler is made of. A new one is a cer_SchedulerClass and a constructor, in schedules.c or a file of
 * its own. */
#ifndef CERILLA_SCHEDULER_H
#define CERILLA_SCHEDULER_H

#include "lr_scheduler.h"
#include <string.h>

#include "optimizer.h"

typedef struct cer_SchedulerClass {
    const char *name;
    double (*lr)(const optim_LRScheduler *s,
                 int64_t i); /* get_lr()[i], from the group's lr; NULL: steps in its own way */
    double (*closed)(const optim_LRScheduler *s, int64_t i); /* the same from the epoch alone; NULL: as lr */
    bool (*check)(const optim_LRScheduler *s);               /* before every step; NULL: fine */
    void (*after)(optim_LRScheduler *s);                     /* what else a step changes: momentum; NULL: nothing */
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

int cer_sequential_step(optim_LRScheduler *s);
extern const cer_SchedulerClass cer_sequential, cer_chained, cer_plateau, cer_restarts;

#endif
