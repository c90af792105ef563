/* A dictionary as a pickle. An optimizer's and a scheduler's are the nested values of Python again, from which their
 * flat names were made: numbers, lists, and dictionaries by index. */
#include <stdlib.h>
#include <string.h>

#include "io/file.h"
#include "io/save.h"

enum { KEY = 160 };

bool cer_save_key(cer_Save *s, const char *key)
{
    if (!key) return cer_raise(TORCH_TYPE_ERROR, "save", "a key is NULL");
    if (strlen(key) >= INT32_MAX || !cer_utf8(key, strlen(key)))
        return cer_raise(TORCH_VALUE_ERROR, "save", "a key is not UTF-8: %.200s", key);
    cer_pickle_text(&s->pickle, key);
    return true;
}

static void put_number(cer_Bytes *b, const Tensor *t, int64_t i)
{
    const char *at = t->data + (t->ndim ? i * t->stride[0] : 0) * cer_size_of(t->dtype);
    int64_t whole;
    double number;
    memcpy(&number, at, t->dtype == torch_bool ? 1 : sizeof number);
    memcpy(&whole, at, t->dtype == torch_bool ? 1 : sizeof whole);
    if (t->dtype == torch_float64)
        cer_pickle_float(b, number);
    else if (t->dtype == torch_int64)
        cer_pickle_int(b, whole);
    else
        cer_pickle_bool(b, *(const uint8_t *)at);
}

bool cer_save_plain(cer_Save *s, const Tensor *t, bool tuple)
{
    bool number = t->dtype == torch_float64 || t->dtype == torch_int64 || (t->dtype == torch_bool && t->ndim == 0);
    if (!number || t->ndim > 1) return cer_save_tensor(s, t);
    if (t->ndim == 0) {
        put_number(&s->pickle, t, 0);
        return true;
    }
    cer_pickle_ops(&s->pickle, tuple ? "(" : "](");
    for (int64_t i = 0; i < t->numel; i++) put_number(&s->pickle, t, i);
    cer_pickle_ops(&s->pickle, tuple ? "t" : "e");
    return true;
}

/* OrderedDict([(key, tensor), ...]) */
static bool save_tensors(cer_Save *s, const torch_StateDict *d)
{
    cer_pickle_known(&s->pickle, CER_ORDERED_DICT);
    cer_pickle_ops(&s->pickle, ")R(");
    for (int64_t i = 0; i < torch_StateDict_len(d); i++)
        if (!cer_save_key(s, torch_StateDict_key(d, i)) || !cer_save_tensor(s, torch_StateDict_value(d, i)))
            return false;
    cer_pickle_ops(&s->pickle, "u");
    return true;
}

static bool begins(const char *key, const char *prefix)
{
    return strncmp(key, prefix, strlen(prefix)) == 0;
}

static bool any_begins(const torch_StateDict *d, const char *prefix)
{
    for (int64_t i = 0; i < torch_StateDict_len(d); i++)
        if (begins(torch_StateDict_key(d, i), prefix)) return true;
    return false;
}

/* {'last_epoch': 3, 'base_lrs': [0.1], ..., '_schedulers': [{...}, {...}]}; returns how many entries these were, or -1
 * */
static int64_t save_scheduler(cer_Save *s, const torch_StateDict *d, const char *prefix)
{
    char inner[KEY];
    int64_t saved = 0;
    bool nested = false;
    cer_pickle_ops(&s->pickle, "}(");
    for (int64_t i = 0; i < torch_StateDict_len(d); i++) {
        const char *key = torch_StateDict_key(d, i), *name = key + strlen(prefix);
        if (!begins(key, prefix) || begins(name, "_schedulers.")) continue;
        if (!cer_save_key(s, name) || !cer_save_plain(s, torch_StateDict_value(d, i), false)) return -1;
        saved++;
    }
    for (int k = 0; snprintf(inner, KEY, "%s_schedulers.%d.", prefix, k) < KEY && any_begins(d, inner); k++) {
        if (!nested) cer_pickle_text(&s->pickle, "_schedulers");
        if (!nested) cer_pickle_ops(&s->pickle, "](");
        nested = true;
        int64_t more = save_scheduler(s, d, inner);
        if (more < 0) return -1;
        saved += more;
    }
    cer_pickle_ops(&s->pickle, nested ? "eu" : "u");
    return saved;
}

