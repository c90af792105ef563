/* The error record and its handlers; warnings. */
#include <stdio.h>
#include <unistd.h>

#include "cases.h"

/* ---- errors ------------------------------------------------------------------------------------------------------ */

START_TEST(first_one_is_kept)
{
    ck_assert_ptr_null(torch_error());
    ck_assert_int_eq(torch_error_code(), TORCH_OK);
    ck_assert_str_eq(torch_error_op(), "");
    ck_assert_int_eq(torch_exit_code(), 0);
    ck_assert_int_eq(torch_error_raise(TORCH_INDEX_ERROR, "first", "number %d", 1), TORCH_INDEX_ERROR);
    ck_assert_int_eq(torch_error_raise(TORCH_KEY_ERROR, "second", "number %d", 2), TORCH_INDEX_ERROR);
    ck_assert_str_eq(torch_error(), "number 1");
    ck_assert_int_eq(torch_error_code(), TORCH_INDEX_ERROR);
    ck_assert_str_eq(torch_error_op(), "first");
    ck_assert_int_eq(torch_exit_code(), 1);
    ck_assert_int_eq(support_errors_raised(), 1);
    torch_error_clear();
    ck_assert_ptr_null(torch_error());
    ck_assert_int_eq(torch_exit_code(), 0);
    torch_error_clear();
    torch_error_raise(TORCH_KEY_ERROR, NULL, "number %d", 3);
    ck_assert_str_eq(torch_error_op(), "");
    ck_assert_error(TORCH_KEY_ERROR, "number 3");
    ck_assert_int_eq(support_errors_raised(), 2);
}
END_TEST

START_TEST(every_code)
{
    for (int code = TORCH_RUNTIME_ERROR; code <= TORCH_OS_ERROR; code++) {
        ck_assert_int_eq(torch_error_raise(code, "op", "text"), code);
        ck_assert_int_eq(torch_error_code(), code);
        torch_error_clear();
    }
}
END_TEST

START_TEST(code_ok_is_no_error_to_raise)
{
    int code = torch_error_raise(TORCH_OK, "op", "text"); /* a mistake of the caller, that must not look like success */
    ck_assert_int_eq(code, TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR, "text");
}
END_TEST

START_TEST(long_messages_are_cut)
{
    static char text[5000];
    memset(text, 'x', sizeof text - 1);
    torch_error_raise(TORCH_VALUE_ERROR, "op", "%s", text);
    size_t n = strlen(torch_error());
    ck_assert_int_gt((int)n, 500);
    ck_assert_int_lt((int)n, 5000);
    ck_assert_int_eq((int)strspn(torch_error(), "x"), (int)n);
    torch_error_clear();
}
END_TEST

typedef struct Heard {
    int times;
    torch_Code code;
    char op[32], message[64];
} Heard;

static void hear(torch_Code code, const char *op, const char *message, void *data)
{
    Heard *h = data;
    h->times++;
    h->code = code;
    strncpy(h->op, op, sizeof h->op - 1);
    strncpy(h->message, message, sizeof h->message - 1);
    torch_error_raise(TORCH_OS_ERROR, "handler", "must not replace the first"); /* nor call the handler again */
}

START_TEST(top_handler_hears)
{
    Heard a = {0}, b = {0};
    ck_assert_int_eq(torch_push_error_handler(hear, &a), TORCH_OK);
    ck_assert_int_eq(torch_push_error_handler(hear, &b), TORCH_OK);
    torch_error_raise(TORCH_TYPE_ERROR, "mm", "shapes %dx%d", 2, 3);
    ck_assert_int_eq(b.times, 1);
    ck_assert_int_eq(b.code, TORCH_TYPE_ERROR);
    ck_assert_str_eq(b.op, "mm");
    ck_assert_str_eq(b.message, "shapes 2x3");
    ck_assert_int_eq(a.times, 0);
    torch_error_clear();
    torch_pop_error_handler();
    torch_error_raise(TORCH_TYPE_ERROR, "mm", "again");
    ck_assert_int_eq(a.times, 1);
    ck_assert_int_eq(b.times, 1);
    torch_pop_error_handler();
    ck_assert_int_eq(support_errors_raised(), 0);
    torch_error_clear();
}
END_TEST

