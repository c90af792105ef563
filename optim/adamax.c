/* optim.Adamax. */
#include <math.h>

#include "optimizer.h"

enum { BETAS_0, BETAS_1, EPS, FOREACH, LR, MAXIMIZE, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"betas[0]", "betas[1]", "eps",         "foreach",
                                                  "lr",       "maximize", "weight_decay"};

enum { STEP, EXP_AVG, EXP_INF, STATES };
static const cer_OptimState states[STATES] = {
    {"step", CER_STATE_TENSOR}, {"exp_avg", CER_STATE_LIKE}, {"exp_inf", CER_STATE_LIKE}};

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    double step = cer_state_count(state[STEP]);
    number[0] = cer_option(group, LR) / (1 - pow(cer_option(group, BETAS_0), step));
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    char *m = c->state[EXP_AVG], *u = c->state[EXP_INF];
    char *d = cer_chunk_gradient(c, cer_option(group, MAXIMIZE) != 0, cer_option(group, WEIGHT_DECAY));
    cer_chunk_average(c, m, d, cer_option(group, BETAS_0));
    cer_chunk_number(c, KERNEL_mul, u, u, cer_option(group, BETAS_1));
    cer_chunk_unary(c, KERNEL_abs, c->scratch[1], d);
    cer_chunk_number(c, KERNEL_add, c->scratch[1], c->scratch[1], cer_option(group, EPS));
    cer_chunk_binary(c, KERNEL_maximum, u, u, c->scratch[1]);
    cer_chunk_addc(c, KERNEL_addcdiv, c->p, c->p, m, u, -c->number[0]);
}

static const cer_OptimClass adamax_class = {.name = "Adamax",
                                            .option = option_names,
                                            .n_options = OPTIONS,
                                            .state = states,
                                            .n_states = STATES,
                                            .advance = advance,
                                            .update = update};

optim_AdamaxArgs optim_AdamaxArgs_defaults(void)
{
    return (optim_AdamaxArgs){.struct_size = sizeof(optim_AdamaxArgs), .lr = 0.002, .betas = {0.9, 0.999}, .eps = 1e-8};
}

optim_Optimizer *optim_Adamax_new(const optim_AdamaxArgs *args)
{
    optim_AdamaxArgs a = optim_AdamaxArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check_adam("Adamax", a.lr, a.betas, a.eps, a.weight_decay)) return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [BETAS_0] = torch_scalar_double(a.betas[0]),
        [BETAS_1] = torch_scalar_double(a.betas[1]),
        [EPS] = cer_optim_number(a.eps),
        [FOREACH] = torch_scalar_none(),
        [LR] = cer_optim_number(a.lr),
        [MAXIMIZE] = torch_scalar_bool(a.maximize),
        [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&adamax_class, preset, a.params);
}
