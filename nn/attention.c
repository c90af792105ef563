/* nn.MultiheadAttention. The order of operations is PyTorch's. */
#include "nn/attention.h"

#include <math.h>

#include "layer.h"

typedef struct Call {
    const nn_MultiheadAttention *m;
    Tensor *q, *k, *v, *padding, *mask;
    int64_t length, batch, heads, head_dim;
} Call;

/* ---- what fits --------------------------------------------------------------------------------------------------- */

static bool refuse(const char *text)
{
    return cer_raise(TORCH_VALUE_ERROR, "MultiheadAttention", "%s", text);
}

static bool check(const Call *c)
{
    const Tensor *const given[5] = {c->q, c->k, c->v, c->padding, c->mask};
    for (int i = 0; i < 5; i++)
        if ((i < 3 || given[i]) && !cer_usable(given[i], "MultiheadAttention", i + 1)) return false;
    int n = (int)torch_dim(c->q);
    if (n != 2 && n != 3)
        return cer_raise(TORCH_VALUE_ERROR, "MultiheadAttention",
                         "query should be unbatched 2D or batched 3D tensor but received %d-D query tensor", n);
    if (torch_dim(c->k) != n || torch_dim(c->v) != n)
        return cer_raise(TORCH_VALUE_ERROR, "MultiheadAttention",
                         "For %s (%d-D) `query`, expected `key` and `value` to be %d-D but found %d-D and %d-D tensors "
                         "respectively",
                         n == 3 ? "batched" : "unbatched", n, n, (int)torch_dim(c->k), (int)torch_dim(c->v));
    if (c->padding && torch_dim(c->padding) != n - 1)
        return cer_raise(
            TORCH_VALUE_ERROR, "MultiheadAttention",
            "For %s (%d-D) `query`, expected `key_padding_mask` to be `None` or %d-D but found %d-D tensor "
            "instead",
            n == 3 ? "batched" : "unbatched", n, n - 1, (int)torch_dim(c->padding));
    if (c->padding && torch_dtype_of(c->padding) != torch_bool && !torch_is_floating_point(c->padding))
        return refuse("only bool and floating types of key_padding_mask are supported");
    if (c->mask && torch_dim(c->mask) != 2 && torch_dim(c->mask) != 3)
        return cer_raise(TORCH_VALUE_ERROR, "MultiheadAttention",
                         "For %s (%d-D) `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found %d-D tensor "
                         "instead",
                         n == 3 ? "batched" : "unbatched", n, (int)torch_dim(c->mask));
    if (c->mask && torch_dtype_of(c->mask) != torch_bool && !torch_is_floating_point(c->mask))
        return refuse("Only float and bool types are supported for attn_mask");
    return true;
}

