/* Recurrent layers: the input's product for all steps at once, then step by step, layer
 * upon layer, in PyTorch's order. */
#include <stdio.h>

#include "computed.h"
#include "recurrence.h"

/* ---- one layer in one direction ---------------------------------------------------------------------------------- */

/* Steps begin..end, whose input products are in `part` (end - begin, B, gates hidden). A long part is halved, so that
 * the gradients of its steps meet in parts, and not each in a tensor of full length: T log T instead of T^2. */
enum { SHORT = 8 };
static bool run(cer_Recurrence *l, Tensor *part, int64_t begin, int64_t end)
{
    int64_t n = end - begin, half = n / 2;
    if (n > SHORT) {
        Tensor *first = torch_narrow(part, 0, 0, half), *second = torch_narrow(part, 0, half, n - half);
        if (l->reverse) return run(l, second, begin + half, end) && run(l, first, begin, begin + half);
        return run(l, first, begin, begin + half) && run(l, second, begin + half, end);
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t at = l->reverse ? n - 1 - i : i;
        if (!cer_recurrent_step_alone(l, torch_select(part, 0, at))) return false;
        l->step[begin + at] = l->h;
    }
    return true;
}

/* One op does it all, unless h is projected or the types are others. */
static bool is_one_op(const cer_Recurrence *l, const Tensor *products)
{
    const Tensor *all[5] = {l->h, l->weight_hh, l->bias_hh, l->c, products};
    for (int i = 0; i < 5; i++)
        if (all[i] && all[i]->dtype != products->dtype) return false;
    return !l->weight_hr && products->numel > 0 &&
           (products->dtype == torch_float32 || products->dtype == torch_float64);
}

static Tensor *at_once(cer_Recurrence *l, Tensor *products)
{
    Tensor *out = cer_recurrent_layer(l->cell, l->reverse, products, l->h, l->c, l->weight_hh, l->bias_hh, &l->c);
    l->h = out ? torch_select(out, 0, l->reverse ? 0 : -1) : NULL;
    return l->h ? out : NULL;
}

/* (T, B, input) -> (T, B, hidden); l->h and l->c become the last step's. */
static Tensor *direction(cer_Recurrence *l, Tensor *x)
{
    Tensor *products = cer_recurrent_product(l, x);
    if (!products) return NULL;
    int64_t steps = products->shape[0];
    if (steps == 0)
        torch_error_raise(TORCH_RUNTIME_ERROR, "RNN", "Expected sequence length to be larger than 0 in RNN");
    if (steps && is_one_op(l, products)) return at_once(l, products);
    return steps && run(l, products, 0, steps) ? torch_stack_n(l->step, steps, 0) : NULL;
}

/* ---- all layers -------------------------------------------------------------------------------------------------- */

enum { PACKED_INPUTS = 6 };
typedef struct Packed { /* what a packed sequence says beside its rows: at least one step */
    int64_t steps;
    const int64_t *size; /* rows of each */
} Packed;

typedef struct Run {
    nn_RNN *m;
    Tensor *h_0, *c_0;           /* (D layers, B, hidden), or NULL: then these */
    Tensor *h_zeros, *c_zeros;   /* (B, hidden) */
    Tensor **final_h, **final_c; /* D layers of them */
    Tensor **step;               /* room for one direction */
    int64_t steps;               /* of a packed sequence, ... */
    const int64_t *size;         /* ... with their sizes; NULL: (T, B, input) */
} Run;

/* One that was registered, or is computed before every forward (weight_norm). */
static Tensor *weight_of(const nn_RNN *m, const char *name, int64_t k)
{
    char text[64];
    int64_t layer = m->bidirectional ? k / 2 : k;
    snprintf(text, sizeof text, "%s_l%lld%s", name, (long long)layer, m->bidirectional && k % 2 ? "_reverse" : "");
    return cer_nn_shown(&m->module, text);
}

/* The weights of the k-th direction of all, some of which no longer stand among the parameters. */
static void find_weights_by_name(const nn_RNN *m, int64_t k, cer_Recurrence *l)
{
    l->weight_ih = weight_of(m, "weight_ih", k);
    l->weight_hh = weight_of(m, "weight_hh", k);
    if (m->bias) l->bias_ih = weight_of(m, "bias_ih", k), l->bias_hh = weight_of(m, "bias_hh", k);
    if (m->proj_size > 0) l->weight_hr = weight_of(m, "weight_hr", k);
}

