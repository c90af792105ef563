/* scaled_dot_product_attention of a block of queries at a time, so that the (L, S) weights are never all there:
 *
 *     forward    P = softmax(q K^T / sqrt(E));   out = P V                          for 64 rows q of Q
 *     backward   P anew;   dV += P^T g;   dS = softmax_backward(g V^T, P);   dq = dS K / sqrt(E);   dK += dS^T q / sqrt(E)
 *
 * Dao et al., 2022, do the same with blocks of keys, too. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/attention.h"
#include "ops/ops_internal.h"

enum { QUERIES = 64 };

/* Operands of shape (n, L, E), (n, S, E), (n, S, V); for a query row, keys up to `seen` count. */
typedef struct Sizes {
    int type;
    int64_t n, l, s, e, v, bytes; /* of an element */
    bool causal;
} Sizes;

static Sizes sizes_of(const cer_Call *c, int first)
{
    const Tensor *q = c->in[first].as.t, *k = c->in[first + 1].as.t, *v = c->in[first + 2].as.t;
    return (Sizes){.type = q->dtype,
                   .n = q->shape[0],
                   .l = q->shape[1],
                   .s = k->shape[1],
                   .e = q->shape[2],
                   .v = v->shape[2],
                   .bytes = (int64_t)torch_dtype_size((torch_dtype)q->dtype),
                   .causal = ((const cer_AttentionAttrs *)c->attrs)->causal};
}

static void multiply(const Sizes *z, int64_t m, int64_t n, int64_t k, double alpha, const char *a, int64_t a_row,
                     int64_t a_col, const char *b, int64_t b_row, int64_t b_col, double beta, char *to)
{
    cer_gemm(z->type, m, n, k, alpha, a, a_row, a_col, b, b_row, b_col, beta, to, n, 1);
}

/* Row i of `rows` of n elements each sees the columns up to from + i: the rest becomes -inf. */
static void hide(const Sizes *z, char *scores, int64_t rows, int64_t n, int64_t from)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = from + i + 1; j < n; j++) {
            if (z->type == torch_float64)
                ((double *)(void *)scores)[i * n + j] = -(double)INFINITY;
            else
                ((float *)(void *)scores)[i * n + j] = -INFINITY;
        }
}

/* P of `rows` queries from number `from` on, over n keys, into weights. */
static void weigh(const Sizes *z, const char *q, const char *k, int64_t from, int64_t rows, int64_t n, char *weights)
{
    multiply(z, rows, n, z->e, 1 / sqrt((double)z->e), q + from * z->e * z->bytes, z->e, 1, k, 1, z->e, 0, weights);
    if (z->causal) hide(z, weights, rows, n, from);
    cer_Block b = {.n0 = n,
                   .n1 = rows,
                   .data = {weights, weights},
                   .s0 = {z->bytes, z->bytes},
                   .s1 = {n * z->bytes, n * z->bytes}};
    cer_kernels()->block[BLOCK_softmax][z->type](&b, NULL);
}

