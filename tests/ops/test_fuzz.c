/* Arbitrary input: index texts of random bytes and mutated valid ones, and the functions of shapes with sizes, dimensions and
 * strides up to the ends of int64. There are errors or results, never a crash or an overflow (under the sanitizers), no
 * element that a result names lies outside its memory, and nothing is left behind. The seeds are fixed. */
#include <stdio.h>

#include "core/impl.h"
#include "ops/ops.h"
#include "tests/support.h"

enum { INDEX_ROUNDS = 20000, SHAPE_ROUNDS = 20000, MOST_COPIED = 4096 };

static uint64_t state;

static uint64_t drawn(uint64_t n) /* xorshift64*: 0 to n - 1 */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 2685821657736338717u >> 33) % n;
}

/* Small numbers mostly. None between 2^7 and 2^40: such results could be made, and would fill the machine. */
static int64_t number(void)
{
    static const int64_t ends[] = {INT64_MAX,           INT64_MIN,           INT64_MAX - 1,    INT64_MIN + 1,
                                   (int64_t)1 << 62,    -((int64_t)1 << 62), (int64_t)1 << 61, (int64_t)1 << 40,
                                   -((int64_t)1 << 40), INT64_MAX / 2,       INT64_MIN / 2 - 1};
    return drawn(5) ? (int64_t)drawn(9) - 3 : ends[drawn(sizeof ends / sizeof *ends)];
}

static int64_t numbers(int64_t *list, int64_t most)
{
    int64_t n = (int64_t)drawn((uint64_t)most + 1);
    for (int64_t i = 0; i < n; i++) list[i] = number();
    return n;
}

static Tensor *some_tensor(void)
{
    static const int64_t shapes[][4] = {{0},       {1, 5}, {2, 2, 3}, {3, 2, 3, 4},
                                        {2, 0, 3}, {1, 0}, {2, 1, 1}, {3, 1, 4, 1}};
    const int64_t *s = shapes[drawn(8)];
    torch_dtype types[] = {torch_float32, torch_float64, torch_int64, torch_bool, torch_float16};
    Tensor *x = torch_zeros_n(s[0], s + 1, types[drawn(5)]);
    if (drawn(3) == 0 && torch_is_floating_point(x)) x = torch_clone(torch_requires_grad_(x, true));
    if (s[0] >= 2 && drawn(3) == 0) x = torch_transpose(x, 0, -1);
    if (s[0] >= 1 && drawn(4) == 0) x = torch_slice(x, -1, 0, TORCH_NONE, 2);
    return x;
}

/* Every element that t names lies in its storage. */
static void check_bounds(const Tensor *t, const char *what)
{
    const char *first = t->data, *last = t->data;
    if (t->numel == 0) return;
    for (int d = 0; d < t->ndim; d++) last += (t->shape[d] - 1) * t->stride[d] * cer_size_of(t->dtype);
    ck_assert_msg(first >= t->storage->data && last + cer_size_of(t->dtype) <= t->storage->data + t->storage->bytes,
                  "%s: a result outside its memory", what);
}

/* ---- index texts ------------------------------------------------------------------------------------------------- */

static void check_index(Tensor *r, const char *text)
{
    ck_assert_msg(!r == (torch_error() != NULL), "'%s': %s", text,
                  r ? "a result and an error" : "neither result nor error");
    if (r) check_bounds(r, text);
    torch_error_clear();
}

/* Not printf's attribute: these texts are no literals. None has a % but the ones that their arguments are for. */
static Tensor *(*const index_by)(Tensor *, const char *, ...) = torch_index;
static Tensor *(*const set_by)(Tensor *, torch_Scalar, const char *, ...) = torch_setitem_Scalar;

static void random_text(char *text, size_t most)
{
    static const char usual[] = ":,.-+ 0123456789NoneEllipsTruFa[]()\t\n_exT";
    size_t n = drawn(most);
    bool bytes = drawn(4) == 0;
    for (size_t i = 0; i < n; i++) {
        text[i] = bytes ? (char)(1 + drawn(255)) : usual[drawn(sizeof usual - 1)];
        if (text[i] == '%') text[i] = ':';
    }
    text[n] = '\0';
}