START_TEST(handlers_are_limited)
{
    int pushed = 0;
    while (pushed < 100 && torch_push_error_handler(torch_error_silent, NULL) == TORCH_OK) pushed++;
    ck_assert_int_eq(pushed, 14); /* the default one and the fixture's make 16 */
    ck_assert_error(TORCH_RUNTIME_ERROR, "more than 16 error handlers");
    for (int i = 0; i < pushed; i++) torch_pop_error_handler();
    torch_error_raise(TORCH_VALUE_ERROR, "op", "text");
    ck_assert_int_eq(support_errors_raised(), 1); /* the fixture's is on top again */
    torch_error_clear();
}
END_TEST

START_TEST(default_handler_stays)
{
    torch_Context *c = torch_context_new(), *own = torch_context_swap(c);
    for (int i = 0; i < 20; i++) torch_pop_error_handler();
    torch_push_error_handler(torch_error_silent, NULL);
    torch_error_raise(TORCH_VALUE_ERROR, "op", "text");
    ck_assert_str_eq(torch_error(), "text");
    torch_context_swap(own);
    torch_context_free(c);
}
END_TEST

START_TEST(no_handler_is_silence)
{
    torch_push_error_handler(NULL, NULL);
    torch_error_raise(TORCH_VALUE_ERROR, "op", "text");
    torch_pop_error_handler();
    ck_assert_error(TORCH_VALUE_ERROR, "text");
}
END_TEST

/* What a handler writes to stderr. */
static void captured(torch_ErrorHandler handler, torch_Code code, const char *op, char *text, size_t bytes)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    ck_assert(file && saved >= 0);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    handler(code, op, "what happened", NULL);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, bytes - 1, file)] = 0;
    fclose(file);
}

