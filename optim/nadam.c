/* optim.NAdam. */
#include <math.h>

#include "optimizer.h"

enum { BETAS_0, BETAS_1, EPS, FOREACH, LR, MOMENTUM_DECAY, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"betas[0]", "betas[1]",       "eps",         "foreach",
                                                  "lr",       "momentum_decay", "weight_decay"};

enum { STEP, MU_PRODUCT, EXP_AVG, EXP_AVG_SQ, STATES };
static const cer_OptimState states[STATES] = {{"step", CER_STATE_TENSOR},
                                              {"mu_product", CER_STATE_TENSOR},
                                              {"exp_avg", CER_STATE_LIKE},
                                              {"exp_avg_sq", CER_STATE_LIKE}};

static void start(const cer_OptimGroup *group, double *initial)
{
    (void)group;
    initial[MU_PRODUCT] = 1;
}

/* mu_product is a tensor in PyTorch: every product is rounded. */
static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    double step = cer_state_count(state[STEP]), lr = cer_option(group, LR), beta = cer_option(group, BETAS_0);
    double decay = cer_option(group, MOMENTUM_DECAY);
    double mu = beta * (1 - 0.5 * pow(0.96, step * decay)), next = beta * (1 - 0.5 * pow(0.96, (step + 1) * decay));
    torch_dtype dtype = (torch_dtype)state[MU_PRODUCT]->dtype;
    double factor = cer_optim_rounded(mu, dtype);
    double product = cer_optim_rounded(cer_state_get(state[MU_PRODUCT]) * factor, dtype);
    double product_next =
        cer_optim_rounded(cer_optim_rounded(product * factor, dtype) * cer_optim_rounded(next, dtype), dtype);
    cer_state_set(state[MU_PRODUCT], product);
    number[0] = -lr * (1 - mu) / (1 - product);
    number[1] = -lr * next / (1 - product_next);
    number[2] = 1 - pow(cer_option(group, BETAS_1), step);
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    char *m = c->state[EXP_AVG], *v = c->state[EXP_AVG_SQ], *denominator = c->scratch[1];
    char *d = cer_chunk_gradient(c, false, cer_option(group, WEIGHT_DECAY));
    cer_chunk_average(c, m, d, cer_option(group, BETAS_0));
    cer_chunk_average_squares(c, v, d, cer_option(group, BETAS_1));
    cer_chunk_number(c, KERNEL_div, denominator, v, c->number[2]);
    cer_chunk_unary(c, KERNEL_sqrt, denominator, denominator);
    cer_chunk_number(c, KERNEL_add, denominator, denominator, cer_option(group, EPS));
    cer_chunk_addc(c, KERNEL_addcdiv, c->p, c->p, d, denominator, c->number[0]);
    cer_chunk_addc(c, KERNEL_addcdiv, c->p, c->p, m, denominator, c->number[1]);
}

static const cer_OptimClass nadam_class = {.name = "NAdam",
                                           .option = option_names,
                                           .n_options = OPTIONS,
                                           .state = states,
                                           .n_states = STATES,
                                           .start = start,
                                           .advance = advance,
                                           .update = update};

optim_NAdamArgs optim_NAdamArgs_defaults(void)
{
    return (optim_NAdamArgs){.struct_size = sizeof(optim_NAdamArgs),
                             .lr = 0.002,
                             .betas = {0.9, 0.999},
                             .eps = 1e-8,
                             .momentum_decay = 0.004};
}

optim_Optimizer *optim_NAdam_new(const optim_NAdamArgs *args)
{
    optim_NAdamArgs a = optim_NAdamArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check_adam("NAdam", a.lr, a.betas, a.eps, a.weight_decay) ||
        !cer_optim_check("NAdam", a.momentum_decay >= 0, "momentum_decay value", a.momentum_decay))
        return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [BETAS_0] = torch_scalar_double(a.betas[0]),
        [BETAS_1] = torch_scalar_double(a.betas[1]),
        [EPS] = cer_optim_number(a.eps),
        [FOREACH] = torch_scalar_none(),
        [LR] = cer_optim_number(a.lr),
        [MOMENTUM_DECAY] = cer_optim_number(a.momentum_decay),
        [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&nadam_class, preset, a.params);
}
