/* Inference mode, anomaly mode, hooks of saved tensors, .data, and backward of several roots. As PyTorch 1.13.1 has them. */
#include <stdio.h>

#include "cases.h"

/* ---- inference mode ---- */

#define INPLACE_INFERENCE                                                                                           \
    "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal " \
    "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
#define SAVE_INFERENCE                                                                                            \
    "Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor " \
    "and use it in autograd."

START_TEST(inference_tensors)
{
    Tensor *w = LEAF(1, 2), *a, *v;
    {
        torch_inference_mode();
        ck_assert(torch_is_inference_mode_enabled() && !torch_is_grad_enabled());
        a = torch_ones(2);
        torch_add_(a, 1);
        v = torch_view(a, 1, 2);
        ck_assert(torch_is_inference(a) && torch_is_inference(v));
        ck_assert_int_eq(torch_version_of(a), -1);
        ck_assert_error(TORCH_RUNTIME_ERROR, "Inference tensors do not track version counter.");
        {
            torch_enable_grad();
            ck_assert(torch_is_grad_enabled() && !torch_requires_grad(torch_mul(w, 2)));
        }
        torch_GradModes before = torch_inference_mode_enter(false);
        ck_assert(torch_is_grad_enabled() && torch_requires_grad(torch_mul(w, 2)) &&
                  !torch_is_inference(torch_mul(w, 2)));
        torch_inference_mode_leave(&before);
        ck_assert(torch_is_inference_mode_enabled());
        ck_assert(torch_is_inference(torch_ones(2, .requires_grad = true)));
    }
    ck_assert(!torch_is_inference_mode_enabled() && torch_is_grad_enabled());
    ck_assert(torch_is_inference(torch_view(a, 2, 1)) && torch_is_inference(torch_detach(a)));
    ck_assert(!torch_is_inference(torch_clone(a)) && !torch_is_inference(torch_add(a, 1)));
    ck_assert(torch_requires_grad(torch_add(a, w)));
    ck_assert_ptr_null(torch_mul(a, w));
    ck_assert_error(TORCH_RUNTIME_ERROR, SAVE_INFERENCE);
    ck_assert_ptr_null(torch_add_(a, 1));
    ck_assert_error(TORCH_RUNTIME_ERROR, INPLACE_INFERENCE);
    ck_assert_ptr_null(torch_add_(torch_view(a, 2, 1), 1));
    ck_assert_error(TORCH_RUNTIME_ERROR, INPLACE_INFERENCE);
    ck_assert_ptr_null(torch_requires_grad_(a, true));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
    ck_values(torch_copy_(torch_zeros(2), a), 2, 2);
}
END_TEST

START_TEST(normal_tensors_in_inference_mode)
{
    Tensor *x = torch_ones(2), *w = LEAF(1, 2), *y = torch_mul(w, 2), *v;
    {
        torch_inference_mode();
        torch_add_(x, 1);
        ck_assert(!torch_is_inference(x) && torch_version_of(x) == 1);
        v = torch_slice(y, 0, 0, 1, 1);
        ck_assert(!torch_is_inference(v));
        torch_add_(w, 1);
    }
    ck_assert_ptr_null(torch_mul_(v, torch_slice(w, 0, 0, 1, 1)));
    ck_assert_error(
        TORCH_RUNTIME_ERROR,
        "A view was created in inference mode and is being modified inplace in normal mode. Given that this use case "
        "is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the "
        "inplace either both inside the inference_mode block (if you don't want the inplace to be tracked) or both "
        "outside (if you want the inplace to be tracked).");
}
END_TEST

/* ---- anomaly mode ---- */

static char warned[1024];
static void hear(const char *category, const char *message)
{
    snprintf(warned, sizeof warned, "%s: %s", category, message);
}

