/* Graph nodes: making them, what they saved, and their end, which never recurses. */
#include <string.h>

#include "impl.h"

/* One block: the node, its edges, outputs, saved values and attributes. */
cer_Node *cer_node_new(const cer_Op *op, int64_t n_in, int64_t n_out, uint16_t saves, const void *attrs,
                       size_t attrs_bytes)
{
    int n_saved = cer_count_bits(saves);
    size_t edges = sizeof(cer_Node), outputs = edges + (size_t)n_in * sizeof(cer_Edge),
           saved = outputs + (size_t)n_out * sizeof(cer_Output),
           attributes = saved + (size_t)n_saved * sizeof(torch_Scalar), bytes = attributes + attrs_bytes;
    char *block = cer_alloc(bytes);
    if (!block) return NULL;
    cer_Thread *thread = cer_thread();
    cer_Node *n = (cer_Node *)block;
    atomic_init(&n->refs, 1);
    n->shared = n->freed = n->wanted = n->captured = n->traced = n->with_number = n->special = false;
    n->n_saved = (uint8_t)n_saved;
    n->n_inputs = (uint32_t)n_in;
    n->n_outputs = (uint32_t)n_out;
    n->dependencies = 0;
    n->epoch = 0;
    n->sequence = thread->sequence++;
    n->op = op;
    n->leaf = NULL;
    n->next = NULL;
    n->hooks = NULL;
    n->inner = NULL;
    n->bytes = bytes;
    n->saves = saves;
    n->edges = (cer_Edge *)(block + edges);
    n->outputs = (cer_Output *)(block + outputs);
    n->saved = (torch_Scalar *)(block + saved);
    n->attrs = block + attributes;
    for (int64_t i = 0; i < n_in; i++) n->edges[i].node = NULL;
    for (int64_t k = 0; k < n_out; k++) n->outputs[k].gradient = NULL;
    for (int i = 0; i < n_saved; i++) n->saved[i].kind = TORCH_KIND_NONE;
    if (attrs_bytes) memcpy(n->attrs, attrs, attrs_bytes);
    cer_tally(&thread->live_nodes, 1);
    return n;
}

void cer_describe_output(cer_Output *o, const Tensor *t)
{
    o->gradient = NULL;
    o->dtype = t->dtype;
    o->ndim = t->ndim;
    for (int i = 0; i < t->ndim; i++) o->shape[i] = t->shape[i];
}

/* A tensor that was a leaf may have an accumulator, to which older graphs lead. While the tensor has a history it hangs behind
 * that; when it becomes a leaf again, it is its accumulator again. */
static cer_Node *take_accumulator(Tensor *t)
{
    cer_Node *old = t->node;
    if (!old || old->leaf) return old && old->leaf == t ? old : NULL;
    cer_Node **at = &old->next;
    while (*at && (*at)->leaf != t) at = &(*at)->next;
    cer_Node *own = *at;
    if (own) *at = own->next;
    return own;
}

void cer_take_history(Tensor *t, cer_Node *to, uint32_t output)
{
    cer_Node *own = take_accumulator(t), *old = t->node;
    if (to)
        cer_move_retained(t, to);
    else
        cer_forget_retained(t);
    if (own) own->next = to ? to->next : NULL;
    if (own && to) to->next = own;
    t->node = to ? to : own;
    t->output = output;
    if (to) t->flags |= CER_REQUIRES_GRAD;
    if (old && old != own) cer_node_release(old);
}

void cer_history_ends(Tensor *t) /* with the tensor: nothing leads to its accumulator any longer */
{
    cer_Node *own = take_accumulator(t), *old = t->node;
    t->node = NULL;
    if (own) cer_node_dead(own);
    if (old && old != own) cer_node_release(old);
}

static cer_Node *accumulator_new(Tensor *leaf)
{
    cer_Node *n = cer_node_new(&cer_op_accumulate, 0, 1, 0, NULL, 0);
    if (!n) return NULL;
    n->leaf = leaf;
    n->shared = leaf->flags & CER_SHARED;
    n->sequence = UINT64_MAX; /* leaves are served as soon as their gradient is complete */
    cer_describe_output(&n->outputs[0], leaf);
    return n;
}

cer_Node *cer_accumulator(Tensor *leaf)
{
    if (leaf->node) return leaf->node;
    leaf->node = accumulator_new(leaf);
    leaf->output = 0;
    return leaf->node;
}

cer_Node *cer_accumulator_behind(Tensor *t)
{
    cer_Node *n = t->node->next;
    while (n && n->leaf != t) n = n->next;
    if (n || !(n = accumulator_new(t))) return n;
    n->next = t->node->next;
    return t->node->next = n;
}

