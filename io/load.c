/* torch_load: the archive of PyTorch 1.6 and later, and the five pickles in a row of before. */
#include <string.h>

#include "io/io.h"
#include "io/pickle.h"
#include "io/readers.h"
#include "io/zip.h"

enum { WIDEST = 8, NEWEST = 10 }; /* bytes of the largest element; the last version of the format */

typedef struct Load {
    cer_Pickle pickle;
    cer_Zip zip;
} Load;

/* ---- what both have in common ------------------------------------------------------------------------------------ */

static bool fetch(Load *l, cer_Blob *b) /* from data/KEY of the archive */
{
    char name[256];
    size_t at, bytes;
    int n = snprintf(name, sizeof name, "data/%s", b->key);
    if (n < 0 || (size_t)n >= sizeof name) return cer_raise(TORCH_RUNTIME_ERROR, "load", "a storage's key is too long");
    cer_Map *map = cer_zip_read(&l->zip, name, &at, &bytes);
    if (!map) return false;
    if (bytes < b->bytes)
        cer_raise(TORCH_RUNTIME_ERROR, "load",
                  "PytorchStreamReader failed reading file %.200s: it has %llu bytes, "
                  "expected %llu",
                  name, (unsigned long long)bytes, (unsigned long long)b->bytes);
    else
        b->storage = cer_map_storage(map, at, b->bytes, WIDEST, "load");
    cer_map_release(map);
    return b->storage != NULL;
}

static Tensor *load_tensor(void *data, cer_TensorValue *v)
{
    Load *l = data;
    if (!v->blob->storage &&
        (l->pickle.legacy ? !cer_raise(TORCH_RUNTIME_ERROR, "load", "storage %.100s is missing", v->blob->key)
                          : !fetch(l, v->blob)))
        return NULL;
    Tensor *t = cer_storage_tensor(v->blob->storage, &v->form, v->offset, "load");
    if (!t) return NULL;
    if (v->parameter) t->flags |= CER_PARAMETER;
    return v->requires_grad ? torch_requires_grad_(t, true) : t;
}

static torch_StateDict *finish(Load *l, const cer_Value *root, size_t limit)
{
    return root ? cer_flatten(root, limit, "load", load_tensor, l) : NULL;
}

/* ---- the archive ------------------------------------------------------------------------------------------------- */

static bool check_order(Load *l)
{
    size_t at, bytes;
    if (!cer_zip_has(&l->zip, "byteorder")) return true;
    cer_Map *map = cer_zip_read(&l->zip, "byteorder", &at, &bytes);
    if (!map) return false;
    bool little = bytes == 6 && memcmp(map->data + at, "little", 6) == 0;
    bool big = bytes == 3 && memcmp(map->data + at, "big", 3) == 0;
    cer_map_release(map);
    return little || cer_raise(TORCH_RUNTIME_ERROR, "load",
                               big ? "the file was written by a big-endian machine" : "Unknown endianness type");
}

static bool check_version(Load *l)
{
    size_t at, bytes, i = 0;
    unsigned version = 0;
    cer_Map *map =
        cer_zip_read(&l->zip, cer_zip_has(&l->zip, ".data/version") ? ".data/version" : "version", &at, &bytes);
    if (!map) return false;
    for (; i < bytes && i < 9 && map->data[at + i] >= '0' && map->data[at + i] <= '9'; i++)
        version = 10 * version + (unsigned)(map->data[at + i] - '0');
    cer_map_release(map);
    if (i == 0) return cer_raise(TORCH_RUNTIME_ERROR, "load", "the archive's version is not a number");
    return version <= NEWEST ||
           cer_raise(TORCH_RUNTIME_ERROR, "load",
                     "Attempted to read a PyTorch file with version %u, but the maximum "
                     "supported version for reading is %d. Your PyTorch installation may be too old.",
                     version, NEWEST);
}

static torch_StateDict *load_archive(Load *l, cer_Map *file)
{
    size_t at, bytes;
    if (!cer_zip_open(&l->zip, file, "load") || !check_version(l)) return NULL;
    if (cer_zip_has(&l->zip, "constants.pkl"))
        return cer_raise(TORCH_RUNTIME_ERROR, "load", "a TorchScript archive: save the model's state_dict() instead"),
               NULL;
    cer_Map *map = check_order(l) ? cer_zip_read(&l->zip, "data.pkl", &at, &bytes) : NULL;
    if (!map) return NULL;
    l->pickle.at = map->data + at;
    l->pickle.end = l->pickle.at + bytes;
    /* not by what it inflates to */
    torch_StateDict *d = finish(l, cer_pickle_run(&l->pickle), bytes < file->bytes ? bytes : file->bytes);
    cer_pickle_end(&l->pickle); /* its texts stand in the map */
    l->pickle = (cer_Pickle){.op = "load"};
    cer_map_release(map);
    return d;
}

