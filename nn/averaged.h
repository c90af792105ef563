/* torch.optim.swa_utils: models of averaged weights. (SWALR, the scheduler, is in optim/lr_scheduler.h.) */
#ifndef CERILLA_NN_AVERAGED_H
#define CERILLA_NN_AVERAGED_H

#include "machinery.h"

TORCH_BEGIN

/* optim.swa_utils.AveragedModel(model, avg_fn=None, use_buffers=False): a deep copy of model, `module`, whose parameters (and
 * buffers) follow those of another: nn_forward(m, ...) is that of the copy. avg_fn makes the new value from the averaged one,
 * the model's one and the number of models so far, 0-d; without it, the mean of all. Izmailov et al., 2018.
 *     Tensor *ema(Tensor *averaged, Tensor *model, Tensor *n, void *data) { return torch_lerp(averaged, model, 0.1); }
 *     optim_swa_utils_AveragedModel(net, .avg_fn = ema)
 * Owned; TypeError when model is NULL.      NULL */
typedef Tensor *(*optim_AverageFunction)(Tensor *averaged, Tensor *model, Tensor *num_averaged, void *data);
typedef struct optim_AveragedModelArgs {
    size_t struct_size;
    nn_Module *model;
    optim_AverageFunction avg_fn;
    void *data; /* of avg_fn */
    bool use_buffers;
} optim_AveragedModelArgs;
typedef struct optim_AveragedModel {
    nn_Module module;
    nn_Module *averaged; /* the copy: its name in state_dict is "module" */
    Tensor *n_averaged;  /* int64, 0-d: a buffer */
    optim_AverageFunction avg_fn;
    void *data;
    bool use_buffers;
} optim_AveragedModel;
TORCH_API optim_AveragedModelArgs optim_AveragedModelArgs_defaults(void);
TORCH_API optim_AveragedModel *optim_AveragedModel_new(const optim_AveragedModelArgs *args);
#define optim_swa_utils_AveragedModel(...) optim_swa_utils_AveragedModel_(__VA_ARGS__, )
#define optim_swa_utils_AveragedModel_(m, ...)          \
    optim_AveragedModel_new(&(optim_AveragedModelArgs){ \
        .struct_size = sizeof(optim_AveragedModelArgs), .model = NN_MODULE(m), __VA_ARGS__})

/* averaged.update_parameters(model): one model more. Parameters in order; those that one of both has too many are passed over,
 * as zip does. A code */
TORCH_API int optim_AveragedModel_update_parameters_from(optim_AveragedModel *averaged, nn_Module *model);
#define optim_AveragedModel_update_parameters(averaged, model) \
    optim_AveragedModel_update_parameters_from(averaged, NN_MODULE(model))

/* optim.swa_utils.update_bn(loader, model): statistics of all BatchNorm layers anew, over one pass. next gives the inputs of the
 * batches one after the other, then NULL. A code */
typedef Tensor *(*optim_NextInput)(void *data);
TORCH_API int optim_swa_utils_update_bn_of(optim_NextInput next, void *data, nn_Module *model);
#define optim_swa_utils_update_bn(next, data, model) optim_swa_utils_update_bn_of(next, data, NN_MODULE(model))

TORCH_END

#endif
