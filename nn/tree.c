/* What is asked of, or done to, a module with all its children. */
#include "module.h"

/* ---- lists with names -----------------------------------------------------------------------------------------------
 * Two walks: one to count, one to write into a block of the scope: the things, then pointers
 * to their names, then those. */
enum What { PARAMETERS, BUFFERS, MODULES, CHILDREN };

typedef struct List {
    enum What what;
    int64_t length; /* in the first walk: an upper bound */
    size_t text;    /* bytes of all names */
    void **thing;
    const char **name;
    char *free_text;
} List;

static bool is_new(const List *l, const void *thing)
{
    for (int64_t i = 0; i < l->length; i++)
        if (l->thing[i] == thing) return false;
    return true;
}

static void list_put(List *l, void *thing, const cer_Path *path)
{
    if (!l->thing) {
        l->length++;
        l->text += cer_path_length(path) + 1;
    } else if (is_new(l, thing)) {
        l->thing[l->length] = thing;
        l->name[l->length++] = l->free_text;
        l->free_text = cer_path_write(path, l->free_text);
        *l->free_text++ = '\0';
    }
}

static bool list_walker(nn_Module *m, const cer_Path *path, void *data)
{
    List *l = data;
    const nn_ModuleImpl *impl = m->module;
    if (l->what == MODULES) {
        list_put(l, m, path);
        return true;
    }
    const cer_Items *items = l->what == PARAMETERS ? &impl->parameters
                             : l->what == BUFFERS  ? &impl->buffers
                                                   : &impl->children;
    for (int64_t i = 0; i < items->length; i++) {
        cer_Path own = {path, items->item[i].name};
        if (l->what == CHILDREN && items->item[i].as.module) list_put(l, items->item[i].as.module, &own);
        if (l->what != CHILDREN && items->item[i].as.tensor) list_put(l, items->item[i].as.tensor, &own);
    }
    return l->what != CHILDREN; /* those of the root only */
}

static List list_of(nn_Module *m, enum What what)
{
    List l = {.what = what}, none = {.what = what};
    if (!cer_nn_ready(m, "named_parameters")) return none;
    cer_nn_walk(m, NULL, list_walker, &l);
    size_t pointers = (size_t)l.length * sizeof(void *);
    char *block = cer_pool_block(2 * pointers + l.text, NULL);
    if (!block) return none;
    l.thing = (void **)block;
    l.name = (const char **)(block + pointers);
    l.free_text = block + 2 * pointers;
    l.length = 0;
    cer_nn_walk(m, NULL, list_walker, &l);
    return l;
}

static torch_ParameterList tensors_of(nn_Module *m, enum What what)
{
    List l = list_of(m, what);
    return (torch_ParameterList){l.length, (Tensor *const *)l.thing, l.name};
}

static nn_NamedModules modules_of(nn_Module *m, enum What what)
{
    List l = list_of(m, what);
    return (nn_NamedModules){l.length, (nn_Module *const *)l.thing, l.name};
}

torch_ParameterList nn_Module_named_parameters(nn_Module *m)
{
    return tensors_of(m, PARAMETERS);
}

torch_ParameterList nn_Module_named_buffers(nn_Module *m)
{
    return tensors_of(m, BUFFERS);
}

nn_NamedModules nn_Module_named_modules(nn_Module *m)
{
    return modules_of(m, MODULES);
}

nn_NamedModules nn_Module_named_children(nn_Module *m)
{
    return modules_of(m, CHILDREN);
}

/* ---- by path ----------------------------------------------------------------------------------------------------- */

static const cer_Item *step(const nn_Module *m, const cer_Items *items, const char *name, size_t n)
{
    for (int64_t i = 0; i < items->length; i++)
        if (strncmp(items->item[i].name, name, n) == 0 && items->item[i].name[n] == '\0' && items->item[i].as.module)
            return &items->item[i];
    cer_raise(TORCH_KEY_ERROR, "get_submodule", "%s has no attribute `%.*s`", m->module->class_record.name, (int)n,
              name);
    return NULL;
}

/* Follows the first n bytes of path. */
static nn_Module *follow(nn_Module *m, const char *path, size_t n)
{
    for (size_t at = 0; m && at < n;) {
        size_t length = 0;
        while (at + length < n && path[at + length] != '.') length++;
        const cer_Item *item = step(m, &m->module->children, path + at, length);
        m = item ? item->as.module : NULL;
        at += length + 1;
    }
    return m;
}

nn_Module *nn_Module_get_submodule(nn_Module *m, const char *path)
{
    return cer_nn_ready(m, "get_submodule") ? follow(m, path ? path : "", path ? strlen(path) : 0) : NULL;
}

Tensor *nn_Module_get_parameter(nn_Module *m, const char *path)
{
    if (!cer_nn_ready(m, "get_parameter")) return NULL;
    if (!path) path = "";
    const char *dot = strrchr(path, '.'), *name = dot ? dot + 1 : path;
    m = follow(m, path, dot ? (size_t)(dot - path) : 0);
    const cer_Item *item = m ? step(m, &m->module->parameters, name, strlen(name)) : NULL;
    return item ? item->as.tensor : NULL;
}

/* ---- modes ------------------------------------------------------------------------------------------------------- */

