/* Printing: str(x) beside PyTorch's, repr(float) beside Python's. */
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support.h"

#include "core/impl.h"
#include "core/repr.h"

#include "tests/reference/print_cases.h"
#include "tests/reference/repr_cases.h"

enum { PRINT_CASES = sizeof print_cases / sizeof *print_cases, REPR_CASES = sizeof repr_cases / sizeof *repr_cases };

/* ---- a tensor with given elements, in given strides -------------------------------------------------------------- */

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void element(const struct PrintCase *c, int64_t i, void *out)
{
    size_t size = torch_dtype_size(c->dtype);
    if (c->pattern == DATA)
        for (size_t k = 0; k < size; k++) {
            const char *hex = c->data + 2 * ((size_t)i * size + k);
            ((uint8_t *)out)[k] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
        }
    else
        cer_scalar_as(torch_scalar_int(c->pattern == COUNTING ? i : c->pattern == ONES), c->dtype, out);
}

static void restride(Tensor *t, int layout)
{
    int64_t next = 1;
    if (layout == TRANSPOSED)
        for (int d = 0; d < t->ndim; d++) {
            t->stride[d] = next;
            next *= t->shape[d];
        }
    if (layout == EXPANDED) t->stride[0] = 0;
    cer_update_contiguous(t);
}

static Tensor *build(const struct PrintCase *c)
{
    Tensor *t = cer_empty(c->dtype, c->ndim, c->shape);
    ck_assert_ptr_nonnull(t);
    restride(t, c->layout);
    for (int64_t i = 0; i < t->numel; i++) {
        int64_t rest = i, offset = 0;
        for (int64_t d = t->ndim; d-- > 0; rest /= t->shape[d]) offset += rest % t->shape[d] * t->stride[d];
        element(c, i, t->data + offset * (int64_t)torch_dtype_size(c->dtype));
    }
    if (c->requires_grad && !c->grad_fn) ck_assert_ptr_eq(torch_requires_grad_(t, true), t);
    if (c->parameter) t->flags |= CER_PARAMETER;
    return t;
}

/* A node with nothing behind it. */
static void give_maker(Tensor *t, const cer_Op *op)
{
    t->node = cer_node_new(op, 0, 1, 0, NULL, 0);
    ck_assert_ptr_nonnull(t->node);
    t->flags |= CER_REQUIRES_GRAD;
}

static void default_options(void)
{
    torch_set_printoptions(.profile = "default");
}

START_TEST(prints_like_pytorch)
{
    const struct PrintCase *c = &print_cases[_i];
    const cer_Op maker = {.name = "maker", .grad_name = c->grad_fn};
    torch_scope();
    Tensor *t = build(c);
    if (c->grad_fn) give_maker(t, &maker);
    ck_assert_int_eq(torch_set_printoptions_args(&c->options), TORCH_OK);
    const char *text = torch_str(t);
    default_options();
    ck_assert_msg(strcmp(text, c->text) == 0, "%s: expected\n%s\nfound\n%s", c->name, c->text, text);
}
END_TEST

START_TEST(follows_the_default_dtype)
{
    const double numbers[2] = {0, 0};
    Tensor *t = cer_empty(torch_float64, 1, (int64_t[]){2}), *u = cer_empty(torch_float32, 1, (int64_t[]){0});
    memcpy(t->data, numbers, sizeof numbers);
    torch_set_default_dtype(torch_float64);
    ck_assert_str_eq(torch_str(t), "tensor([0., 0.])");
    ck_assert_str_eq(torch_str(u), "tensor([], dtype=torch.float32)");
    torch_set_default_dtype(torch_float32);
    ck_assert_str_eq(torch_str(t), "tensor([0., 0.], dtype=torch.float64)");
    ck_assert_str_eq(torch_str(u), "tensor([])");
}
END_TEST

