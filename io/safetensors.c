/* Reading safetensors: the header's length, a header of JSON, the tensors' bytes. Every rule of the format is checked.
 * */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "io/io.h"
#include "io/readers.h"
#include "io/safetensors.h"

enum { LENGTH = 8, LONGEST = 100000000 };

typedef struct Slot { /* a tensor of the header */
    const char *name;
    cer_Form form;
    uint64_t begin, end; /* from the end of the header on */
    size_t order;
} Slot;

typedef struct Header {
    const char *op;
    size_t data, bytes; /* where the tensors' bytes begin in the file, and how many there are */
    json_t *root;
    Slot *slot;
    size_t n;
} Header;

const cer_SafeType cer_safe_types[] = {
    {"BOOL", torch_bool, 1, 0}, {"U8", torch_uint8, 1, 1},     {"I8", torch_int8, 1, 2},
    {"I16", torch_int16, 2, 3}, {"F16", torch_float16, 2, 4},  {"BF16", torch_bfloat16, 2, 5},
    {"I32", torch_int32, 4, 6}, {"F32", torch_float32, 4, 7},  {"F64", torch_float64, 8, 8},
    {"I64", torch_int64, 8, 9}, {NULL, torch_dtype_none, 0, 0}};

/* The names of the reference's errors, and what they mean here. */
static bool broken(const Header *h, const char *kind, const char *format, const char *text)
{
    char what[512];
    snprintf(what, sizeof what, format, text);
    return cer_raise(TORCH_RUNTIME_ERROR, h->op, "Error while deserializing header: %s: %s", kind, what);
}

/* ---- the header -------------------------------------------------------------------------------------------------- */

static bool parse(Header *h, const cer_Map *file)
{
    if (file->bytes < LENGTH) return broken(h, "HeaderTooSmall", "the file has less than 8 bytes%s", "");
    uint64_t n = cer_little(file->data, LENGTH);
    if (n > LONGEST) return broken(h, "HeaderTooLarge", "more than 100000000 bytes%s", "");
    if (n > file->bytes - LENGTH) return broken(h, "InvalidHeaderLength", "the header is longer than the file%s", "");
    const char *text = (const char *)file->data + LENGTH;
    if (n == 0 || text[0] != '{') return broken(h, "InvalidHeaderStart", "the header does not begin with {%s", "");
    json_error_t error;
    h->data = LENGTH + (size_t)n;
    h->bytes = file->bytes - h->data;
    h->root = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &error);
    if (h->root) return true;
    if (json_error_code(&error) == json_error_out_of_memory) return cer_raise_memory(h->op, (double)n);
    bool unicode = json_error_code(&error) == json_error_invalid_utf8;
    return broken(h, unicode ? "InvalidHeader" : "InvalidHeaderDeserialization", "%s", error.text);
}

static const cer_SafeType *type_of(const char *name)
{
    for (const cer_SafeType *t = cer_safe_types; t->name; t++)
        if (strcmp(t->name, name) == 0) return t;
    return NULL;
}