/* ---- before 1.6: magic number, protocol, system, value, keys, then each storage's count and bytes ------------------
 * */

static const uint8_t magic[] = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

static bool little_endian(const cer_Value *info)
{
    if (info->kind != CER_VALUE_DICT) return false;
    for (size_t i = 0; i + 1 < info->as.list.n; i += 2)
        if (cer_value_is_text(info->as.list.item[i], "little_endian"))
            return info->as.list.item[i + 1]->kind == CER_VALUE_BOOL && info->as.list.item[i + 1]->as.i;
    return false;
}

static bool check_system(cer_Pickle *p)
{
    const cer_Value *protocol = cer_pickle_run(p);
    if (!protocol) return false;
    if (protocol->kind != CER_VALUE_INT || protocol->as.i != 1001)
        return cer_raise(TORCH_RUNTIME_ERROR, "load", "Invalid protocol version");
    const cer_Value *info = cer_pickle_run(p);
    if (!info) return false;
    return little_endian(info) ||
           cer_raise(TORCH_RUNTIME_ERROR, "load", "the file was written by a big-endian machine");
}

/* The storage's bytes follow: those of the most that any of its users says, and no less. */
static bool read_storage(cer_Pickle *p, cer_Map *file, const cer_Value *key)
{
    if (key->kind != CER_VALUE_TEXT || p->end - p->at < 8)
        return cer_raise(TORCH_RUNTIME_ERROR, "load", "Ran out of input");
    cer_Blob *b = cer_pickle_blob(p, key->as.text.at, key->as.text.n);
    if (!b) return false;
    if (!b->mentioned) return cer_raise(TORCH_RUNTIME_ERROR, "load", "no tensor has storage %.100s", b->key);
    uint64_t numel = cer_little(p->at, 8);
    p->at += 8;
    size_t left = (size_t)(p->end - p->at);
    if (b->bytes > left) return cer_raise(TORCH_RUNTIME_ERROR, "load", "Ran out of input");
    if (b->storage || (b->bytes ? b->bytes / b->element != numel : numel != 0))
        return cer_raise(TORCH_RUNTIME_ERROR, "load", "storage has wrong size: got %llu elements",
                         (unsigned long long)numel);
    b->storage = cer_map_storage(file, (size_t)(p->at - file->data), b->bytes, WIDEST, "load");
    p->at += b->bytes;
    return b->storage != NULL;
}

static torch_StateDict *load_legacy(Load *l, cer_Map *file)
{
    cer_Pickle *p = &l->pickle;
    p->legacy = true;
    p->at = file->data + sizeof magic;
    p->end = file->data + file->bytes;
    if (!check_system(p)) return NULL;
    const uint8_t *from = p->at;
    const cer_Value *root = cer_pickle_run(p), *keys = root ? cer_pickle_run(p) : NULL;
    if (!keys) return NULL;
    size_t limit = (size_t)(p->at - from);
    if (keys->kind != CER_VALUE_LIST) return cer_raise(TORCH_RUNTIME_ERROR, "load", "the keys are not a list"), NULL;
    for (size_t i = 0; i < keys->as.list.n; i++)
        if (!read_storage(p, file, keys->as.list.item[i])) return NULL;
    return finish(l, root, limit);
}

torch_StateDict *cer_load(cer_Map *file)
{
    Load l = {.pickle.op = "load"};
    torch_StateDict *d = NULL;
    if (file->bytes == 0)
        cer_raise(TORCH_RUNTIME_ERROR, "load", "Ran out of input");
    else if (file->bytes >= sizeof magic && memcmp(file->data, magic, sizeof magic) == 0)
        d = load_legacy(&l, file);
    else if (file->bytes >= 4 && memcmp(file->data, "PK\3\4", 4) == 0)
        d = load_archive(&l, file);
    else
        cer_raise(TORCH_RUNTIME_ERROR, "load", "Invalid magic number; corrupt file?");
    cer_pickle_end(&l.pickle);
    cer_zip_close(&l.zip);
    return d;
}

torch_StateDict *torch_load(const char *path)
{
    cer_Map *file = cer_map_file(path, "load");
    torch_StateDict *d = file ? cer_load(file) : NULL;
    cer_map_release(file);
    return d;
}
