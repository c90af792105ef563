#include "samples.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the rows ---------------------------------------------------------------------------------------------------- */

Tensor *grad_of(Tensor *out, Tensor *in, Tensor *gradient)
{
    Tensor *result = NULL;
    torch_GradArgs a = {.struct_size = sizeof a,
                        .outputs = &out,
                        .n_outputs = 1,
                        .inputs = &in,
                        .n_inputs = 1,
                        .grad_outputs = &gradient,
                        .create_graph = true};
    torch_autograd_grad_args(&result, &a);
    return result;
}

Tensor *second(Tensor *(*function)(Tensor *, int64_t, bool, Tensor **), Tensor *x, int64_t dim, bool keepdim)
{
    Tensor *index = NULL;
    function(x, dim, keepdim, &index);
    return index;
}

Tensor *nth(torch_TensorList list, int64_t k)
{
    return k < list.length ? list.tensor[k] : NULL;
}

enum { MOST_PARTS = 32 };

Tensor *backwards(torch_TensorList list, int64_t dim)
{
    Tensor *turned[MOST_PARTS];
    if (list.length < 0 || list.length > MOST_PARTS) return NULL;
    for (int64_t k = 0; k < list.length; k++) turned[k] = list.tensor[list.length - 1 - k];
    return torch_cat_n(turned, list.length, dim);
}

torch_TensorList flat(torch_TensorList list)
{
    Tensor **parts = list.length < 0 ? NULL : cer_list_room("flat", list.length);
    for (int64_t k = 0; parts && k < list.length; k++) parts[k] = torch_reshape(list.tensor[k], -1);
    return parts ? (torch_TensorList){parts, list.length} : cer_no_list();
}

Tensor *indices_of(Tensor *(*function)(Tensor *, int64_t, Tensor **), Tensor *x, int64_t dim)
{
    Tensor *index = NULL;
    function(x, dim, &index);
    return index;
}

Tensor *mean_of(Tensor *(*function)(const torch_VarArgs *), Tensor *x, int64_t dim)
{
    Tensor *mean = NULL;
    torch_VarArgs a = torch_VarArgs_defaults();
    a.self = x;
    a.dim = dim;
    a.mean = &mean;
    function(&a);
    return mean;
}

Tensor *largest_of(Tensor *x, int64_t dim, bool keepdim)
{
    Tensor *max = NULL;
    torch_aminmax(x, dim, keepdim, &max);
    return max;
}

Tensor *written_view(Tensor *x)
{
    return torch_mul_(torch_select(torch_clone(x), 0, 1), 3);
}

Tensor *written_base(Tensor *x)
{
    Tensor *base = torch_clone(x);
    return torch_mul_(torch_select(base, 0, 1), 3) ? base : NULL;
}

Tensor *written_base_by(Tensor *x, Tensor *y)
{
    Tensor *base = torch_clone(x);
    return torch_mul_(torch_select(base, 0, 1), y) ? base : NULL;
}

Tensor *pool_indices(const F_MaxPoolArgs *args)
{
    Tensor *index = NULL;
    F_MaxPoolArgs a = *args;
    a.indices = &index;
    F_max_pool2d_args(&a);
    return index;
}

Tensor *unpooled(Tensor *x, int dims)
{
    Tensor *i = NULL, *y;
    if (dims == 1) return y = F_max_pool1d(x, 2, .indices = &i), F_max_unpool1d(y, i, 2);
    if (dims == 2) return y = F_max_pool2d(x, 2, .indices = &i), F_max_unpool2d(y, i, 2);
    return y = F_max_pool3d(x, 2, .indices = &i), F_max_unpool3d(y, i, 2);
}

Tensor *running(Tensor *x, Tensor *mean, Tensor *var)
{
    Tensor *r = F_batch_norm(x, mean, var, .training = true, .momentum = mean ? 0.1 : 0.3);
    return r ? mean ? mean : var : NULL;
}

