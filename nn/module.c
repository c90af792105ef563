/* Modules: making and ending them, and what is registered in them. */
#include <stdio.h>

#include "layer.h"

/* ---- making ------------------------------------------------------------------------------------------------------ */

const char *cer_nn_class_name(const char *name)
{
    if (!name || !*name) return "Module";
    if (strncmp(name, "struct ", 7) == 0) name += 7;
    if (strncmp(name, "nn_", 3) == 0) name += 3;
    return name;
}

/* Stands in front of every name, for the modules that parametrize.c changes. */
static const char parametrized[] = "Parametrized";
enum { PREFIX = sizeof parametrized - 1 };

/* One block: the caller's struct, the implementation, the name. */
nn_Module *nn_Module_new(const nn_Class *record, size_t size)
{
    if (cer_error_pending()) return NULL;
    nn_Class c = {0};
    cer_args(&c, sizeof c, record);
    const char *name = cer_nn_class_name(c.name);
    if (c.size < size || c.size < sizeof(nn_Module)) {
        cer_raise(TORCH_VALUE_ERROR, "Module", "the class record of %s gives a size of %zu bytes for a struct of %zu",
                  name, c.size, size);
        return NULL;
    }
    size_t impl_at = (c.size + 15) / 16 * 16, name_at = impl_at + sizeof(nn_ModuleImpl) + PREFIX,
           bytes = name_at + strlen(name) + 1;
    char *block = c.size < SIZE_MAX / 2 ? cer_alloc(bytes) : NULL;
    if (!block) {
        cer_raise_memory(name, (double)bytes);
        return NULL;
    }
    memset(block, 0, name_at);
    memcpy(block + name_at - PREFIX, parametrized, PREFIX);
    strcpy(block + name_at, name);
    nn_Module *m = (nn_Module *)block;
    m->module = (nn_ModuleImpl *)(block + impl_at);
    m->module->class_record = c;
    m->module->class_record.name = block + name_at;
    m->module->bytes = bytes;
    m->module->training = true;
    return m;
}

/* ---- ending ------------------------------------------------------------------------------------------------------ */

static void items_free(cer_Items *items, bool modules)
{
    for (int64_t i = 0; i < items->length; i++) {
        cer_Item *item = &items->item[i];
        if (!modules) {
            cer_release(item->as.tensor);
        } else if (item->as.module) {
            item->as.module->module->owners--;
            nn_Module_free(item->as.module);
        }
        cer_free(item->name, strlen(item->name) + 1);
    }
    cer_free(items->item, (size_t)items->capacity * sizeof *items->item);
}

void nn_Module_free(nn_Module *m)
{
    if (!m || !m->module || m->module->owners > 0) return;
    nn_ModuleImpl *impl = m->module;
    if (impl->class_record.free) impl->class_record.free(m);
    cer_nn_end_hooks(m);
    items_free(&impl->parameters, false);
    items_free(&impl->buffers, false);
    items_free(&impl->children, true);
    m->module = NULL;
    cer_free(m, impl->bytes);
}

/* ---- items ------------------------------------------------------------------------------------------------------- */

cer_Item *cer_items_find(const cer_Items *items, const char *name)
{
    for (int64_t i = 0; i < items->length; i++)
        if (strcmp(items->item[i].name, name) == 0) return &items->item[i];
    return NULL;
}

static char *name_copy(const char *name)
{
    size_t bytes = strlen(name) + 1;
    char *copy = cer_alloc(bytes);
    if (!copy) return cer_raise_memory("Module", (double)bytes), NULL;
    memcpy(copy, name, bytes);
    return copy;
}

static cer_Item *items_add(cer_Items *items, const char *name)
{
    if (items->length == items->capacity) {
        int64_t capacity = items->capacity ? items->capacity * 2 : 4;
        cer_Item *item = cer_grow(items->item, (size_t)items->capacity * sizeof *item, (size_t)capacity * sizeof *item);
        if (!item) return cer_raise_memory("Module", (double)capacity * sizeof *item), NULL;
        items->item = item;
        items->capacity = capacity;
    }
    char *copy = name_copy(name);
    if (!copy) return NULL;
    items->item[items->length] = (cer_Item){.name = copy};
    return &items->item[items->length++];
}

static void name_free(char *name)
{
    cer_free(name, strlen(name) + 1);
}

void cer_items_remove(cer_Items *items, const char *name)
{
    cer_Item *item = cer_items_find(items, name);
    if (!item) return;
    name_free(item->name);
    items->length--;
    memmove(item, item + 1, (size_t)(&items->item[items->length] - item) * sizeof *item);
}

