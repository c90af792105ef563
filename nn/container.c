/* Modules that hold modules under numbers: Sequential and ModuleList. */
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

static void *append(nn_Module *m, void *child)
{
    char name[32] = "";
    if (m && m->module) snprintf(name, sizeof name, "%lld", (long long)m->module->children.length);
    return nn_Module_add_module(m, name, child);
}

static bool occurs(void *const *modules, int64_t n, const void *module)
{
    for (int64_t i = 0; i < n; i++)
        if (modules[i] == module) return true;
    return false;
}

/* Ends every module of a list, once, if no parent has it; `ended` is no more. */
static void end_all(void *const *modules, int64_t n, const void *ended)
{
    for (int64_t i = 0; i < n; i++)
        if (modules[i] != ended && !occurs(modules, i, modules[i])) nn_Module_free(modules[i]);
}

/* A container gives up its children without ending them. */
static void release_children(nn_Module *m)
{
    cer_Items *children = &m->module->children;
    for (int64_t i = 0; i < children->length; i++) {
        nn_Module *child = children->item[i].as.module;
        children->item[i].as.module = NULL;
        if (!child) continue;
        child->module->owners--;
        if (child->module->parent == m) child->module->parent = NULL;
    }
}

static nn_Module *container(const nn_Class *record, void *const *modules, int64_t n)
{
    nn_Module *m = nn_Module_new(record, 0);
    int64_t done = 0;
    while (m && done < n && !cer_error_pending()) append(m, modules[done++]);
    if (m && !cer_error_pending()) return m;
    /* what could not be appended has ended already, unless it stands further ahead too and was held there */
    const void *ended = done > 0 && !occurs(modules, done - 1, modules[done - 1]) ? modules[done - 1] : NULL;
    if (m) release_children(m);
    nn_Module_free(m);
    end_all(modules, n, ended);
    return NULL;
}

nn_Sequential *nn_Sequential_new(void *const *modules, int64_t n)
{
    return (nn_Sequential *)container(&sequential_class, modules, n);
}

nn_ModuleList *nn_ModuleList_new(void *const *modules, int64_t n)
{
    return (nn_ModuleList *)container(&module_list_class, modules, n);
}

int64_t nn_ModuleList_len(const nn_ModuleList *m)
{
    return cer_nn_ready(m ? &m->module : NULL, "len") ? m->module.module->children.length : 0;
}

nn_Module *nn_ModuleList_get(const nn_ModuleList *m, int64_t i)
{
    if (!cer_nn_ready(m ? &m->module : NULL, "getitem")) return NULL;
    const cer_Items *children = &m->module.module->children;
    int64_t at = i < 0 ? i + children->length : i;
    if (at >= 0 && at < children->length) return children->item[at].as.module;
    torch_error_raise(TORCH_INDEX_ERROR, "getitem", "index %lld is out of range", (long long)i);
    return NULL;
}

void *nn_ModuleList_append(nn_ModuleList *m, void *child)
{
    return append((nn_Module *)m, child);
}
