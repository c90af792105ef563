/* Writing safetensors, in the order of the reference: larger elements first, then by name. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"
#include "io/io.h"
#include "io/safetensors.h"

enum { LENGTH = 8, LONGEST = 100000000 };

typedef struct Item {
    const char *name;
    const Tensor *t;
    const cer_SafeType *type;
} Item;

static size_t bytes_of(const Tensor *t)
{
    return (size_t)(t->numel * cer_size_of(t->dtype));
}

static int in_file(const void *left, const void *right)
{
    const Item *a = left, *b = right;
    if (a->type->rank != b->type->rank) return a->type->rank > b->type->rank ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int in_memory(const void *left, const void *right)
{
    const Item *a = left, *b = right;
    if (a->t->data != b->t->data) return (uintptr_t)a->t->data < (uintptr_t)b->t->data ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* ---- what may be saved ------------------------------------------------------------------------------------------- */

static bool check(const Item *i)
{
    if (!cer_usable(i->t, "save_file", 1)) return false;
    if (!cer_utf8(i->name, strlen(i->name)) || strcmp(i->name, "__metadata__") == 0)
        return cer_raise(TORCH_VALUE_ERROR, "save_file", "a tensor cannot have the name `%.200s`", i->name);
    return true;
}

/* Where elements end: beyond the last that the strides reach. */
static const char *end_of(const Tensor *t)
{
    int64_t last = 0;
    for (int d = 0; d < t->ndim; d++) last += (t->shape[d] - 1) * t->stride[d];
    return t->data + (last + 1) * cer_size_of(t->dtype);
}

static bool check_shared(Item *item, int64_t n)
{
    const Item *before = NULL;
    qsort(item, (size_t)n, sizeof *item, in_memory);
    for (int64_t i = 0; i < n; i++) {
        if (item[i].t->numel == 0) continue;
        if (before && (uintptr_t)item[i].t->data < (uintptr_t)end_of(before->t))
            return cer_raise(
                TORCH_RUNTIME_ERROR, "save_file",
                "\n            Some tensors share memory, this will lead to duplicate memory on disk and "
                "potential differences when loading them again: [{'%.200s', '%.200s'}].\n            A "
                "potential way to correctly save your model is to use `save_model`.\n            More "
                "information at https://huggingface.co/docs/safetensors/torch_shared_tensors\n            ",
                before->name, item[i].name);
        if (!before || (uintptr_t)end_of(item[i].t) > (uintptr_t)end_of(before->t)) before = &item[i];
    }
    return true;
}

static bool check_contiguous(const Item *item, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!torch_is_contiguous(item[i].t))
            return cer_raise(
                TORCH_VALUE_ERROR, "save_file",
                "You are trying to save a non contiguous tensor: `%.200s` which is not allowed. It either "
                "means you are trying to save tensors which are reference of each other in which case it's "
                "recommended to save only the full tensors, and reslice at load time, or simply call "
                "`.contiguous()` on your tensor to pack it before saving.",
                item[i].name);
    return true;
}

/* Fills items, in the order of the file. */
static bool collect(const torch_StateDict *d, int64_t n, Item *item)
{
    for (int64_t i = 0; i < n; i++) {
        item[i] = (Item){torch_StateDict_key(d, i), torch_StateDict_value(d, i), cer_safe_types};
        if (!check(&item[i])) return false;
        while (item[i].type->dtype != (torch_dtype)item[i].t->dtype) item[i].type++;
    }
    if (!check_shared(item, n) || !check_contiguous(item, n)) return false;
    qsort(item, (size_t)n, sizeof *item, in_file);
    return true;
}

/* ---- the header -------------------------------------------------------------------------------------------------- */

static bool add_metadata(json_t *root, const char *const *metadata)
{
    json_t *object = metadata ? json_object() : NULL;
    for (; metadata && metadata[0]; metadata += 2) {
        if (!metadata[1] || !cer_utf8(metadata[0], strlen(metadata[0])) ||
            !cer_utf8(metadata[1], strlen(metadata[1]))) {
            json_decref(object);
            return cer_raise(TORCH_VALUE_ERROR, "save_file", "metadata must be pairs of UTF-8 texts");
        }
        if (json_object_set_new(object, metadata[0], json_string(metadata[1])) == 0) continue;
        json_decref(object);
        return false;
    }
    return !object || json_object_set_new(root, "__metadata__", object) == 0;
}

static json_t *sizes(const Tensor *t)
{
    json_t *array = json_array();
    for (int d = 0; array && d < t->ndim; d++)
        if (json_array_append_new(array, json_integer(t->shape[d])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static bool add_tensor(json_t *root, const Item *i, int64_t begin)
{
    json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", i->type->name, "shape", sizes(i->t), "data_offsets",
                              (json_int_t)begin, (json_int_t)(begin + (int64_t)bytes_of(i->t)));
    return entry && json_object_set_new(root, i->name, entry) == 0;
}

/* The header as text, from malloc; NULL after raising. */
static char *header(const Item *item, int64_t n, const char *const *metadata)
{
    json_t *root = json_object();
    int64_t at = 0;
    bool fine = root && add_metadata(root, metadata);
    for (int64_t i = 0; i < n && fine; at += (int64_t)bytes_of(item[i++].t)) fine = add_tensor(root, &item[i], at);
    char *text = fine ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!text && !cer_error_pending()) cer_raise_memory("save_file", (double)n * 64);
    return text;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static bool write_all(cer_File *f, const Item *item, int64_t n, const char *text)
{
    size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    uint8_t little[LENGTH];
    if (padded > LONGEST)
        return cer_raise(TORCH_RUNTIME_ERROR, "save_file", "the header would have more than %d bytes", LONGEST);
    for (int i = 0; i < LENGTH; i++) little[i] = (uint8_t)((uint64_t)padded >> 8 * i);
    bool fine = cer_file_write(f, little, LENGTH) && cer_file_write(f, text, length) &&
                cer_file_write(f, "        ", padded - length);
    for (int64_t i = 0; i < n && fine; i++) fine = cer_file_write(f, item[i].t->data, bytes_of(item[i].t));
    return fine;
}

int safetensors_save_file(const torch_StateDict *d, const char *path, const char *const *metadata)
{
    cer_File file;
    if (cer_error_pending()) return torch_error_code();
    if (!d) return torch_error_raise(TORCH_TYPE_ERROR, "save_file", "save_file(): the state_dict is NULL");
    int64_t n = torch_StateDict_len(d), scope = torch_scope_push();
    Item *item = cer_pool_block((size_t)n * sizeof *item, NULL);
    char *text = item && collect(d, n, item) ? header(item, n, metadata) : NULL;
    if (text && cer_file_begin(&file, path, "save_file")) {
        write_all(&file, item, n, text);
        cer_file_end(&file);
    }
    free(text);
    torch_scope_pop(scope);
    return torch_error_code();
}
