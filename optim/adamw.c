/* optim.AdamW. */
#include "adam.h"

enum { AMSGRAD, BETAS_0, BETAS_1, CAPTURABLE, EPS, FOREACH, LR, MAXIMIZE, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"amsgrad", "betas[0]", "betas[1]", "capturable",  "eps",
                                                  "foreach", "lr",       "maximize", "weight_decay"};

static uint32_t wants(const cer_OptimGroup *group)
{
    return cer_adam_wants(cer_option(group, AMSGRAD) != 0);
}

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    cer_adam_advance(state, cer_option(group, LR), cer_option(group, BETAS_0), cer_option(group, BETAS_1), number);
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    char *d = cer_chunk_gradient(c, cer_option(group, MAXIMIZE) != 0, 0);
    cer_chunk_number(c, KERNEL_mul, c->p, c->p, 1 - cer_option(group, LR) * cer_option(group, WEIGHT_DECAY));
    cer_adam_update(c, d, cer_option(group, BETAS_0), cer_option(group, BETAS_1), cer_option(group, EPS),
                    cer_option(group, AMSGRAD) != 0);
}

static const cer_OptimClass adamw_class = {.name = "AdamW",
                                           .option = option_names,
                                           .n_options = OPTIONS,
                                           .state = cer_adam_states,
                                           .n_states = CER_ADAM_STATES,
                                           .wants = wants,
                                           .advance = advance,
                                           .update = update};

optim_AdamWArgs optim_AdamWArgs_defaults(void)
{
    return (optim_AdamWArgs){
        .struct_size = sizeof(optim_AdamWArgs), .lr = 0.001, .betas = {0.9, 0.999}, .eps = 1e-8, .weight_decay = 0.01};
}

optim_Optimizer *optim_AdamW_new(const optim_AdamWArgs *args)
{
    optim_AdamWArgs a = optim_AdamWArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check_adam("AdamW", a.lr, a.betas, a.eps, a.weight_decay)) return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [AMSGRAD] = torch_scalar_bool(a.amsgrad),
        [BETAS_0] = torch_scalar_double(a.betas[0]),
        [BETAS_1] = torch_scalar_double(a.betas[1]),
        [CAPTURABLE] = torch_scalar_bool(false),
        [EPS] = cer_optim_number(a.eps),
        [FOREACH] = torch_scalar_none(),
        [LR] = cer_optim_number(a.lr),
        [MAXIMIZE] = torch_scalar_bool(a.maximize),
        [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&adamw_class, preset, a.params);
}
