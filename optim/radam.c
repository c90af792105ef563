/* optim.RAdam. */
#include <math.h>

#include "optimizer.h"

enum { BETAS_0, BETAS_1, EPS, FOREACH, LR, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"betas[0]", "betas[1]", "eps", "foreach", "lr", "weight_decay"};

enum { STEP, EXP_AVG, EXP_AVG_SQ, STATES };
static const cer_OptimState states[STATES] = {
    {"step", CER_STATE_TENSOR}, {"exp_avg", CER_STATE_LIKE}, {"exp_avg_sq", CER_STATE_LIKE}};

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    double step = cer_state_count(state[STEP]), beta2 = cer_option(group, BETAS_1), power = pow(beta2, step);
    double rho_inf = 2 / (1 - beta2) - 1, rho = rho_inf - 2 * step * power / (1 - power);
    number[0] = 1 - pow(cer_option(group, BETAS_0), step);
    number[1] = sqrt(1 - power);
    number[2] = rho > 5 ? sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) : 0;
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    double rectification = c->number[2];
    char *m = c->state[EXP_AVG], *v = c->state[EXP_AVG_SQ], *by = c->scratch[1], *rate = c->scratch[2];
    char *d = cer_chunk_gradient(c, false, cer_option(group, WEIGHT_DECAY));
    cer_chunk_average(c, m, d, cer_option(group, BETAS_0));
    cer_chunk_average_squares(c, v, d, cer_option(group, BETAS_1));
    cer_chunk_number(c, KERNEL_div, by, m, c->number[0]);
    cer_chunk_number(c, KERNEL_mul, by, by, cer_option(group, LR));
    if (rectification != 0) {
        cer_chunk_unary(c, KERNEL_sqrt, rate, v);
        cer_chunk_number(c, KERNEL_add, rate, rate, cer_option(group, EPS));
        cer_chunk_unary(c, KERNEL_reciprocal, rate, rate);
        cer_chunk_number(c, KERNEL_mul, rate, rate, c->number[1]);
        cer_chunk_binary(c, KERNEL_mul, by, by, rate);
        cer_chunk_number(c, KERNEL_mul, by, by, rectification);
    }
    cer_chunk_add_scaled(c, c->p, c->p, by, -1);
}

static const cer_OptimClass radam_class = {.name = "RAdam",
                                           .option = option_names,
                                           .n_options = OPTIONS,
                                           .state = states,
                                           .n_states = STATES,
                                           .advance = advance,
                                           .update = update};

optim_RAdamArgs optim_RAdamArgs_defaults(void)
{
    return (optim_RAdamArgs){.struct_size = sizeof(optim_RAdamArgs), .lr = 0.001, .betas = {0.9, 0.999}, .eps = 1e-8};
}

optim_Optimizer *optim_RAdam_new(const optim_RAdamArgs *args)
{
    optim_RAdamArgs a = optim_RAdamArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check_adam("RAdam", a.lr, a.betas, a.eps, a.weight_decay)) return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [BETAS_0] = torch_scalar_double(a.betas[0]),
        [BETAS_1] = torch_scalar_double(a.betas[1]),
        [EPS] = cer_optim_number(a.eps),
        [FOREACH] = torch_scalar_none(),
        [LR] = cer_optim_number(a.lr),
        [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&radam_class, preset, a.params);
}
