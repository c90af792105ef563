/* optim.RMSprop. */

#include "optimizer.h"

enum { ALPHA, CENTERED, DIFFERENTIABLE, EPS, FOREACH, LR, MAXIMIZE, MOMENTUM, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"alpha", "centered", "differentiable", "eps",         "foreach",
                                                  "lr",    "maximize", "momentum",       "weight_decay"};

enum { STEP, SQUARE_AVG, MOMENTUM_BUFFER, GRAD_AVG, STATES };
static const cer_OptimState states[STATES] = {{"step", CER_STATE_INT},
                                              {"square_avg", CER_STATE_LIKE},
                                              {"momentum_buffer", CER_STATE_LIKE},
                                              {"grad_avg", CER_STATE_LIKE}};

static uint32_t wants(const cer_OptimGroup *group)
{
    return 3u | (cer_option(group, MOMENTUM) > 0) << MOMENTUM_BUFFER | (cer_option(group, CENTERED) != 0) << GRAD_AVG;
}

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    (void)group, (void)number;
    cer_state_count(state[STEP]);
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    double alpha = cer_option(group, ALPHA), momentum = cer_option(group, MOMENTUM), lr = cer_option(group, LR);
    char *v = c->state[SQUARE_AVG], *mean = c->state[GRAD_AVG], *buf = c->state[MOMENTUM_BUFFER], *root = c->scratch[1];
    char *d = cer_chunk_gradient(c, cer_option(group, MAXIMIZE) != 0, cer_option(group, WEIGHT_DECAY));
    cer_chunk_average_squares(c, v, d, alpha);
    if (cer_option(group, CENTERED) != 0) {
        cer_chunk_average(c, mean, d, alpha);
        cer_chunk_addc(c, KERNEL_addcmul, root, v, mean, mean, -1);
        v = root;
    }
    cer_chunk_unary(c, KERNEL_sqrt, root, v);
    cer_chunk_number(c, KERNEL_add, root, root, cer_option(group, EPS));
    if (momentum > 0) {
        cer_chunk_number(c, KERNEL_mul, buf, buf, momentum);
        cer_chunk_addc(c, KERNEL_addcdiv, buf, buf, d, root, 1);
        cer_chunk_add_scaled(c, c->p, c->p, buf, -lr);
    } else {
        cer_chunk_addc(c, KERNEL_addcdiv, c->p, c->p, d, root, -lr);
    }
}

static const cer_OptimClass rmsprop_class = {.name = "RMSprop",
                                             .option = option_names,
                                             .n_options = OPTIONS,
                                             .state = states,
                                             .n_states = STATES,
                                             .wants = wants,
                                             .advance = advance,
                                             .update = update};

optim_RMSpropArgs optim_RMSpropArgs_defaults(void)
{
    return (optim_RMSpropArgs){.struct_size = sizeof(optim_RMSpropArgs), .lr = 0.01, .alpha = 0.99, .eps = 1e-8};
}

optim_Optimizer *optim_RMSprop_new(const optim_RMSpropArgs *args)
{
    optim_RMSpropArgs a = optim_RMSpropArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check("RMSprop", a.lr >= 0, "learning rate", a.lr) ||
        !cer_optim_check("RMSprop", a.eps >= 0, "epsilon value", a.eps) ||
        !cer_optim_check("RMSprop", a.momentum >= 0, "momentum value", a.momentum) ||
        !cer_optim_check("RMSprop", a.weight_decay >= 0, "weight_decay value", a.weight_decay) ||
        !cer_optim_check("RMSprop", a.alpha >= 0, "alpha value", a.alpha))
        return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [ALPHA] = cer_optim_number(a.alpha),
        [CENTERED] = torch_scalar_bool(a.centered),
        [DIFFERENTIABLE] = torch_scalar_bool(false),
        [EPS] = cer_optim_number(a.eps),
        [FOREACH] = torch_scalar_none(),
        [LR] = cer_optim_number(a.lr),
        [MAXIMIZE] = torch_scalar_bool(a.maximize),
        [MOMENTUM] = cer_optim_number(a.momentum),
        [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&rmsprop_class, preset, a.params);
}
