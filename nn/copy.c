/* copy.deepcopy(m). */
#include "module.h"

/* What stands for what: tensors and modules of the original, and those of the copy. */
typedef struct Map {
    int64_t length;
    const void **from;
    void **to;
} Map;

static void *mapped(const Map *map, const void *from)
{
    for (int64_t i = 0; i < map->length; i++)
        if (map->from[i] == from) return map->to[i];
    return NULL;
}

static Tensor *copied(Tensor *t, bool parameter)
{
    bool wants = torch_requires_grad(t);
    Tensor *clone = torch_clone(torch_detach(t));
    return parameter ? nn_Parameter_new(clone, wants) : clone && wants ? torch_requires_grad_(clone, true) : clone;
}

/* The struct's bytes in a module of its own, which holds nothing yet. */
static nn_Module *shell(const nn_Module *m)
{
    const nn_Class *c = &m->module->class_record;
    if (c->free && !c->copy)
        return cer_raise(TORCH_TYPE_ERROR, "deepcopy",
                         "cannot copy a %s: its class ends what it holds and has no function that copies it", c->name),
               NULL;
    nn_Module *copy = nn_Module_new(c, c->size);
    if (!copy) return NULL;
    memcpy((char *)copy + sizeof(nn_Module), (const char *)m + sizeof(nn_Module), c->size - sizeof(nn_Module));
    copy->module->training = m->module->training;
    copy->module->parametrized = m->module->parametrized;
    copy->module->class_record.free = NULL; /* until it holds things of its own */
    copy->module->owners = 1;               /* until all are made: what a parent refuses does not end */
    return copy;
}

/* A pointer in the struct to what is registered somewhere in the tree shows the copy's. */
static void repoint(nn_Module *copy, const Map *map)
{
    char *at = (char *)copy + sizeof(nn_Module), *end = (char *)copy + copy->module->class_record.size;
    for (void *word; at + sizeof word <= end; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        void *to = word ? mapped(map, word) : NULL;
        if (to) memcpy(at, &to, sizeof to);
    }
}

static bool fill(nn_Module *copy, const nn_Module *m, const Map *map)
{
    const nn_ModuleImpl *impl = m->module;
    for (int64_t i = 0; i < impl->parameters.length; i++)
        nn_Module_register_parameter(copy, impl->parameters.item[i].name,
                                     mapped(map, impl->parameters.item[i].as.tensor));
    for (int64_t i = 0; i < impl->buffers.length; i++)
        nn_Module_register_buffer(copy, impl->buffers.item[i].name, mapped(map, impl->buffers.item[i].as.tensor),
                                  impl->buffers.item[i].persistent);
    for (int64_t i = 0; i < impl->children.length && !cer_error_pending(); i++)
        nn_Module_add_module(copy, impl->children.item[i].name, mapped(map, impl->children.item[i].as.module));
    if (cer_error_pending()) return false;
    repoint(copy, map);
    const nn_Class *c = &impl->class_record;
    if (c->copy) {
        int code = c->copy(copy, m);
        if (code != TORCH_OK && !cer_error_pending())
            torch_error_raise((torch_Code)code, "deepcopy", "the copy function of %s returned an error code", c->name);
        if (cer_error_pending()) return false;
    }
    copy->module->class_record.free = c->free;
    return cer_nn_copy_hooks(copy, m);
}

/* Modules first, from the root down; then what they hold, from the leaves up, so that a failure leaves only roots. */
static nn_Module *copy_tree(nn_NamedModules modules, torch_ParameterList p, torch_ParameterList b)
{
    int64_t n = modules.length + p.length + b.length;
    Map map = {0, cer_pool_block((size_t)n * sizeof(void *), NULL), cer_pool_block((size_t)n * sizeof(void *), NULL)};
    if (!map.from || !map.to) return NULL;
#define MAP(old, made)                                                                       \
    (map.to[map.length] = cer_error_pending() ? NULL : (made), map.from[map.length] = (old), \
     map.length += map.to[map.length] != NULL)
    for (int64_t i = 0; i < p.length; i++) MAP(p.tensor[i], copied(p.tensor[i], true));
    for (int64_t i = 0; i < b.length; i++) MAP(b.tensor[i], copied(b.tensor[i], false));
    int64_t first = map.length;
    for (int64_t i = 0; i < modules.length; i++) MAP(modules.module[i], shell(modules.module[i]));
#undef MAP
    for (int64_t i = modules.length - 1; i >= 0 && !cer_error_pending(); i--)
        fill(map.to[first + i], modules.module[i], &map);
    int64_t roots = 0; /* those that a parent took end with it */
    for (int64_t i = first; i < map.length; i++)
        if (--((nn_Module *)map.to[i])->module->owners == 0) map.to[first + roots++] = map.to[i];
    if (!cer_error_pending()) return map.to[first];
    for (int64_t i = first; i < first + roots; i++) nn_Module_free(map.to[i]);
    return NULL;
}

nn_Module *nn_Module_deepcopy(nn_Module *m)
{
    if (!cer_nn_ready(m, "deepcopy")) return NULL;
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false);
    nn_NamedModules modules = nn_Module_named_modules(m);
    torch_ParameterList p = nn_Module_named_parameters(m), b = nn_Module_named_buffers(m);
    nn_Module *copy = cer_error_pending() ? NULL : copy_tree(modules, p, b);
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    return copy;
}
