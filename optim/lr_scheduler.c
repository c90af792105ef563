/* What all schedulers share: making and ending, the step, saving. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler.h"

static const char order_warning[] =
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you should call "
    "them in "
    "the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will result in PyTorch "
    "skipping the first value of the learning rate schedule. See more details at "
    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate";
static const char epoch_warning[] =
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is "
    "used instead of the new chainable form, where available. Please open an issue if you are unable to replicate your "
    "use "
    "case: https://github.com/pytorch/pytorch/issues/new/choose.";

static bool ready(const optim_LRScheduler *s, const char *op)
{
    if (cer_error_pending()) return false;
    return s || cer_raise(TORCH_TYPE_ERROR, op, "%s(): the scheduler is NULL", op);
}

/* ---- options of groups ------------------------------------------------------------------------------------------- */

double cer_group_get(const optim_LRScheduler *s, int64_t i, const char *option)
{
    int k = cer_optim_option(s->optimizer, option);
    const cer_OptimGroup *g = &s->optimizer->group[i];
    return k < 0 || g->option[k].kind == TORCH_KIND_NONE ? (double)NAN : cer_option(g, k);
}

void cer_group_set(const optim_LRScheduler *s, int64_t i, const char *option, double value)
{
    int k = cer_optim_option(s->optimizer, option);
    if (k >= 0) s->optimizer->group[i].option[k] = torch_scalar_double(value);
}

double cer_scheduler_lr(const optim_LRScheduler *s, int64_t i)
{
    return cer_group_get(s, i, "lr");
}

void cer_scheduler_keep_last(optim_LRScheduler *s)
{
    for (int64_t i = 0; i < s->n; i++) s->last_lr[i] = cer_scheduler_lr(s, i);
}

/* ---- making and ending ------------------------------------------------------------------------------------------- */

optim_LRScheduler *cer_scheduler_new(const cer_SchedulerClass *record, optim_Optimizer *o, bool verbose)
{
    if (cer_error_pending()) return NULL;
    if (!o) return cer_raise(TORCH_TYPE_ERROR, record->name, "NoneType is not an Optimizer"), NULL;
    optim_LRScheduler *s = cer_alloc(sizeof *s);
    size_t bytes = (size_t)o->n_groups * 2 * sizeof(double);
    double *numbers = s ? cer_alloc(bytes) : NULL;
    if (!numbers) {
        cer_free(s, sizeof *s);
        return cer_raise_memory(record->name, (double)(sizeof *s + bytes)), NULL;
    }
    memset(s, 0, sizeof *s);
    memset(numbers, 0, bytes);
    s->record = record;
    s->optimizer = o;
    s->n = o->n_groups;
    s->base_lr = numbers;
    s->last_lr = numbers + s->n;
    s->verbose = verbose;
    return s;
}

void optim_lr_scheduler_free(optim_LRScheduler *s)
{
    if (!s) return;
    for (int64_t i = 0; i < s->n_inner; i++) optim_lr_scheduler_free(s->inner[i]);
    cer_free(s->inner, (size_t)s->n_inner * sizeof(optim_LRScheduler *));
    cer_free(s->milestone, (size_t)s->n_milestones * sizeof(int64_t));
    cer_free(s->base_lr, (size_t)s->n * 2 * sizeof(double));
    cer_free(s, sizeof *s);
}

