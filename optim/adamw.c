/* optim.AdamW. */
#include <math.h>

#include "optimizer.h"

enum { AMSGRAD, BETAS_0, BETAS_1, CAPTURABLE, EPS, FOREACH, LR, MAXIMIZE, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"amsgrad", "betas[0]", "betas[1]", "capturable",  "eps",
                                                  "foreach", "lr",       "maximize", "weight_decay"};

enum { STEP, EXP_AVG, EXP_AVG_SQ, MAX_EXP_AVG_SQ, STATES };
static const cer_OptimState states[STATES] = {{"step", CER_STATE_TENSOR},
                                              {"exp_avg", CER_STATE_LIKE},
                                              {"exp_avg_sq", CER_STATE_LIKE},
                                              {"max_exp_avg_sq", CER_STATE_LIKE}};

static uint32_t wants(const cer_OptimGroup *group)
{
    return cer_option(group, AMSGRAD) != 0 ? 0xF : 0x7;
}

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    double step = cer_state_count(state[STEP]), lr = cer_option(group, LR);
    number[0] = lr / (1 - pow(cer_option(group, BETAS_0), step));
    number[1] = sqrt(1 - pow(cer_option(group, BETAS_1), step));
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    double step_size = c->number[0], correction = c->number[1];
    char *m = c->state[EXP_AVG], *v = c->state[EXP_AVG_SQ], *top = c->state[MAX_EXP_AVG_SQ],
         *denominator = c->scratch[1];
    char *d = cer_chunk_gradient(c, cer_option(group, MAXIMIZE) != 0, 0);
    cer_chunk_number(c, KERNEL_mul, c->p, c->p, 1 - cer_option(group, LR) * cer_option(group, WEIGHT_DECAY));
    cer_chunk_average(c, m, d, cer_option(group, BETAS_0));
    cer_chunk_average_squares(c, v, d, cer_option(group, BETAS_1));
    if (cer_option(group, AMSGRAD) != 0) {
        cer_chunk_binary(c, KERNEL_maximum, top, top, v);
        v = top;
    }
    cer_chunk_unary(c, KERNEL_sqrt, denominator, v);
    cer_chunk_number(c, KERNEL_div, denominator, denominator, correction);
    cer_chunk_number(c, KERNEL_add, denominator, denominator, cer_option(group, EPS));
    cer_chunk_addc(c, KERNEL_addcdiv, c->p, c->p, m, denominator, -step_size);
}

static const cer_OptimClass adamw_class = {.name = "AdamW",
                                           .option = option_names,
                                           .n_options = OPTIONS,
                                           .state = states,
                                           .n_states = STATES,
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
