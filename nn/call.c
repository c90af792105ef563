/* Calling a module: its scope and its hooks. */
#include "module.h"

static int forward(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    const nn_ModuleImpl *impl = m->module;
    if (!impl->class_record.forward)
        return torch_error_raise(TORCH_NOT_IMPLEMENTED_ERROR, "forward",
                                 "Module [%s] is missing the required \"forward\" function", impl->class_record.name);
    int code = impl->class_record.forward(m, in, n_in, out, n_out);
    if (code != TORCH_OK && !cer_error_pending())
        torch_error_raise((torch_Code)code, "forward", "the forward function of %s returned an error code",
                          impl->class_record.name);
    return torch_error_code();
}

/* Hooks may replace inputs, in a copy of the list. */
static int hooked(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    const nn_ModuleImpl *impl = m->module;
    cer_Crossing *crossing = NULL;
    Tensor **args = cer_pool_block((size_t)(n_in > 0 ? n_in : 1) * sizeof *args, NULL);
    for (int64_t i = 0; args && i < n_in; i++) args[i] = in[i];
    for (int64_t i = 0; i < impl->n_hooks && !cer_error_pending(); i++) {
        cer_Hook hook = impl->hook[i];
        if (hook.kind == CER_NN_HOOK_PRE) hook.run.pre(m, args, n_in, hook.data);
        if (i >= impl->n_hooks || impl->hook[i].handle != hook.handle) i--; /* it has removed itself */
    }
    if (!cer_error_pending() && cer_nn_has_hook(m, CER_NN_HOOK_BACKWARD)) crossing = cer_nn_enter(m, args, n_in);
    if (!cer_error_pending()) forward(m, args, n_in, out, n_out);
    for (int64_t i = 0; i < impl->n_hooks && !cer_error_pending(); i++)
        if (impl->hook[i].kind == CER_NN_HOOK_FORWARD)
            impl->hook[i].run.forward(m, args, n_in, out, n_out, impl->hook[i].data);
    if (crossing) cer_nn_leave(crossing, out, n_out);
    return torch_error_code();
}

int nn_Module_forward_n(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    for (int64_t i = 0; i < n_out; i++) out[i] = NULL;
    if (!cer_nn_ready(m, "forward")) return torch_error_code();
    int64_t scope = torch_scope_push();
    int code = m->module->n_hooks ? hooked(m, in, n_in, out, n_out) : forward(m, in, n_in, out, n_out);
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
