/* Checkpoints, by hooks of saved tensors (PyTorch's use_reentrant=False): the first run gives each saved tensor a number; the
 * second, when backward asks for the first of them, fills in the values by number. */
#include <string.h>

#include "autograd/checkpoint.h"
#include "core/op.h"
#include "core/random.h"

typedef struct Checkpoint Checkpoint;

typedef struct Holder { /* what a node keeps in place of a tensor */
    Checkpoint *of;
    int64_t number;
    Tensor *value; /* after the second run; one reference */
} Holder;

struct Checkpoint {
    int64_t users; /* holders, and the first run while it lasts */
    torch_CheckpointArgs args;
    Tensor **in;       /* retained */
    Tensor *rng_state; /* retained; NULL: not preserved */
    Holder **holder;   /* by number; NULL once its node dropped it */
    int64_t n_holders, capacity, n_values, counter;
};

static void checkpoint_release(Checkpoint *c)
{
    if (--c->users) return;
    for (int64_t i = 0; i < c->args.n_inputs; i++) torch_release(c->in[i]);
    torch_release(c->rng_state);
    cer_free(c->in, (size_t)c->args.n_inputs * sizeof *c->in);
    cer_free(c->holder, (size_t)c->capacity * sizeof *c->holder);
    cer_free(c, sizeof *c);
}

/* ---- the first run ----------------------------------------------------------------------------------------------- */

static void *pack(Tensor *t, void *data)
{
    (void)t;
    Checkpoint *c = data;
    if (c->n_holders == c->capacity) {
        int64_t more = c->capacity ? c->capacity * 2 : 16;
        Holder **moved = cer_grow(c->holder, (size_t)c->capacity * sizeof *moved, (size_t)more * sizeof *moved);
        if (!moved) return cer_raise_memory("checkpoint", (double)more * sizeof *moved), NULL;
        c->holder = moved;
        c->capacity = more;
    }
    Holder *h = cer_alloc(sizeof *h);
    if (!h) return cer_raise_memory("checkpoint", sizeof *h), NULL;
    *h = (Holder){c, c->n_holders, NULL};
    c->holder[c->n_holders++] = h;
    c->users++;
    return h;
}

static void drop(void *packed, void *data)
{
    (void)data;
    Holder *h = packed;
    if (!h) return; /* there was no memory for it */
    Checkpoint *c = h->of;
    c->holder[h->number] = NULL;
    if (h->value) c->n_values--;
    torch_release(h->value);
    cer_free(h, sizeof *h);
    checkpoint_release(c);
}

/* ---- the second run ---------------------------------------------------------------------------------------------- */

static void *fill(Tensor *t, void *data)
{
    Checkpoint *c = data;
    int64_t i = c->counter++;
    Holder *h = i < c->n_holders ? c->holder[i] : NULL;
    if (h && !h->value && (h->value = torch_retain(torch_detach(t)))) c->n_values++;
    return NULL;
}

static Tensor *unpack_nothing(void *packed, void *data)
{
    (void)packed, (void)data;
    cer_raise(TORCH_RUNTIME_ERROR, "checkpoint",
              "You are calling backwards on a tensor that is never exposed. Please open an issue.");
    return NULL;
}

static void run_again(Checkpoint *c)
{
    torch_scope();
    Tensor **out = (Tensor **)(void *)cer_pool_string((size_t)c->args.n_outputs * sizeof *out);
    Tensor *now = c->rng_state ? torch_get_rng_state() : NULL;
    if (!out || (c->rng_state && torch_set_rng_state(c->rng_state))) return;
    memset(out, 0, (size_t)c->args.n_outputs * sizeof *out);
    bool before = torch_set_grad_enabled(true);
    {
        torch_SavedTensorsHooks hooks = {fill, unpack_nothing, NULL, c, NULL};
        torch_saved_tensors_hooks_enter(&hooks);
        c->counter = 0;
        c->args.function(c->in, c->args.n_inputs, out, c->args.data);
        torch_saved_tensors_hooks_leave(&hooks);
    }
    torch_set_grad_enabled(before);
    if (now && !cer_error_pending()) torch_set_rng_state(now);
}

static Tensor *unpack(void *packed, void *data)
{
    (void)data;
    Holder *h = packed;
    Checkpoint *c = h->of;
    c->users++; /* the second run might end the last node */
    if (!c->n_values) run_again(c);
    Tensor *value = h->value;
    if (!value)
        cer_raise(TORCH_RUNTIME_ERROR, "checkpoint",
                  "Attempt to retrieve a tensor saved by autograd multiple times without checkpoint recomputation "
                  "being triggered in between, this is not currently supported. Please open an issue with details on "
                  "your use case so that we can prioritize adding this.");
    checkpoint_release(c);
    return value;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

torch_CheckpointArgs torch_CheckpointArgs_defaults(void)
{
    return (torch_CheckpointArgs){
        .struct_size = sizeof(torch_CheckpointArgs), .n_outputs = 1, .preserve_rng_state = true};
}

static Checkpoint *checkpoint_new(const torch_CheckpointArgs *a)
{
    for (int64_t i = 0; i < a->n_inputs; i++)
        if (a->inputs[i] && !cer_usable(a->inputs[i], "checkpoint", (int)i + 1)) return NULL;
    Checkpoint *c = cer_alloc(sizeof *c);
    if (!c) return cer_raise_memory("checkpoint", sizeof *c), NULL;
    *c = (Checkpoint){.users = 1, .args = *a};
    c->args.inputs = NULL;
    size_t bytes = (size_t)a->n_inputs * sizeof *c->in;
    c->in = cer_alloc(bytes);
    if (!c->in) {
        cer_free(c, sizeof *c);
        return cer_raise_memory("checkpoint", (double)bytes), NULL;
    }
    for (int64_t i = 0; i < a->n_inputs; i++) c->in[i] = torch_retain(a->inputs[i]);
    if (a->preserve_rng_state) {
        torch_scope();
        c->rng_state = torch_retain(torch_get_rng_state());
    }
    if (!cer_error_pending()) return c;
    checkpoint_release(c);
    return NULL;
}

Tensor *torch_checkpoint_args(const torch_CheckpointArgs *a)
{
    for (int64_t k = 1; a->others && k < a->n_outputs; k++) a->others[k - 1] = NULL;
    if (cer_error_pending()) return NULL;
    if (!a->function || a->n_inputs < 0 || a->n_outputs < 1)
        return cer_raise(TORCH_TYPE_ERROR, "checkpoint", "'NoneType' object is not callable"), NULL;
    size_t bytes = (size_t)a->n_outputs * sizeof(Tensor *);
    Tensor **out = cer_alloc(bytes);
    if (!out) return cer_raise_memory("checkpoint", (double)bytes), NULL;
    memset(out, 0, bytes);
    Checkpoint *c = checkpoint_new(a);
    if (c) {
        torch_SavedTensorsHooks hooks = {pack, unpack, drop, c, NULL};
        torch_saved_tensors_hooks_enter(&hooks);
        a->function(a->inputs, a->n_inputs, out, a->data);
        torch_saved_tensors_hooks_leave(&hooks);
        checkpoint_release(c);
    }
    bool fine = !cer_error_pending();
    for (int64_t k = 1; fine && a->others && k < a->n_outputs; k++) a->others[k - 1] = out[k];
    Tensor *first = fine ? out[0] : NULL;
    cer_free(out, bytes);
    return first;
}
