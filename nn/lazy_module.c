/* torch.nn.modules.lazy: at its first call a lazy module becomes the module that its input asks for. That is made anew, by the
 * usual constructor, and moves into the lazy one: tensors stay the same for whoever holds them and get the new one's data. */
#include "lazy_module.h"

#include "layer.h"

/* The size that decides, by the input; -1 after raising. */
static int64_t size_by(const nn_Module *m, const cer_Lazy *l, const Tensor *x)
{
    char shape[256];
    if (!cer_usable(x, "forward", 1)) return -1;
    if (l->norm && x->ndim > 1) return x->shape[1];
    if (l->spatial < 0 && x->ndim > 0) return x->shape[x->ndim - 1];
    if (l->norm || l->spatial < 0) return cer_raise(TORCH_INDEX_ERROR, "forward", "tuple index out of range"), -1;
    int64_t batched = l->spatial + 2;
    if (x->ndim == batched || x->ndim == batched - 1) return x->shape[x->ndim - l->spatial - 1];
    cer_raise(TORCH_RUNTIME_ERROR, "forward",
              "Expected %lldD (unbatched) or %lldD (batched) input to %s, but got input of size: torch.Size(%s)",
              (long long)(batched - 1), (long long)batched, m->module->class_record.name,
              cer_shape_text(x->ndim, x->shape, shape, sizeof shape));
    return -1;
}

static bool take_data(const cer_Items *own, const cer_Items *made)
{
    for (int64_t i = 0; i < own->length && i < made->length; i++)
        if (own->item[i].as.tensor && made->item[i].as.tensor &&
            torch_set_data(own->item[i].as.tensor, made->item[i].as.tensor) != TORCH_OK)
            return false;
    return true;
}

/* Fields that show the made module's tensors show ours again. */
static void show_own(nn_Module *m, const cer_Items *own, const cer_Items *made)
{
    char *at = (char *)m + sizeof(nn_Module), *end = (char *)m + m->module->class_record.size;
    for (Tensor *word; at + sizeof word <= end; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        for (int64_t i = 0; word && i < own->length && i < made->length; i++)
            if (word == made->item[i].as.tensor) memcpy(at, &own->item[i].as.tensor, sizeof word);
    }
}

static bool become(nn_Module *m, const nn_Module *made)
{
    nn_ModuleImpl *impl = m->module;
    if (!take_data(&impl->parameters, &made->module->parameters) || !take_data(&impl->buffers, &made->module->buffers))
        return false;
    memcpy((char *)m + sizeof(nn_Module), (const char *)made + sizeof(nn_Module),
           impl->class_record.size - sizeof(nn_Module));
    show_own(m, &impl->parameters, &made->module->parameters);
    show_own(m, &impl->buffers, &made->module->buffers);
    char *name = (char *)(uintptr_t)impl->class_record.name; /* in m's own block: "LazyLinear" */
    size_t lazy = strlen("Lazy");
    memmove(name, name + lazy, strlen(name + lazy) + 1);
    impl->class_record.forward = made->module->class_record.forward;
    return true;
}

static void end(nn_Module *m, void *data)
{
    (void)m;
    cer_free(data, sizeof(cer_Lazy));
}

static void *copy(nn_Module *m, const void *data)
{
    (void)m;
    cer_Lazy *l = cer_alloc(sizeof *l);
    if (!l) return cer_raise_memory("deepcopy", sizeof *l), NULL;
    *l = *(const cer_Lazy *)data;
    return l;
}

static const cer_HookData owned = {end, copy};

static void infer(nn_Module *m, Tensor **in, int64_t n_in, void *data)
{
    const cer_Lazy *l = data;
    int64_t size = n_in > 0 ? size_by(m, l, in[0]) : 0;
    nn_Module *made = cer_error_pending() ? NULL : l->make(l, m, size);
    bool fine = made && become(m, made);
    nn_Module_free(made);
    for (int64_t i = 0; fine && i < m->module->n_hooks; i++)
        if (m->module->hook[i].data == data) {
            nn_Module_remove_hook(m, m->module->hook[i].handle);
            return;
        }
}

void *cer_nn_lazy(nn_Module *m, const cer_Lazy *l, Tensor **weight, Tensor **bias, torch_dtype dtype)
{
    const int64_t none = 0;
    if (!l->norm) {
        *weight = cer_nn_new_parameter(m, "weight", dtype, 1, &none);
        if (bias)
            *bias = cer_nn_new_parameter(m, "bias", dtype, 1, &none);
        else
            nn_Module_register_parameter(m, "bias", NULL);
    }
    torch_warn("UserWarning", "Lazy modules are a new feature under heavy development so changes to the API or "
                              "functionality can happen at any moment.");
    cer_Lazy *own = cer_error_pending() ? NULL : copy(m, l);
    if (own && cer_nn_add_hook(m, "lazy", (cer_Hook){CER_NN_HOOK_PRE, {.pre = infer}, own, &owned, 0}) < 0) end(m, own);
    return cer_nn_made(m);
}
