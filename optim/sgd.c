/* optim.SGD. */
#include <math.h>
#include <string.h>

#include "optimizer.h"

enum { DAMPENING, DIFFERENTIABLE, FOREACH, LR, MAXIMIZE, MOMENTUM, NESTEROV, WEIGHT_DECAY, OPTIONS };
static const char *const option_names[OPTIONS] = {"dampening", "differentiable", "foreach",  "lr",
                                                  "maximize",  "momentum",       "nesterov", "weight_decay"};
static const char *const state_names[] = {"momentum_buffer"};

static uint32_t wants(const cer_OptimGroup *group)
{
    return cer_option(group, MOMENTUM) != 0;
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    double momentum = cer_option(group, MOMENTUM), weight_decay = cer_option(group, WEIGHT_DECAY);
    char *d = c->g, *buf = c->state[0];
    if (cer_option(group, MAXIMIZE) != 0) {
        cer_chunk_unary(c, KERNEL_neg, c->scratch, d);
        d = c->scratch;
    }
    if (weight_decay != 0) {
        cer_chunk_add_scaled(c, c->scratch, d, c->p, weight_decay);
        d = c->scratch;
    }
    if (momentum != 0) {
        if (c->fresh) {
            cer_chunk_copy(c, buf, d);
        } else {
            cer_chunk_number(c, KERNEL_mul, buf, buf, momentum);
            cer_chunk_add_scaled(c, buf, buf, d, 1 - cer_option(group, DAMPENING));
        }
        if (cer_option(group, NESTEROV) != 0) {
            cer_chunk_add_scaled(c, c->scratch, d, buf, momentum);
            d = c->scratch;
        } else {
            d = buf;
        }
    }
    cer_chunk_add_scaled(c, c->p, c->p, d, -cer_option(group, LR));
}

static const cer_OptimClass sgd_class = {.name = "SGD",
                                         .option = option_names,
                                         .n_options = OPTIONS,
                                         .state = state_names,
                                         .n_states = 1,
                                         .wants = wants,
                                         .update = update};

optim_SGDArgs optim_SGDArgs_defaults(void)
{
    return (optim_SGDArgs){.struct_size = sizeof(optim_SGDArgs), .lr = (double)NAN};
}

static bool invalid(const char *what, double value)
{
    const char *text = torch_repr(value);
    return cer_raise(TORCH_VALUE_ERROR, "SGD", "Invalid %s: %s", what, text ? text : "");
}

static bool check(const optim_SGDArgs *a)
{
    if (a->lr < 0) return invalid("learning rate", a->lr);
    if (a->momentum < 0) return invalid("momentum value", a->momentum);
    if (a->weight_decay < 0) return invalid("weight_decay value", a->weight_decay);
    return !a->nesterov || (a->momentum > 0 && a->dampening == 0) ||
           cer_raise(TORCH_VALUE_ERROR, "SGD", "Nesterov momentum requires a momentum and zero dampening");
}

optim_Optimizer *optim_SGD_new(const optim_SGDArgs *args)
{
    optim_SGDArgs a = optim_SGDArgs_defaults();
    if (args) memcpy(&a, args, args->struct_size < sizeof a ? args->struct_size : sizeof a);
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