static void mutated_text(char *text, size_t bytes)
{
    static const char *const valid[] = {":, -1, :",
                                        "...",
                                        "None, 0",
                                        "1:3, ::2",
                                        "0, ..., None",
                                        "-1",
                                        "::9223372036854775807",
                                        "-9223372036854775808:",
                                        "99999999999999999999",
                                        ":, :, :, :, :, :, :, :, :, :"};
    snprintf(text, bytes, "%s", valid[drawn(sizeof valid / sizeof *valid)]);
    for (uint64_t k = drawn(4); k > 0; k--) {
        size_t n = strlen(text), at = drawn(n + 1);
        if (n && drawn(2))
            memmove(text + at, text + at + (at < n), n - at + (at == n)); /* drops one */
        else if (at < n)
            text[at] = ":,.-0N "[drawn(7)];
    }
}

START_TEST(any_index_text)
{
    state = 88172645463325252u + (uint64_t)_i;
    int64_t live = torch_live_tensors(), nodes = torch_live_nodes();
    for (int k = 0; k < INDEX_ROUNDS / 4; k++) {
        torch_scope();
        char text[64];
        Tensor *x = some_tensor();
        if (drawn(2))
            random_text(text, sizeof text);
        else
            mutated_text(text, sizeof text);
        check_index(index_by(x, text), text);
        if (drawn(4) == 0) {
            Tensor *copy = torch_clone(torch_detach(x));
            check_index(set_by(copy, torch_scalar_int(1), text), text);
        }
    }
    ck_assert_int_eq(torch_live_tensors(), live);
    ck_assert_int_eq(torch_live_nodes(), nodes);
}
END_TEST

START_TEST(any_index_argument)
{
    state = 3141592653589793238u + (uint64_t)_i;
    for (int k = 0; k < INDEX_ROUNDS / 4; k++) {
        torch_scope();
        Tensor *x = some_tensor();
        long long a = number(), b = number(), c = number();
        switch (drawn(5)) {
        case 0: check_index(torch_index(x, "%lld", a), "%lld"); break;
        case 1: check_index(torch_index(x, "%lld:%lld:%lld", a, b, c), "%lld:%lld:%lld"); break;
        case 2: check_index(torch_index(x, "..., %lld:%lld, %lld", a, b, c), "..., %lld:%lld, %lld"); break;
        case 3: check_index(torch_index(x, "None, ::%lld, %d", a, (int)(b % 9)), "None, ::%lld, %d"); break;
        default: check_index(torch_index(x, "%zu, %ld", (size_t)a, (long)b), "%zu, %ld"); break;
        }
    }
}
END_TEST

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

typedef struct Numbers {
    int64_t a, b, c, list[10], n, other[10], m;
} Numbers;

static Tensor *first_of(torch_TensorList list)
{
    return list.length > 0 ? list.tensor[drawn((uint64_t)list.length)] : NULL;
}

static Tensor *view_of(Tensor *x, const Numbers *v)
{
    switch (drawn(26)) {
    case 0: return torch_view_n(x, v->n, v->list);
    case 1: return torch_reshape_n(x, v->n, v->list);
    case 2: return torch_expand_n(x, v->n, v->list);
    case 3: return torch_permute_n(x, v->n, v->list);
    case 4: return torch_transpose(x, v->a, v->b);
    case 5: return torch_select(x, v->a, v->b);
    case 6: return torch_slice(x, v->a, v->b, v->c, v->list[0]);
    case 7: return torch_narrow(x, v->a, v->b, v->c);
    case 8: return torch_squeeze_dim(x, v->a);
    case 9: return torch_unsqueeze(x, v->a);
    case 10: return torch_flatten_dims(x, v->a, v->b);
    case 11: return torch_unflatten(x, v->a, v->n, v->list);
    case 12: return torch_movedim(x, v->a, v->b);
    case 13: return torch_movedim_dims(x, v->n, v->list, v->m, v->other);
    case 14: return torch_as_strided_n(x, v->n, v->list, v->m, v->other);
    case 15: return torch_as_strided_at_n(x, v->n, v->list, v->m, v->other, v->a);
    case 16: return torch_unfold(x, v->a, v->b, v->c);
    case 17: return torch_diagonal(x, v->a, v->b, v->c);
    case 18: return first_of(torch_split(x, v->a, v->b));
    case 19: return first_of(torch_split_with_sizes(x, v->n, v->list, v->a));
    case 20: return first_of(torch_chunk(x, v->a, v->b));
    case 21: return first_of(torch_unbind(x, v->a));
    case 22: return first_of(torch_tensor_split(x, v->a, v->b));
    case 23: return first_of(torch_tensor_split_indices(x, v->n, v->list, v->a));
    case 24: return first_of(torch_hsplit(x, v->a));
    default: return torch_mT(x);
    }
}

