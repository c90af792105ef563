/* Scopes, slots, reference counts and contexts: who owns a result, and when it ends. */
#include "cases.h"

/* ---- scopes ------------------------------------------------------------------------------------------------------ */

START_TEST(nesting)
{
    int64_t live = torch_live_tensors(), depth = torch_scope_depth();
    {
        torch_scope();
        small(), small();
        ck_assert_int_eq(torch_scope_depth(), depth + 1);
        {
            torch_scope();
            small();
            ck_assert_int_eq(torch_live_tensors(), live + 3);
            ck_assert_int_eq(torch_scope_depth(), depth + 2);
        }
        ck_assert_int_eq(torch_live_tensors(), live + 2);
        small();
        ck_assert_int_eq(torch_live_tensors(), live + 3);
    }
    ck_assert_int_eq(torch_live_tensors(), live);
    ck_assert_int_eq(torch_scope_depth(), depth);
}
END_TEST

static Tensor *three_levels(Tensor **inner)
{
    torch_scope();
    Tensor *a = small();
    {
        torch_scope();
        small();
        {
            torch_scope();
            *inner = torch_escape(torch_escape(small())); /* once more than this scope: still in the one around */
            small();
        }
        *inner = torch_escape(*inner);
    }
    *inner = torch_escape(*inner);
    return torch_escape(a);
}

START_TEST(escape_through_levels)
{
    int64_t live = torch_live_tensors();
    {
        torch_scope();
        Tensor *inner, *outer = three_levels(&inner);
        ck_assert_int_eq(torch_live_tensors(), live + 2);
        ck_assert_int_eq(torch_numel(outer) + torch_numel(inner), 2);
    }
    ck_assert_int_eq(torch_live_tensors(), live);
}
END_TEST

START_TEST(escape_of_what_is_not_ours)
{
    Tensor *outside = small();
    {
        torch_scope();
        ck_assert_ptr_null(torch_escape(NULL));
        ck_assert_ptr_eq(torch_escape(outside), outside);
        for (int i = 0; i < 5; i++) small();
        ck_assert_ptr_eq(torch_escape(outside), outside);
    }
    ck_assert_int_eq(torch_numel(outside), 1);
    ck_assert_no_error();
}
END_TEST

START_TEST(escape_of_the_first_of_many)
{
    int64_t live = torch_live_tensors();
    Tensor *kept[3];
    {
        torch_scope();
        kept[0] = small();
        for (int i = 0; i < 100; i++) small();
        kept[1] = small();
        kept[2] = small();
        for (int i = 0; i < 3; i++) torch_escape(kept[i]);
    }
    ck_assert_int_eq(torch_live_tensors(), live + 3);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(torch_numel(kept[i]), 1);
}
END_TEST

static int leaves(int how)
{
    torch_scope();
    small();
    if (how == 0) return 1;
    for (int i = 0; i < 3; i++) {
        torch_scope();
        small();
        if (how == 1) continue;
        if (how == 2) break;
        if (how == 3) return 2;
        if (how == 4) goto out;
    }
out:
    return 0;
}

START_TEST(early_exits)
{
    int64_t live = torch_live_tensors(), depth = torch_scope_depth();
    for (int how = 0; how < 6; how++) {
        leaves(how);
        ck_assert_int_eq(torch_live_tensors(), live);
        ck_assert_int_eq(torch_scope_depth(), depth);
    }
}
END_TEST

START_TEST(outer_pop_ends_the_forgotten_inner_ones)
{
    int64_t live = torch_live_tensors(), depth = torch_scope_depth();
    int64_t outer = torch_scope_push();
    small();
    for (int i = 0; i < 20; i++) torch_scope_push(), small();
    ck_assert_int_eq(torch_scope_depth(), depth + 21);
    torch_scope_pop(outer);
    ck_assert_int_eq(torch_live_tensors(), live);
    ck_assert_int_eq(torch_scope_depth(), depth);
}
END_TEST