Tensor *running_of_instances(Tensor *x, Tensor *var)
{
    return F_instance_norm(x, NULL, var) ? var : NULL;
}

Tensor *norm_gradient(Tensor *out, Tensor *in, Tensor *gradient)
{
    Tensor *result = NULL;
    torch_GradArgs a = {.struct_size = sizeof a,
                        .outputs = &out,
                        .n_outputs = 1,
                        .inputs = &in,
                        .n_inputs = 1,
                        .grad_outputs = &gradient};
    torch_autograd_grad_args(&result, &a);
    return result;
}

Tensor *recurrent_of(int cell, bool reverse, Tensor *x, Tensor *h, Tensor *c, Tensor *w_ih, Tensor *w_hh, Tensor *bias,
                     int output)
{
    Tensor *c_n, *products = F_linear(x, w_ih, bias);
    Tensor *h_0 = torch_select(h, 0, 0), *c_0 = c ? torch_select(c, 0, 0) : NULL;
    if (!products || !h_0 || (c && !c_0)) return NULL;
    Tensor *out = cer_recurrent_layer((cer_Cell)cell, reverse, products, h_0, c_0, w_hh, bias, &c_n);
    return output ? c_n : out;
}

Tensor *topk_index(Tensor *x, int64_t k, int64_t dim, bool largest)
{
    Tensor *index = NULL;
    torch_topk(x, k, dim, largest, .indices = &index);
    return index;
}

Tensor *unique_inverse(Tensor *x, int64_t dim, bool consecutive)
{
    Tensor *inverse = NULL;
    (consecutive ? torch_unique_consecutive_args : torch_unique_args)(TORCH_UNIQUE(x, dim, .inverse = &inverse));
    return inverse;
}

Tensor *unique_counts(Tensor *x, int64_t dim, bool consecutive)
{
    Tensor *counts = NULL;
    (consecutive ? torch_unique_consecutive_args : torch_unique_args)(TORCH_UNIQUE(x, dim, .counts = &counts));
    return counts;
}

Tensor *bin_edges(Tensor *x, int64_t bins)
{
    Tensor *edges = NULL;
    torch_histogram(x, bins, .bin_edges = &edges);
    return edges;
}

Tensor *second_of_pack(Tensor *x)
{
    Tensor *sizes = NULL;
    torch__pack_padded_sequence(x, torch_lengths(3, 2), false, &sizes);
    return sizes;
}

Tensor *kth_index(Tensor *x, int64_t k, int64_t dim)
{
    Tensor *index = NULL;
    torch_kthvalue(x, k, dim, .indices = &index);
    return index;
}

static Tensor *eye_like(Tensor *x)
{
    return torch_to(torch_eye(torch_size(x, -1)), torch_dtype_of(x));
}

Tensor *regular(Tensor *x)
{
    return x ? torch_add(x, torch_mul(4, eye_like(x))) : torch_inverse(x);
}

Tensor *positive(Tensor *x)
{
    Tensor *square = torch_matmul(x, x ? torch_transpose(x, -2, -1) : x);
    return square ? torch_add(square, eye_like(square)) : NULL;
}

Tensor *svd_of(Tensor *x, bool full, int output)
{
    Tensor *out[3];
    out[0] = torch_linalg_svd(x, full, &out[1], &out[2]);
    return out[output];
}

Tensor *qr_of(Tensor *x, const char *mode, int output)
{
    Tensor *out[2];
    out[0] = torch_linalg_qr(x, mode, &out[1]);
    return out[output];
}

Tensor *eigh_of(Tensor *x, const char *uplo, int output)
{
    Tensor *out[2];
    out[0] = torch_linalg_eigh(x, uplo, &out[1]);
    return out[output];
}

Tensor *logabsdet_of(Tensor *x)
{
    Tensor *logarithm;
    torch_linalg_slogdet(x, &logarithm);
    return logarithm;
}