static Tensor *copy_of(Tensor *x, const Numbers *v)
{
    switch (drawn(20)) {
    case 0: return torch_flip_n(x, v->n, v->list);
    case 1: return torch_rot90(x, v->a, v->b, v->c);
    case 2: return torch_roll_n(x, v->n, v->list, v->m, v->other);
    case 3: return torch_repeat_n(x, v->n, v->list);
    case 4: return torch_tile_n(x, v->n, v->list);
    case 5: return torch_repeat_interleave(x, v->a, drawn(2) ? v->b : TORCH_NONE);
    case 6: return torch_tril(x, v->a);
    case 7: return torch_triu(x, v->a);
    case 8: return torch_diag(x, v->a);
    case 9: return torch_diag_embed(x, v->a, v->b, v->c);
    case 10: return torch_diagflat(x, v->a);
    case 11: return torch_cat(torch_tensors(x, x), v->a);
    case 12: return torch_stack(torch_tensors(x, x), v->a);
    case 13: return torch_block_diag(torch_tensors(x, x));
    case 14: return torch_combinations(x, v->a, drawn(2));
    case 15: return torch_tril_indices(v->a, v->b, v->c, torch_dtype_none);
    case 16: return torch_triu_indices(v->a, v->b, v->c, torch_int32);
    case 17: return torch_full_n(v->n, v->list, torch_scalar_int(1), torch_uint8);
    case 18: return torch_empty_strided(v->n, v->list, v->m, v->other, torch_float32);
    default: return torch_arange_n(torch_scalar_int(v->a), torch_scalar_int(v->b), torch_scalar_int(v->c), torch_int64);
    }
}

START_TEST(any_sizes)
{
    state = 2718281828459045235u + (uint64_t)_i;
    int64_t live = torch_live_tensors(), nodes = torch_live_nodes();
    for (int k = 0; k < SHAPE_ROUNDS / 4; k++) {
        torch_scope();
        Tensor *x = some_tensor();
        for (int step = 0; step < 4 && x; step++) { /* one on top of the other */
            Numbers v = {.a = number(), .b = number(), .c = number(), .list = {number()}};
            v.n = numbers(v.list, 9);
            v.m = drawn(3) ? v.n : 0;
            for (int64_t i = 0; i < v.m; i++) v.other[i] = number();
            bool small = x->numel <= MOST_COPIED;
            x = drawn(2) || !small ? view_of(x, &v) : copy_of(x, &v);
            if (x) check_bounds(x, x->op ? x->op->name : "?");
            if (x) ck_assert_msg(!torch_error(), "a result and an error: %s", torch_error());
        }
        if (x && torch_requires_grad(x) && x->numel <= MOST_COPIED) torch_backward(torch_sum(x), .retain_graph = true);
        torch_error_clear();
    }
    ck_assert_int_eq(torch_live_tensors(), live);
    ck_assert_int_eq(torch_live_nodes(), nodes);
}
END_TEST

static TCase *fuzz(void)
{
    TCase *c = test_case("fuzz", any_index_argument);
    tcase_add_loop_test(c, any_index_text, 0, 4);
    tcase_add_loop_test(c, any_sizes, 0, 4);
    return c;
}

SUITE_MAIN("ops_fuzz", fuzz)
