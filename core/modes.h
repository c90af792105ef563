/* Modes of the context: whether ops are recorded, how saved tensors are kept, and whether backward looks for nan.
 * As declarations they last to the end of the block, however it is left; the functions beneath are for other compilers
 * and languages. */
#ifndef CERILLA_MODES_H
#define CERILLA_MODES_H

#include "tensor.h"

TORCH_BEGIN

/* ---- grad mode and inference mode -----------------------------------------------------------------------------------
 * torch_no_grad();  torch_enable_grad();  torch_with_grad_enabled(b);     with torch.set_grad_enabled(b):
 * torch_inference_mode();     nothing is recorded, and results are inference tensors: RuntimeError "Inplace update to inference
 *                             tensor outside InferenceMode is not allowed. ...", "Inference tensors cannot be saved for backward. ..." */
TORCH_API bool torch_is_grad_enabled(void);
TORCH_API bool torch_set_grad_enabled(bool enabled); /* returns what was set before */
TORCH_API void torch_grad_mode_leave(const bool *before);
TORCH_API bool torch_is_inference_mode_enabled(void);
TORCH_API bool torch_is_inference(const Tensor *x); /* x.is_inference();      false */
typedef struct torch_GradModes {
    bool grad, inference;
} torch_GradModes;
/* with torch.inference_mode(mode): returns what was set before */
TORCH_API torch_GradModes torch_inference_mode_enter(bool mode);
TORCH_API void torch_inference_mode_leave(const torch_GradModes *before);

/* ---- torch.autograd.graph.saved_tensors_hooks(pack, unpack) ---------------------------------------------------------
 * pack is called with every tensor that an op saves for its backward, and what it returns is kept instead; unpack makes
 * the tensor again when backward asks; end frees what pack returned. Both run without grad mode. data must outlive the
 * graph.      torch_saved_tensors_hooks(pack, unpack, end, data); */
typedef struct torch_SavedTensorsHooks {
    void *(*pack)(Tensor *t, void *data);
    Tensor *(*unpack)(void *packed, void *data);
    void (*end)(void *packed, void *data); /* may be NULL */
    void *data;
    const struct torch_SavedTensorsHooks *before; /* the hooks around these; set by enter */
} torch_SavedTensorsHooks;
TORCH_API void torch_saved_tensors_hooks_enter(torch_SavedTensorsHooks *hooks);
TORCH_API void torch_saved_tensors_hooks_leave(torch_SavedTensorsHooks *hooks);

/* ---- anomaly mode ---------------------------------------------------------------------------------------------------
 * torch_detect_anomaly();     backward tells, as a warning, whose backward failed and which call that was; and nan in a
 * gradient is an error: RuntimeError "Function 'SqrtBackward0' returned nan values in its 0th output." */
TORCH_API bool torch_is_anomaly_enabled(void);
TORCH_API bool torch_set_detect_anomaly(bool mode);     /* torch.autograd.set_detect_anomaly; what was before */
TORCH_API bool torch_set_anomaly_check_nan(bool check); /* ..., check_nan=check); true unless changed */
TORCH_API bool torch_detect_anomaly_enter(void);        /* the same as set, with PyTorch's warning */
TORCH_API void torch_detect_anomaly_leave(const bool *before);

#ifdef TORCH_CLEANUP
#define torch_grad_mode_(enabled) \
    TORCH_CLEANUP(torch_grad_mode_leave) bool TORCH_JOIN(torch_grad_mode_, __LINE__) = torch_set_grad_enabled(enabled)
#define torch_no_grad() torch_grad_mode_(false)
#define torch_enable_grad() torch_grad_mode_(true)
#define torch_with_grad_enabled(enabled) torch_grad_mode_(enabled)
#define torch_inference_mode()                \
    TORCH_CLEANUP(torch_inference_mode_leave) \
    torch_GradModes TORCH_JOIN(torch_inference_, __LINE__) = torch_inference_mode_enter(true)
#define torch_detect_anomaly() \
    TORCH_CLEANUP(torch_detect_anomaly_leave) bool TORCH_JOIN(torch_anomaly_, __LINE__) = torch_detect_anomaly_enter()
#define torch_saved_tensors_hooks(pack_hook, unpack_hook, end_hook, hook_data)                                        \
    TORCH_CLEANUP(torch_saved_tensors_hooks_leave)                                                                    \
    torch_SavedTensorsHooks TORCH_JOIN(torch_saved_, __LINE__) = {pack_hook, unpack_hook, end_hook, hook_data, NULL}; \
    torch_saved_tensors_hooks_enter(&TORCH_JOIN(torch_saved_, __LINE__))
#endif

TORCH_END

#endif
