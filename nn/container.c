/* Modules that hold modules: Sequential, ModuleList and ModuleDict. */
#include <stdio.h>

#include "layer.h"

static int sequential_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)n_out;
    if (!cer_nn_arity(self, n_in, 1, 1, "input")) return torch_error_code();
    Tensor *x = in[0];
    for (int64_t i = 0; i < self->module->children.length && !cer_error_pending(); i++) {
        nn_Module *child = self->module->children.item[i].as.module;
        if (!child) return torch_error_raise(TORCH_TYPE_ERROR, "forward", "'NoneType' object is not callable");
        Tensor *input = x;
        nn_Module_forward_n(child, &input, 1, &x, 1);
    }
    out[0] = x;
    return torch_error_code();
}

static const nn_Class sequential_class = NN_CLASS(nn_Sequential, .forward = sequential_forward);
static const nn_Class module_list_class = NN_CLASS(nn_ModuleList, .forward = NULL);
static const nn_Class module_dict_class = NN_CLASS(nn_ModuleDict, .forward = NULL);

/* ---- making ------------------------------------------------------------------------------------------------------ */

enum { NUMBER = 24 };
static const char *number(int64_t i, char text[NUMBER])
{
    snprintf(text, NUMBER, "%lld", (long long)i);
    return text;
}

static void *append(nn_Module *m, void *child)
{
    char name[NUMBER] = "";
    if (m && m->module) number(m->module->children.length, name);
    return nn_Module_add_module(m, name, child);
}

/* What a constructor was given: modules, or modules under names. */
typedef struct Given {
    void *const *module;
    const nn_Named *named;
    int64_t n;
} Given;

static void *given_at(const Given *g, int64_t i)
{
    return g->named ? g->named[i].module : g->module[i];
}

/* Does it stand among the first n? */
static bool occurs(const Given *g, int64_t n, const void *module)
{
    for (int64_t i = 0; i < n; i++)
        if (given_at(g, i) == module) return true;
    return false;
}

/* Ends every module of the list, once, if no parent has it; `ended` is no more. */
static void end_all(const Given *g, const void *ended)
{
    for (int64_t i = 0; i < g->n; i++)
        if (given_at(g, i) != ended && !occurs(g, i, given_at(g, i))) nn_Module_free(given_at(g, i));
}

/* A container gives up its children without ending them. */
static void release_children(nn_Module *m)
{
    cer_Items *children = &m->module->children;
    for (int64_t i = 0; i < children->length; i++) {
        cer_nn_release_child(m, children->item[i].as.module);
        children->item[i].as.module = NULL;
    }
}

static void *container(const nn_Class *record, Given g)
{
    nn_Module *m = nn_Module_new(record, 0);
    int64_t done = 0;
    for (; m && done < g.n && !cer_error_pending(); done++) {
        if (g.named)
            nn_Module_add_module(m, g.named[done].name, g.named[done].module);
        else
            append(m, g.module[done]);
    }
    if (m && !cer_error_pending()) return m;
    /* what could not be appended has ended already, unless it stands further ahead too and was held there */
    const void *last = done > 0 ? given_at(&g, done - 1) : NULL;
    if (m) release_children(m);
    nn_Module_free(m);
    end_all(&g, done > 0 && !occurs(&g, done - 1, last) ? last : NULL);
    return NULL;
}

nn_Sequential *nn_Sequential_new(void *const *modules, int64_t n)
{
    return container(&sequential_class, (Given){modules, NULL, n});
}

nn_ModuleList *nn_ModuleList_new(void *const *modules, int64_t n)
{
    return container(&module_list_class, (Given){modules, NULL, n});
}

nn_Sequential *nn_Sequential_named_new(const nn_Named *modules, int64_t n)
{
    return container(&sequential_class, (Given){NULL, modules, n});
}