/* The weights of the k-th direction of all. */
static void find_weights(const nn_RNN *m, int64_t k, cer_Recurrence *l)
{
    int64_t each = (m->bias ? 4 : 2) + (m->proj_size > 0);
    const cer_Item *w = &m->module.module->parameters.item[k * each];
    l->weight_ih = w[0].as.tensor;
    l->weight_hh = w[1].as.tensor;
    if (m->bias) l->bias_ih = w[2].as.tensor, l->bias_hh = w[3].as.tensor;
    if (m->proj_size > 0) l->weight_hr = w[each - 1].as.tensor;
}

static Tensor *layer(Run *r, Tensor *x, int64_t i, bool reverse)
{
    const nn_RNN *m = r->m;
    int64_t k = i * (1 + m->bidirectional) + reverse;
    cer_Recurrence l = {.cell = cer_cell_of(m),
                        .reverse = reverse,
                        .h = r->h_zeros ? r->h_zeros : torch_select(r->h_0, 0, k),
                        .step = r->step};
    (m->module.module->n_hooks ? find_weights_by_name : find_weights)(m, k, &l);
    if (cer_is_lstm(m)) l.c = r->c_zeros ? r->c_zeros : torch_select(r->c_0, 0, k);
    Tensor *out = r->size ? cer_packed_direction(&l, x, r->steps, r->size, r->step) : direction(&l, x);
    r->final_h[k] = l.h;
    r->final_c[k] = l.c;
    return out;
}

static Tensor *layers(Run *r, Tensor *x)
{
    const nn_RNN *m = r->m;
    for (int64_t i = 0; i < m->num_layers && x; i++) {
        Tensor *out = layer(r, x, i, false);
        if (m->bidirectional) {
            Tensor *both[2] = {out, layer(r, x, i, true)};
            out = torch_cat_n(both, 2, -1);
        }
        x = i + 1 < m->num_layers && m->dropout != 0 ? F_dropout(out, m->dropout, m->module.module->training) : out;
    }
    return x;
}

/* x (T, B, input) or batch first, or packed; the states fit or are NULL. out: the output, h_n, and c_n of an
 * LSTM, as far as n_out goes. */
static void forward(nn_RNN *m, const Packed *p, Tensor *x, Tensor *h_0, Tensor *c_0, Tensor **out, int64_t n_out)
{
    bool turned = !p && m->batch_first;
    if (turned) x = torch_transpose(x, 0, 1);
    if (!x) return;
    int64_t batch = p ? p->size[0] : x->shape[1], steps = p ? 3 * p->steps + 3 : x->shape[0];
    int64_t n = m->num_layers * (1 + m->bidirectional), h[2] = {batch, cer_real_hidden(m)},
            c[2] = {batch, m->hidden_size};
    size_t bytes = (size_t)(steps + 2 * n) * sizeof(Tensor *);
    Tensor **room = cer_alloc(bytes);
    if (!room) {
        cer_raise_memory("RNN", (double)bytes);
        return;
    }
    Run r = {.m = m, .h_0 = h_0, .c_0 = c_0, .final_h = room, .final_c = room + n, .step = room + 2 * n};
    if (p) r.steps = p->steps, r.size = p->size;
    if (!h_0) r.h_zeros = cer_zeros(x->dtype, 2, h);
    if (!c_0 && cer_is_lstm(m)) r.c_zeros = cer_zeros(x->dtype, 2, c);
    Tensor *result = cer_error_pending() ? NULL : layers(&r, x);
    if (result) {
        if (turned) result = (cer_is_lstm(m) ? torch_transpose : torch_transpose_)(result, 0, 1);
        out[0] = result;
        if (n_out > 1) out[1] = torch_stack_n(r.final_h, n, 0);
        if (n_out > 2 && cer_is_lstm(m)) out[2] = torch_stack_n(r.final_c, n, 0);
    }
    cer_free(room, bytes);
}

/* ---- PyTorch's checks -------------------------------------------------------------------------------------------- */

static bool check_input(const nn_RNN *m, const Tensor *x, int rank)
{
    if (x->ndim != rank)
        return cer_raise(TORCH_RUNTIME_ERROR, "RNN", "input must have %d dimensions, got %d", rank, x->ndim);
    return x->shape[rank - 1] == m->input_size ||
           cer_raise(TORCH_RUNTIME_ERROR, "RNN", "input.size(-1) must be equal to input_size. Expected %lld, got %lld",
                     (long long)m->input_size, (long long)x->shape[rank - 1]);
}