Tensor *lu_factor_of(Tensor *x, bool check_errors, int output)
{
    Tensor *out[3];
    out[0] = torch_linalg_lu_factor_ex(x, check_errors, &out[1], &out[2]);
    return out[output];
}

Tensor *lu_of(Tensor *x, int output)
{
    Tensor *out[3];
    out[0] = torch_linalg_lu(x, &out[1], &out[2]);
    return out[output];
}

Tensor *lu_unpacked(Tensor *x, int output)
{
    Tensor *pivots, *lu = torch_linalg_lu_factor(x, &pivots), *out[3];
    out[0] = torch_lu_unpack(lu, pivots, &out[1], &out[2]);
    return out[output];
}

Tensor *lu_solved(Tensor *x, Tensor *y, bool left, bool adjoint)
{
    Tensor *pivots, *lu = torch_linalg_lu_factor(x, &pivots);
    return torch_linalg_lu_solve_left(lu, pivots, y, left, adjoint);
}

Tensor *inv_ex_of(Tensor *x, bool check_errors, int output)
{
    Tensor *out[2];
    out[0] = torch_linalg_inv_ex(x, check_errors, &out[1]);
    return out[output];
}

Tensor *solve_ex_of(Tensor *x, Tensor *y, bool left, bool check_errors, int output)
{
    Tensor *out[2];
    out[0] = torch_linalg_solve_ex(x, y, left, check_errors, &out[1]);
    return out[output];
}

Tensor *cholesky_ex_of(Tensor *x, bool upper, bool check_errors, int output)
{
    Tensor *out[2];
    out[0] = torch_linalg_cholesky_ex(x, upper, check_errors, &out[1]);
    return out[output];
}

Tensor *coefficient_of(Tensor *y, Tensor *x)
{
    Tensor *coefficient;
    torch_triangular_solve(y, x, true, false, false, &coefficient);
    return coefficient;
}

Tensor *rank_of(Tensor *x, Tensor *y)
{
    Tensor *rank;
    torch_linalg_lstsq(x, y, &rank);
    return rank;
}

Tensor *number(const Tensor *x)
{
    double v = torch_item(x);
    return torch_full_n(0, NULL, torch_scalar_double(v), torch_float64);
}

#define CALL_OF(theme, line) call_##theme##_##line
#define CALL(theme, line) CALL_OF(theme, line)
#define TEXT_OF(theme) #theme
#define TEXT(theme) TEXT_OF(theme)
#define SAMPLE(record, inputs, python, ...)                                                                         \
    static Tensor *CALL(THEME, __LINE__)(const Inputs *in)                                                          \
    {                                                                                                               \
        Tensor *x = in->t[0], *y = in->t[1], *z = in->t[2], *w = in->t[3], *p = in->t[4], *q = in->t[5],            \
               *o = in->t[6], *s = in->t[7], *t = in->t[8], *i = in->t[9], *b = in->t[10], *n = in->t[11];          \
        (void)x, (void)y, (void)z, (void)w, (void)p, (void)q, (void)o, (void)s, (void)t, (void)i, (void)b, (void)n; \
        return __VA_ARGS__;                                                                                         \
    }
#include "samples/all.def"
#undef SAMPLE