static bool read_shape(const Header *h, Slot *s, const json_t *shape)
{
    size_t n = json_array_size(shape);
    if (n > TORCH_MAX_DIM)
        return cer_raise(TORCH_RUNTIME_ERROR, h->op, "`%.200s` has more than %d dimensions", s->name, TORCH_MAX_DIM);
    int64_t size[TORCH_MAX_DIM] = {0};
    for (size_t i = 0; i < n; i++) {
        const json_t *dim = json_array_get(shape, i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return broken(h, "InvalidHeaderDeserialization", "a size of `%s` is not a number", s->name);
        size[i] = json_integer_value(dim);
    }
    cer_form(&s->form, (torch_dtype)s->form.dtype, (int64_t)n, size);
    return true;
}

static bool read_offsets(const Header *h, Slot *s, const json_t *offsets)
{
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return broken(h, "InvalidHeaderDeserialization", "the data_offsets of `%s` are not two numbers", s->name);
    if (json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return broken(h, "InvalidOffset", "those of `%s`", s->name);
    s->begin = (uint64_t)json_integer_value(begin);
    s->end = (uint64_t)json_integer_value(end);
    return true;
}

/* {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} */
static bool read_tensor(const Header *h, Slot *s, const json_t *entry)
{
    const json_t *dtype = json_object_get(entry, "dtype"), *shape = json_object_get(entry, "shape");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    if (!json_is_string(dtype) || !json_is_array(shape) || !json_is_array(offsets))
        return broken(h, "InvalidHeaderDeserialization", "`%s` needs dtype, shape and data_offsets", s->name);
    const cer_SafeType *type = type_of(json_string_value(dtype));
    if (!type)
        return cer_raise(TORCH_TYPE_ERROR, h->op, "there is no dtype here for %.20s, that of `%.200s`",
                         json_string_value(dtype), s->name);
    s->form.dtype = (uint8_t)type->dtype;
    return read_shape(h, s, shape) && read_offsets(h, s, offsets);
}

static bool read_metadata(const Header *h, const json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return broken(h, "InvalidHeaderDeserialization", "__metadata__ is not an object%s", "");
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value) if (!json_is_string(value)) return broken(
        h, "InvalidHeaderDeserialization", "`%s` in __metadata__ is not text", key);
    return true;
}

static int by_offset(const void *left, const void *right)
{
    const Slot *a = left, *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end) return a->end < b->end ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Sorted, each tensor begins where the one before ends, and has the bytes that its shape needs; the last ends the file.
 * */
static bool check_offsets(Header *h, bool lenient)
{
    uint64_t at = 0;
    if (h->n) qsort(h->slot, h->n, sizeof *h->slot, by_offset);
    for (size_t i = 0; i < h->n; i++) {
        const Slot *s = &h->slot[i];
        int64_t numel, element = cer_size_of(s->form.dtype);
        if (s->begin != at)
            return broken(h, "InvalidOffset", "`%s` does not begin where the tensor before ends", s->name);
        if (!cer_numel_of(h->op, s->form.ndim, s->form.shape, (size_t)element, &numel)) return false;
        if ((uint64_t)numel * (uint64_t)element != s->end - s->begin)
            return broken(h, "TensorInvalidInfo", "`%s` has other bytes than its shape needs", s->name);
        at = s->end;
    }
    if (at > h->bytes) return broken(h, "MetadataIncompleteBuffer", "the file ends before its tensors do%s", "");
    return at == h->bytes || lenient || broken(h, "MetadataIncompleteBuffer", "bytes follow the last tensor%s", "");
}

static bool read_header(Header *h, const cer_Map *file, bool lenient)
{
    const char *key;
    json_t *value;
    if (!parse(h, file)) return false;
    size_t most = json_object_size(h->root);
    h->slot = most ? cer_alloc(most * sizeof *h->slot) : NULL;
    if (most && !h->slot) return cer_raise_memory(h->op, (double)(most * sizeof *h->slot));
    json_object_foreach(h->root, key, value)
    {
        if (strcmp(key, "__metadata__") == 0) {
            if (!read_metadata(h, value)) return false;
            continue;
        }
        Slot *s = &h->slot[h->n];
        *s = (Slot){.name = key, .order = h->n};
        h->n++;
        if (!read_tensor(h, s, value)) return false;
    }
    return check_offsets(h, lenient);
}

static void header_end(Header *h)
{
    if (h->slot) cer_free(h->slot, json_object_size(h->root) * sizeof *h->slot);
    json_decref(h->root);
}

/* ---- the tensors ------------------------------------------------------------------------------------------------- */

static bool load_one(const Header *h, cer_Map *file, const Slot *s, torch_StateDict *d)
{
    size_t element = (size_t)cer_size_of(s->form.dtype), bytes = (size_t)(s->end - s->begin);
    cer_Storage *storage = cer_map_storage(file, h->data + (size_t)s->begin, bytes, element, h->op);
    if (!storage) return false;
    int64_t scope = torch_scope_push();
    Tensor *t = cer_storage_tensor(storage, &s->form, 0, h->op);
    if (t) torch_StateDict_set(d, s->name, t);
    torch_scope_pop(scope);
    cer_storage_release(storage);
    return !cer_error_pending();
}

torch_StateDict *cer_safetensors_load(cer_Map *file, bool lenient)
{
    Header h = {.op = "load_file"};
    torch_StateDict *d = read_header(&h, file, lenient) ? torch_StateDict_new() : NULL;
    for (size_t i = 0; d && i < h.n; i++) {
        if (load_one(&h, file, &h.slot[i], d)) continue;
        torch_StateDict_free(d);
        d = NULL;
    }
    header_end(&h);
    return d;
}

static torch_StateDict *load(const char *path, bool lenient)
{
    cer_Map *file = cer_map_file(path, "load_file");
    torch_StateDict *d = file ? cer_safetensors_load(file, lenient) : NULL;
    cer_map_release(file);
    return d;
}

torch_StateDict *safetensors_load_file(const char *path)
{
    return load(path, false);
}

torch_StateDict *safetensors_load_file_lenient(const char *path)
{
    return load(path, true);
}

/* ---- metadata ---------------------------------------------------------------------------------------------------- */

static const char *keep(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = cer_pool_string(n);
    return copy ? memcpy(copy, text, n) : NULL;
}

static const char **collect(json_t *metadata)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    const char **list = cer_pool_block((2 * json_object_size(metadata) + 1) * sizeof *list, NULL);
    if (!list) return NULL;
    json_object_foreach(metadata, key, value) if (!(list[n++] = keep(key)) ||
                                                  !(list[n++] = keep(json_string_value(value)))) return NULL;
    list[n] = NULL;
    return list;
}

const char *const *safetensors_metadata(const char *path)
{
    Header h = {.op = "metadata"};
    cer_Map *file = cer_map_file(path, h.op);
    if (!file) return NULL;
    const char **list = read_header(&h, file, false) ? collect(json_object_get(h.root, "__metadata__")) : NULL;
    header_end(&h);
    cer_map_release(file);
    return list;
}