/* After q, k, v have their batch: (L, N, E), (S, N, kdim), (S, N, vdim) */
static bool check_sizes(const Call *c)
{
    int64_t embed = torch_size(c->q, 2), keys = torch_size(c->k, 0);
    if (embed != c->m->embed_dim)
        return cer_raise(TORCH_VALUE_ERROR, "MultiheadAttention",
                         "was expecting embedding dimension of %lld, but got %lld", (long long)c->m->embed_dim,
                         (long long)embed);
    if (torch_size(c->k, 1) != torch_size(c->v, 1) || torch_size(c->v, 0) != keys ||
        (c->m->in_proj_weight && torch_size(c->k, 2) != torch_size(c->v, 2)))
        return cer_raise(TORCH_VALUE_ERROR, "MultiheadAttention", "key shape %s does not match value shape %s",
                         torch_size_str(torch_shape(c->k)), torch_size_str(torch_shape(c->v)));
    const Tensor *mask = c->mask;
    int64_t n = mask ? torch_dim(mask) : 2;
    if (mask && (torch_size(mask, -2) != c->length || torch_size(mask, -1) != keys ||
                 (n == 3 && torch_size(mask, 0) != c->batch * c->heads)))
        return n == 2 ? cer_raise(TORCH_RUNTIME_ERROR, "MultiheadAttention",
                                  "The shape of the 2D attn_mask is %s, but should be (%lld, %lld).",
                                  torch_size_str(torch_shape(mask)), (long long)c->length, (long long)keys)
                      : cer_raise(TORCH_RUNTIME_ERROR, "MultiheadAttention",
                                  "The shape of the 3D attn_mask is %s, but should be (%lld, %lld, %lld).",
                                  torch_size_str(torch_shape(mask)), (long long)(c->batch * c->heads),
                                  (long long)c->length, (long long)keys);
    if (c->padding && (torch_size(c->padding, 0) != c->batch || torch_size(c->padding, 1) != keys))
        return cer_raise(TORCH_VALUE_ERROR, "MultiheadAttention",
                         "expecting key_padding_mask shape of (%lld, %lld), but got %s", (long long)c->batch,
                         (long long)keys, torch_size_str(torch_shape(c->padding)));
    return true;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static bool project(Call *c)
{
    const nn_MultiheadAttention *m = c->m;
    Tensor *w[3] = {m->q_proj_weight, m->k_proj_weight, m->v_proj_weight}, *b[3] = {NULL, NULL, NULL};
    for (int i = 0; i < 3; i++) {
        if (m->in_proj_weight) w[i] = torch_narrow(m->in_proj_weight, 0, i * m->embed_dim, m->embed_dim);
        if (m->in_proj_bias) b[i] = torch_narrow(m->in_proj_bias, 0, i * m->embed_dim, m->embed_dim);
    }
    if (cer_error_pending()) return false;
    c->q = F_linear(c->q, w[0], b[0]);
    c->k = F_linear(c->k, w[1], b[1]);
    c->v = F_linear(c->v, w[2], b[2]);
    return !cer_error_pending();
}

/* One more key that no mask hides. */
static void widen(Call *c)
{
    if (c->mask) c->mask = F_pad(c->mask, TORCH_DIMS(0, 1));
    if (c->padding) c->padding = F_pad(c->padding, TORCH_DIMS(0, 1));
}

/* (S, N, E) -> (N heads, S, D) */
static Tensor *by_heads(const Call *c, Tensor *x)
{
    if (!x) return NULL;
    return torch_transpose(torch_view(torch_contiguous(x), torch_size(x, 0), c->batch * c->heads, c->head_dim), 0, 1);
}

static Tensor *additive(Tensor *mask, torch_dtype dtype)
{
    if (!mask || torch_dtype_of(mask) != torch_bool) return mask;
    return torch_masked_fill_(torch_zeros_like(mask, .dtype = dtype), mask, -(double)INFINITY);
}

/* Both masks as one that broadcasts to (N heads, L, S) and is added; NULL without any. */
static Tensor *merged(const Call *c, torch_dtype dtype)
{
    Tensor *mask = additive(c->mask, dtype), *padding = additive(c->padding, dtype);
    if (padding) {
        int64_t keys = torch_size(padding, 1);
        padding = torch_expand(torch_view(padding, c->batch, 1, 1, keys), -1, c->heads, -1, -1);
        padding = torch_reshape(padding, c->batch * c->heads, 1, keys);
    }
    return !mask ? padding : padding ? torch_add(mask, padding) : mask;
}

static bool prepare(Call *c)
{
    if (!project(c)) return false;
    if (c->m->bias_k) {
        c->k = torch_cat(torch_tensors(c->k, torch_repeat(c->m->bias_k, 1, c->batch, 1)), 0);
        c->v = torch_cat(torch_tensors(c->v, torch_repeat(c->m->bias_v, 1, c->batch, 1)), 0);
        widen(c);
    }
    c->q = by_heads(c, c->q);
    c->k = by_heads(c, c->k);
    c->v = by_heads(c, c->v);
    if (c->m->add_zero_attn && !cer_error_pending()) {
        Tensor *zero = torch_zeros(c->batch * c->heads, 1, c->head_dim, .dtype = torch_dtype_of(c->k));
        c->k = torch_cat(torch_tensors(c->k, zero), 1);
        c->v = torch_cat(torch_tensors(c->v, zero), 1);
        widen(c);
    }
    return !cer_error_pending();
}

/* The result (L, N, E); *weights (N heads, L, S) */
static Tensor *attend(Call *c, Tensor **weights)
{
    if (!prepare(c)) return NULL;
    Tensor *mask = merged(c, torch_dtype_of(c->q)), *q = torch_div(c->q, sqrt((double)c->head_dim));
    Tensor *keys = torch_transpose(c->k, -2, -1);
    if (cer_error_pending()) return NULL;
    Tensor *w = torch_softmax(mask ? torch_baddbmm(mask, q, keys) : torch_bmm(q, keys), -1);
    if (c->m->module.module->training && c->m->dropout > 0) w = F_dropout(w, c->m->dropout, true);
    *weights = w;
    Tensor *x = torch_contiguous(torch_transpose(torch_bmm(w, c->v), 0, 1));
    x = torch_view(x, c->length * c->batch, c->m->embed_dim);
    x = F_linear(x, c->m->out_proj->weight, c->m->out_proj->bias);
    return torch_view(x, c->length, c->batch, c->m->embed_dim);
}

/* out: the result, the heads' mean weights, the weights of each head */
static int attention_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    const nn_MultiheadAttention *m = (const nn_MultiheadAttention *)self;
    if (!cer_nn_arity(self, n_in, 3, 5, "query key value")) return torch_error_code();
    Call c = {m, in[0], in[1],        in[2],      n_in > 3 ? in[3] : NULL, n_in > 4 ? in[4] : NULL,
              0, 0,     m->num_heads, m->head_dim};
    if (!check(&c)) return torch_error_code();
    bool batched = torch_dim(c.q) == 3, turn = batched && m->batch_first;
    Tensor **const x[3] = {&c.q, &c.k, &c.v};
    for (int i = 0; i < 3; i++)
        if (turn || !batched) *x[i] = turn ? torch_transpose(*x[i], 0, 1) : torch_unsqueeze(*x[i], 1);
    if (c.padding && !batched) c.padding = torch_unsqueeze(c.padding, 0);
    if (cer_error_pending()) return torch_error_code();
    c.length = torch_size(c.q, 0);
    c.batch = torch_size(c.q, 1);
    if (!check_sizes(&c)) return torch_error_code();
    Tensor *w = NULL, *y = attend(&c, &w);
    out[0] = turn ? torch_transpose(y, 0, 1) : batched ? y : torch_squeeze_dim(y, 1);
    if (n_out < 2 || cer_error_pending()) return torch_error_code();
    w = torch_view(w, c.batch, c.heads, c.length, torch_size(w, 2));
    out[1] = torch_div(torch_sum(w, 1), c.heads);
    if (!batched) out[1] = torch_squeeze_dim(out[1], 0);
    if (n_out > 2) out[2] = batched ? w : torch_squeeze_dim(w, 0);
    return torch_error_code();
}