static bool save_whole_scheduler(cer_Save *s, const torch_StateDict *d)
{
    int64_t saved = save_scheduler(s, d, "");
    if (saved < 0 || saved == torch_StateDict_len(d)) return saved >= 0;
    return cer_raise(TORCH_VALUE_ERROR, "save", "the _schedulers of a scheduler's state_dict are not 0, 1, 2, ...");
}

bool cer_save_dict(cer_Save *s, const torch_StateDict *d)
{
    if (!d) return cer_raise(TORCH_TYPE_ERROR, "save", "save(): the state_dict is NULL");
    if (torch_StateDict_contains(d, "param_groups.0.params")) return cer_save_optimizer(s, d);
    if (torch_StateDict_contains(d, "last_epoch") && torch_StateDict_contains(d, "_last_lr"))
        return save_whole_scheduler(s, d);
    return save_tensors(s, d);
}

/* ---- optimizers -------------------------------------------------------------------------------------------------- */

typedef struct Place { /* "state.2.exp_avg": index 2, name "exp_avg" */
    bool group;        /* "param_groups.0.lr" */
    int64_t index, order;
    const char *name;
    Tensor *t;
} Place;

static int by_place(const void *left, const void *right)
{
    const Place *a = left, *b = right;
    if (a->group != b->group) return a->group - b->group;
    if (a->index != b->index) return a->index < b->index ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool find_place(Place *p, const char *key)
{
    const char *at = key;
    p->group = strncmp(key, "param_groups.", 13) == 0;
    if (!p->group && strncmp(key, "state.", 6) != 0)
        return cer_raise(TORCH_VALUE_ERROR, "save", "'%.200s' has no place in an optimizer's state_dict", key);
    at += p->group ? 13 : 6;
    p->index = 0;
    int digits = 0;
    for (; *at >= '0' && *at <= '9' && digits < 10; at++, digits++) p->index = 10 * p->index + (*at - '0');
    p->name = at + 1;
    if (digits && *at == '.' && at[1]) return true;
    return cer_raise(TORCH_VALUE_ERROR, "save", "'%.200s' has no place in an optimizer's state_dict", key);
}

static bool save_value(cer_Save *s, const Place *p)
{
    if (!cer_save_key(s, p->name)) return false;
    if (p->group) return cer_save_plain(s, p->t, strcmp(p->name, "params") != 0);
    bool counts = p->t->dtype == torch_int64 && p->t->ndim == 0; /* steps that are tensors are floating */
    return counts ? cer_save_plain(s, p->t, false) : cer_save_tensor(s, p->t);
}

/* {0: {...}, 1: {...}} of states, [{...}, {...}] of groups: all of one kind, from place i on; the place behind them. */
static int64_t save_kind(cer_Save *s, const Place *place, int64_t i, int64_t n, bool group)
{
    cer_pickle_ops(&s->pickle, group ? "](" : "}(");
    for (int64_t count = 0; i < n && place[i].group == group; count++) {
        int64_t index = place[i].index;
        if (group && index != count)
            return cer_raise(TORCH_VALUE_ERROR, "save", "there is no param_groups.%lld", (long long)count), -1;
        if (!group) cer_pickle_int(&s->pickle, index);
        cer_pickle_ops(&s->pickle, "}(");
        for (; i < n && place[i].group == group && place[i].index == index; i++)
            if (!save_value(s, &place[i])) return -1;
        cer_pickle_ops(&s->pickle, "u");
    }
    cer_pickle_ops(&s->pickle, group ? "e" : "u");
    return i;
}

bool cer_save_optimizer(cer_Save *s, const torch_StateDict *d)
{
    int64_t n = torch_StateDict_len(d), scope = torch_scope_push(), i = 0;
    Place *place = cer_pool_block((size_t)n * sizeof *place, NULL);
    bool fine = place != NULL;
    for (int64_t k = 0; k < n && fine; k++) {
        place[k] = (Place){.order = k, .t = torch_StateDict_value(d, k)};
        fine = find_place(&place[k], torch_StateDict_key(d, k));
    }
    if (fine) {
        qsort(place, (size_t)n, sizeof *place, by_place);
        cer_pickle_ops(&s->pickle, "}(");
        cer_pickle_text(&s->pickle, "state");
        i = save_kind(s, place, 0, n, false);
        cer_pickle_text(&s->pickle, "param_groups");
        if (i >= 0) i = save_kind(s, place, i, n, true);
        cer_pickle_ops(&s->pickle, "u");
    }
    torch_scope_pop(scope);
    return fine && i >= 0;
}
