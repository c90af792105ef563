/* optim.ASGD. */
#include <math.h>

#include "optimizer.h"

enum { ALPHA, FOREACH, LAMBD, LR, MAXIMIZE, T0, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"alpha", "foreach", "lambd", "lr", "maximize", "t0", "weight_decay"};

enum { STEP, ETA, MU, AX, STATES };
static const cer_OptimState states[STATES] = {
    {"step", CER_STATE_TENSOR}, {"eta", CER_STATE_TENSOR}, {"mu", CER_STATE_TENSOR}, {"ax", CER_STATE_LIKE}};

static void start(const cer_OptimGroup *group, double *initial)
{
    initial[ETA] = cer_option(group, LR);
    initial[MU] = 1;
}

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    double step = cer_state_count(state[STEP]), lr = cer_option(group, LR), past = step - cer_option(group, T0);
    number[0] = cer_state_get(state[ETA]);
    number[1] = cer_state_get(state[MU]);
    double eta = lr / pow(1 + cer_option(group, LAMBD) * lr * step, cer_option(group, ALPHA));
    cer_state_set(state[ETA], (double)(float)eta);
    cer_state_set(state[MU], (double)(float)(1 / (past > 1 ? past : 1)));
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    double eta = c->number[0], mu = c->number[1];
    char *ax = c->state[AX], *by = c->scratch[1];
    char *d = cer_chunk_gradient(c, cer_option(group, MAXIMIZE) != 0, cer_option(group, WEIGHT_DECAY));
    cer_chunk_number(c, KERNEL_mul, c->p, c->p, 1 - cer_option(group, LAMBD) * eta);
    cer_chunk_add_scaled(c, c->p, c->p, d, -eta);
    if (mu != 1) {
        cer_chunk_binary(c, KERNEL_sub, by, c->p, ax);
        cer_chunk_number(c, KERNEL_mul, by, by, mu);
        cer_chunk_binary(c, KERNEL_add, ax, ax, by);
    } else {
        cer_chunk_copy(c, ax, c->p);
    }
}

static const cer_OptimClass asgd_class = {.name = "ASGD",
                                          .option = option_names,
                                          .n_options = OPTIONS,
                                          .state = states,
                                          .n_states = STATES,
                                          .start = start,
                                          .advance = advance,
                                          .update = update};

optim_ASGDArgs optim_ASGDArgs_defaults(void)
{
    return (optim_ASGDArgs){.struct_size = sizeof(optim_ASGDArgs), .lr = 0.01, .lambd = 1e-4, .alpha = 0.75, .t0 = 1e6};
}

optim_Optimizer *optim_ASGD_new(const optim_ASGDArgs *args)
{
    optim_ASGDArgs a = optim_ASGDArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check("ASGD", a.lr >= 0, "learning rate", a.lr) ||
        !cer_optim_check("ASGD", a.weight_decay >= 0, "weight_decay value", a.weight_decay))
        return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [ALPHA] = cer_optim_number(a.alpha),
        [FOREACH] = torch_scalar_none(),
        [LAMBD] = cer_optim_number(a.lambd),
        [LR] = cer_optim_number(a.lr),
        [MAXIMIZE] = torch_scalar_bool(a.maximize),
        [T0] = cer_optim_number(a.t0),
        [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&asgd_class, preset, a.params);
}