void cer_node_drop_saved(cer_Node *n)
{
    for (int i = 0; i < n->n_saved; i++)
        if (n->saved[i].kind == TORCH_KIND_TENSOR) {
            Tensor *t = n->saved[i].as.t;
            n->saved[i].kind = TORCH_KIND_NONE;
            cer_release(t);
        } else if (n->saved[i].kind == CER_KIND_PACKED) {
            cer_unsave(&n->saved[i]);
        }
    if (!n->special) return;
    if (n->op->end) n->op->end(n, false);
    if (n->inner) {
        n->inner->freed = true;
        cer_node_drop_saved(n->inner);
    }
}

static void destroy(cer_Node *n)
{
    cer_node_drop_saved(n);
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->edges[i].node) cer_node_release(n->edges[i].node);
    for (uint32_t k = 0; k < n->n_outputs; k++) cer_release(n->outputs[k].gradient);
    if (n->hooks) cer_hooks_end(n);
    if (n->special && n->inner) cer_node_release(n->inner);
    if (n->special && n->op->end) n->op->end(n, true);
    cer_tally(&cer_thread()->live_nodes, -1);
    cer_free(n, n->bytes);
}

/* Nodes that die while another is being destroyed wait in a list: a long chain must not become a deep stack. */
void cer_node_dead(cer_Node *n)
{
    torch_Context *c = cer_context();
    n->next = c->dead_nodes;
    c->dead_nodes = n;
    if (c->draining) return;
    c->draining = true;
    while (c->dead_nodes) {
        n = c->dead_nodes;
        c->dead_nodes = n->next;
        destroy(n);
    }
    c->draining = false;
}

/* ---- for vjps ---------------------------------------------------------------------------------------------------- */

bool cer_needs(const cer_Node *n, int64_t i)
{
    const cer_Node *to = n->edges[i].node;
    return to && (to->wanted || !cer_context()->selective);
}

static int slot_of(const cer_Node *n, int bit)
{
    return cer_count_bits(n->saves & ((1u << bit) - 1));
}

torch_Scalar cer_saved(cer_Node *n, int64_t i)
{
    if (!(n->saves & CER_SAVE(i))) return torch_scalar_none();
    torch_Scalar s = n->saved[slot_of(n, (int)i)];
    bool plain = s.kind != TORCH_KIND_TENSOR || s.version == cer_version(s.as.t);
    if (!plain || s.kind == CER_KIND_PACKED)
        s = cer_unpack(n->op->name, s, n->edges[i].node, n->edges[i].output, false);
    s.version = 0;
    return s;
}

Tensor *cer_saved_tensor(cer_Node *n, int64_t i)
{
    torch_Scalar s = cer_saved(n, i);
    return s.kind == TORCH_KIND_TENSOR ? s.as.t : NULL;
}

/* The alias that was saved has no history. When the backward itself is recorded, a twin with this node behind it stands in. */
Tensor *cer_saved_output(cer_Node *n, int64_t k)
{
    if (!(n->saves & CER_SAVE_OUTPUT(k))) return NULL;
    torch_Scalar s = n->saved[slot_of(n, 8 + (int)k)];
    bool plain = s.kind == TORCH_KIND_TENSOR && s.version == cer_version(s.as.t);
    bool no_history = n->op->indices >> k & 1;
    if (!plain) s = cer_unpack(n->op->name, s, no_history ? NULL : n, (uint32_t)k, true);
    if (s.kind != TORCH_KIND_TENSOR) return NULL;
    return no_history || !plain || cer_context()->grad_off ? s.as.t : cer_twin(s.as.t, n, (uint32_t)k);
}

const char *cer_grad_name(const cer_Node *n)
{
    return n->with_number && n->op->grad_name_number ? n->op->grad_name_number : n->op->grad_name;
}

void cer_no_formula(const cer_Node *n)
{
    cer_raise(TORCH_RUNTIME_ERROR, n->op->name, "derivative for aten::%s is not implemented", n->op->name);
}

const void *cer_attrs(const cer_Node *n)
{
    return n->attrs;
}

static torch_Size size_of(const cer_Output *o)
{
    torch_Size s = {.ndim = o->ndim};
    memcpy(s.dim, o->shape, sizeof(int64_t) * o->ndim);
    return s;
}

torch_Size cer_input_size(const cer_Node *n, int64_t i)
{
    return size_of(&n->edges[i].node->outputs[n->edges[i].output]);
}

torch_dtype cer_input_dtype(const cer_Node *n, int64_t i)
{
    return n->edges[i].node->outputs[n->edges[i].output].dtype;
}

torch_Size cer_output_size(const cer_Node *n, int64_t k)
{
    return size_of(&n->outputs[k]);
}

int64_t cer_n_inputs(const cer_Node *n)
{
    return n->n_inputs;
}

int64_t cer_n_outputs(const cer_Node *n)
{
    return n->n_outputs;
}