bool cer_items_rename(cer_Items *items, int64_t i, const char *name)
{
    char *copy = name_copy(name);
    if (!copy) return false;
    name_free(items->item[i].name);
    items->item[i].name = copy;
    return true;
}

/* May this name be registered as a `kind` ("parameter", "buffer", "module")? */
static bool check_name(const nn_Module *m, const cer_Items *own, const char *kind, const char *name)
{
    const nn_ModuleImpl *impl = m->module;
    const cer_Items *all[3] = {&impl->parameters, &impl->buffers, &impl->children};
    if (!name) return cer_raise(TORCH_TYPE_ERROR, "Module", "%s name should be a string. Got NoneType", kind);
    for (int i = 0; i < 3; i++)
        if (all[i] != own && cer_items_find(all[i], name))
            return cer_raise(TORCH_KEY_ERROR, "Module", "attribute '%s' already exists", name);
    if (strchr(name, '.') && own == &impl->children)
        return cer_raise(TORCH_KEY_ERROR, "Module", "module name can't contain \".\", got: %s", name);
    if (strchr(name, '.')) return cer_raise(TORCH_KEY_ERROR, "Module", "%s name can't contain \".\"", kind);
    return *name || cer_raise(TORCH_KEY_ERROR, "Module", "%s name can't be empty string \"\"", kind);
}

/* ---- parameters and buffers -------------------------------------------------------------------------------------- */

static Tensor *register_tensor(cer_Items *items, const char *name, Tensor *t, bool persistent)
{
    cer_Item *item = cer_items_find(items, name);
    if (!item) item = items_add(items, name);
    if (!item) return NULL;
    Tensor *old = item->as.tensor;
    if (t) cer_retain(t);
    item->as.tensor = t;
    item->persistent = persistent;
    cer_release(old);
    return t;
}

const char *cer_nn_python_type(torch_dtype dtype)
{
    switch (dtype) {
    case torch_float64: return "torch.DoubleTensor";
    case torch_float16: return "torch.HalfTensor";
    case torch_bfloat16: return "torch.BFloat16Tensor";
    case torch_int64: return "torch.LongTensor";
    case torch_int32: return "torch.IntTensor";
    case torch_int16: return "torch.ShortTensor";
    case torch_int8: return "torch.CharTensor";
    case torch_uint8: return "torch.ByteTensor";
    case torch_bool: return "torch.BoolTensor";
    default: return "torch.FloatTensor";
    }
}

Tensor *nn_Module_register_parameter(nn_Module *m, const char *name, Tensor *p)
{
    if (!cer_nn_ready(m, "register_parameter") || !check_name(m, &m->module->parameters, "parameter", name))
        return NULL;
    if (p && !cer_usable(p, "register_parameter", 2)) return NULL;
    if (p && !(p->flags & CER_PARAMETER)) {
        cer_raise(TORCH_TYPE_ERROR, "register_parameter",
                  "cannot assign '%s' object to parameter '%s' (torch.nn.Parameter or None required)",
                  cer_nn_python_type(p->dtype), name);
        return NULL;
    }
    if (p && p->node && !p->node->leaf) {
        cer_raise(
            TORCH_VALUE_ERROR, "register_parameter",
            "Cannot assign non-leaf Tensor to parameter '%s'. Model parameters must be created "
            "explicitly. To express '%s' as a function of another Tensor, compute the value in the forward() method.",
            name, name);
        return NULL;
    }
    return register_tensor(&m->module->parameters, name, p, true);
}

Tensor *nn_Module_register_buffer(nn_Module *m, const char *name, Tensor *t, bool persistent)
{
    if (!cer_nn_ready(m, "register_buffer") || !check_name(m, &m->module->buffers, "buffer", name)) return NULL;
    if (t && !cer_usable(t, "register_buffer", 2)) return NULL;
    return register_tensor(&m->module->buffers, name, t, persistent);
}

Tensor *nn_Parameter_new(Tensor *data, bool requires_grad)
{
    if (cer_error_pending() || !cer_usable(data, "Parameter", 1)) return NULL;
    if (requires_grad && !torch_dtype_is_floating_point(data->dtype)) {
        cer_raise(TORCH_RUNTIME_ERROR, "Parameter",
                  "Only Tensors of floating point and complex dtype can require gradients");
        return NULL;
    }
    Tensor *p = torch_detach(data);
    if (p) p->flags |= (uint8_t)(CER_PARAMETER | (requires_grad ? CER_REQUIRES_GRAD : 0));
    return p;
}

