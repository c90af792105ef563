/* optim.Adagrad. */

#include "optimizer.h"

enum { EPS, FOREACH, INITIAL_ACCUMULATOR_VALUE, LR, LR_DECAY, MAXIMIZE, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {
    "eps", "foreach", "initial_accumulator_value", "lr", "lr_decay", "maximize", "weight_decay"};

enum { STEP, SUM, STATES };
static const cer_OptimState states[STATES] = {{"step", CER_STATE_TENSOR}, {"sum", CER_STATE_LIKE}};

static void start(const cer_OptimGroup *group, double *initial)
{
    initial[SUM] = cer_option(group, INITIAL_ACCUMULATOR_VALUE);
}

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    double step = cer_state_count(state[STEP]);
    number[0] = cer_option(group, LR) / (1 + (step - 1) * cer_option(group, LR_DECAY));
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    char *sum = c->state[SUM], *root = c->scratch[1];
    char *d = cer_chunk_gradient(c, cer_option(group, MAXIMIZE) != 0, cer_option(group, WEIGHT_DECAY));
    cer_chunk_addc(c, KERNEL_addcmul, sum, sum, d, d, 1);
    cer_chunk_unary(c, KERNEL_sqrt, root, sum);
    cer_chunk_number(c, KERNEL_add, root, root, cer_option(group, EPS));
    cer_chunk_addc(c, KERNEL_addcdiv, c->p, c->p, d, root, -c->number[0]);
}

static const cer_OptimClass adagrad_class = {.name = "Adagrad",
                                             .option = option_names,
                                             .n_options = OPTIONS,
                                             .state = states,
                                             .n_states = STATES,
                                             .at_once = true,
                                             .start = start,
                                             .advance = advance,
                                             .update = update};

optim_AdagradArgs optim_AdagradArgs_defaults(void)
{
    return (optim_AdagradArgs){.struct_size = sizeof(optim_AdagradArgs), .lr = 0.01, .eps = 1e-10};
}

optim_Optimizer *optim_Adagrad_new(const optim_AdagradArgs *args)
{
    optim_AdagradArgs a = optim_AdagradArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check("Adagrad", a.lr >= 0, "learning rate", a.lr) ||
        !cer_optim_check("Adagrad", a.lr_decay >= 0, "lr_decay value", a.lr_decay) ||
        !cer_optim_check("Adagrad", a.weight_decay >= 0, "weight_decay value", a.weight_decay) ||
        !cer_optim_check("Adagrad", a.initial_accumulator_value >= 0, "initial_accumulator_value value",
                         a.initial_accumulator_value) ||
        !cer_optim_check("Adagrad", a.eps >= 0, "epsilon value", a.eps))
        return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [EPS] = cer_optim_number(a.eps),
        [FOREACH] = torch_scalar_none(),
        [INITIAL_ACCUMULATOR_VALUE] = cer_optim_number(a.initial_accumulator_value),
        [LR] = cer_optim_number(a.lr),
        [LR_DECAY] = cer_optim_number(a.lr_decay),
        [MAXIMIZE] = torch_scalar_bool(a.maximize),
        [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&adagrad_class, preset, a.params);
}