START_TEST(stale_marks_do_nothing)
{
    int64_t outer = torch_scope_push(), inner = torch_scope_push();
    torch_scope_pop(outer);
    Tensor *t = small();
    torch_scope_pop(inner);
    torch_scope_pop(outer);
    torch_scope_pop(-1);
    torch_scope_pop(INT64_MIN);
    torch_scope_pop(INT64_MAX);
    ck_assert_int_eq(torch_numel(t), 1);
    ck_assert_no_error();
}
END_TEST

START_TEST(scopes_work_while_an_error_is_pending)
{
    int64_t live = torch_live_tensors(), depth = torch_scope_depth();
    {
        torch_scope();
        Tensor *t = small();
        torch_error_raise(TORCH_VALUE_ERROR, "test", "wrong");
        torch_scope();
        ck_assert_ptr_null(small());
        ck_assert_ptr_eq(torch_escape(t), t);
    }
    ck_assert_int_eq(torch_live_tensors(), live);
    ck_assert_int_eq(torch_scope_depth(), depth);
    ck_assert_error(TORCH_VALUE_ERROR, "wrong");
}
END_TEST

static int blocks_ended;

static void end_block(void *block)
{
    blocks_ended += *(int *)block;
}

START_TEST(blocks_and_strings)
{
    blocks_ended = 0;
    {
        torch_scope();
        char *text = cer_pool_string(100);
        ck_assert_int_eq((intptr_t)text % 8, 0);
        strcpy(text, "held by the scope");
        *(int *)cer_pool_block(sizeof(int), end_block) = 3;
        small();
        *(int *)cer_pool_block(sizeof(int), end_block) = 4;
        ck_assert_str_eq(text, "held by the scope");
    }
    ck_assert_int_eq(blocks_ended, 7);
}
END_TEST

START_TEST(dead_headers_are_told_apart)
{
    if (cer_alloc_bypassed()) return; /* the header is really freed: the sanitizer's business */
    Tensor *t;
    {
        torch_scope();
        t = small();
    }
    ck_assert_int_eq(torch_numel(t), -1);
    ck_assert_str_eq(torch_error_op(), "numel");
    ck_assert_error(
        TORCH_RUNTIME_ERROR,
        "numel(): argument (position 1) is a tensor whose scope has ended (it came from empty); keep it with "
        "torch_set or hand it out with torch_escape");
    torch_release(t); /* does nothing */
    ck_assert_ptr_null(torch_retain(t));
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
}
END_TEST

TCase *scopes_case(void)
{
    return test_case("scopes", nesting, escape_through_levels, escape_of_what_is_not_ours, escape_of_the_first_of_many,
                     early_exits, outer_pop_ends_the_forgotten_inner_ones, stale_marks_do_nothing,
                     scopes_work_while_an_error_is_pending, blocks_and_strings, dead_headers_are_told_apart);
}

/* ---- slots, retain, release -------------------------------------------------------------------------------------- */

START_TEST(slot_keeps_and_replaces)
{
    torch_Slot slot = {0};
    int64_t live = torch_live_tensors();
    {
        torch_scope();
        ck_assert_int_eq(torch_set(&slot, small()), TORCH_OK);
    }
    ck_assert_int_eq(torch_live_tensors(), live + 1);
    {
        torch_scope();
        torch_set(&slot, small());
        ck_assert_int_eq(torch_live_tensors(), live + 1);
    }
    ck_assert_int_eq(torch_numel(slot.t), 1);
    torch_clear(&slot);
    ck_assert_ptr_null(slot.t);
    torch_clear(&slot);
    torch_clear(NULL);
    ck_assert_int_eq(torch_live_tensors(), live);
}
END_TEST

