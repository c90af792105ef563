/* Files of weights: torch.save, torch.load, safetensors.torch. Loading executes nothing, whatever the file says.
 *
 * Loaded tensors show the file's memory where it is aligned (a private map: writing to them changes no file), and
 * copies elsewhere. Another program may replace the file meanwhile, as saving does here, but may not shorten it in
 * place. Saving writes a file beside, flushes it to the disk and renames it: after a crash there is the old file or the
 * new one. */
#ifndef CERILLA_IO_H
#define CERILLA_IO_H

#include "../core/params.h"

TORCH_BEGIN

/* torch.load(path, map_location="cpu"): owned. State_dicts as they are; a checkpoint's nested dicts, lists and tuples
 * become one dictionary, its keys joined with dots: "model.fc.weight", "optimizer.param_groups.0.lr". Numbers become
 * tensors without dimensions (int64, float64, bool), a list of numbers a tensor of one; None and text are left out. A
 * tensor alone has the key "". Views that shared memory share it again; Parameters and requires_grad are kept.
 * OSError "[Errno 2] No such file or directory: 'x.pt'"; RuntimeError "PytorchStreamReader failed reading zip archive:
 * failed finding central directory", "PytorchStreamReader failed reading file data/0: file read failed", "Unsupported
 * class torch.nn.modules.linear.Linear: save the model's state_dict() instead", "Ran out of input".      NULL */
TORCH_API torch_StateDict *torch_load(const char *path);

/* torch.save(d, path): an OrderedDict of tensors, which torch.load reads. Storages are saved whole and once, as in
 * PyTorch. What optim_state_dict() and optim_lr_scheduler_state_dict() returned is saved as the nested dictionary that
 * PyTorch's load_state_dict takes (it is known by "param_groups.0.params", and by "last_epoch" beside "_last_lr").
 * RuntimeError "Parent directory x does not exist.", "Cannot save multiple tensors or storages that view the same data
 * as different types"; OSError. A code. */
TORCH_API int torch_save(const torch_StateDict *d, const char *path);

/* torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, path):
 *     torch_save_checkpoint("last.pt", torch_entry("model", nn_state_dict(model)),
 *                           torch_entry("optimizer", optim_state_dict(optimizer)), torch_entry("epoch", 3));
 * and back:
 *     torch_StateDict *last = torch_load("last.pt");
 *     nn_load_state_dict(model, torch_StateDict_get_dict(last, "model"));
 * torch_save_entries is beneath; an entry holds one of dict, value and text, or None. A code. */
typedef struct torch_Entry {
    const char *key;
    const torch_StateDict *dict;
    torch_Scalar value; /* a number or a tensor */
    const char *text;
    bool is_dict, is_text; /* a dict or text that is NULL is an error, not None */
} torch_Entry;
TORCH_API int torch_save_entries(const torch_Entry *entry, int64_t n, const char *path);

static inline torch_Entry torch_entry_of(const char *key, torch_Scalar value)
{
    torch_Entry e = {key, NULL, value, NULL, false, false};
    return e;
}
static inline torch_Entry torch_entry_dict(const char *key, const torch_StateDict *dict)
{
    torch_Entry e = torch_entry_of(key, torch_scalar_none());
    e.dict = dict;
    e.is_dict = true;
    return e;
}
static inline torch_Entry torch_entry_text(const char *key, const char *text)
{
    torch_Entry e = torch_entry_of(key, torch_scalar_none());
    e.text = text;
    e.is_text = true;
    return e;
}

#ifndef __cplusplus
static inline torch_Entry torch_entry_tensor(const char *key, const Tensor *t)
{
    return torch_entry_of(key, torch_scalar_tensor(t));
}
static inline torch_Entry torch_entry_bool(const char *key, bool value)
{
    return torch_entry_of(key, torch_scalar_bool(value));
}
static inline torch_Entry torch_entry_int(const char *key, int64_t value)
{
    return torch_entry_of(key, torch_scalar_int(value));
}
static inline torch_Entry torch_entry_double(const char *key, double value)
{
    return torch_entry_of(key, torch_scalar_double(value));
}
/* clang-format off */
/* "key": value of a checkpoint: a dictionary, a tensor, a number, a text; torch_scalar_none() is None. */
#define torch_entry(key, value)                                                                            \
    _Generic((value),                                                                                      \
        torch_StateDict *: torch_entry_dict, const torch_StateDict *: torch_entry_dict,                    \
        char *: torch_entry_text, const char *: torch_entry_text,                                          \
        Tensor *: torch_entry_tensor, const Tensor *: torch_entry_tensor, torch_Scalar: torch_entry_of,    \
        bool: torch_entry_bool, float: torch_entry_double, double: torch_entry_double,                     \
        default: torch_entry_int)(key, value)
/* clang-format on */
/* torch.save({...}, path) */
#define torch_save_checkpoint(path, ...)                   \
    torch_save_entries((const torch_Entry[]){__VA_ARGS__}, \
                       (int64_t)(sizeof((const torch_Entry[]){__VA_ARGS__}) / sizeof(torch_Entry)), path)
#endif

/* safetensors.torch.load_file(path): owned, in the order of the file. RuntimeError "Error while deserializing header:
 * HeaderTooLarge" and its kin: every rule of the format is checked.      NULL
 * _lenient: the same, but for bytes that may follow the last tensor. */
TORCH_API torch_StateDict *safetensors_load_file(const char *path);
TORCH_API torch_StateDict *safetensors_load_file_lenient(const char *path);

/* safe_open(path).metadata(): all of it, as key, value, key, value, ..., NULL; borrowed.      NULL */
TORCH_API const char *const *safetensors_metadata(const char *path);

/* safetensors.torch.save_file(d, path, metadata=None): metadata is key, value, ..., NULL, or NULL:
 *     safetensors_save_file(nn_state_dict(model), "model.safetensors", torch_list(const char *, "format", "pt", NULL));
 * ValueError "You are trying to save a non contiguous tensor: `w` ..."; RuntimeError for tensors that share memory. A
 * code. */
TORCH_API int safetensors_save_file(const torch_StateDict *d, const char *path, const char *const *metadata);

TORCH_END

#endif
