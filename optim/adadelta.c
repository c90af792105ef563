/* optim.Adadelta. */

#include "optimizer.h"

enum { EPS, FOREACH, LR, MAXIMIZE, RHO, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"eps", "foreach", "lr", "maximize", "rho", "weight_decay"};

enum { STEP, SQUARE_AVG, ACC_DELTA, STATES };
static const cer_OptimState states[STATES] = {
    {"step", CER_STATE_INT}, {"square_avg", CER_STATE_LIKE}, {"acc_delta", CER_STATE_LIKE}};

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    (void)group, (void)number;
    cer_state_count(state[STEP]);
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    double rho = cer_option(group, RHO), eps = cer_option(group, EPS);
    char *v = c->state[SQUARE_AVG], *u = c->state[ACC_DELTA], *root = c->scratch[1], *by = c->scratch[2];
    char *d = cer_chunk_gradient(c, cer_option(group, MAXIMIZE) != 0, cer_option(group, WEIGHT_DECAY));
    cer_chunk_average_squares(c, v, d, rho);
    cer_chunk_number(c, KERNEL_add, root, v, eps);
    cer_chunk_unary(c, KERNEL_sqrt, root, root);
    cer_chunk_number(c, KERNEL_add, by, u, eps);
    cer_chunk_unary(c, KERNEL_sqrt, by, by);
    cer_chunk_binary(c, KERNEL_div, by, by, root);
    cer_chunk_binary(c, KERNEL_mul, by, by, d);
    cer_chunk_average_squares(c, u, by, rho);
    cer_chunk_add_scaled(c, c->p, c->p, by, -cer_option(group, LR));
}

static const cer_OptimClass adadelta_class = {.name = "Adadelta",
                                              .option = option_names,
                                              .n_options = OPTIONS,
                                              .state = states,
                                              .n_states = STATES,
                                              .advance = advance,
                                              .update = update};

optim_AdadeltaArgs optim_AdadeltaArgs_defaults(void)
{
    return (optim_AdadeltaArgs){.struct_size = sizeof(optim_AdadeltaArgs), .lr = 1.0, .rho = 0.9, .eps = 1e-6};
}

optim_Optimizer *optim_Adadelta_new(const optim_AdadeltaArgs *args)
{
    optim_AdadeltaArgs a = optim_AdadeltaArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check("Adadelta", a.lr >= 0, "learning rate", a.lr) ||
        !cer_optim_check("Adadelta", a.rho >= 0 && a.rho <= 1, "rho value", a.rho) ||
        !cer_optim_check("Adadelta", a.eps >= 0, "epsilon value", a.eps) ||
        !cer_optim_check("Adadelta", a.weight_decay >= 0, "weight_decay value", a.weight_decay))
        return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [EPS] = cer_optim_number(a.eps), [FOREACH] = torch_scalar_none(),
        [LR] = cer_optim_number(a.lr),   [MAXIMIZE] = torch_scalar_bool(a.maximize),
        [RHO] = cer_optim_number(a.rho), [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&adadelta_class, preset, a.params);
}