START_TEST(slot_set_to_itself)
{
    torch_Slot slot = {0};
    int64_t live = torch_live_tensors();
    {
        torch_scope();
        torch_set(&slot, small());
    }
    for (int i = 0; i < 3; i++) ck_assert_int_eq(torch_set(&slot, slot.t), TORCH_OK); /* the only reference */
    ck_assert_int_eq(torch_live_tensors(), live + 1);
    ck_assert_int_eq(torch_numel(slot.t), 1);
    torch_clear(&slot);
    ck_assert_int_eq(torch_live_tensors(), live);
}
END_TEST

START_TEST(slot_set_to_null)
{
    torch_Slot slot = {0};
    torch_set(&slot, small());
    ck_assert_int_eq(torch_set(&slot, NULL), TORCH_OK);
    ck_assert_ptr_null(slot.t);
    ck_assert_int_eq(torch_set(NULL, NULL), TORCH_TYPE_ERROR);
    ck_assert_error(TORCH_TYPE_ERROR, "torch_set: the slot is NULL");
}
END_TEST

START_TEST(slot_refuses_while_an_error_is_pending)
{
    torch_Slot slot = {0};
    Tensor *a = small(), *b = small();
    torch_set(&slot, a);
    torch_error_raise(TORCH_VALUE_ERROR, "test", "wrong");
    ck_assert_int_eq(torch_set(&slot, b), TORCH_VALUE_ERROR);
    ck_assert_int_eq(torch_set(&slot, NULL), TORCH_VALUE_ERROR);
    ck_assert_ptr_eq(slot.t, a);
    torch_clear(&slot); /* always works */
    ck_assert_ptr_null(slot.t);
    torch_error_clear();
}
END_TEST

START_TEST(two_slots_share)
{
    torch_Slot a = {0}, b = {0};
    int64_t live = torch_live_tensors();
    {
        torch_scope();
        torch_set(&a, small());
        torch_set(&b, a.t);
    }
    torch_clear(&a);
    ck_assert_int_eq(torch_live_tensors(), live + 1);
    ck_assert_int_eq(torch_numel(b.t), 1);
    torch_clear(&b);
    ck_assert_int_eq(torch_live_tensors(), live);
}
END_TEST

START_TEST(retain_and_release)
{
    int64_t live = torch_live_tensors();
    Tensor *t;
    {
        torch_scope();
        t = torch_retain(torch_retain(small()));
    }
    torch_release(t);
    ck_assert_int_eq(torch_live_tensors(), live + 1);
    torch_release(t);
    ck_assert_int_eq(torch_live_tensors(), live);
    ck_assert_ptr_null(torch_retain(NULL));
    torch_release(NULL);
    ck_assert_no_error();
}
END_TEST

START_TEST(views_keep_the_memory)
{
    torch_Slot view = {0};
    {
        torch_scope();
        Tensor *t = cer_zeros(torch_float32, 1, (const int64_t[]){1000});
        cer_SizeAttrs to = {.ndim = 2, .size = {3, 1000}};
        torch_set(&view, cer_call1(&cer_op_expand, t, &to));
    }
    for (int i = 0; i < 20; i++) cer_zeros(torch_int64, 1, (const int64_t[]){500}); /* the same size class */
    for (int64_t i = 0; i < 3000; i += 7) ck_assert_double_eq(support_element(view.t, i), 0);
    torch_clear(&view);
}
END_TEST

TCase *slots_case(void)
{
    return test_case("slots", slot_keeps_and_replaces, slot_set_to_itself, slot_set_to_null,
                     slot_refuses_while_an_error_is_pending, two_slots_share, retain_and_release,
                     views_keep_the_memory);
}

/* ---- contexts ---------------------------------------------------------------------------------------------------- */