const Sample samples[] = {
#define SAMPLE(record, inputs, python, ...) \
    {TEXT(THEME), #record, inputs, python, &cer_op_##record, CALL(THEME, __LINE__)},
#include "samples/all.def"
#undef SAMPLE
};
const int n_samples = sizeof samples / sizeof *samples;

/* ---- values: the same formulas as in make_ops.py ----------------------------------------------------------------- */

static const char letters[] = "fdliscubhk";
static const torch_dtype dtypes[] = {torch_float32, torch_float64, torch_int64, torch_int32,   torch_int16,
                                     torch_int8,    torch_uint8,   torch_bool,  torch_float16, torch_bfloat16};

torch_dtype dtype_of_letter(char letter)
{
    const char *at = letter ? strchr(letters, letter) : NULL;
    return at ? dtypes[at - letters] : torch_dtype_none;
}

char letter_of_dtype(torch_dtype dtype)
{
    for (int i = 0; letters[i]; i++)
        if (dtypes[i] == dtype) return letters[i];
    return '?';
}

static uint32_t hashed(char name, int64_t n)
{
    uint32_t h = (uint32_t)n * 2654435761u + (uint32_t)name * 40503u + 12345u;
    h = (h ^ h >> 16) * 0x45d9f3bu;
    return h ^ h >> 16;
}

static bool floating(char letter)
{
    return letter == 'f' || letter == 'd' || letter == 'h' || letter == 'k';
}

static torch_Scalar special(char letter, int64_t k)
{
    const double floats[] = {0.0,         -0.0,  1,    -1, 0.5, -2.5, (double)INFINITY, -(double)INFINITY,
                             (double)NAN, 1e-40, 3e38, 100};
    if (floating(letter)) return torch_scalar_double(floats[k]);
    if (letter == 'b') return torch_scalar_bool(k % 2 == 1);
    int64_t top = letter == 'l'   ? INT64_MAX
                  : letter == 'i' ? INT32_MAX
                  : letter == 's' ? INT16_MAX
                  : letter == 'c' ? INT8_MAX
                                  : UINT8_MAX;
    const int64_t whole[] = {0, 1, -1, 2, -2, 3, 7, -8, letter == 'u' ? 0 : -top - 1, top, top - 1, 100};
    return torch_scalar_int(letter == 'u' && whole[k] < 0 ? whole[k] + 256 : whole[k]);
}

static torch_Scalar value(char name, char letter, int64_t n)
{
    uint32_t h = hashed(name, n);
    double u = h / 4294967296.0;
    if (name == 's' || name == 't') return special(letter, name == 's' ? n / 12 % 12 : n % 12);
    if (letter == 'b') return torch_scalar_bool(h >> 7 & 1);
    if (name == 'i') return torch_scalar_int((int64_t)(h % 5) - 2);
    if (name == 'n') return torch_scalar_int(h % 3);
    bool positive = name == 'p' || name == 'q';
    if (floating(letter))
        return torch_scalar_double(positive ? u * 2 + 0.25 : name == 'o' ? u * 1.9 - 0.95 : u * 4 - 2);
    if (positive) return torch_scalar_int(h % 5 + 1);
    return torch_scalar_int((int64_t)(h % 19) - (letter == 'u' ? 0 : 9));
}

Tensor *made(char name, char letter, int64_t ndim, const int64_t *shape)
{
    torch_dtype dtype = dtype_of_letter(letter);
    Tensor *t = torch_empty_n(ndim, shape, dtype);
    if (!t) return NULL;
    int64_t n = torch_numel(t);
    char *to = torch_data_ptr(t);
    for (int64_t i = 0; i < n; i++)
        cer_scalar_as(name == 's' && n == 12 ? special(letter, i) : value(name, letter, i), dtype,
                      to + (size_t)i * torch_dtype_size(dtype));
    return t;
}

/* ---- layouts ----------------------------------------------------------------------------------------------------- */

static Tensor *laid_out(Tensor *t, char layout) /* the same values, elsewhere in memory */
{
    int64_t ndim = t ? torch_dim(t) : 0;
    if (layout == 'T' && ndim >= 2) return torch_transpose(torch_contiguous(torch_transpose(t, -1, -2)), -1, -2);
    if (layout != 'S' || ndim < 1) return t;
    torch_Size size = torch_shape(t);
    size.dim[ndim - 1] *= 2;
    Tensor *gaps = torch_slice(torch_zeros_n(ndim, size.dim, torch_dtype_of(t)), -1, TORCH_NONE, TORCH_NONE, 2);
    torch_copy_(gaps, t);
    return gaps;
}

bool case_inputs(const Case *c, Inputs *in)
{
    memset(in, 0, sizeof *in);
    for (int k = 0; k < c->n; k++) {
        const Given *g = &c->given[k];
        Tensor *t = laid_out(made(INPUT_NAMES[g->which], g->letter, g->ndim, g->shape), c->layout);
        if (!t) return false;
        if (floating(g->letter)) torch_requires_grad_(t, true);
        in->t[g->which] = t;
    }
    return !torch_error();
}

/* ---- cases ------------------------------------------------------------------------------------------------------- */

static const char *read_shape(const char *at, Given *g) /* "[2,3]" or nothing */
{
    g->ndim = 0;
    if (*at != '[') return at;
    do {
        char *end;
        g->shape[g->ndim++] = strtol(at + 1, &end, 10);
        at = end;
    } while (*at == ',');
    return at + 1;
}

/* "x[2,3] y[3]" up to a bar or the end */
static const char *read_given(const char *at, const char *types, Case *c)
{
    for (c->n = 0;;) {
        while (*at == ' ') at++;
        if (*at == '|' || !*at) return at;
        Given *g = &c->given[c->n];
        char name = *at++;
        g->which = (int)(strchr(INPUT_NAMES, name) - INPUT_NAMES);
        g->letter = name == 'i' || name == 'n' ? 'l' : name == 'b' ? 'b' : c->mixed ? types[c->n] : types[0];
        c->n++;
        at = read_shape(at, g);
    }
}

static void write_key(Case *c, const char *types)
{
    int at = snprintf(c->key, sizeof c->key, "%s", types);
    for (int k = 0; k < c->n; k++) {
        const Given *g = &c->given[k];
        at += snprintf(c->key + at, sizeof c->key - (size_t)at, " %c", INPUT_NAMES[g->which]);
        for (int64_t d = 0; d < g->ndim; d++)
            at += snprintf(c->key + at, sizeof c->key - (size_t)at, d ? ",%lld" : "[%lld", (long long)g->shape[d]);
        if (g->ndim) at += snprintf(c->key + at, sizeof c->key - (size_t)at, "]");
    }
    snprintf(c->key + at, sizeof c->key - (size_t)at, " %c", c->layout);
}

static bool has_layout(const Case *c, char layout, bool first)
{
    bool transposes = false, spreads = false;
    for (int k = 0; k < c->n; k++) {
        const Given *g = &c->given[k];
        const int64_t *end = g->shape + g->ndim;
        transposes |= g->ndim >= 2 && end[-1] > 1 && end[-2] > 1;
        spreads |= g->ndim >= 1 && end[-1] > 1;
    }
    return layout == 'C' || (!c->mixed && (layout == 'T' ? transposes : first && spreads));
}

static void cases_of_types(Case *c, const char *types, bool first, const char *sets,
                           void (*visit)(const Case *, void *), void *data)
{
    for (const char *at = sets;; at++) {
        at = read_given(at, types, c);
        for (const char *layout = "CTS"; *layout; layout++) {
            if (!has_layout(c, *layout, first)) continue;
            c->layout = *layout;
            write_key(c, types);
            visit(c, data);
        }
        if (!*at) return;
    }
}

void each_case(const Sample *sample, void (*visit)(const Case *c, void *data), void *data)
{
    Case c = {.sample = sample};
    const char *colon = strchr(sample->inputs, ':'), *types = sample->inputs;
    size_t n = (size_t)(colon - types);
    if (strncmp(types, "all:", 4) == 0) types = letters, n = 8;
    c.mixed = strncmp(types, "pairs:", 6) == 0;
    for (size_t i = 0; i < (c.mixed ? 64 : n); i++) {
        char type[3] = {c.mixed ? letters[i / 8] : types[i], c.mixed ? letters[i % 8] : '\0', '\0'};
        cases_of_types(&c, type, i == 0, colon + 1, visit, data);
    }
}