/* How many keys do the queries of a block that ends at `end` see? */
static int64_t keys_of(const Sizes *z, int64_t end)
{
    return z->causal && end < z->s ? end : z->s;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static bool forward_shape(cer_Call *c)
{
    const Tensor *q = c->in[0].as.t, *v = c->in[2].as.t;
    const int64_t shape[3] = {q->shape[0], q->shape[1], v->shape[2]};
    return cer_form_checked(&c->form[0], c->op->name, (torch_dtype)q->dtype, 3, shape);
}

static bool forward_kernel(cer_Call *c)
{
    Sizes z = sizes_of(c, 0);
    int64_t mark = cer_context()->pool.length, rows;
    const Tensor *in[3];
    for (int i = 0; i < 3; i++)
        if (!(in[i] = cer_plain(c->in[i].as.t, (torch_dtype)z.type))) return false;
    char *weights = cer_pool_block((size_t)(QUERIES * z.s * z.bytes), NULL), *out = c->out[0]->data;
    for (int64_t i = 0; weights && i < z.n; i++) {
        const char *q = in[0]->data + i * z.l * z.e * z.bytes, *k = in[1]->data + i * z.s * z.e * z.bytes;
        const char *v = in[2]->data + i * z.s * z.v * z.bytes;
        for (int64_t from = 0; from < z.l; from += rows) {
            rows = z.l - from < QUERIES ? z.l - from : QUERIES;
            int64_t n = keys_of(&z, from + rows);
            weigh(&z, q, k, from, rows, n, weights);
            multiply(&z, rows, z.v, n, 1, weights, n, 1, v, z.v, 1, 0, out + (i * z.l + from) * z.v * z.bytes);
        }
    }
    cer_pool_unwind(cer_context(), mark);
    return weights != NULL;
}

/* ---- backward ---------------------------------------------------------------------------------------------------- */

static bool backward_shape(cer_Call *c)
{
    for (int i = 0; i < 3; i++)
        cer_form_like(&c->form[i], (torch_dtype)c->in[1 + i].as.t->dtype, c->in[1 + i].as.t, true);
    return true;
}

typedef struct Slices { /* of one batch */
    const char *g, *q, *k, *v;
    char *of_q, *of_k, *of_v, *weights, *of_weights;
} Slices;

static void backward_block(const Sizes *z, const Slices *s, int64_t from, int64_t rows)
{
    int64_t n = keys_of(z, from + rows);
    const char *g = s->g + from * z->v * z->bytes, *q = s->q + from * z->e * z->bytes;
    double scale = 1 / sqrt((double)z->e);
    weigh(z, s->q, s->k, from, rows, n, s->weights);
    multiply(z, n, z->v, rows, 1, s->weights, 1, n, g, z->v, 1, 1, s->of_v);
    multiply(z, rows, n, z->v, 1, g, z->v, 1, s->v, 1, z->v, 0, s->of_weights);
    cer_Block b = {.n0 = n,
                   .n1 = rows,
                   .data = {s->of_weights, s->of_weights, s->weights},
                   .s0 = {z->bytes, z->bytes, z->bytes},
                   .s1 = {n * z->bytes, n * z->bytes, n * z->bytes}};
    cer_kernels()->block[BLOCK_softmax_backward][z->type](&b, NULL);
    multiply(z, rows, z->e, n, scale, s->of_weights, n, 1, s->k, z->e, 1, 0, s->of_q + from * z->e * z->bytes);
    multiply(z, n, z->e, rows, scale, s->of_weights, 1, n, q, z->e, 1, 1, s->of_k);
}

static bool backward_kernel(cer_Call *c)
{
    Sizes z = sizes_of(c, 1);
    int64_t mark = cer_context()->pool.length, room = QUERIES * z.s * z.bytes;
    const Tensor *in[4];
    for (int i = 0; i < 4; i++)
        if (!(in[i] = cer_plain(c->in[i].as.t, (torch_dtype)z.type))) return false;
    char *weights = cer_pool_block((size_t)(2 * room), NULL);
    for (int k = 1; k <= 2; k++) memset(c->out[k]->data, 0, c->out[k]->storage->bytes);
    for (int64_t i = 0; weights && i < z.n; i++) {
        int64_t of_l = i * z.l * z.e * z.bytes, of_s = i * z.s * z.e * z.bytes, of_v = i * z.s * z.v * z.bytes;
        Slices s = {.g = in[0]->data + i * z.l * z.v * z.bytes,
                    .q = in[1]->data + of_l,
                    .k = in[2]->data + of_s,
                    .v = in[3]->data + of_v,
                    .of_q = c->out[0]->data + of_l,
                    .of_k = c->out[1]->data + of_s,
                    .of_v = c->out[2]->data + of_v,
                    .weights = weights,
                    .of_weights = weights + room};
        for (int64_t from = 0; from < z.l; from += QUERIES)
            backward_block(&z, &s, from, z.l - from < QUERIES ? z.l - from : QUERIES);
    }
    cer_pool_unwind(cer_context(), mark);
    return weights != NULL;
}

const cer_Op cer_op_attention_backward = {.name = "attention_backward",
                                          .shape = backward_shape,
                                          .kernel = backward_kernel,
                                          .n_outputs = 3,
                                          .flags = CER_NONDIFFERENTIABLE,
                                          .attrs_bytes = sizeof(cer_AttentionAttrs)};

/* In public ops, with all weights, where it is to be differentiated again. */
static void vjp_in_ops(cer_Node *n, Tensor *g, Tensor *q, Tensor *k, Tensor *v, Tensor **in)
{
    double scale = 1 / sqrt((double)q->shape[2]);
    Tensor *scores = torch_mul(torch_matmul(q, torch_mT(k)), scale);
    if (((const cer_AttentionAttrs *)cer_attrs(n))->causal) {
        Tensor *seen = cer_causal_mask(q->shape[1], k->shape[1]);
        scores = torch_where(seen, scores, -(double)INFINITY);
    }
    Tensor *weights = torch_softmax(scores, -1), *of_weights = torch_matmul(g, torch_mT(v));
    Tensor *along = torch_sum(torch_mul(of_weights, weights), -1, .keepdim = true);
    Tensor *of_scores = torch_mul(torch_mul(weights, torch_sub(of_weights, along)), scale);
    in[0] = torch_matmul(of_scores, k);
    in[1] = torch_matmul(torch_mT(of_scores), q);
    in[2] = torch_matmul(torch_mT(weights), g);
}

static void attention_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    Tensor *q = cer_saved_tensor(n, 0), *k = cer_saved_tensor(n, 1), *v = cer_saved_tensor(n, 2), *made[3] = {NULL};
    if (!q || !k || !v) return;
    const torch_Scalar operands[4] = {torch_scalar_tensor(g[0]), torch_scalar_tensor(q), torch_scalar_tensor(k),
                                      torch_scalar_tensor(v)};
    torch_Scalar in_order[4];
    memcpy(in_order, operands, sizeof operands);
    if (torch_is_grad_enabled())
        vjp_in_ops(n, g[0], q, k, v, made);
    else
        cer_call_many(&cer_op_attention_backward, in_order, 4, cer_attrs(n), made);
    for (int i = 0; i < 3; i++)
        if (cer_needs(n, i)) in[i] = made[i];
}

enum { ALL = CER_SAVE(0) | CER_SAVE(1) | CER_SAVE(2) };
const cer_Op cer_op_attention = {.name = "scaled_dot_product_attention",
                                 .grad_name = "ScaledDotProductFlashAttentionForCpuBackward0",
                                 .shape = forward_shape,
                                 .kernel = forward_kernel,
                                 .vjp = attention_vjp,
                                 .saves = {ALL, ALL, ALL},
                                 .n_outputs = 1,
                                 .attrs_bytes = sizeof(cer_AttentionAttrs)};