START_TEST(print_and_silent)
{
    char text[200];
    captured(torch_error_print, TORCH_RUNTIME_ERROR, "mm", text, sizeof text);
    ck_assert_str_eq(text, "mm: RuntimeError: what happened\n");
    captured(torch_error_print, TORCH_KEY_ERROR, "", text, sizeof text);
    ck_assert_str_eq(text, "KeyError: what happened\n");
    captured(torch_error_print, TORCH_NOT_IMPLEMENTED_ERROR, NULL, text, sizeof text);
    ck_assert_str_eq(text, "NotImplementedError: what happened\n");
    captured(torch_error_print, TORCH_OS_ERROR, "load", text, sizeof text);
    ck_assert_str_eq(text, "load: OSError: what happened\n");
    captured(torch_error_silent, TORCH_RUNTIME_ERROR, "mm", text, sizeof text);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(everything_is_silent_while_pending)
{
    Tensor *a = small(), *b = cer_zeros(torch_float32, 1, (const int64_t[]){3});
    int64_t live = torch_live_tensors(), version = torch_version_of(a);
    torch_error_raise(TORCH_VALUE_ERROR, "first", "the cause");
    ck_assert_ptr_null(cer_call2(&cer_op_add, a, b, NULL));
    ck_assert_ptr_null(cer_call2(&cer_op_copy_, a, b, NULL));
    ck_assert_ptr_null(cer_call2(&cer_op_add, NULL, b, NULL));
    ck_assert_ptr_null(cer_empty(torch_float32, 1, (const int64_t[]){-1}));
    ck_assert_ptr_null(torch_detach(a));
    ck_assert_ptr_null(torch_requires_grad_(a, true));
    ck_assert_ptr_null(torch_share_memory_(a));
    ck_assert_int_eq(torch_backward(a), TORCH_VALUE_ERROR);
    ck_assert_int_eq(torch_set_grad(a, a), TORCH_VALUE_ERROR);
    ck_assert_int_eq(torch_retain_grad(a), TORCH_VALUE_ERROR);
    ck_assert_int_eq(torch_set_default_dtype(torch_float64), TORCH_VALUE_ERROR);
    ck_assert(isnan(torch_item(a)) && torch_numel(a) == -1 && torch_shape(a).ndim == -1 && !torch_data_ptr(a));
    ck_assert_int_eq(torch_item_scalar(a).kind, TORCH_KIND_NONE);
    ck_assert_int_eq(support_errors_raised(), 1);
    ck_assert_error(TORCH_VALUE_ERROR, "the cause");
    ck_assert_int_eq(torch_version_of(a), version);
    ck_assert_int_eq(torch_live_tensors(), live);
    ck_assert_int_eq(torch_get_default_dtype(), torch_float32);
    ck_assert(!torch_requires_grad(a));
}
END_TEST

START_TEST(null_arguments)
{
    Tensor *a = small();
    ck_assert_ptr_null(cer_call2(&cer_op_add, a, NULL, NULL));
    ck_assert_str_eq(torch_error_op(), "add");
    ck_assert_error(TORCH_TYPE_ERROR, "add(): argument (position 2) must be Tensor, not NoneType");
    ck_assert_ptr_null(cer_call2(&cer_op_copy_, NULL, a, NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "copy_(): argument (position 1) must be Tensor, not NoneType");
    ck_assert_int_eq(torch_numel(NULL), -1);
    ck_assert_error(TORCH_TYPE_ERROR, "numel(): argument (position 1) must be Tensor, not NoneType");
    ck_assert_ptr_null(torch_detach(NULL));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(torch_grad(NULL));
    torch_error_clear();
    ck_assert_ptr_null(torch_grad_fn(NULL));
    torch_error_clear();
    ck_assert(isnan(torch_item(NULL)));
    torch_error_clear();
}
END_TEST

TCase *errors_case(void)
{
    return test_case("errors", first_one_is_kept, every_code, code_ok_is_no_error_to_raise, long_messages_are_cut,
                     top_handler_hears, handlers_are_limited, default_handler_stays, no_handler_is_silence,
                     print_and_silent, everything_is_silent_while_pending, null_arguments);
}

/* ---- warnings ---------------------------------------------------------------------------------------------------- */

static int warned;
static char category_heard[32], text_heard[64];

static void take(const char *category, const char *message)
{
    warned++;
    strncpy(category_heard, category, sizeof category_heard - 1);
    strncpy(text_heard, message, sizeof text_heard - 1);
}

START_TEST(once_per_text)
{
    torch_reset_warnings();
    torch_WarningHandler before = torch_set_warning_handler(take);
    warned = 0;
    for (int i = 0; i < 3; i++) torch_warn("UserWarning", "number %d", 1);
    ck_assert_int_eq(warned, 1);
    ck_assert_str_eq(category_heard, "UserWarning");
    ck_assert_str_eq(text_heard, "number 1");
    torch_warn("UserWarning", "number %d", 2);
    ck_assert_int_eq(warned, 2);
    uint32_t epoch = cer_warnings_epoch();
    torch_reset_warnings();
    ck_assert_uint_ne(cer_warnings_epoch(), epoch);
    torch_warn("DeprecationWarning", "number %d", 1);
    ck_assert_int_eq(warned, 3);
    ck_assert_str_eq(category_heard, "DeprecationWarning");
    ck_assert(torch_set_warning_handler(before) == take);
    torch_reset_warnings();
    ck_assert_no_error();
}
END_TEST

START_TEST(null_handler_is_silence)
{
    torch_reset_warnings();
    torch_WarningHandler before = torch_set_warning_handler(NULL);
    torch_warn("UserWarning", "nobody hears");
    ck_assert(!torch_set_warning_handler(take));
    warned = 0;
    torch_warn("UserWarning", "nobody hears"); /* it was not given yet */
    ck_assert_int_eq(warned, 1);
    torch_set_warning_handler(before);
    torch_reset_warnings();
}
END_TEST

static void take_and_warn(const char *category, const char *message)
{
    take(category, message);
    torch_warn("UserWarning", "from inside a handler");
}

START_TEST(handler_may_warn)
{
    torch_reset_warnings();
    torch_WarningHandler before = torch_set_warning_handler(take_and_warn);
    warned = 0;
    torch_warn("UserWarning", "outside");
    ck_assert_int_eq(warned, 2);
    torch_set_warning_handler(before);
    torch_reset_warnings();
}
END_TEST

TCase *warnings_case(void)
{
    return test_case("warnings", once_per_text, null_handler_is_silence, handler_may_warn);
}
