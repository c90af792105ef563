/* Calling a module: its scope and its hooks. */
#include "module.h"

static int run(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    const nn_ModuleImpl *impl = m->module;
    if (!impl->class_record.forward)
        return torch_error_raise(TORCH_NOT_IMPLEMENTED_ERROR, "forward",
                                 "Module [%s] is missing the required \"forward\" function", impl->class_record.name);
    int code = impl->class_record.forward(m, in, n_in, out, n_out);
    if (code != TORCH_OK && !cer_error_pending())
        torch_error_raise((torch_Code)code, "forward", "the forward function of %s returned an error code",
                          impl->class_record.name);
    for (int64_t i = 0; i < impl->n_hooks && !cer_error_pending(); i++)
        impl->hook[i].run(m, in, n_in, out, n_out, impl->hook[i].data);
    return torch_error_code();
}

int nn_Module_forward_n(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    for (int64_t i = 0; i < n_out; i++) out[i] = NULL;
    if (!cer_nn_ready(m, "forward")) return torch_error_code();
    int64_t scope = torch_scope_push();
    int code = run(m, in, n_in, out, n_out);
    for (int64_t i = 0; i < n_out; i++) {
        if (code != TORCH_OK) out[i] = NULL;
        torch_escape(out[i]);
    }
    torch_scope_pop(scope);
    return code;
}

Tensor *nn_Module_forward(nn_Module *m, Tensor *const *in)
{
    Tensor *out;
    int64_t n = 0;
    while (in[n] != NN_END) n++;
    nn_Module_forward_n(m, in, n, &out, 1);
    return out;
}

/* ---- hooks ------------------------------------------------------------------------------------------------------- */

int64_t nn_Module_register_forward_hook(nn_Module *m, nn_ForwardHook hook, void *data)
{
    if (!cer_nn_ready(m, "register_forward_hook")) return -1;
    nn_ModuleImpl *impl = m->module;
    if (!hook) return torch_error_raise(TORCH_TYPE_ERROR, "register_forward_hook", "the hook is NULL"), -1;
    if (impl->n_hooks == impl->hook_capacity) {
        int64_t capacity = impl->hook_capacity ? impl->hook_capacity * 2 : 2;
        cer_Hook *grown =
            cer_grow(impl->hook, (size_t)impl->hook_capacity * sizeof *grown, (size_t)capacity * sizeof *grown);
        if (!grown) return cer_raise_memory("register_forward_hook", (double)capacity * sizeof *grown), -1;
        impl->hook = grown;
        impl->hook_capacity = capacity;
    }
    impl->hook[impl->n_hooks++] = (cer_Hook){hook, data, impl->next_handle};
    return impl->next_handle++;
}

void nn_Module_remove_hook(nn_Module *m, int64_t handle)
{
    nn_ModuleImpl *impl = m ? m->module : NULL;
    for (int64_t i = 0; impl && i < impl->n_hooks; i++)
        if (impl->hook[i].handle == handle) {
            impl->n_hooks--;
            memmove(&impl->hook[i], &impl->hook[i + 1], (size_t)(impl->n_hooks - i) * sizeof *impl->hook);
            return;
        }
}