START_TEST(options_stay_until_changed)
{
    Tensor *t = cer_empty(torch_float32, 0, NULL);
    *(float *)(void *)t->data = 1.23456789f;
    torch_set_printoptions(.precision = 2);
    torch_set_printoptions(.linewidth = 100);
    ck_assert_str_eq(torch_str(t), "tensor(1.23)");
    torch_set_printoptions(.sci_mode = 1);
    ck_assert_str_eq(torch_str(t), "tensor(1.23e+00)");
    torch_set_printoptions(.precision = 3); /* and automatic again, as in PyTorch */
    ck_assert_str_eq(torch_str(t), "tensor(1.235)");
    default_options();
    ck_assert_str_eq(torch_str(t), "tensor(1.2346)");
    ck_assert_int_eq(torch_set_printoptions(.precision = 100000), TORCH_VALUE_ERROR);
    ck_assert_error(TORCH_VALUE_ERROR, "precision too big");
    ck_assert_str_eq(torch_str(t), "tensor(1.2346)");
    ck_assert_int_eq(torch_set_printoptions_args(NULL), TORCH_TYPE_ERROR);
    torch_error_clear();
}
END_TEST

/* Two of 2^40 rows and columns that are all the same few bytes: only what is shown may be looked at. */
START_TEST(huge_tensors_are_cheap)
{
    Tensor *t = cer_empty(torch_uint8, 2, (int64_t[]){1, 1});
    t->data[0] = 7;
    t->shape[0] = t->shape[1] = INT64_C(1) << 31;
    t->stride[0] = t->stride[1] = 0;
    cer_update_contiguous(t);
    ck_assert_str_eq(torch_str(t),
                     "tensor([[7, 7, 7,  ..., 7, 7, 7],\n        [7, 7, 7,  ..., 7, 7, 7],\n"
                     "        [7, 7, 7,  ..., 7, 7, 7],\n        ...,\n        [7, 7, 7,  ..., 7, 7, 7],\n"
                     "        [7, 7, 7,  ..., 7, 7, 7],\n        [7, 7, 7,  ..., 7, 7, 7]], dtype=torch.uint8)");
}
END_TEST

START_TEST(none_and_errors)
{
    Tensor *t = cer_empty(torch_float32, 0, NULL);
    *(float *)(void *)t->data = 1;
    ck_assert_str_eq(torch_str(NULL), "None");
    ck_assert_no_error();
    torch_error_raise(TORCH_VALUE_ERROR, "test", "pending");
    ck_assert_str_eq(torch_str(t), "");
    ck_assert_str_eq(torch_str(NULL), "");
    ck_assert_str_eq(torch_repr(1.5), "nan");
    ck_assert_str_eq(torch_size_str(torch_shape(t)), "");
    ck_assert_int_eq(torch_set_printoptions(.precision = 2), TORCH_VALUE_ERROR);
    torch_print(t); /* nothing */
    ck_assert_error(TORCH_VALUE_ERROR, "pending");
    ck_assert_str_eq(torch_str(t), "tensor(1.)"); /* still the default precision's text, and no surprise */
    Tensor *square = cer_zeros(torch_float32, 2, (int64_t[]){4, 5});
    torch_set_printoptions(.edgeitems = 0, .threshold = 2);
    ck_assert_str_eq(torch_str(square), "");
    ck_assert_error(TORCH_RUNTIME_ERROR, "stack expects a non-empty TensorList");
    default_options();
}
END_TEST

START_TEST(dead_tensors_are_refused)
{
    if (cer_alloc_bypassed()) return; /* their memory is gone */
    int64_t mark = torch_scope_push();
    Tensor *t = cer_empty(torch_float32, 0, NULL);
    torch_scope_pop(mark);
    ck_assert_str_eq(torch_str(t), "");
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "str(): argument (position 1) is a tensor whose scope has ended (it came from empty); keep "
                    "it with torch_set or hand it out with torch_escape");
}
END_TEST

START_TEST(sizes)
{
    ck_assert_str_eq(torch_size_str((torch_Size){.ndim = 0}), "torch.Size([])");
    ck_assert_str_eq(torch_size_str((torch_Size){1, {1}}), "torch.Size([1])");
    ck_assert_str_eq(torch_size_str((torch_Size){2, {2, 3}}), "torch.Size([2, 3])");
    ck_assert_str_eq(torch_size_str((torch_Size){.ndim = 99}), "");
    ck_assert_error(TORCH_VALUE_ERROR, "99 is no number of dimensions");
}
END_TEST