START_TEST(nan_is_told)
{
    torch_WarningHandler old = torch_set_warning_handler(hear);
    torch_reset_warnings();
    Tensor *a = LEAF(-1, 0, 1);
    {
        torch_detect_anomaly();
        ck_assert(torch_is_anomaly_enabled());
        ck_assert_str_eq(warned, "UserWarning: Anomaly Detection has been enabled. This mode will increase the runtime "
                                 "and should only be enabled for debugging.");
        torch_backward(torch_sum(torch_sqrt(a)));
        ck_assert_error(TORCH_RUNTIME_ERROR, "Function 'SqrtBackward0' returned nan values in its 0th output.");
        ck_assert_str_eq(warned, "UserWarning: Error detected in SqrtBackward0. Forward call that caused the error: "
                                 "sqrt(torch.FloatTensor [3] of AccumulateGrad)");
        ck_assert(torch_set_anomaly_check_nan(false));
        torch_backward(torch_sum(torch_sqrt(a)));
        torch_set_anomaly_check_nan(true);
        ck_assert(isnan(support_element(torch_grad(a), 0)));
    }
    ck_assert(!torch_is_anomaly_enabled());
    Tensor *y = torch_sum(torch_sqrt(a));
    torch_detect_anomaly();
    torch_backward(y);
    ck_assert_error(TORCH_RUNTIME_ERROR, "Function 'SqrtBackward0' returned nan values in its 0th output.");
    ck_assert_str_eq(warned, "UserWarning: Error detected in SqrtBackward0. No forward pass information available. "
                             "Enable detect anomaly during forward pass for more information.");
    torch_set_warning_handler(old);
}
END_TEST

START_TEST(changed_tensors_are_told)
{
    torch_WarningHandler old = torch_set_warning_handler(hear);
    torch_detect_anomaly();
    Tensor *y = torch_mul(LEAF(1, 2), 1), *z = torch_mul(y, y);
    torch_add_(y, 1);
    torch_backward(torch_sum(z));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    "[torch.FloatTensor [2]], which is output 0 of AddBackward0, is at version 1; expected version 0 "
                    "instead. Hint: the backtrace further above shows the operation that failed to compute its "
                    "gradient. The variable in question was changed in there or anywhere later. Good luck!");
    ck_assert_str_eq(warned, "UserWarning: Error detected in MulBackward0. Forward call that caused the error: "
                             "mul(torch.FloatTensor [2] of MulBackward0, torch.FloatTensor [2] of MulBackward0)");
    torch_set_warning_handler(old);
}
END_TEST

/* ---- hooks of saved tensors ---- */

static int packed, unpacked, ended;

static void *pack_clone(Tensor *t, void *data)
{
    (void)data;
    ck_assert(!torch_is_grad_enabled());
    packed++;
    torch_scope();
    return torch_retain(torch_clone(t));
}

static Tensor *unpack(void *p, void *data)
{
    (void)data;
    unpacked++;
    return p;
}

static void release(void *p, void *data)
{
    (void)data;
    ended++;
    torch_release(p);
}

static void *pack_writes(Tensor *t, void *data)
{
    (void)data;
    torch_add_(t, 1);
    return torch_retain(t);
}

static void *pack_fails(Tensor *t, void *data)
{
    (void)data;
    torch_mm(t, t);
    return NULL;
}

START_TEST(saved_tensors)
{
    packed = unpacked = ended = 0;
    Tensor *x = LEAF64(1, 2), *w = LEAF64(3, 4), *z, *y = torch_mul(x, 1);
    {
        torch_saved_tensors_hooks(pack_clone, unpack, release, NULL);
        z = torch_exp(torch_mul(y, w)); /* y, w; and the result */
        ck_assert_int_eq(packed, 3);
    }
    torch_add_(y, 5); /* the clones do not mind */
    Tensor *g = torch_autograd_grad(torch_sum(z), w, .create_graph = true);
    ck_assert_int_eq(unpacked, 3 - 1); /* w's value is for y, which was not asked for */
    ck_near(g, exp(3), 2 * exp(8));
    ck_near(torch_autograd_grad(torch_sum(g), x), 4 * exp(3), 9 * exp(8));
    ck_assert_int_eq(ended, 3);
    z = torch_mul(x, x);
    ck_assert_int_eq(packed, 3);
}
END_TEST

static Tensor *unpack_nothing(void *p, void *data)
{
    (void)p, (void)data;
    return NULL;
}

