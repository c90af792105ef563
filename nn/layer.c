/* What layers are written with. */
#include "layer.h"

#include <stdio.h>

/* ---- arguments --------------------------------------------------------------------------------------------------- */

/* The k-th word of a list, and its length. */
static const char *word(const char *words, int64_t k, int *length)
{
    while (k-- > 0) words = strchr(words, ' ') + 1;
    *length = (int)strcspn(words, " ");
    return words;
}

enum { MISSING = 8 };

/* "missing 2 required positional arguments: 'a' and 'b'"; three and more: "'a', 'b', and 'c'" */
static bool missing(const char *function, const char *names, const int64_t *which, int64_t n)
{
    char list[256] = "";
    size_t at = 0;
    for (int64_t i = 0; i < n && at < sizeof list; i++) {
        const char *separator = i == 0 ? "" : n == 2 ? " and " : i + 1 == n ? ", and " : ", ";
        int length;
        const char *name = word(names, which[i], &length);
        at += (size_t)snprintf(list + at, sizeof list - at, "%s'%.*s'", separator, length, name);
    }
    return cer_raise(TORCH_TYPE_ERROR, function, "%s() missing %lld required positional argument%s: %s", function,
                     (long long)n, n > 1 ? "s" : "", list);
}

bool cer_nn_arity(const nn_Module *m, int64_t n_in, int64_t required, int64_t most, const char *names)
{
    char function[128];
    int64_t which[MISSING];
    snprintf(function, sizeof function, "%s.forward", m->module->class_record.name);
    if (n_in > most && required == most)
        return cer_raise(TORCH_TYPE_ERROR, "forward", "%s() takes %lld positional argument%s but %lld were given",
                         function, (long long)most + 1, most ? "s" : "", (long long)n_in + 1);
    if (n_in > most)
        return cer_raise(TORCH_TYPE_ERROR, "forward",
                         "%s() takes from %lld to %lld positional arguments but %lld were given", function,
                         (long long)required + 1, (long long)most + 1, (long long)n_in + 1);
    for (int64_t i = n_in; i < required && i - n_in < MISSING; i++) which[i - n_in] = i;
    return n_in >= required || missing(function, names, which, required - n_in);
}

bool cer_nn_required(const char *class_name, const char *names, const int64_t *value)
{
    char function[128];
    int64_t which[MISSING], n = 0, i = 0;
    if (cer_error_pending()) return false;
    for (const char *at = names; at; at = strchr(at, ' '), at += at != NULL, i++)
        if (value[i] == TORCH_NONE && n < MISSING) which[n++] = i;
    snprintf(function, sizeof function, "%s.__init__", class_name);
    return n == 0 || missing(function, names, which, n);
}

void *cer_nn_made(void *m)
{
    if (!cer_error_pending()) return m;
    nn_Module_free(m);
    return NULL;
}

/* ---- extra_repr -------------------------------------------------------------------------------------------------- */

/* Writes ", name=" and tells where the value goes. */
static char *begin(cer_Repr r, const char *name, size_t *room)
{
    size_t at = strlen(r.text);
    snprintf(r.text + at, r.bytes - at, "%s%s%s", at ? ", " : "", name ? name : "", name ? "=" : "");
    at = strlen(r.text);
    *room = r.bytes - at;
    return r.text + at;
}

void cer_repr_int(cer_Repr r, const char *name, int64_t value)
{
    size_t room;
    char *to = begin(r, name, &room);
    snprintf(to, room, "%lld", (long long)value);
}

void cer_repr_number(cer_Repr r, const char *name, double value)
{
    char number[CER_REPR_BYTES];
    cer_repr_text(r, name, cer_repr(value, number));
}

void cer_repr_bool(cer_Repr r, const char *name, bool value)
{
    cer_repr_text(r, name, value ? "True" : "False");
}

void cer_repr_text(cer_Repr r, const char *name, const char *text)
{
    size_t room;
    char *to = begin(r, name, &room);
    snprintf(to, room, "%s", text);
}

void cer_repr_tuple(cer_Repr r, const char *name, int64_t n, const int64_t *value)
{
    size_t room, at = 0;
    char *to = begin(r, name, &room);
    for (int64_t i = 0; i < n && at < room; i++)
        at += (size_t)snprintf(to + at, room - at, i ? ", %lld" : "(%lld", (long long)value[i]);
    if (at < room) snprintf(to + at, room - at, n == 0 ? "()" : n == 1 ? ",)" : ")");
}