START_TEST(print_ends_with_a_newline_and_keeps_nothing)
{
    Tensor *t = cer_zeros(torch_int64, 1, (int64_t[]){2});
    int64_t held = cer_context()->pool.length;
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    fflush(stdout);
    int out = dup(STDOUT_FILENO);
    ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
    torch_print(t);
    torch_print(NULL);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    char text[64];
    rewind(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = 0;
    fclose(file);
    ck_assert_str_eq(text, "tensor([0, 0])\nNone\n");
    ck_assert_int_eq(cer_context()->pool.length, held);
}
END_TEST

START_TEST(repr_is_pythons)
{
    char text[CER_REPR_BYTES];
    double value;
    memcpy(&value, &repr_cases[_i].bits, sizeof value);
    ck_assert_str_eq(cer_repr(value, text), repr_cases[_i].text);
    ck_assert_str_eq(torch_repr(value), repr_cases[_i].text);
}
END_TEST

START_TEST(a_locale_with_a_comma_changes_nothing)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "pt_BR.UTF-8", "ps_AF.UTF-8"};
    const char *found = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++) found = setlocale(LC_ALL, names[i]);
    char printed[16]; /* where none is installed this tells nothing new */
    snprintf(printed, sizeof printed, "%.1f", 1.5);
    ck_assert(!found || strcmp(printed, "1.5") != 0);
    Tensor *t = cer_empty(torch_float32, 1, (int64_t[]){2});
    const float numbers[2] = {1.5f, 1e-6f};
    memcpy(t->data, numbers, sizeof numbers);
    ck_assert_str_eq(torch_str(t), "tensor([1.5000e+00, 1.0000e-06])");
    t->shape[0] = 1;
    cer_update_contiguous(t);
    ck_assert_str_eq(torch_str(t), "tensor([1.5000])");
    ck_assert_str_eq(torch_repr(0.1), "0.1");
    ck_assert_str_eq(torch_repr(-1.25e-300), "-1.25e-300");
    setlocale(LC_ALL, "C");
}
END_TEST

/* Whichever allocation fails: an error, an empty text, and nothing left. */
START_TEST(memory_may_run_out)
{
    Tensor *t = cer_zeros(torch_float32, 2, (int64_t[]){30, 30});
    int64_t k = 1;
    for (;; k++) {
        torch_scope();
        torch_fail_allocation(k);
        const char *text = torch_str(t);
        torch_fail_allocation(0);
        if (!torch_error()) break;
        ck_assert_str_eq(text, "");
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
    }
    ck_assert_int_gt(k, 3);
    torch_scope();
    torch_fail_allocation(1);
    ck_assert_str_eq(torch_repr(0.5), "nan");
    ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
    torch_fail_allocation(0);
    torch_error_clear();
}
END_TEST

static void *change_options(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) torch_set_printoptions(.profile = i % 2 ? "short" : "full");
    return NULL;
}

/* What is printed meanwhile belongs to one of the profiles, never to a mixture. */
START_TEST(options_may_change_while_others_print)
{
    Tensor *t = cer_zeros(torch_float32, 1, (int64_t[]){1001});
    for (int64_t i = 0; i < t->numel; i++) ((float *)(void *)t->data)[i] = 0.5f;
    default_options();
    torch_set_printoptions(.profile = "short");
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, change_options, NULL), 0);
    for (int i = 0; i < 20; i++) {
        torch_scope();
        const char *text = torch_str(t);
        if (strlen(text) < 100)
            ck_assert_str_eq(text, "tensor([0.50, 0.50,  ..., 0.50, 0.50])");
        else
            ck_assert_uint_eq(strlen(text), 8904);
    }
    pthread_join(thread, NULL);
    default_options();
}
END_TEST

static TCase *tensors(void)
{
    TCase *c = test_case("tensors", follows_the_default_dtype, options_stay_until_changed, huge_tensors_are_cheap,
                         none_and_errors, dead_tensors_are_refused, sizes, print_ends_with_a_newline_and_keeps_nothing,
                         memory_may_run_out, options_may_change_while_others_print);
    tcase_add_loop_test(c, prints_like_pytorch, 0, PRINT_CASES);
    return c;
}

static TCase *numbers(void)
{
    TCase *c = test_case("numbers", a_locale_with_a_comma_changes_nothing);
    tcase_add_loop_test(c, repr_is_pythons, 0, REPR_CASES);
    return c;
}

SUITE_MAIN("print", tensors, numbers)