Tensor *cer_nn_new_parameter(nn_Module *m, const char *name, torch_dtype dtype, int64_t ndim, const int64_t *shape)
{
    int64_t scope = torch_scope_push();
    Tensor *t = nn_Parameter_new(torch_empty_n(ndim, shape, dtype), true);
    if (t) t = nn_Module_register_parameter(m, name, t);
    torch_scope_pop(scope);
    return t;
}

/* ---- children ---------------------------------------------------------------------------------------------------- */

bool cer_nn_walk(nn_Module *m, const cer_Path *path, cer_Walker walker, void *data)
{
    if (!walker(m, path, data)) return false;
    const cer_Items *children = &m->module->children;
    for (int64_t i = 0; i < children->length; i++) {
        cer_Path below = {path, children->item[i].name};
        if (children->item[i].as.module && !cer_nn_walk(children->item[i].as.module, &below, walker, data))
            return false;
    }
    return true;
}

size_t cer_path_length(const cer_Path *path)
{
    size_t n = 0;
    for (; path; path = path->up) n += strlen(path->name) + (path->up != NULL);
    return n;
}

char *cer_path_write(const cer_Path *path, char *text)
{
    char *end = text + cer_path_length(path), *at = end;
    for (; path; path = path->up) {
        size_t n = strlen(path->name);
        at -= n;
        memcpy(at, path->name, n);
        if (path->up) *--at = '.';
    }
    return end;
}

static bool is_not(nn_Module *m, const cer_Path *path, void *other)
{
    (void)path;
    return m != other;
}

static bool holds(nn_Module *m, const nn_Module *other)
{
    return m && m->module && !cer_nn_walk(m, NULL, is_not, (void *)(uintptr_t)other);
}

/* Would the tree still be one, and not too high? */
static bool check_child(const nn_Module *m, nn_Module *child)
{
    if (holds(child, m)) return cer_raise(TORCH_VALUE_ERROR, "add_module", "a module cannot be its own child");
    int64_t above = 1;
    for (const nn_Module *p = m->module->parent; p; p = p->module->parent) above++;
    return above + child->module->height < NN_DEPTH ||
           cer_raise(TORCH_RUNTIME_ERROR, "add_module",
                     "maximum recursion depth exceeded: modules are nested too deeply");
}

static void adopt(nn_Module *m, nn_Module *child)
{
    child->module->owners++;
    if (!child->module->parent) child->module->parent = m;
    int64_t height = child->module->height + 1;
    for (nn_Module *p = m; p && p->module->height < height; p = p->module->parent) p->module->height = height++;
}

void cer_nn_release_child(const nn_Module *m, nn_Module *child)
{
    if (!child) return;
    child->module->owners--;
    if (child->module->parent == m) child->module->parent = NULL;
}

void cer_nn_disown(const nn_Module *m, nn_Module *child)
{
    cer_nn_release_child(m, child);
    nn_Module_free(child);
}

/* The child that is registered under the name now; the new one ends, if nobody else holds it and it does not hold m. */
static void *keep_old(nn_Module *m, const char *name, nn_Module *child)
{
    const cer_Item *item = m && m->module && name ? cer_items_find(&m->module->children, name) : NULL;
    if (!m || !holds(child, m)) nn_Module_free(child);
    return item ? item->as.module : NULL;
}

void *nn_Module_add_module(nn_Module *m, const char *name, void *new_child)
{
    nn_Module *child = new_child;
    if (!cer_nn_ready(m, "add_module") || !check_name(m, &m->module->children, "module", name) ||
        (child && !check_child(m, child)))
        return keep_old(m, name, child);
    cer_Item *item = cer_items_find(&m->module->children, name);
    if (!item) item = items_add(&m->module->children, name);
    if (!item) return keep_old(m, name, child);
    nn_Module *old = item->as.module;
    if (child) adopt(m, child);
    item->as.module = child;
    cer_nn_disown(m, old);
    return child;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

const char *cer_nn_printed_name(const nn_Module *m)
{
    return m->module->class_record.name - (m->module->parametrized ? PREFIX : 0);
}

const char *nn_Module_name(const nn_Module *m)
{
    return cer_nn_ready(m, "name") ? cer_nn_printed_name(m) : NULL;
}

void *nn_Module_as(nn_Module *m, const char *name)
{
    return cer_nn_ready(m, "as") && strcmp(m->module->class_record.name, cer_nn_class_name(name)) == 0 ? m : NULL;
}
