/* state_dict and load_state_dict of an optimizer: PyTorch's nested dictionary with its keys joined by dots. */
#include <stdio.h>
#include <string.h>

#include "optimizer.h"

enum { KEY = 96 };

/* A 0-d tensor that keeps the number's kind. */
static Tensor *number(torch_Scalar value)
{
    torch_dtype dtype = value.kind == TORCH_KIND_DOUBLE ? torch_float64
                        : value.kind == TORCH_KIND_BOOL ? torch_bool
                                                        : torch_int64;
    Tensor *t = cer_empty(dtype, 0, NULL);
    if (t) cer_fill_elements(t, value);
    return t;
}

static Tensor *indices(int64_t first, const cer_OptimGroup *g)
{
    Tensor *t = cer_empty(torch_int64, 1, &g->n);
    for (int64_t i = 0; t && i < g->n; i++) ((int64_t *)t->data)[i] = first + g->param[i].same_as;
    return t;
}

/* betas: both in one tensor */
static Tensor *pair(torch_Scalar first, torch_Scalar second)
{
    const torch_Scalar value[2] = {first, second};
    Tensor *t = cer_empty(torch_float64, 1, (const int64_t[]){2});
    for (int k = 0; t && k < 2; k++)
        ((double *)t->data)[k] = value[k].kind == TORCH_KIND_DOUBLE ? value[k].as.d : (double)value[k].as.i;
    return t;
}

static void save_group(torch_StateDict *d, const optim_Optimizer *o, int64_t i, int64_t first)
{
    const cer_OptimGroup *g = &o->group[i];
    char key[KEY];
    for (int k = -1; (k = cer_optim_next_option(o, i, k)) >= 0;) {
        const char *name = cer_optim_option_name(o, k);
        int length = (int)strcspn(name, "[");
        if (g->option[k].kind == TORCH_KIND_NONE || strcmp(name + length, "[1]") == 0) continue;
        snprintf(key, sizeof key, "param_groups.%lld.%.*s", (long long)i, length, name);
        torch_StateDict_set(d, key, name[length] ? pair(g->option[k], g->option[k + 1]) : number(g->option[k]));
    }
    snprintf(key, sizeof key, "param_groups.%lld.params", (long long)i);
    torch_StateDict_set(d, key, indices(first, g));
}

static void save_state(torch_StateDict *d, const optim_Optimizer *o, const cer_OptimGroup *g, int64_t first)
{
    char key[KEY];
    for (int64_t i = 0; i < g->n; i++)
        for (int k = 0; k < o->class_record->n_states; k++) {
            const cer_OptimParam *p = &g->param[i];
            if (!p->started || !p->state[k]) continue;
            snprintf(key, sizeof key, "state.%lld.%s", (long long)(first + i), o->class_record->state[k].name);
            torch_StateDict_set(d, key, p->state[k]);
        }
}

torch_StateDict *optim_state_dict(optim_Optimizer *o)
{
    if (cer_error_pending()) return NULL;
    if (!o) return torch_error_raise(TORCH_TYPE_ERROR, "state_dict", "state_dict(): the optimizer is NULL"), NULL;
    torch_StateDict *d = cer_state_dict_borrowed();
    int64_t scope = torch_scope_push(), first = 0;
    for (int64_t i = 0; i < o->n_groups; first += o->group[i++].n) save_state(d, o, &o->group[i], first);
    first = 0;
    for (int64_t i = 0; i < o->n_groups; first += o->group[i++].n) save_group(d, o, i, first);
    torch_scope_pop(scope);
    return cer_error_pending() ? NULL : d;
}

/* ---- loading: everything is checked and copied first, and then put in place -------------------------------------- */

static Tensor *find(const torch_StateDict *d, const char *key)
{
    return torch_StateDict_contains(d, key) ? torch_StateDict_get(d, key) : NULL;
}