nn_MultiheadAttentionForward nn_MultiheadAttentionForward_defaults(void)
{
    return (nn_MultiheadAttentionForward){.struct_size = sizeof(nn_MultiheadAttentionForward),
                                          .average_attn_weights = true};
}

Tensor *nn_MultiheadAttention_forward_args(nn_MultiheadAttention *m, const nn_MultiheadAttentionForward *args)
{
    nn_MultiheadAttentionForward a = nn_MultiheadAttentionForward_defaults();
    cer_args(&a, sizeof a, args);
    Tensor *out[3], *const in[5] = {a.query, a.key, a.value, a.key_padding_mask, a.attn_mask};
    nn_Module_forward_n(m ? &m->module : NULL, in, 5, out, !a.weights ? 1 : a.average_attn_weights ? 2 : 3);
    if (a.weights) *a.weights = out[a.average_attn_weights ? 1 : 2];
    return out[0];
}

/* ---- constructor ------------------------------------------------------------------------------------------------- */

nn_MultiheadAttentionArgs nn_MultiheadAttentionArgs_defaults(void)
{
    return (nn_MultiheadAttentionArgs){.struct_size = sizeof(nn_MultiheadAttentionArgs),
                                       .embed_dim = TORCH_NONE,
                                       .num_heads = TORCH_NONE,
                                       .bias = true,
                                       .kdim = TORCH_NONE,
                                       .vdim = TORCH_NONE};
}

