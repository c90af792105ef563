/* The gradient of max_pool, and its gradient. */
#include "ops/pooling.h"

/* Elements of the pooled size put where their indices say, or picked from there: each is the other's gradient. */
static bool move(cer_Call *c, int how)
{
    const cer_PoolAttrs *a = c->attrs;
    int64_t mark = cer_context()->pool.length;
    const Tensor *index = cer_plain(c->in[1].as.t, torch_int64);
    bool fine = index && cer_pool_move(c, index, cer_volume(a->window.out), cer_volume(a->window.in), how);
    cer_pool_unwind(cer_context(), mark);
    return fine;
}

static bool put_kernel(cer_Call *c)
{
    return move(c, CER_PUT_ADD);
}

static bool pick_kernel(cer_Call *c)
{
    return move(c, CER_PICK);
}

static void put_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call2(&cer_op_max_pool_pick, g[0], cer_saved_tensor(n, 1), cer_attrs(n));
}

static void pick_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    in[0] = cer_call2(&cer_op_max_pool_backward, g[0], cer_saved_tensor(n, 1), cer_attrs(n));
}

const cer_Op cer_op_max_pool_backward = {.name = "max_pool2d_with_indices_backward",
                                         .grad_name = "MaxPool2DWithIndicesBackwardBackward0",
                                         .shape = cer_unpooled_shape,
                                         .kernel = put_kernel,
                                         .vjp = put_vjp,
                                         .saves = {CER_SAVE(1)},
                                         .n_outputs = 1,
                                         .attrs_bytes = sizeof(cer_PoolAttrs)};
const cer_Op cer_op_max_pool_pick = {.name = "max_pool_pick",
                                     .grad_name = "ViewBackward0",
                                     .shape = cer_pooled_shape,
                                     .kernel = pick_kernel,
                                     .vjp = pick_vjp,
                                     .saves = {CER_SAVE(1)},
                                     .n_outputs = 1,
                                     .attrs_bytes = sizeof(cer_PoolAttrs)};
