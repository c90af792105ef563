/* optim.Rprop. */

#include "optimizer.h"

enum { ETAS_0, ETAS_1, FOREACH, LR, MAXIMIZE, STEP_SIZES_0, STEP_SIZES_1, OPTIONS };
static const char *const option_names[OPTIONS] = {"etas[0]",  "etas[1]",       "foreach",      "lr",
                                                  "maximize", "step_sizes[0]", "step_sizes[1]"};

enum { STEP, PREV, STEP_SIZE, STATES };
static const cer_OptimState states[STATES] = {
    {"step", CER_STATE_INT}, {"prev", CER_STATE_LIKE}, {"step_size", CER_STATE_LIKE}};

static void start(const cer_OptimGroup *group, double *initial)
{
    initial[STEP_SIZE] = cer_option(group, LR);
}

static void advance(const cer_OptimGroup *group, Tensor *const *state, double *number)
{
    (void)group, (void)number;
    cer_state_count(state[STEP]);
}

#define RPROP(type)                                                                                                   \
    static void update_##type(int64_t n, const cer_OptimGroup *group, type *p, const type *g, type *prev, type *size) \
    {                                                                                                                 \
        type minus = (type)cer_option(group, ETAS_0), plus = (type)cer_option(group, ETAS_1);                         \
        type low = (type)cer_option(group, STEP_SIZES_0), high = (type)cer_option(group, STEP_SIZES_1);               \
        type way = cer_option(group, MAXIMIZE) != 0 ? -1 : 1;                                                         \
        for (int64_t i = 0; i < n; i++) {                                                                             \
            type d = way * g[i], product = d * prev[i], scaled = size[i];                                             \
            scaled *= product > 0 ? plus : product < 0 ? minus : 1;                                                   \
            scaled = scaled < low ? low : scaled;                                                                     \
            size[i] = scaled > high ? high : scaled;                                                                  \
            if (product < 0) d = 0;                                                                                   \
            p[i] -= d > 0 ? size[i] : d < 0 ? -size[i] : 0;                                                           \
            prev[i] = d;                                                                                              \
        }                                                                                                             \
    }
RPROP(float)
RPROP(double)
#undef RPROP

static void update_half(const cer_OptimGroup *group, const cer_Chunk *c)
{
    float p[CER_CHUNK], g[CER_CHUNK], prev[CER_CHUNK], size[CER_CHUNK];
    cer_chunk_widen(c, p, c->p);
    cer_chunk_widen(c, g, c->g);
    cer_chunk_widen(c, prev, c->state[PREV]);
    cer_chunk_widen(c, size, c->state[STEP_SIZE]);
    update_float(c->n, group, p, g, prev, size);
    cer_chunk_narrow(c, c->p, p);
    cer_chunk_narrow(c, c->state[PREV], prev);
    cer_chunk_narrow(c, c->state[STEP_SIZE], size);
}

static void update(const cer_OptimGroup *group, const cer_Chunk *c)
{
    void *p = c->p, *g = c->g, *prev = c->state[PREV], *size = c->state[STEP_SIZE];
    if (c->dtype == torch_float64)
        update_double(c->n, group, p, g, prev, size);
    else if (c->dtype == torch_float32)
        update_float(c->n, group, p, g, prev, size);
    else
        update_half(group, c);
}

static bool check_etas(const double *etas)
{
    if (etas[0] > 0 && etas[0] < 1 && etas[1] > 1) return true;
    const char *minus = torch_repr(etas[0]), *plus = torch_repr(etas[1]);
    return cer_raise(TORCH_VALUE_ERROR, "Rprop", "Invalid eta values: %s, %s", minus ? minus : "", plus ? plus : "");
}

static const cer_OptimClass rprop_class = {.name = "Rprop",
                                           .option = option_names,
                                           .n_options = OPTIONS,
                                           .state = states,
                                           .n_states = STATES,
                                           .start = start,
                                           .advance = advance,
                                           .update = update};

optim_RpropArgs optim_RpropArgs_defaults(void)
{
    return (optim_RpropArgs){
        .struct_size = sizeof(optim_RpropArgs), .lr = 0.01, .etas = {0.5, 1.2}, .step_sizes = {1e-6, 50}};
}

optim_Optimizer *optim_Rprop_new(const optim_RpropArgs *args)
{
    optim_RpropArgs a = optim_RpropArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!cer_optim_check("Rprop", a.lr >= 0, "learning rate", a.lr) || !check_etas(a.etas)) return NULL;
    const torch_Scalar preset[OPTIONS] = {
        [ETAS_0] = torch_scalar_double(a.etas[0]),
        [ETAS_1] = torch_scalar_double(a.etas[1]),
        [FOREACH] = torch_scalar_none(),
        [LR] = cer_optim_number(a.lr),
        [MAXIMIZE] = torch_scalar_bool(a.maximize),
        [STEP_SIZES_0] = torch_scalar_double(a.step_sizes[0]),
        [STEP_SIZES_1] = a.step_sizes[1] == 50 ? torch_scalar_int(50) : torch_scalar_double(a.step_sizes[1]),
    };
    return cer_optimizer_new(&rprop_class, preset, a.params);
}
