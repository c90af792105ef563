/* Modules that hold parameters: ParameterList and ParameterDict. */
#include <stdio.h>

#include "layer.h"

/* "  (0): Parameter containing: [torch.float32 of size 2x3]" */
static void repr_lines(const nn_Module *m, char *text, size_t bytes, bool by_type)
{
    const cer_Items *p = &m->module->parameters;
    size_t at = 0;
    for (int64_t i = 0; i < p->length && at < bytes; i++) {
        const Tensor *t = p->item[i].as.tensor;
        char size[256] = "";
        for (int d = 0, n = 0; t && d < t->ndim; d++)
            n += snprintf(size + n, sizeof size - (size_t)n, d ? "x%lld" : "%lld", (long long)t->shape[d]);
        at += (size_t)snprintf(text + at, bytes - at, "%s  (%s): ", i ? "\n" : "", p->item[i].name);
        if (at < bytes && !t) at += (size_t)snprintf(text + at, bytes - at, "Object of type: NoneType");
        if (at < bytes && t)
            at += (size_t)snprintf(text + at, bytes - at, "Parameter containing: [%s of size %s]",
                                   by_type ? cer_nn_python_type(t->dtype) : torch_dtype_str(t->dtype), size);
    }
}

static void list_repr(const nn_Module *m, char *text, size_t bytes)
{
    repr_lines(m, text, bytes, false);
}

static void dict_repr(const nn_Module *m, char *text, size_t bytes)
{
    repr_lines(m, text, bytes, true);
}

static int refuse(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)in, (void)n_in, (void)out, (void)n_out;
    return torch_error_raise(TORCH_RUNTIME_ERROR, "forward", "%s should not be called.", m->module->class_record.name);
}

static const nn_Class list_class = NN_CLASS(nn_ParameterList, .forward = refuse, .extra_repr = list_repr);
static const nn_Class dict_class = NN_CLASS(nn_ParameterDict, .forward = refuse, .extra_repr = dict_repr);

static Tensor *put(nn_Module *m, const char *name, Tensor *t)
{
    if (!cer_nn_ready(m, "setitem")) return NULL;
    if (t && !cer_usable(t, "setitem", 2)) return NULL;
    int64_t scope = torch_scope_push();
    if (t && !(t->flags & CER_PARAMETER)) t = nn_Parameter_new(t, true);
    if (!cer_error_pending()) t = nn_Module_register_parameter(m, name, t);
    torch_scope_pop(scope);
    return cer_error_pending() ? NULL : t;
}

/* ---- ParameterList ----------------------------------------------------------------------------------------------- */

Tensor *nn_ParameterList_append(nn_ParameterList *m, Tensor *t)
{
    char name[24];
    if (!cer_nn_ready(m ? &m->module : NULL, "append")) return NULL;
    snprintf(name, sizeof name, "%lld", (long long)m->module.module->parameters.length);
    return put(&m->module, name, t);
}

nn_ParameterList *nn_ParameterList_new(Tensor *const *tensors, int64_t n)
{
    nn_ParameterList *m = nn_new_class(nn_ParameterList, &list_class);
    for (int64_t i = 0; m && i < n && !cer_error_pending(); i++) nn_ParameterList_append(m, tensors[i]);
    return m ? cer_nn_made(m) : NULL;
}

int64_t nn_ParameterList_len(const nn_ParameterList *m)
{
    return cer_nn_ready(m ? &m->module : NULL, "len") ? m->module.module->parameters.length : 0;
}

static const cer_Item *at(const nn_Container *m, const char *op, int64_t i)
{
    if (!cer_nn_ready(m ? &m->module : NULL, op)) return NULL;
    const cer_Items *p = &m->module.module->parameters;
    int64_t place = i < 0 ? i + p->length : i;
    if (place >= 0 && place < p->length) return &p->item[place];
    cer_raise(TORCH_INDEX_ERROR, op, "index %lld is out of range", (long long)i);
    return NULL;
}

Tensor *nn_ParameterList_get(const nn_ParameterList *m, int64_t i)
{
    const cer_Item *item = at(m, "getitem", i);
    return item ? item->as.tensor : NULL;
}

Tensor *nn_ParameterList_set(nn_ParameterList *m, int64_t i, Tensor *t)
{
    const cer_Item *item = at(m, "setitem", i);
    return item ? put(&m->module, item->name, t) : NULL;
}

/* ---- ParameterDict ----------------------------------------------------------------------------------------------- */

Tensor *nn_ParameterDict_set(nn_ParameterDict *m, const char *key, Tensor *t)
{
    return put((nn_Module *)m, key, t);
}

nn_ParameterDict *nn_ParameterDict_new(const nn_NamedTensor *tensors, int64_t n)
{
    nn_ParameterDict *m = nn_new_class(nn_ParameterDict, &dict_class);
    for (int64_t i = 0; m && i < n && !cer_error_pending(); i++)
        nn_ParameterDict_set(m, tensors[i].name, tensors[i].tensor);
    return m ? cer_nn_made(m) : NULL;
}

int64_t nn_ParameterDict_len(const nn_ParameterDict *m)
{
    return nn_ParameterList_len(m);
}

const char *nn_ParameterDict_key(const nn_ParameterDict *m, int64_t i)
{
    const cer_Item *item = at(m, "keys", i);
    return item ? item->name : NULL;
}

static const cer_Item *under(const nn_ParameterDict *m, const char *op, const char *key)
{
    return cer_nn_ready(m ? &m->module : NULL, op) && key ? cer_items_find(&m->module.module->parameters, key) : NULL;
}

bool nn_ParameterDict_contains(const nn_ParameterDict *m, const char *key)
{
    return under(m, "contains", key) != NULL;
}

Tensor *nn_ParameterDict_get(const nn_ParameterDict *m, const char *key)
{
    const cer_Item *item = under(m, "getitem", key);
    if (!item && !cer_error_pending())
        cer_raise(TORCH_KEY_ERROR, "getitem", "'ParameterDict' object has no attribute '%s'", key ? key : "None");
    return item ? item->as.tensor : NULL;
}

int nn_ParameterDict_del(nn_ParameterDict *m, const char *key)
{
    const cer_Item *item = under(m, "delitem", key);
    if (!item && !cer_error_pending()) cer_raise(TORCH_KEY_ERROR, "delitem", "'%s'", key ? key : "None");
    if (!item) return torch_error_code();
    Tensor *t = item->as.tensor;
    cer_items_remove(&m->module.module->parameters, key);
    if (t) cer_release(t);
    return torch_error_code();
}
