/* optim.swa_utils.AveragedModel and update_bn. */
#include "nn/averaged.h"

#include "layer.h"

optim_AveragedModelArgs optim_AveragedModelArgs_defaults(void)
{
    return (optim_AveragedModelArgs){.struct_size = sizeof(optim_AveragedModelArgs)};
}

static int averaged_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    return nn_Module_forward_n(((optim_AveragedModel *)self)->averaged, in, n_in, out, n_out);
}

static const nn_Class averaged_class = {.struct_size = sizeof(nn_Class),
                                        .name = "AveragedModel",
                                        .size = sizeof(optim_AveragedModel),
                                        .forward = averaged_forward};

optim_AveragedModel *optim_AveragedModel_new(const optim_AveragedModelArgs *args)
{
    optim_AveragedModelArgs a = optim_AveragedModelArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!cer_nn_ready(a.model, "AveragedModel")) return NULL;
    optim_AveragedModel *m = nn_new_class(optim_AveragedModel, &averaged_class);
    if (!m) return NULL;
    int64_t scope = torch_scope_push();
    m->averaged = nn_Module_add_module(&m->module, "module", nn_Module_deepcopy(a.model));
    Tensor *none = torch_zeros_n(0, NULL, torch_int64);
    if (none) nn_register_buffer(m, n_averaged, none);
    torch_scope_pop(scope);
    m->avg_fn = a.avg_fn;
    m->data = a.data;
    m->use_buffers = a.use_buffers;
    return cer_nn_made(m);
}

/* ---- averaging --------------------------------------------------------------------------------------------------- */

static Tensor *mean(Tensor *averaged, Tensor *model, Tensor *n, void *data)
{
    (void)data;
    return torch_add(averaged, torch_div(torch_sub(model, averaged), torch_add(n, 1)));
}

static void follow(const optim_AveragedModel *m, torch_ParameterList own, torch_ParameterList theirs)
{
    optim_AverageFunction average = m->avg_fn ? m->avg_fn : mean;
    bool first = torch_item(m->n_averaged) == 0;
    for (int64_t i = 0; i < own.length && i < theirs.length && !cer_error_pending(); i++) {
        Tensor *now = torch_detach(own.tensor[i]), *new = torch_detach(theirs.tensor[i]);
        if (!first && now && new) new = average(now, new, m->n_averaged, m->data);
        if (!new && !cer_error_pending())
            cer_raise(TORCH_TYPE_ERROR, "update_parameters", "the averaging function returned None");
        if (new) torch_copy_(now, new);
    }
}

int optim_AveragedModel_update_parameters_from(optim_AveragedModel *m, nn_Module *model)
{
    if (!cer_nn_ready(m ? &m->module : NULL, "update_parameters") || !cer_nn_ready(model, "update_parameters"))
        return torch_error_code();
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false);
    follow(m, nn_Module_named_parameters(m->averaged), nn_Module_named_parameters(model));
    if (m->use_buffers && !cer_error_pending())
        follow(m, nn_Module_named_buffers(m->averaged), nn_Module_named_buffers(model));
    if (!cer_error_pending()) torch_add_(m->n_averaged, 1);
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    return torch_error_code();
}

/* ---- update_bn --------------------------------------------------------------------------------------------------- */

static nn_BatchNorm *as_batch_norm(nn_Module *m)
{
    nn_BatchNorm *b = nn_as(nn_BatchNorm1d, m);
    if (!b) b = nn_as(nn_BatchNorm2d, m);
    if (!b) b = nn_as(nn_BatchNorm3d, m);
    return b && b->running_mean ? b : NULL;
}

/* Momentum None: the mean over all batches. Gives how many layers there are; their momenta in `momentum`. */
static int64_t reset(nn_NamedModules modules, double *momentum)
{
    int64_t n = 0;
    for (int64_t i = 0; i < modules.length; i++) {
        nn_BatchNorm *b = as_batch_norm(modules.module[i]);
        if (!b) continue;
        torch_zero_(b->running_mean);
        torch_fill_(b->running_var, 1);
        torch_zero_(b->num_batches_tracked);
        momentum[n++] = b->momentum;
        b->momentum = TORCH_NAN;
    }
    return n;
}

static void restore(nn_NamedModules modules, const double *momentum)
{
    for (int64_t i = 0; i < modules.length; i++) {
        nn_BatchNorm *b = as_batch_norm(modules.module[i]);
        if (b) b->momentum = *momentum++;
    }
}

static void pass(optim_NextInput next, void *data, nn_Module *model)
{
    for (bool more = true; more && !cer_error_pending();) {
        int64_t scope = torch_scope_push();
        Tensor *input = next(data);
        more = input && !cer_error_pending() && nn_forward(model, input);
        torch_scope_pop(scope);
    }
}

int optim_swa_utils_update_bn_of(optim_NextInput next, void *data, nn_Module *model)
{
    if (!cer_nn_ready(model, "update_bn")) return torch_error_code();
    if (!next) return torch_error_raise(TORCH_TYPE_ERROR, "update_bn", "'NoneType' object is not iterable");
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false), training = model->module->training;
    nn_NamedModules modules = nn_Module_named_modules(model);
    double *momentum = cer_pool_block((size_t)(modules.length + 1) * sizeof *momentum, NULL);
    if (momentum && reset(modules, momentum) > 0) {
        nn_Module_train(model, true);
        pass(next, data, model);
        restore(modules, momentum);
        cer_nn_walk(model, NULL, cer_nn_set_mode, &training);
    }
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    return torch_error_code();
}
