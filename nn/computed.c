/* Tensors of a module that are computed before every forward. */
#include "computed.h"

#include <stdio.h>

cer_Item *cer_nn_original(nn_Module *m, const char *op, const char *name)
{
    cer_Item *item = name ? cer_items_find(&m->module->parameters, name) : NULL;
    if (!item && name) item = cer_items_find(&m->module->buffers, name);
    if (!item)
        cer_raise(TORCH_KEY_ERROR, op, "'%s' object has no attribute '%s'", m->module->class_record.name,
                  name ? name : "None");
    else if (strlen(name) + 1 > CER_NAME)
        cer_raise(TORCH_VALUE_ERROR, op, "names of at most %d bytes can be computed, but got: %s", CER_NAME - 1, name);
    return cer_error_pending() ? NULL : item;
}

const char *cer_nn_suffixed(char text[CER_NAME + 8], const char *name, const char *suffix)
{
    snprintf(text, CER_NAME + 8, "%s%s", name, suffix);
    return text;
}

void cer_nn_show(nn_Module *m, cer_Computed *c, Tensor *now)
{
    if (!now) return;
    char *at = (char *)m + sizeof(nn_Module), *end = (char *)m + m->module->class_record.size;
    for (Tensor *word; at + sizeof word <= end; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        if (word == c->shown) memcpy(at, &now, sizeof now);
    }
    cer_retain(now);
    cer_release(c->shown);
    c->shown = now;
}

static void run(nn_Module *m, Tensor **in, int64_t n_in, void *data)
{
    (void)in, (void)n_in;
    cer_Computed *c = data;
    cer_nn_show(m, c, c->compute(m, c, m->module->training));
}

static void end(nn_Module *m, void *data)
{
    (void)m;
    cer_Computed *c = data;
    cer_release(c->shown);
    cer_free(c, sizeof *c);
}

/* The copy's fields show the original's tensor still. */
static void *copy(nn_Module *m, const void *data)
{
    const cer_Computed *from = data;
    cer_Computed *c = cer_alloc(sizeof *c);
    if (!c) return cer_raise_memory("deepcopy", sizeof *c), NULL;
    *c = *from;
    cer_retain(c->shown);
    Tensor *own = torch_clone(torch_detach(c->shown));
    cer_nn_show(m, c, own);
    if (own) return c;
    end(m, c);
    return NULL;
}

static const cer_HookData owned = {end, copy};

cer_Computed *cer_nn_add_computed(nn_Module *m, const char *op, const cer_Computed *options)
{
    cer_Computed *c = cer_alloc(sizeof *c);
    if (!c) return cer_raise_memory(op, sizeof *c), NULL;
    *c = *options;
    cer_retain(c->shown);
    if (cer_nn_add_hook(m, op, (cer_Hook){CER_NN_HOOK_PRE, {.pre = run}, c, &owned, 0}) >= 0) return c;
    end(m, c);
    return NULL;
}

cer_Computed *cer_nn_find_computed(nn_Module *m, Tensor *(*compute)(nn_Module *, const cer_Computed *, bool),
                                   const char *name)
{
    for (int64_t i = 0; i < m->module->n_hooks; i++) {
        const cer_Hook *hook = &m->module->hook[i];
        cer_Computed *c = hook->owned == &owned ? hook->data : NULL;
        if (c && c->compute == compute && name && strcmp(c->name, name) == 0) return c;
    }
    return NULL;
}

Tensor *cer_nn_shown(const nn_Module *m, const char *name)
{
    const cer_Item *item = cer_items_find(&m->module->parameters, name);
    for (int64_t i = 0; !item && i < m->module->n_hooks; i++) {
        const cer_Hook *hook = &m->module->hook[i];
        const cer_Computed *c = hook->owned == &owned ? hook->data : NULL;
        if (c && strcmp(c->name, name) == 0) return c->shown;
    }
    return item ? item->as.tensor : NULL;
}

void cer_nn_remove_computed(nn_Module *m, cer_Computed *c, Tensor *now)
{
    cer_nn_show(m, c, now);
    for (int64_t i = 0; i < m->module->n_hooks; i++)
        if (m->module->hook[i].data == c) {
            nn_Module_remove_hook(m, m->module->hook[i].handle);
            return;
        }
}
