/* torch.utils.checkpoint: memory for time. */
#ifndef CERILLA_CHECKPOINT_H
#define CERILLA_CHECKPOINT_H

#include "../core/autograd.h"

TORCH_BEGIN

/* checkpoint(function, *args, use_reentrant=False, preserve_rng_state=True): runs function; what it saves for backward is
 * not kept but computed again, by a second run, when backward first asks for it. The random numbers of the second run are
 * those of the first. Works with torch_autograd_grad and create_graph too. data must outlive the graph.
 * The first output; the others into others[0..n_outputs - 1).
 *     y = torch_checkpoint(block, &model, torch_tensors(x))      NULL on error */
typedef struct torch_CheckpointArgs {
    size_t struct_size;
    int64_t n_outputs;
    bool preserve_rng_state;
    Tensor **others;
    torch_TensorFunction function;
    void *data;
    Tensor *const *inputs;
    int64_t n_inputs;
} torch_CheckpointArgs;
TORCH_API torch_CheckpointArgs torch_CheckpointArgs_defaults(void);
TORCH_API Tensor *torch_checkpoint_args(const torch_CheckpointArgs *args);
#define torch_checkpoint(...)                                                                  \
    torch_checkpoint_args(&(torch_CheckpointArgs){.struct_size = sizeof(torch_CheckpointArgs), \
                                                  .n_outputs = 1,                              \
                                                  .preserve_rng_state = true,                  \
                                                  .function = __VA_ARGS__})

TORCH_END

#endif
