/* Saved tensors on their way into a node and out of it: pack hooks, and the check that nobody changed them meanwhile. */
#include <stdio.h>

#include "impl.h"

typedef struct Packed { /* what a pack hook made of a tensor */
    void *packed;
    Tensor *(*unpack)(void *packed, void *data);
    void (*end)(void *packed, void *data);
    void *data;
} Packed;

static Packed *packed_of(const torch_Scalar *s)
{
    return (Packed *)s->as.t;
}

void torch_saved_tensors_hooks_enter(torch_SavedTensorsHooks *hooks)
{
    torch_Context *c = cer_context();
    hooks->before = c->saved_hooks;
    c->saved_hooks = hooks;
    c->watch |= CER_WATCH_SAVED;
}

void torch_saved_tensors_hooks_leave(torch_SavedTensorsHooks *hooks)
{
    torch_Context *c = cer_context();
    c->saved_hooks = hooks->before;
    if (!c->saved_hooks) c->watch &= (uint8_t)~CER_WATCH_SAVED;
}

/* A hook's own ops are not recorded, and its saved tensors not packed. */
typedef struct Quiet {
    bool grad;
    uint8_t watch;
} Quiet;

static Quiet quiet(torch_Context *c)
{
    Quiet before = {!c->no_grad, c->watch};
    cer_set_grad(c, false);
    c->watch &= (uint8_t)~CER_WATCH_SAVED;
    return before;
}

static void loud(torch_Context *c, Quiet before)
{
    cer_set_grad(c, before.grad);
    c->watch = before.watch;
}

bool cer_pack(torch_Scalar *s)
{
    torch_Context *c = cer_context();
    const torch_SavedTensorsHooks *h = c->saved_hooks;
    Packed *p = cer_alloc(sizeof *p);
    if (!p) return cer_raise_memory("saved_tensors_hooks", sizeof *p);
    Tensor *t = s->as.t;
    uint32_t version = cer_version(t);
    Quiet before = quiet(c);
    *p = (Packed){h->pack(t, h->data), h->unpack, h->end, h->data};
    loud(c, before);
    bool changed = cer_version(t) != version;
    s->kind = CER_KIND_PACKED;
    s->as.t = (Tensor *)p;
    cer_release(t);
    if (!changed) return !c->code;
    return cer_raise(TORCH_RUNTIME_ERROR, "saved_tensors_hooks",
                     "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook "
                     "can not be modified by in-place operations as this can lead to unexpected side-effects. Please "
                     "open an issue if you need to perform in-place operations on the input to a pack hook.");
}

void cer_unsave(torch_Scalar *s)
{
    if (s->kind == TORCH_KIND_TENSOR) {
        Tensor *t = s->as.t;
        s->kind = TORCH_KIND_NONE;
        cer_release(t);
    } else if (s->kind == CER_KIND_PACKED) {
        Packed *p = packed_of(s);
        s->kind = TORCH_KIND_NONE;
        if (p->end) p->end(p->packed, p->data);
        cer_free(p, sizeof *p);
    }
}

Tensor *cer_twin(const Tensor *of, cer_Node *made_by, uint32_t output)
{
    torch_Context *c = cer_context();
    if (!cer_pool_reserve(c, 1)) return NULL;
    Tensor *t = cer_alias(of);
    if (!t) {
        cer_raise_memory("alias", sizeof *t);
        return NULL;
    }
    cer_node_retain(made_by);
    t->node = made_by;
    t->output = output;
    t->flags |= CER_REQUIRES_GRAD;
    cer_pool_put(c, t);
    return t;
}

static torch_Scalar changed(const char *op, const Tensor *t, uint32_t expected, const cer_Node *maker, uint32_t output)
{
    char shape[256], from[128] = "";
    if (maker) snprintf(from, sizeof from, ", which is output %u of %s,", output, cer_grad_name(maker));
    bool told = cer_context()->watch & CER_WATCH_ANOMALY;
    cer_raise(TORCH_RUNTIME_ERROR, op,
              "one of the variables needed for gradient computation has been modified by an inplace operation: "
              "[torch.%sTensor %s]%s is at version %u; expected version %u instead. Hint: %s",
              cer_type_name(t->dtype), cer_shape_text(t->ndim, t->shape, shape, sizeof shape), from, cer_version(t),
              expected,
              told ? "the backtrace further above shows the operation that failed to compute its gradient. The "
                     "variable in question was changed in there or anywhere later. Good luck!"
                   : "enable anomaly detection to find the operation that failed to compute its gradient, with "
                     "torch.autograd.set_detect_anomaly(True).");
    return torch_scalar_none();
}

torch_Scalar cer_unpack(const char *op, torch_Scalar s, cer_Node *made_by, uint32_t output, bool is_output)
{
    torch_Context *c = cer_context();
    if (s.kind == TORCH_KIND_TENSOR && s.version != cer_version(s.as.t)) {
        const cer_Node *maker = is_output ? made_by : s.as.t->node;
        if (!is_output) output = s.as.t->output;
        return changed(op, s.as.t, s.version, maker && !maker->leaf ? maker : NULL, output);
    }
    if (s.kind != CER_KIND_PACKED) return s;
    const Packed *p = packed_of(&s);
    Quiet before = quiet(c);
    Tensor *t = p->unpack(p->packed, p->data);
    loud(c, before);
    if (!t)
        cer_raise(TORCH_TYPE_ERROR, op,
                  "Output of saved tensor unpack_hook expected to be a Tensor but got result of type NoneType");
    if (c->code || !cer_usable(t, op, 1)) return torch_scalar_none();
    if (made_by && !c->grad_off && t->node != made_by) t = cer_twin(t, made_by, output);
    return t ? torch_scalar_tensor(t) : torch_scalar_none();
}