static bool check_groups(const optim_Optimizer *o, const torch_StateDict *d)
{
    char key[KEY];
    for (int64_t i = 0; i <= o->n_groups; i++) {
        snprintf(key, sizeof key, "param_groups.%lld.params", (long long)i);
        if (!find(d, key) != (i == o->n_groups))
            return cer_raise(TORCH_VALUE_ERROR, "load_state_dict",
                             "loaded state dict has a different number of parameter groups");
    }
    for (int64_t i = 0; i < o->n_groups; i++) {
        snprintf(key, sizeof key, "param_groups.%lld.params", (long long)i);
        if (torch_numel(find(d, key)) != o->group[i].n)
            return cer_raise(
                TORCH_VALUE_ERROR, "load_state_dict",
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group");
    }
    return true;
}

/* An option of two takes its element of the saved tensor; an int stays one where the value is whole. */
static torch_Scalar load_option(const Tensor *saved, const char *name, torch_Scalar now)
{
    const char *bracket = strchr(name, '[');
    if (!bracket) return torch_item_scalar(saved);
    double value[2];
    Tensor *both = saved->numel == 2 ? cer_empty(torch_float64, 1, (const int64_t[]){2}) : NULL;
    if (!both) {
        if (!cer_error_pending()) cer_raise(TORCH_VALUE_ERROR, "load_state_dict", "%s needs two values", name);
        return now;
    }
    cer_copy_elements(both, saved, saved->stride);
    memcpy(value, both->data, sizeof value);
    double v = value[bracket[1] - '0'];
    return now.kind == TORCH_KIND_INT && v == (double)now.as.i ? now : torch_scalar_double(v);
}

static bool load_options(const optim_Optimizer *o, int64_t i, const torch_StateDict *d, torch_Scalar *option)
{
    char key[KEY];
    memcpy(option, o->group[i].option, sizeof o->group[i].option);
    for (int k = 0; k < CER_OPTIONS + CER_EXTRAS; k++) {
        if (k >= o->class_record->n_options && k < CER_OPTIONS) continue;
        const char *name = cer_optim_option_name(o, k);
        snprintf(key, sizeof key, "param_groups.%lld.%.*s", (long long)i, (int)strcspn(name, "["), name);
        const Tensor *value = find(d, key);
        if (value) option[k] = load_option(value, name, option[k]);
    }
    return !cer_error_pending();
}

/* The saved state of parameter p, copied, and cast to its dtype unless it counts; NULL where there is none. */
static Tensor *load_state(const torch_StateDict *d, const cer_OptimParam *p, int64_t index, cer_OptimState state)
{
    char key[KEY];
    snprintf(key, sizeof key, "state.%lld.%s", (long long)index, state.name);
    Tensor *saved = find(d, key);
    if (!saved) return NULL;
    bool like = state.form == CER_STATE_LIKE, fits = saved->ndim == p->t->ndim;
    if (like && (!fits || memcmp(saved->shape, p->t->shape, sizeof(int64_t) * saved->ndim) != 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "load_state_dict", "the shape of %s is not that of its parameter", key),
               NULL;
    if (!like && state.form != CER_STATE_OWN && saved->numel != 1)
        return cer_raise(TORCH_RUNTIME_ERROR, "load_state_dict", "%s is not a number", key), NULL;
    bool keeps = state.form == CER_STATE_INT || strcmp(state.name, "step") == 0 ||
                 !torch_dtype_is_floating_point((torch_dtype)saved->dtype);
    Tensor *copy = cer_empty(keeps ? (torch_dtype)saved->dtype : (torch_dtype)p->t->dtype, saved->ndim, saved->shape);
    if (copy) cer_copy_elements(copy, saved, saved->stride);
    return copy;
}

static bool load_group(const optim_Optimizer *o, int64_t i, int64_t first, const torch_StateDict *d,
                       torch_Scalar *option, Tensor **state)
{
    const cer_OptimGroup *g = &o->group[i];
    for (int64_t k = 0; k < g->n; k++)
        for (int s = 0; s < CER_STATES; s++) {
            bool has = s < o->class_record->n_states && g->param[k].same_as == k;
            state[k * CER_STATES + s] = has ? load_state(d, &g->param[k], first + k, o->class_record->state[s]) : NULL;
        }
    return load_options(o, i, d, option);
}

static void commit_group(cer_OptimGroup *g, const torch_Scalar *option, Tensor *const *state)
{
    memcpy(g->option, option, sizeof g->option);
    for (int64_t k = 0; k < g->n; k++) {
        g->param[k].started = false;
        for (int s = 0; s < CER_STATES; s++) {
            Tensor *old = g->param[k].state[s], *new = state[k * CER_STATES + s];
            if (new) cer_retain(new);
            g->param[k].state[s] = new;
            g->param[k].started |= new != NULL;
            cer_release(old);
        }
    }
}

int optim_load_state_dict(optim_Optimizer *o, const torch_StateDict *d)
{
    if (cer_error_pending()) return torch_error_code();
    if (!o) return torch_error_raise(TORCH_TYPE_ERROR, "load_state_dict", "load_state_dict(): the optimizer is NULL");
    if (!d)
        return torch_error_raise(TORCH_TYPE_ERROR, "load_state_dict",
                                 "Expected state_dict to be dict-like, got <class 'NoneType'>.");
    if (!check_groups(o, d)) return torch_error_code();
    int64_t scope = torch_scope_push(), n = 0, first = 0;
    for (int64_t i = 0; i < o->n_groups; i++) n += o->group[i].n;
    torch_Scalar(*option)[CER_OPTIONS + CER_EXTRAS] = cer_pool_block((size_t)o->n_groups * sizeof *option, NULL);
    Tensor **state = option ? cer_pool_block((size_t)n * CER_STATES * sizeof *state, NULL) : NULL;
    bool fine = state != NULL;
    for (int64_t i = 0; i < o->n_groups && fine; first += o->group[i++].n)
        fine = load_group(o, i, first, d, option[i], state + first * CER_STATES) && !cer_error_pending();
    first = 0;
    for (int64_t i = 0; i < o->n_groups && fine; first += o->group[i++].n)
        commit_group(&o->group[i], option[i], state + first * CER_STATES);
    torch_scope_pop(scope);
    return torch_error_code();
}