/* what: "hidden", "hidden[0]" */
static bool check_state(const nn_RNN *m, int64_t batch, const Tensor *state, int64_t size, const char *what)
{
    int64_t expected[3] = {m->num_layers * (1 + m->bidirectional), batch, size};
    if (!state || (state->ndim == 3 && memcmp(state->shape, expected, sizeof expected) == 0)) return true;
    char got[256];
    return cer_raise(TORCH_RUNTIME_ERROR, "RNN", "Expected %s size (%lld, %lld, %lld), got %s", what,
                     (long long)expected[0], (long long)expected[1], (long long)expected[2],
                     cer_shape_text(state->ndim, state->shape, got, sizeof got));
}

static bool check_states(const nn_RNN *m, int64_t batch, const Tensor *h, const Tensor *c)
{
    if (!cer_is_lstm(m)) return check_state(m, batch, h, m->hidden_size, "hidden");
    return check_state(m, batch, h, cer_real_hidden(m), "hidden[0]") &&
           check_state(m, batch, c, m->hidden_size, "hidden[1]");
}

static bool check_rank(const Tensor *h, const Tensor *c, int rank)
{
    const char *batched = rank == 3 ? "batched" : "unbatched";
    if (c && (h->ndim != rank || c->ndim != rank))
        return cer_raise(TORCH_RUNTIME_ERROR, "RNN",
                         "For %s %d-D input, hx and cx should also be %d-D but got (%d-D, %d-D) tensors", batched, rank,
                         rank, h->ndim, c->ndim);
    if (c || !h || h->ndim == rank) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, "RNN", "For %s %d-D input, hx should also be %d-D but got %d-D tensor",
                     batched, rank, rank, h->ndim);
}

/* The state that comes with an LSTM's other one. */
static bool complete(const nn_RNN *m, const Tensor *h, const Tensor *c)
{
    return !cer_is_lstm(m) || !h == !c ||
           cer_raise(TORCH_TYPE_ERROR, "RNN", "an LSTM takes h_0 and c_0 together, got %s alone", h ? "h_0" : "c_0");
}

static int padded(nn_RNN *m, Tensor *x, Tensor *h, Tensor *c, Tensor **out, int64_t n_out)
{
    bool batched = x->ndim == 3;
    int64_t batch_dim = m->batch_first ? 0 : 1;
    if (!batched) x = torch_unsqueeze(x, batch_dim);
    if (!x || !check_rank(h, c, batched ? 3 : 2)) return torch_error_code();
    if (!batched && h) h = torch_unsqueeze(h, 1);
    if (!batched && c) c = torch_unsqueeze(c, 1);
    if (cer_error_pending() || !check_input(m, x, 3) || !check_states(m, x->shape[batch_dim], h, c))
        return torch_error_code();
    forward(m, NULL, x, h, c, out, n_out);
    if (!batched && out[0]) {
        out[0] = torch_squeeze_dim(out[0], batch_dim);
        for (int64_t k = 1; k < n_out && k < 3; k++) out[k] = out[k] ? torch_squeeze_dim(out[k], 1) : NULL;
    }
    return torch_error_code();
}

/* Every step finds its rows in x. */
static bool check_sizes(const Packed *p, const Tensor *x)
{
    int64_t start = 0;
    for (int64_t i = 0; i < p->steps; start += p->size[i++]) {
        if (p->size[i] < 0) return cer_raise(TORCH_RUNTIME_ERROR, "RNN", "narrow(): length must be non-negative.");
        if (p->size[i] > x->shape[0] - start)
            return cer_raise(TORCH_RUNTIME_ERROR, "RNN", "start (%lld) + length (%lld) exceeds dimension size (%lld).",
                             (long long)start, (long long)p->size[i], (long long)x->shape[0]);
    }
    return true;
}