START_TEST(saved_tensors_refused)
{
    Tensor *x = LEAF(1, 2), *y = torch_mul(x, 1);
    {
        torch_saved_tensors_hooks(pack_writes, unpack, release, NULL);
        ck_assert_ptr_null(torch_mul(y, y));
        ck_assert_error(
            TORCH_RUNTIME_ERROR,
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook can not "
            "be modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if "
            "you need to perform in-place operations on the input to a pack hook.");
    }
    {
        torch_saved_tensors_hooks(pack_fails, unpack, NULL, NULL);
        ck_assert_ptr_null(torch_mul(y, y));
        ck_assert_error(TORCH_RUNTIME_ERROR, "self must be a matrix");
    }
    torch_saved_tensors_hooks(pack_clone, unpack_nothing, release, NULL);
    torch_backward(torch_sum(torch_mul(y, y)));
    ck_assert_error(TORCH_TYPE_ERROR,
                    "Output of saved tensor unpack_hook expected to be a Tensor but got result of type NoneType");
}
END_TEST

/* ---- .data ---- */

START_TEST(data)
{
    Tensor *x = LEAF64(1, 2), *y = torch_mul(x, 2), *z = torch_mul(y, y), *d = torch_data(y);
    ck_assert(!torch_requires_grad(d) && torch_version_of(d) == 0 && torch_data_ptr(d) == torch_data_ptr(y));
    torch_add_(d, 1);
    ck_assert(torch_version_of(d) == 1 && torch_version_of(y) == 0);
    torch_backward(torch_sum(z)); /* nobody knows that y was changed */
    ck_values(torch_grad(x), 12, 20);
    Tensor *a = torch_ones(2), *b = torch_add_(torch_ones(3), 1);
    torch_set_data(a, b);
    ck_assert_shape(a, 3);
    torch_add_(torch_data(a), 1);
    ck_values(b, 3, 3, 3);
    ck_assert(torch_version_of(a) == 0 && torch_version_of(b) == 1);
}
END_TEST

START_TEST(data_of_leaves_and_views)
{
    Tensor *x = LEAF(1, 2);
    torch_backward(torch_sum(torch_mul(x, 2)));
    torch_set_grad(x, NULL);
    torch_set_data(x, torch_ones(3, .dtype = torch_float64));
    torch_backward(torch_sum(torch_mul(x, 2)));
    ck_values(torch_grad(x), 2, 2, 2);
    ck_assert_int_eq(torch_dtype_of(torch_grad(x)), torch_float64);
    ck_assert_int_eq(torch_set_data(x, torch_ones(3, .dtype = torch_int64)), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "data set to a tensor that requires gradients must be floating point or complex dtype");
    Tensor *base = torch_mul(LEAF(1, 2), 1), *v = torch_slice(base, 0, 0, 1, 1);
    torch_set_data(base, torch_zeros(2));
    ck_assert_ptr_null(torch_mul_(v, 3));
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
    ck_values(v, 1);
    v = torch_slice(base, 0, 0, 1, 1);
    torch_set_data(v, torch_ones(2));
    ck_values(torch_mul(v, 2), 2, 2);
    ck_values(base, 0, 0);
}
END_TEST

/* ---- torch.autograd.backward ---- */

START_TEST(several_roots)
{
    Tensor *x = LEAF64(1, 1, 1), *a = torch_sum(torch_mul(x, 2)), *b = torch_mul(x, 3);
    Tensor *g[] = {NULL, torch_ones(3, .dtype = torch_float64)};
    torch_autograd_backward(torch_tensors(a, b), g, .retain_graph = true);
    ck_values(torch_grad(x), 5, 5, 5);
    torch_autograd_backward(torch_tensors(a, a));
    ck_values(torch_grad(x), 9, 9, 9);
    ck_assert_int_eq(torch_autograd_backward(NULL, 0), TORCH_OK);
    g[0] = g[1];
    ck_assert_int_eq(torch_autograd_backward(torch_tensors(b, torch_ones(3)), g), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR, "element 1 of tensors does not require grad and does not have a grad_fn");
    torch_autograd_backward(torch_tensors(torch_mul(x, 2), torch_mul(x, 3)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "grad can be implicitly created only for scalar outputs");
}
END_TEST

TCase *watch_case(void)
{
    return test_case("watch", inference_tensors, normal_tensors_in_inference_mode, nan_is_told,
                     changed_tensors_are_told, saved_tensors, saved_tensors_refused, data, data_of_leaves_and_views,
                     several_roots);
}