static const nn_Class attention_class = NN_CLASS(nn_MultiheadAttention, .forward = attention_forward);

/* A parameter of that shape, or without one the name alone. */
static Tensor *parameter(nn_MultiheadAttention *m, bool wanted, const char *name, torch_dtype dtype, int64_t ndim,
                         const int64_t *shape)
{
    if (wanted) return cer_nn_new_parameter(&m->module, name, dtype, ndim, shape);
    return nn_Module_register_parameter(&m->module, name, NULL);
}

static void reset_parameters(const nn_MultiheadAttention *m)
{
    Tensor *const weight[4] = {m->in_proj_weight, m->q_proj_weight, m->k_proj_weight, m->v_proj_weight};
    for (int i = 0; i < 4; i++)
        if (weight[i]) nn_init_xavier_uniform_(weight[i]);
    if (m->in_proj_bias) {
        nn_init_zeros_(m->in_proj_bias);
        nn_init_zeros_(m->out_proj->bias);
    }
    if (m->bias_k) nn_init_xavier_normal_(m->bias_k);
    if (m->bias_v) nn_init_xavier_normal_(m->bias_v);
}

static void add_parameters(nn_MultiheadAttention *m, const nn_MultiheadAttentionArgs *a)
{
    int64_t e = m->embed_dim, in[2] = {3 * e, e}, q[2] = {e, e}, k[2] = {e, m->kdim}, v[2] = {e, m->vdim};
    int64_t extra[3] = {1, 1, e};
    bool packed = m->kdim == e && m->vdim == e;
    m->q_proj_weight = parameter(m, !packed, "q_proj_weight", a->dtype, 2, q);
    m->k_proj_weight = parameter(m, !packed, "k_proj_weight", a->dtype, 2, k);
    m->v_proj_weight = parameter(m, !packed, "v_proj_weight", a->dtype, 2, v);
    m->in_proj_weight = parameter(m, packed, "in_proj_weight", a->dtype, 2, in);
    m->in_proj_bias = parameter(m, a->bias, "in_proj_bias", a->dtype, 1, in);
    nn_set(m, out_proj, nn_Linear(e, e, a->bias, a->dtype));
    if (m->out_proj) m->out_proj->module.module->class_record.name = "NonDynamicallyQuantizableLinear";
    if (!a->add_bias_kv) return;
    m->bias_k = parameter(m, true, "bias_k", a->dtype, 3, extra);
    m->bias_v = parameter(m, true, "bias_v", a->dtype, 3, extra);
}

nn_MultiheadAttention *nn_MultiheadAttention_new(const nn_MultiheadAttentionArgs *args)
{
    nn_MultiheadAttentionArgs a = nn_MultiheadAttentionArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED("MultiheadAttention", "embed_dim num_heads", a.embed_dim, a.num_heads)) return NULL;
    if (a.embed_dim < 1 || a.num_heads < 1 || a.embed_dim > INT32_MAX || a.embed_dim % a.num_heads)
        return refuse("embed_dim must be divisible by num_heads"), NULL;
    nn_MultiheadAttention *m = nn_new_class(nn_MultiheadAttention, &attention_class);
    if (!m) return NULL;
    m->embed_dim = a.embed_dim;
    m->num_heads = a.num_heads;
    m->head_dim = a.embed_dim / a.num_heads;
    m->kdim = a.kdim == TORCH_NONE ? a.embed_dim : a.kdim;
    m->vdim = a.vdim == TORCH_NONE ? a.embed_dim : a.vdim;
    m->dropout = a.dropout;
    m->batch_first = a.batch_first;
    m->add_zero_attn = a.add_zero_attn;
    add_parameters(m, &a);
    if (!cer_error_pending()) reset_parameters(m);
    return cer_nn_made(m);
}