/* in[3]: batch sizes; in[4], in[5]: the order, or NULL. */
static int packed(nn_RNN *m, Tensor *const *in, Tensor *h, Tensor *c, Tensor **out, int64_t n_out)
{
    Tensor *sizes = in[3];
    if (!cer_usable(sizes, "RNN", 2) || (in[4] && !cer_usable(in[4], "RNN", 3)) ||
        (in[5] && !cer_usable(in[5], "RNN", 4)))
        return torch_error_code();
    if (sizes->ndim != 1 || sizes->numel == 0)
        return torch_error_raise(TORCH_INDEX_ERROR, "RNN", "index 0 is out of bounds for dimension 0 with size 0");
    sizes = torch_contiguous(cer_to(torch_detach(sizes), torch_int64));
    if (h && in[4]) h = torch_index_select(h, 1, in[4]);
    if (c && in[4]) c = torch_index_select(c, 1, in[4]);
    if (cer_error_pending()) return torch_error_code();
    Packed p = {sizes->numel, (const int64_t *)(const void *)sizes->data};
    if (check_input(m, in[0], 2) && check_states(m, p.size[0], h, c) && check_sizes(&p, in[0]))
        forward(m, &p, in[0], h, c, out, n_out);
    for (int64_t k = 1; k < n_out && k < 3; k++)
        if (out[k] && in[5]) out[k] = torch_index_select(out[k], 1, in[5]);
    return torch_error_code();
}

int cer_rnn_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    nn_RNN *m = (nn_RNN *)self;
    bool is_packed = n_in == PACKED_INPUTS;
    if (!is_packed && !cer_nn_arity(self, n_in, 1, cer_is_lstm(m) ? 3 : 2, "input hx")) return torch_error_code();
    Tensor *x = in[0], *h = n_in > 1 ? in[1] : NULL, *c = n_in > 2 ? in[2] : NULL;
    if (!cer_usable(x, "RNN", 1) || (h && !cer_usable(h, "RNN", 2)) || (c && !cer_usable(c, "RNN", 3)) ||
        !complete(m, h, c))
        return torch_error_code();
    return is_packed ? packed(m, in, h, c, out, n_out) : padded(m, x, h, c, out, n_out);
}

/* ---- typed calls ------------------------------------------------------------------------------------------------- */

Tensor *nn_RNN_forward(nn_RNN *m, Tensor *x, Tensor *h_0, Tensor **h_n)
{
    Tensor *in[2] = {x, h_0}, *out[2];
    nn_Module_forward_n((nn_Module *)m, in, 2, out, h_n ? 2 : 1);
    if (h_n) *h_n = out[1];
    return out[0];
}

Tensor *nn_GRU_forward(nn_GRU *m, Tensor *x, Tensor *h_0, Tensor **h_n)
{
    return nn_RNN_forward(m, x, h_0, h_n);
}

Tensor *nn_LSTM_forward(nn_LSTM *m, Tensor *x, Tensor *h_0, Tensor *c_0, Tensor **h_n, Tensor **c_n)
{
    Tensor *in[3] = {x, h_0, c_0}, *out[3];
    nn_Module_forward_n((nn_Module *)m, in, 3, out, c_n ? 3 : h_n ? 2 : 1);
    if (h_n) *h_n = out[0] ? out[1] : NULL;
    if (c_n) *c_n = out[2];
    return out[0];
}

nn_PackedSequence nn_LSTM_forward_packed(nn_LSTM *m, nn_PackedSequence x, Tensor *h_0, Tensor *c_0, Tensor **h_n,
                                         Tensor **c_n)
{
    Tensor *in[PACKED_INPUTS] = {x.data, h_0, c_0, x.batch_sizes, x.sorted_indices, x.unsorted_indices}, *out[3];
    nn_Module_forward_n((nn_Module *)m, in, PACKED_INPUTS, out, c_n ? 3 : h_n ? 2 : 1);
    if (h_n) *h_n = out[0] ? out[1] : NULL;
    if (c_n) *c_n = out[0] ? out[2] : NULL;
    if (!out[0]) return (nn_PackedSequence){NULL, NULL, NULL, NULL};
    x.data = out[0];
    return x;
}

nn_PackedSequence nn_RNN_forward_packed(nn_RNN *m, nn_PackedSequence x, Tensor *h_0, Tensor **h_n)
{
    return nn_LSTM_forward_packed(m, x, h_0, NULL, h_n, NULL);
}

nn_PackedSequence nn_GRU_forward_packed(nn_GRU *m, nn_PackedSequence x, Tensor *h_0, Tensor **h_n)
{
    return nn_RNN_forward_packed(m, x, h_0, h_n);
}