START_TEST(swap_and_free)
{
    int64_t live = torch_live_tensors(), depth = torch_scope_depth();
    torch_Context *c = torch_context_new(), *own = torch_context_swap(c);
    ck_assert_int_eq(torch_scope_depth(), 0);
    small();
    torch_scope_push();
    small(), small();
    ck_assert_int_eq(torch_live_tensors(), live + 3);
    torch_context_free(c); /* the current one: refused */
    ck_assert_int_eq(torch_live_tensors(), live + 3);
    ck_assert_ptr_eq(torch_context_swap(own), c);
    ck_assert_int_eq(torch_scope_depth(), depth);
    torch_context_free(c);
    torch_context_free(NULL);
    torch_context_free(own); /* the thread's: refused */
    ck_assert_int_eq(torch_live_tensors(), live);
}
END_TEST

START_TEST(errors_and_modes_are_per_context)
{
    torch_Context *c = torch_context_new(), *own = torch_context_swap(c);
    torch_push_error_handler(torch_error_silent, NULL);
    torch_set_grad_enabled(false);
    torch_error_raise(TORCH_KEY_ERROR, "inner", "of c");
    ck_assert_ptr_eq(torch_context_swap(NULL), c); /* NULL: the thread's own */
    ck_assert_ptr_null(torch_error());
    ck_assert(torch_is_grad_enabled());
    ck_assert_ptr_nonnull(small());
    torch_error_raise(TORCH_VALUE_ERROR, "outer", "of the thread");
    ck_assert_ptr_eq(torch_context_swap(c), own);
    ck_assert_str_eq(torch_error(), "of c");
    ck_assert_int_eq(torch_error_code(), TORCH_KEY_ERROR);
    ck_assert(!torch_is_grad_enabled());
    torch_context_swap(own);
    ck_assert_error(TORCH_VALUE_ERROR, "of the thread");
    torch_context_free(c);
    ck_assert_int_eq(support_errors_raised(), 1); /* c has handlers of its own */
}
END_TEST

START_TEST(tensors_may_pass_between_contexts_of_a_thread)
{
    torch_Slot slot = {0};
    torch_Context *c = torch_context_new(), *own = torch_context_swap(c);
    torch_set(&slot, small());
    torch_context_swap(own);
    torch_context_free(c);
    ck_assert_int_eq(torch_numel(slot.t), 1);
    ck_assert_ptr_nonnull(cer_call2(&cer_op_add, slot.t, slot.t, NULL));
    torch_clear(&slot);
}
END_TEST

static int warnings;
static char last_warning[256];

static void count_warning(const char *category, const char *message)
{
    warnings++;
    ck_assert_str_eq(category, "UserWarning");
    strncpy(last_warning, message, sizeof last_warning - 1);
}

START_TEST(root_scope_warns_once)
{
    int64_t live = torch_live_tensors();
    torch_WarningHandler before = torch_set_warning_handler(count_warning);
    torch_reset_warnings();
    warnings = 0;
    torch_Context *c = torch_context_new(), *own = torch_context_swap(c);
    for (int i = 0; i < 300000; i++) small();
    ck_assert_int_eq(torch_live_tensors(), live + 300000);
    torch_context_swap(own);
    torch_context_free(c);
    ck_assert_int_eq(torch_live_tensors(), live);
    ck_assert_int_eq(warnings, 1);
    ck_assert_ptr_nonnull(
        strstr(last_warning,
               " results were made outside any scope; they stay until the thread ends. Put torch_scope(); at the "
               "top of the loop."));
    ck_assert_int_ge(atoll(last_warning), 100000);
    torch_set_warning_handler(before);
    torch_reset_warnings();
}
END_TEST

START_TEST(large_scopes_do_not_warn)
{
    torch_WarningHandler before = torch_set_warning_handler(count_warning);
    torch_reset_warnings();
    warnings = 0;
    {
        torch_scope();
        for (int i = 0; i < 200000; i++) small();
    }
    torch_set_warning_handler(before);
    ck_assert_int_eq(warnings, 0);
}
END_TEST

TCase *contexts_case(void)
{
    return test_case("contexts", swap_and_free, errors_and_modes_are_per_context,
                     tensors_may_pass_between_contexts_of_a_thread, root_scope_warns_once, large_scopes_do_not_warn);
}