static int ascending(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

bool cer_scheduler_milestones(optim_LRScheduler *s, int64_t n, const int64_t *milestone)
{
    if (n <= 0 || !milestone) return true;
    s->milestone = (uint64_t)n < SIZE_MAX / sizeof *milestone ? cer_alloc((size_t)n * sizeof *milestone) : NULL;
    if (!s->milestone) return cer_raise_memory(s->record->name, (double)n * sizeof *milestone);
    memcpy(s->milestone, milestone, (size_t)n * sizeof *milestone);
    qsort(s->milestone, (size_t)n, sizeof *milestone, ascending);
    s->n_milestones = n;
    return true;
}

static bool begin(optim_LRScheduler *s, int64_t last_epoch)
{
    for (int64_t i = 0; i < s->n; i++) {
        bool has = !isnan(cer_group_get(s, i, "initial_lr"));
        if (!has && last_epoch != -1)
            return cer_raise(TORCH_KEY_ERROR, s->record->name,
                             "\"param 'initial_lr' is not specified in param_groups[%lld] when resuming an optimizer\"",
                             (long long)i);
        if (!has) cer_group_set(s, i, "initial_lr", cer_scheduler_lr(s, i));
        s->base_lr[i] = cer_group_get(s, i, "initial_lr");
    }
    s->last_epoch = last_epoch;
    s->optimizer->step_count = s->step_count = 0;
    return optim_lr_scheduler_step(s) == TORCH_OK;
}

optim_LRScheduler *cer_scheduler_begin(optim_LRScheduler *s, int64_t last_epoch)
{
    if (!s || begin(s, last_epoch)) return s;
    optim_lr_scheduler_free(s);
    return NULL;
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

/* "Epoch 00005: " where an epoch was given: whole ones as PyTorch prints integers */
static void report(const optim_LRScheduler *s, int64_t i, const double *epoch)
{
    if (!s->verbose) return;
    if (!epoch)
        printf("Adjusting learning rate of group %lld to %.4e.\n", (long long)i, s->last_lr[i]);
    else if (*epoch == floor(*epoch))
        printf("Epoch %.5lld: adjusting learning rate of group %lld to %.4e.\n", (long long)*epoch, (long long)i,
               s->last_lr[i]);
    else
        printf("Epoch %.2f: adjusting learning rate of group %lld to %.4e.\n", *epoch, (long long)i, s->last_lr[i]);
}

int cer_scheduler_set_rates(optim_LRScheduler *s, double (*lr)(const optim_LRScheduler *, int64_t), const double *epoch)
{
    if (s->record->check && !s->record->check(s)) return torch_error_code();
    for (int64_t i = 0; i < s->n; i++) s->last_lr[i] = lr(s, i);
    if (s->record->after) s->record->after(s);
    for (int64_t i = 0; i < s->n; i++) {
        cer_group_set(s, i, "lr", s->last_lr[i]);
        report(s, i, epoch);
    }
    return torch_error_code();
}

static int step(optim_LRScheduler *s, const double *epoch)
{
    if (s->record->step) return s->record->step(s, epoch);
    if (s->step_count == 1 && s->optimizer->step_count < 1) torch_warn("UserWarning", "%s", order_warning);
    s->step_count++;
    if (!epoch) {
        s->last_epoch++;
        return cer_scheduler_set_rates(s, s->record->lr, NULL);
    }
    torch_warn("UserWarning", "%s", epoch_warning);
    s->last_epoch = (int64_t)*epoch;
    return cer_scheduler_set_rates(s, s->record->closed ? s->record->closed : s->record->lr, epoch);
}

int optim_lr_scheduler_step(optim_LRScheduler *s)
{
    if (!ready(s, "step")) return torch_error_code();
    return step(s, NULL);
}

int optim_lr_scheduler_step_epoch(optim_LRScheduler *s, double epoch)
{
    if (!ready(s, "step")) return torch_error_code();
    if (!s->record->lr) return torch_error_raise(TORCH_TYPE_ERROR, "step", "%s.step() takes no epoch", s->record->name);
    if (!(fabs(epoch) < 1e15)) return torch_error_raise(TORCH_VALUE_ERROR, "step", "the epoch is out of range");
    return step(s, &epoch);
}

double optim_lr_scheduler_get_last_lr(const optim_LRScheduler *s, int64_t i)
{
    if (!ready(s, "get_last_lr")) return (double)NAN;
    int64_t at = i < 0 ? i + s->n : i;
    if (at >= 0 && at < s->n) return s->last_lr[at];
    torch_error_raise(TORCH_INDEX_ERROR, "get_last_lr", "list index out of range");
    return (double)NAN;
}

int64_t optim_lr_scheduler_last_epoch(const optim_LRScheduler *s)
{
    return ready(s, "last_epoch") ? s->last_epoch : -1;
}

/* ---- saving: what steps change. The rest is in the constructor's call -------------------------------------------- */

typedef struct Field {
    const char *key;
    size_t at;
    bool whole; /* int64, else double */
    cer_SchedulerSaves of;
} Field;
#define FIELD(key, member, whole, of)                                   \
    {                                                                   \
        key, offsetof(optim_LRScheduler, member), whole, CER_SAVES_##of \
    }
static const Field fields[] = {FIELD("last_epoch", last_epoch, true, ALWAYS),
                               FIELD("_step_count", step_count, true, COUNT),
                               FIELD("T_cur", t_cur, false, RESTARTS),
                               FIELD("T_i", t_i, true, RESTARTS),
                               FIELD("best", best, false, PLATEAU),
                               FIELD("num_bad_epochs", bad_epochs, true, PLATEAU),
                               FIELD("cooldown_counter", cooldown_left, true, PLATEAU)};
enum { FIELDS = sizeof fields / sizeof *fields, KEY = 160 };

/* What has rates by epoch counts its steps. */
static bool has_field(const optim_LRScheduler *s, int k)
{
    cer_SchedulerSaves of = fields[k].of;
    return of == CER_SAVES_ALWAYS || of == s->record->saves || (of == CER_SAVES_COUNT && s->record->lr);
}

static void save(const optim_LRScheduler *s, torch_StateDict *d, const char *prefix)
{
    char key[KEY];
    for (int k = 0; k < FIELDS; k++) {
        if (!has_field(s, k)) continue;
        const void *at = (const char *)s + fields[k].at;
        Tensor *t = cer_empty(fields[k].whole ? torch_int64 : torch_float64, 0, NULL);
        if (t) memcpy(t->data, at, 8);
        snprintf(key, sizeof key, "%s%s", prefix, fields[k].key);
        torch_StateDict_set(d, key, t);
    }
    for (int k = 0; k < 2; k++) {
        Tensor *t = cer_empty(torch_float64, 1, &s->n);
        if (t) memcpy(t->data, k ? s->last_lr : s->base_lr, (size_t)s->n * sizeof(double));
        snprintf(key, sizeof key, "%s%s", prefix, k ? "_last_lr" : "base_lrs");
        torch_StateDict_set(d, key, t);
    }
    for (int64_t i = 0; i < s->n_inner; i++) {
        snprintf(key, sizeof key, "%.100s_schedulers.%lld.", prefix, (long long)i);
        save(s->inner[i], d, key);
    }
}

torch_StateDict *optim_lr_scheduler_state_dict(const optim_LRScheduler *s)
{
    if (!ready(s, "state_dict")) return NULL;
    torch_StateDict *d = cer_state_dict_borrowed();
    int64_t scope = torch_scope_push();
    if (d) save(s, d, "");
    torch_scope_pop(scope);
    return cer_error_pending() ? NULL : d;
}

/* n elements of d[key], if it is there and has as many */
static void load_numbers(const torch_StateDict *d, const char *prefix, const char *name, int64_t n, torch_dtype dtype,
                         void *to)
{
    char key[KEY];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    const Tensor *t = torch_StateDict_contains(d, key) ? torch_StateDict_get(d, key) : NULL;
    if (t && t->numel == n && t->contiguous) cer_convert(to, dtype, t->data, (torch_dtype)t->dtype, n);
}

static void load(optim_LRScheduler *s, const torch_StateDict *d, const char *prefix)
{
    char key[KEY];
    for (int k = 0; k < FIELDS; k++)
        if (has_field(s, k))
            load_numbers(d, prefix, fields[k].key, 1, fields[k].whole ? torch_int64 : torch_float64,
                         (char *)s + fields[k].at);
    load_numbers(d, prefix, "base_lrs", s->n, torch_float64, s->base_lr);
    load_numbers(d, prefix, "_last_lr", s->n, torch_float64, s->last_lr);
    for (int64_t i = 0; i < s->n_inner; i++) {
        snprintf(key, sizeof key, "%.100s_schedulers.%lld.", prefix, (long long)i);
        load(s->inner[i], d, key);
    }
}

int optim_lr_scheduler_load_state_dict(optim_LRScheduler *s, const torch_StateDict *d)
{
    if (!ready(s, "load_state_dict")) return torch_error_code();
    if (!d) return torch_error_raise(TORCH_TYPE_ERROR, "load_state_dict", "load_state_dict(): the dictionary is NULL");
    load(s, d, "");
    return torch_error_code();
}