static void apply(nn_Module *m, nn_Visitor visitor, void *data)
{
    for (int64_t i = 0; i < m->module->children.length; i++) {
        nn_Module *child = m->module->children.item[i].as.module;
        if (child) apply(child, visitor, data);
    }
    if (!cer_error_pending()) visitor(m, data);
}

nn_Module *nn_Module_apply(nn_Module *m, nn_Visitor visitor, void *data)
{
    if (!cer_nn_ready(m, "apply")) return NULL;
    if (!visitor) return torch_error_raise(TORCH_TYPE_ERROR, "apply", "the function is NULL"), NULL;
    apply(m, visitor, data);
    return cer_error_pending() ? NULL : m;
}

bool cer_nn_set_mode(nn_Module *m, const cer_Path *path, void *mode)
{
    (void)path;
    m->module->training = *(const bool *)mode;
    return true;
}

nn_Module *nn_Module_train(nn_Module *m, bool mode)
{
    if (!cer_nn_ready(m, "train")) return NULL;
    cer_nn_walk(m, NULL, cer_nn_set_mode, &mode);
    return m;
}

bool nn_Module_training(const nn_Module *m)
{
    return cer_nn_ready(m, "training") && m->module->training;
}

/* ---- all parameters ---------------------------------------------------------------------------------------------- */

nn_Module *nn_Module_zero_grad(nn_Module *m, bool set_to_none)
{
    int64_t scope = torch_scope_push();
    torch_ParameterList p = nn_Module_named_parameters(m);
    for (int64_t i = 0; i < p.length && !cer_error_pending(); i++) cer_zero_grad(p.tensor[i], set_to_none);
    torch_scope_pop(scope);
    return cer_error_pending() ? NULL : m;
}

nn_Module *nn_Module_requires_grad_(nn_Module *m, bool requires_grad)
{
    int64_t scope = torch_scope_push();
    torch_ParameterList p = nn_Module_named_parameters(m);
    for (int64_t i = 0; i < p.length; i++) torch_requires_grad_(p.tensor[i], requires_grad);
    torch_scope_pop(scope);
    return cer_error_pending() ? NULL : m;
}

nn_Module *nn_Module_share_memory(nn_Module *m)
{
    int64_t scope = torch_scope_push();
    torch_ParameterList p = nn_Module_named_parameters(m), b = nn_Module_named_buffers(m);
    for (int64_t i = 0; i < p.length; i++) torch_share_memory_(p.tensor[i]);
    for (int64_t i = 0; i < b.length; i++) torch_share_memory_(b.tensor[i]);
    torch_scope_pop(scope);
    return cer_error_pending() ? NULL : m;
}

/* ---- to(dtype) --------------------------------------------------------------------------------------------------- */

/* t.data = from: t becomes what `from` is, and stays the same tensor for whoever holds it. Cannot fail. */
static void set_data(Tensor *t, const Tensor *from)
{
    cer_Storage *old = t->storage;
    cer_count_up(&from->storage->refs, from->storage->shared);
    t->storage = from->storage;
    if (t->flags & CER_SHARED) t->storage->shared = true;
    t->data = from->data;
    t->dtype = from->dtype;
    t->contiguous = from->contiguous;
    memcpy(t->stride, from->stride, sizeof(int64_t) * from->ndim);
    if (t->node && t->node->leaf) t->node->outputs[0].dtype = from->dtype; /* gradients must fit the new dtype */
    cer_storage_release(old);
}

/* Converts all that is listed before anything is changed. */
static bool convert(torch_ParameterList l, torch_dtype dtype, Tensor **data, Tensor **grad)
{
    for (int64_t i = 0; i < l.length; i++) {
        Tensor *t = l.tensor[i];
        bool floating = torch_dtype_is_floating_point(t->dtype) && t->dtype != dtype;
        data[i] = floating ? cer_to(t, dtype) : NULL;
        grad[i] = floating && t->grad ? cer_to(t->grad, dtype) : NULL;
    }
    return !cer_error_pending();
}

static void commit(torch_ParameterList l, Tensor *const *data, Tensor *const *grad)
{
    for (int64_t i = 0; i < l.length; i++) {
        if (data[i]) set_data(l.tensor[i], data[i]);
        if (grad[i]) set_data(l.tensor[i]->grad, grad[i]);
    }
}

nn_Module *nn_Module_to(nn_Module *m, torch_dtype dtype)
{
    if (!cer_nn_ready(m, "to")) return NULL;
    if (!torch_dtype_is_floating_point(dtype)) {
        cer_raise(TORCH_TYPE_ERROR, "to",
                  "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=%s",
                  torch_dtype_str(dtype));
        return NULL;
    }
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false);
    torch_ParameterList p = nn_Module_named_parameters(m), b = nn_Module_named_buffers(m);
    int64_t n = p.length + b.length;
    Tensor **made = cer_pool_block((size_t)n * 2 * sizeof *made, NULL);
    if (made && convert(p, dtype, made, made + n) && convert(b, dtype, made + p.length, made + n + p.length)) {
        commit(p, made, made + n);
        commit(b, made + p.length, made + n + p.length);
    }
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    return cer_error_pending() ? NULL : m;
}
