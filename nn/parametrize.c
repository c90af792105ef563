/* nn.utils.parametrize: the list of parametrizations, registering and removing. */
#include "nn/parametrize.h"

#include "computed.h"
#include "layer.h"

/* Holds the original, and the parametrizations as children "0", "1", ... */
typedef struct nn_ParametrizationList {
    nn_Module module;
    Tensor *original;
    bool unsafe;
} nn_ParametrizationList;

static int list_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    (void)in, (void)n_out;
    if (!cer_nn_arity(self, n_in, 0, 0, "")) return torch_error_code();
    Tensor *x = ((nn_ParametrizationList *)self)->original;
    const cer_Items *children = &self->module->children;
    for (int64_t i = 0; i < children->length && !cer_error_pending(); i++) {
        Tensor *input = x;
        nn_Module_forward_n(children->item[i].as.module, &input, 1, &x, 1);
    }
    out[0] = x;
    return torch_error_code();
}

static const nn_Class list_class = NN_CLASS(nn_ParametrizationList, .forward = list_forward);

static Tensor *value(nn_ParametrizationList *l)
{
    Tensor *out = NULL;
    if (l) nn_Module_forward_n(&l->module, NULL, 0, &out, 1);
    return out;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static const char *const dict_name = "parametrizations";

static nn_ModuleDict *dict_of(const nn_Module *m)
{
    const cer_Item *item = cer_items_find(&m->module->children, dict_name);
    return item && m->module->parametrized ? (nn_ModuleDict *)item->as.module : NULL;
}

static nn_ParametrizationList *list_of(const nn_Module *m, const char *name)
{
    const nn_ModuleDict *d = dict_of(m);
    const cer_Item *item = d && name ? cer_items_find(&d->module.module->children, name) : NULL;
    return item ? (nn_ParametrizationList *)item->as.module : NULL;
}

bool nn_utils_parametrize_is_parametrized_name(nn_Module *m, const char *name)
{
    return cer_nn_ready(m, "is_parametrized") && (name ? list_of(m, name) != NULL : m->module->parametrized);
}

static Tensor *parametrized(nn_Module *m, const cer_Computed *c, bool training)
{
    (void)training; /* the parametrizations have modes of their own */
    return value(list_of(m, c->name));
}

/* ---- registering ------------------------------------------------------------------------------------------------- */

static bool same_form(const Tensor *have, torch_dtype dtype, int64_t ndim, const int64_t *shape)
{
    const char *may_not = "Registering a parametrization may not change the %s of the tensor, unless `unsafe` flag is "
                          "enabled.\nunparametrized %s: %s%s%s\nparametrized %s: %s%s%s";
    char ours[128], theirs[128];
    if (have->dtype != dtype)
        return cer_raise(TORCH_VALUE_ERROR, "register_parametrization", may_not, "dtype", "dtype", "",
                         torch_dtype_str(dtype), "", "dtype", "", torch_dtype_str(have->dtype), "");
    if (have->ndim != ndim || memcmp(have->shape, shape, sizeof(int64_t) * (size_t)ndim) != 0)
        return cer_raise(TORCH_VALUE_ERROR, "register_parametrization", may_not, "shape", "shape", "torch.Size(",
                         cer_shape_text(ndim, shape, ours, sizeof ours), ")", "shape", "torch.Size(",
                         cer_shape_text(have->ndim, have->shape, theirs, sizeof theirs), ")");
    return true;
}

/* The original becomes what the parametrization's inverse makes of it: new data for the same tensor. */
static bool invert(nn_Module *p, Tensor *original)
{
    if (!p->module->class_record.right_inverse) return true;
    bool before = torch_set_grad_enabled(false);
    Tensor *inverse = p->module->class_record.right_inverse(p, original);
    torch_set_grad_enabled(before);
    if (!inverse || cer_error_pending())
        return cer_error_pending() ||
               cer_raise(
                   TORCH_VALUE_ERROR, "register_parametrization",
                   "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got NoneType");
    if (inverse->dtype != original->dtype)
        return cer_raise(TORCH_VALUE_ERROR, "register_parametrization",
                         "When `right_inverse` outputs one tensor, it may not change the dtype.\noriginal.dtype: "
                         "%s\nright_inverse(original).dtype: %s",
                         torch_dtype_str(original->dtype), torch_dtype_str(inverse->dtype));
    return torch_set_data(original, inverse) == TORCH_OK;
}

/* A list with the original, which m still has, too. */
static nn_ParametrizationList *new_list(nn_Module *m, const cer_Item *item, nn_Module *p, bool unsafe, Tensor **shown)
{
    nn_ParametrizationList *l = nn_new_class(nn_ParametrizationList, &list_class);
    if (!l) return nn_Module_free(p), NULL;
    Tensor *original = l->original = item->as.tensor;
    torch_dtype dtype = original->dtype;
    int64_t ndim = original->ndim, shape[TORCH_MAX_DIM];
    memcpy(shape, original->shape, sizeof shape);
    l->unsafe = unsafe;
    l->module.module->training = m->module->training;
    if (original->flags & CER_PARAMETER)
        nn_Module_register_parameter(&l->module, "original", original);
    else
        nn_Module_register_buffer(&l->module, "original", original, item->persistent);
    nn_Module_add_module(&l->module, "0", p);
    if (cer_error_pending() || !invert(p, original)) return l;
    *shown = unsafe ? NULL : value(l);
    if (*shown) same_form(*shown, dtype, ndim, shape);
    return l;
}

static void forget(nn_Module *m, const char *name)
{
    const cer_Item *item = cer_items_find(&m->module->parameters, name);
    cer_Items *items = item ? &m->module->parameters : &m->module->buffers;
    Tensor *t = cer_items_find(items, name)->as.tensor;
    cer_items_remove(items, name);
    cer_release(t);
}

static void drop_dict(nn_Module *m)
{
    nn_Module *d = &dict_of(m)->module;
    if (d->module->children.length > 0) return;
    m->module->parametrized = false;
    cer_items_remove(&m->module->children, dict_name);
    cer_nn_disown(m, d);
}

static bool add_list(nn_Module *m, const char *name, nn_ParametrizationList *l)
{
    if (!m->module->parametrized) {
        if (!nn_Module_add_module(m, dict_name, nn_ModuleDict_new(NULL, 0))) return nn_Module_free(&l->module), false;
        m->module->parametrized = true;
    }
    if (nn_ModuleDict_set(dict_of(m), name, l)) return true;
    drop_dict(m);
    return false;
}

static bool register_first(nn_Module *m, const char *name, nn_Module *p, bool unsafe)
{
    const cer_Item *item = cer_nn_original(m, "register_parametrization", name);
    Tensor *shown = NULL;
    nn_ParametrizationList *l = new_list(m, item, p, unsafe, &shown);
    if (cer_error_pending()) return nn_Module_free((nn_Module *)l), false;
    cer_Computed options = {.compute = parametrized, .shown = item->as.tensor};
    strcpy(options.name, name);
    if (!add_list(m, name, l)) return false;
    cer_Computed *c = cer_nn_add_computed(m, "register_parametrization", &options);
    if (!c) {
        nn_ModuleDict_del(dict_of(m), name);
        drop_dict(m);
        return false;
    }
    forget(m, name);
    cer_nn_show(m, c, shown);
    return true;
}

static bool register_further(nn_Module *m, const char *name, nn_Module *p, bool unsafe)
{
    nn_ParametrizationList *l = list_of(m, name);
    if (!unsafe) {
        Tensor *before = value(l), *after = before ? nn_forward(p, before) : NULL;
        if (!after || !same_form(after, before->dtype, before->ndim, before->shape)) return nn_Module_free(p), false;
    }
    nn_ModuleList_append((nn_ModuleList *)l, p);
    l->unsafe |= unsafe;
    return !cer_error_pending();
}

void *nn_utils_parametrize_register(nn_Module *m, const char *name, void *parametrization, bool unsafe)
{
    nn_Module *p = parametrization;
    if (!cer_nn_ready(m, "register_parametrization") || !cer_nn_ready(p, "register_parametrization"))
        return nn_Module_free(p), NULL;
    bool known = list_of(m, name) != NULL;
    const cer_Item *item = known || !name ? NULL : cer_items_find(&m->module->parameters, name);
    if (!item && !known && name) item = cer_items_find(&m->module->buffers, name);
    if (!known && (!item || !item->as.tensor || strlen(name) + 1 > CER_NAME)) {
        const char *text = nn_Module_str(m);
        nn_Module_free(p);
        if (text)
            cer_raise(TORCH_VALUE_ERROR, "register_parametrization",
                      "Module '%s' does not have a parameter, a buffer, or a parametrized element with name '%s'", text,
                      name ? name : "None");
        return NULL;
    }
    nn_Module_train(p, m->module->training);
    int64_t scope = torch_scope_push();
    bool fine = known ? register_further(m, name, p, unsafe) : register_first(m, name, p, unsafe);
    torch_scope_pop(scope);
    return fine ? m : NULL;
}

/* ---- removing ---------------------------------------------------------------------------------------------------- */

static bool remove_from(nn_Module *m, const char *name, nn_ParametrizationList *l, bool leave_parametrized)
{
    bool before = torch_set_grad_enabled(false);
    Tensor *now = leave_parametrized ? value(l) : l->original;
    torch_set_grad_enabled(before);
    bool buffer = !(l->original->flags & CER_PARAMETER);
    if (!now || (leave_parametrized && torch_set_data(l->original, torch_detach(now)) != TORCH_OK)) return false;
    if (buffer)
        nn_Module_register_buffer(m, name, l->original, l->module.module->buffers.item[0].persistent);
    else
        nn_Module_register_parameter(m, name, l->original);
    if (cer_error_pending()) return false;
    cer_nn_remove_computed(m, cer_nn_find_computed(m, parametrized, name), l->original);
    nn_ModuleDict_del(dict_of(m), name);
    drop_dict(m);
    return true;
}

void *nn_utils_parametrize_remove(nn_Module *m, const char *name, bool leave_parametrized)
{
    if (!cer_nn_ready(m, "remove_parametrizations")) return NULL;
    nn_ParametrizationList *l = list_of(m, name);
    if (!l) {
        const char *text = nn_Module_str(m);
        if (text)
            cer_raise(TORCH_VALUE_ERROR, "remove_parametrizations", "Module %s does not have a parametrization on %s",
                      text, name ? name : "None");
        return NULL;
    }
    int64_t scope = torch_scope_push();
    bool fine = remove_from(m, name, l, leave_parametrized);
    torch_scope_pop(scope);
    return fine ? m : NULL;
}
