/* torch_save: the pickle of a dictionary, and an archive of it and of the storages. */
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* uthash would end the program */
#define uthash_malloc(bytes) cer_alloc(bytes)
#define uthash_free(block, bytes) cer_free(block, bytes)
#define uthash_nonfatal_oom(entry) (entry)->key = -1

#include "io/io.h"
#include "io/save.h"
#include "io/zip_write.h"

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

static cer_SavedStorage *saved_storage(cer_Save *s, const Tensor *t)
{
    cer_SavedStorage *found = NULL;
    HASH_FIND_PTR(s->storages, &t->storage, found);
    if (found && found->dtype != t->dtype)
        return cer_raise(TORCH_RUNTIME_ERROR, "save",
                         "Cannot save multiple tensors or storages that view the same data "
                         "as different types"),
               NULL;
    if (found) return found;
    cer_SavedStorage *new = cer_alloc(sizeof *new);
    if (!new) return cer_raise_memory("save", sizeof *new), NULL;
    memset(new, 0, sizeof *new);
    new->storage = t->storage;
    new->dtype = t->dtype;
    new->key = s->n_storages;
    HASH_ADD_PTR(s->storages, storage, new);
    if (new->key >= 0) return s->n_storages++, new;
    cer_free(new, sizeof *new);
    return cer_raise_memory("save", sizeof *new), NULL;
}

/* ('storage', torch.FloatStorage, '0', 'cpu', 6), by persistent_load */
static void put_storage(cer_Save *s, const cer_SavedStorage *storage)
{
    cer_Bytes *b = &s->pickle;
    char key[24];
    snprintf(key, sizeof key, "%lld", (long long)storage->key);
    cer_pickle_ops(b, "(");
    cer_pickle_known(b, CER_TEXT_STORAGE);
    cer_pickle_known(b, CER_STORAGE + storage->dtype);
    cer_pickle_text(b, key);
    cer_pickle_known(b, CER_TEXT_CPU);
    cer_pickle_int(b, (int64_t)storage->storage->bytes / cer_size_of(storage->dtype));
    cer_pickle_ops(b, "tQ");
}

static void put_sizes(cer_Bytes *b, int n, const int64_t *size)
{
    cer_pickle_ops(b, "(");
    for (int i = 0; i < n; i++) cer_pickle_int(b, size[i]);
    cer_pickle_ops(b, "t");
}

static void put_hooks(cer_Bytes *b) /* none: OrderedDict() */
{
    cer_pickle_known(b, CER_ORDERED_DICT);
    cer_pickle_ops(b, ")R");
}

/* _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks); around it, of a Parameter,
 * _rebuild_parameter(tensor, requires_grad, hooks) */
bool cer_save_tensor(cer_Save *s, const Tensor *t)
{
    cer_Bytes *b = &s->pickle;
    const cer_SavedStorage *storage = cer_usable(t, "save", 1) ? saved_storage(s, t) : NULL;
    if (!storage) return false;
    int64_t offset = t->numel ? t->data - t->storage->data : 0, element = cer_size_of(t->dtype);
    if (offset % element)
        return cer_raise(TORCH_RUNTIME_ERROR, "save", "a tensor does not begin at a multiple of its element's bytes");
    bool parameter = t->flags & CER_PARAMETER, requires_grad = torch_requires_grad(t);
    if (parameter) {
        cer_pickle_known(b, CER_REBUILD_PARAMETER);
        cer_pickle_ops(b, "(");
    }
    cer_pickle_known(b, CER_REBUILD_TENSOR);
    cer_pickle_ops(b, "(");
    put_storage(s, storage);
    cer_pickle_int(b, offset / element);
    put_sizes(b, t->ndim, t->shape);
    put_sizes(b, t->ndim, t->stride);
    cer_pickle_bool(b, requires_grad && !parameter);
    put_hooks(b);
    cer_pickle_ops(b, "tR");
    if (!parameter) return true;
    cer_pickle_bool(b, requires_grad);
    put_hooks(b);
    cer_pickle_ops(b, "tR");
    return true;
}

/* ---- the archive ------------------------------------------------------------------------------------------------- */

static bool write_archive(const cer_Save *s, cer_File *file)
{
    cer_ZipWriter zip = {.file = file};
    bool fine = cer_zip_add(&zip, "archive/data.pkl", s->pickle.data, s->pickle.length) &&
                cer_zip_add(&zip, "archive/byteorder", "little", 6);
    for (const cer_SavedStorage *e = s->storages; e && fine; e = e->hh.next) {
        char name[48];
        snprintf(name, sizeof name, "archive/data/%lld", (long long)e->key);
        size_t element = (size_t)cer_size_of(e->dtype);
        fine = cer_zip_add(&zip, name, e->storage->data, e->storage->bytes / element * element);
    }
    fine = fine && cer_zip_add(&zip, "archive/version", "3\n", 2);
    if (fine) return cer_zip_finish(&zip);
    cer_bytes_free(&zip.directory);
    return false;
}

static bool finish(cer_Save *s, const char *path)
{
    cer_File file;
    cer_pickle_ops(&s->pickle, ".");
    if (s->pickle.failed) return cer_raise_memory("save", (double)s->pickle.capacity * 2);
    if (!cer_file_begin(&file, path, "save")) return false;
    write_archive(s, &file);
    return cer_file_end(&file);
}

static void save_end(cer_Save *s)
{
    for (cer_SavedStorage *e = s->storages, *next; e; e = next) {
        next = e->hh.next;
        HASH_DEL(s->storages, e);
        cer_free(e, sizeof *e);
    }
    cer_bytes_free(&s->pickle);
}

int torch_save(const torch_StateDict *d, const char *path)
{
    cer_Save s = {0};
    if (cer_error_pending()) return torch_error_code();
    cer_pickle_ops(&s.pickle, "\x80\2");
    if (cer_save_dict(&s, d)) finish(&s, path);
    save_end(&s);
    return torch_error_code();
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------- */

static bool save_entry(cer_Save *s, const torch_Entry *e)
{
    cer_Bytes *b = &s->pickle;
    if (!cer_save_key(s, e->key)) return false;
    if (e->is_dict || e->dict) return cer_save_dict(s, e->dict);
    if (e->is_text || e->text) return cer_save_key(s, e->text);
    switch (e->value.kind) {
    case TORCH_KIND_TENSOR: return cer_save_tensor(s, e->value.as.t);
    case TORCH_KIND_BOOL: return cer_pickle_bool(b, e->value.as.i != 0), true;
    case TORCH_KIND_INT: return cer_pickle_int(b, e->value.as.i), true;
    case TORCH_KIND_DOUBLE: return cer_pickle_float(b, e->value.as.d), true;
    default: return cer_pickle_ops(b, "N"), true;
    }
}

int torch_save_entries(const torch_Entry *entry, int64_t n, const char *path)
{
    cer_Save s = {0};
    bool fine = true;
    if (cer_error_pending()) return torch_error_code();
    cer_pickle_ops(&s.pickle, "\x80\2}(");
    for (int64_t i = 0; i < n && fine; i++) fine = save_entry(&s, &entry[i]);
    cer_pickle_ops(&s.pickle, "u");
    if (fine) finish(&s, path);
    save_end(&s);
    return torch_error_code();
}
