/* optim.SGD. */
#include <math.h>

#include "optimizer.h"

enum { DAMPENING, DIFFERENTIABLE, FOREACH, LR, MAXIMIZE, MOMENTUM, NESTEROV, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"dampening", "differentiable", "foreach",  "lr",
                                                  "maximize",  "momentum",       "nesterov", "weight_decay"};
static const cer_OptimState states[] = {{"momentum_buffer", CER_STATE_LIKE}};

static uint32_t wants(const cer_OptimGroup *group)
{
    return cer_option(group, MOMENTUM) != 0;
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    double momentum = cer_option(group, MOMENTUM);
    char *buf = c->state[0],
         *d = cer_chunk_gradient(c, cer_option(group, MAXIMIZE) != 0, cer_option(group, WEIGHT_DECAY));
    if (momentum != 0) {
        if (c->fresh) {
            cer_chunk_copy(c, buf, d);
        } else {
            cer_chunk_number(c, KERNEL_mul, buf, buf, momentum);
            cer_chunk_add_scaled(c, buf, buf, d, 1 - cer_option(group, DAMPENING));
        }
        if (cer_option(group, NESTEROV) != 0) {
            cer_chunk_add_scaled(c, c->scratch[0], d, buf, momentum);
            d = c->scratch[0];
        } else {
            d = buf;
        }
    }
    cer_chunk_add_scaled(c, c->p, c->p, d, -cer_option(group, LR));
}

static const cer_OptimClass sgd_class = {.name = "SGD",
                                         .option = option_names,
                                         .n_options = OPTIONS,
                                         .state = states,
                                         .n_states = 1,
                                         .wants = wants,
                                         .update = update};

optim_SGDArgs optim_SGDArgs_defaults(void)
{
    return (optim_SGDArgs){.struct_size = sizeof(optim_SGDArgs), .lr = (double)NAN};
}

static bool check(const optim_SGDArgs *a)
{
    if (!cer_optim_check("SGD", !(a->lr < 0), "learning rate", a->lr) ||
        !cer_optim_check("SGD", !(a->momentum < 0), "momentum value", a->momentum) ||
        !cer_optim_check("SGD", !(a->weight_decay < 0), "weight_decay value", a->weight_decay))
        return false;
    return !a->nesterov || (a->momentum > 0 && a->dampening == 0) ||
           cer_raise(TORCH_VALUE_ERROR, "SGD", "Nesterov momentum requires a momentum and zero dampening");
}

optim_Optimizer *optim_SGD_new(const optim_SGDArgs *args)
{
    optim_SGDArgs a = optim_SGDArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending() || !check(&a)) return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [DAMPENING] = cer_optim_number(a.dampening),
        [DIFFERENTIABLE] = torch_scalar_bool(false),
        [FOREACH] = torch_scalar_none(),
        [LR] = isnan(a.lr) ? torch_scalar_none() : torch_scalar_double(a.lr),
        [MAXIMIZE] = torch_scalar_bool(a.maximize),
        [MOMENTUM] = cer_optim_number(a.momentum),
        [NESTEROV] = torch_scalar_bool(a.nesterov),
        [WEIGHT_DECAY] = cer_optim_number(a.weight_decay),
    };
    return cer_optimizer_new(&sgd_class, preset, a.params);
}
