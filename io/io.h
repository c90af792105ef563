/* Files of weights: torch.save, torch.load, safetensors.torch. Loading executes nothing, whatever the file says.
 *
 * Loaded tensors show the file's memory where it is aligned (a private map: writing to them changes no file), and copies elsewhere.
 * Another program may replace the file meanwhile, as saving does here, but may not shorten it in place.
 * Saving writes a file beside, flushes it to the disk and renames it: after a crash there is the old file or the new one. */
#ifndef CERILLA_IO_H
#define CERILLA_IO_H

#include "../core/params.h"

TORCH_BEGIN

/* torch.load(path, map_location="cpu"): owned. State_dicts as they are; a checkpoint's nested dicts, lists and tuples become one
 * dictionary, its keys joined with dots: "model.fc.weight", "optimizer.param_groups.0.lr". Numbers become tensors without dimensions
 * (int64, float64, bool), a list of numbers a tensor of one; None and text are left out. A tensor alone has the key "".
 * Views that shared memory share it again; Parameters and requires_grad are kept.
 * OSError "[Errno 2] No such file or directory: 'x.pt'"; RuntimeError "PytorchStreamReader failed reading zip archive: failed finding
 * central directory", "PytorchStreamReader failed reading file data/0: file read failed", "Unsupported class
 * torch.nn.modules.linear.Linear: save the model's state_dict() instead", "Ran out of input".      NULL */
TORCH_API torch_StateDict *torch_load(const char *path);

/* torch.save(d, path): an OrderedDict of tensors, which torch.load reads. Storages are saved whole and once, as in PyTorch.
 * RuntimeError "Parent directory x does not exist.", "Cannot save multiple tensors or storages that view the same data as different
 * types"; OSError. A code. */
TORCH_API int torch_save(const torch_StateDict *d, const char *path);

/* safetensors.torch.load_file(path): owned, in the order of the file. RuntimeError "Error while deserializing header: HeaderTooLarge"
 * and its kin: every rule of the format is checked.      NULL */
TORCH_API torch_StateDict *safetensors_load_file(const char *path);

/* safe_open(path).metadata(): all of it, as key, value, key, value, ..., NULL; borrowed.      NULL */
TORCH_API const char *const *safetensors_metadata(const char *path);

/* safetensors.torch.save_file(d, path, metadata=None): metadata is key, value, ..., NULL, or NULL:
 *     safetensors_save_file(nn_state_dict(model), "model.safetensors", torch_list(const char *, "format", "pt", NULL));
 * ValueError "You are trying to save a non contiguous tensor: `w` ..."; RuntimeError for tensors that share memory. A code. */
TORCH_API int safetensors_save_file(const torch_StateDict *d, const char *path, const char *const *metadata);

TORCH_END

#endif