nn_ModuleDict *nn_ModuleDict_new(const nn_Named *modules, int64_t n)
{
    return container(&module_dict_class, (Given){NULL, modules, n});
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static int64_t length_of(const nn_Container *m)
{
    return cer_nn_ready(m ? &m->module : NULL, "len") ? m->module.module->children.length : 0;
}

/* Where m[i] stands; NULL after raising. */
static cer_Item *at(const nn_Container *m, const char *op, int64_t i)
{
    if (!cer_nn_ready(m ? &m->module : NULL, op)) return NULL;
    const cer_Items *children = &m->module.module->children;
    int64_t place = i < 0 ? i + children->length : i;
    if (place >= 0 && place < children->length) return &children->item[place];
    cer_raise(TORCH_INDEX_ERROR, op, "index %lld is out of range", (long long)i);
    return NULL;
}

static void *put(nn_Container *m, int64_t i, void *child)
{
    const cer_Item *item = at(m, "setitem", i);
    if (!item) return nn_Module_free(child), NULL;
    return nn_Module_add_module(&m->module, item->name, child);
}

/* Appended first, which checks all; then it changes places with those behind it. */
static void *insert(nn_Container *m, int64_t i, void *child)
{
    int64_t n = length_of(m), place = i < 0 ? i + n : i;
    if (cer_error_pending()) return nn_Module_free(child), NULL;
    if (place < 0 || place > n)
        return nn_Module_free(child), cer_raise(TORCH_INDEX_ERROR, "insert", "Index out of range: %lld", (long long)i),
               NULL;
    child = append(&m->module, child);
    if (cer_error_pending()) return NULL;
    cer_Item *item = m->module.module->children.item;
    for (int64_t k = n; k > place; k--) {
        nn_Module *before = item[k].as.module;
        item[k].as.module = item[k - 1].as.module;
        item[k - 1].as.module = before;
    }
    return child;
}

static int extend(nn_Container *m, const nn_Container *other)
{
    int64_t n = length_of(other);
    if (!cer_nn_ready(m ? &m->module : NULL, "extend")) return torch_error_code();
    for (int64_t i = 0; i < n && !cer_error_pending(); i++)
        append(&m->module, other->module.module->children.item[i].as.module);
    return torch_error_code();
}

/* The names that the others get are made before anything changes. */
static nn_Module *take(nn_Container *m, const char *op, int64_t i)
{
    cer_Item *item = at(m, op, i);
    if (!item) return NULL;
    cer_Items *children = &m->module.module->children;
    nn_Module *child = item->as.module;
    int64_t place = item - children->item, last = children->length - 1;
    char text[NUMBER];
    for (int64_t k = 0; k <= last; k++) /* names of an OrderedDict become numbers */
        if (strcmp(children->item[k].name, number(k, text)) != 0 && !cer_items_rename(children, k, text)) return NULL;
    for (int64_t k = place; k < last; k++) children->item[k].as.module = children->item[k + 1].as.module;
    cer_items_remove(children, number(last, text));
    cer_nn_release_child(&m->module, child);
    return child;
}

#define LIST(Class)                                         \
    int64_t Class##_len(const Class *m)                     \
    {                                                       \
        return length_of(m);                                \
    }                                                       \
    nn_Module *Class##_get(const Class *m, int64_t i)       \
    {                                                       \
        const cer_Item *item = at(m, "getitem", i);         \
        return item ? item->as.module : NULL;               \
    }                                                       \
    void *Class##_set(Class *m, int64_t i, void *child)     \
    {                                                       \
        return put(m, i, child);                            \
    }                                                       \
    void *Class##_append(Class *m, void *child)             \
    {                                                       \
        return append((nn_Module *)m, child);               \
    }                                                       \
    void *Class##_insert(Class *m, int64_t i, void *child)  \
    {                                                       \
        return insert(m, i, child);                         \
    }                                                       \
    int Class##_extend(Class *m, const nn_Container *other) \
    {                                                       \
        return extend(m, other);                            \
    }                                                       \
    int Class##_del(Class *m, int64_t i)                    \
    {                                                       \
        nn_Module_free(take(m, "delitem", i));              \
        return torch_error_code();                          \
    }                                                       \
    nn_Module *Class##_pop(Class *m, int64_t i)             \
    {                                                       \
        return take(m, "pop", i);                           \
    }
LIST(nn_Sequential)
LIST(nn_ModuleList)

/* ---- ModuleDict -------------------------------------------------------------------------------------------------- */

int64_t nn_ModuleDict_len(const nn_ModuleDict *m)
{
    return length_of(m);
}

const char *nn_ModuleDict_key(const nn_ModuleDict *m, int64_t i)
{
    const cer_Item *item = at(m, "keys", i);
    return item ? item->name : NULL;
}

bool nn_ModuleDict_contains(const nn_ModuleDict *m, const char *key)
{
    return cer_nn_ready(m ? &m->module : NULL, "contains") && key && cer_items_find(&m->module.module->children, key);
}

static const cer_Item *under(const nn_ModuleDict *m, const char *op, const char *key)
{
    if (!cer_nn_ready(m ? &m->module : NULL, op)) return NULL;
    const cer_Item *item = key ? cer_items_find(&m->module.module->children, key) : NULL;
    if (!item) cer_raise(TORCH_KEY_ERROR, op, "'%s'", key ? key : "None");
    return item;
}

nn_Module *nn_ModuleDict_get(const nn_ModuleDict *m, const char *key)
{
    const cer_Item *item = under(m, "getitem", key);
    return item ? item->as.module : NULL;
}

void *nn_ModuleDict_set(nn_ModuleDict *m, const char *key, void *child)
{
    return nn_Module_add_module((nn_Module *)m, key, child);
}

nn_Module *nn_ModuleDict_pop(nn_ModuleDict *m, const char *key)
{
    const cer_Item *item = under(m, "pop", key);
    if (!item) return NULL;
    nn_Module *child = item->as.module;
    cer_items_remove(&m->module.module->children, key);
    cer_nn_release_child(&m->module, child);
    return child;
}

int nn_ModuleDict_del(nn_ModuleDict *m, const char *key)
{
    nn_Module_free(nn_ModuleDict_pop(m, key));
    return torch_error_code();
}

int nn_ModuleDict_clear(nn_ModuleDict *m)
{
    while (length_of(m) > 0) nn_ModuleDict_del(m, nn_ModuleDict_key(m, -1));
    return torch_error_code();
}
