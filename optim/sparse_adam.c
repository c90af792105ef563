/* optim.SparseAdam. */

#include "optimizer.h"

enum { BETAS_0, BETAS_1, EPS, LR, MAXIMIZE, OPTIONS };
static const char *const option_names[OPTIONS] = {"betas[0]", "betas[1]", "eps", "lr", "maximize"};

enum { STEP, EXP_AVG, EXP_AVG_SQ, STATES };
static const cer_OptimState states[STATES] = {
    {"step", CER_STATE_INT}, {"exp_avg", CER_STATE_LIKE}, {"exp_avg_sq", CER_STATE_LIKE}};

static const cer_OptimClass sparseadam_class = {
    .name = "SparseAdam",
    .option = option_names,
    .n_options = OPTIONS,
    .state = states,
    .n_states = STATES,
    .refusal = "SparseAdam does not support dense gradients, please consider Adam instead"};

optim_SparseAdamArgs optim_SparseAdamArgs_defaults(void)
{
    return (optim_SparseAdamArgs){
        .struct_size = sizeof(optim_SparseAdamArgs), .lr = 0.001, .betas = {0.9, 0.999}, .eps = 1e-8};
}

optim_Optimizer *optim_SparseAdam_new(const optim_SparseAdamArgs *args)
{
    optim_SparseAdamArgs a = optim_SparseAdamArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check("SparseAdam", a.lr > 0, "learning rate", a.lr) ||
        !cer_optim_check("SparseAdam", a.eps > 0, "epsilon value", a.eps) ||
        !cer_optim_check_adam("SparseAdam", a.lr, a.betas, a.eps, 0))
        return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [BETAS_0] = torch_scalar_double(a.betas[0]),
        [BETAS_1] = torch_scalar_double(a.betas[1]),
        [EPS] = cer_optim_number(a.eps),
        [LR] = cer_optim_number(a.lr),
        [MAXIMIZE] = torch_scalar_bool(a.maximize),
    };
    return cer_optimizer_new(&sparseadam_class, preset, a.params);
}
