/* state_dict and load_state_dict. */
#include "core/text.h"
#include "module.h"

/* ---- out --------------------------------------------------------------------------------------------------------- */

static bool put(torch_StateDict *d, const cer_Path *path, Tensor *t)
{
    int64_t scope = torch_scope_push();
    char *key = cer_pool_string(cer_path_length(path) + 1);
    if (key) {
        *cer_path_write(path, key) = '\0';
        torch_StateDict_set(d, key, torch_detach(t));
    }
    torch_scope_pop(scope);
    return !cer_error_pending();
}

/* What a module's own part of a state_dict holds: parameters, then persistent buffers. */
static const cer_Item *own_state(const nn_Module *m, int64_t i)
{
    const cer_Items *p = &m->module->parameters, *b = &m->module->buffers;
    const cer_Item *item = i < p->length ? &p->item[i] : &b->item[i - p->length];
    return item->as.tensor && (i < p->length || item->persistent) ? item : NULL;
}

static int64_t own_count(const nn_Module *m)
{
    return m->module->parameters.length + m->module->buffers.length;
}

static bool save_walker(nn_Module *m, const cer_Path *path, void *data)
{
    for (int64_t i = 0; i < own_count(m); i++) {
        const cer_Item *item = own_state(m, i);
        cer_Path own = {path, item ? item->name : ""};
        if (item && !put(data, &own, item->as.tensor)) return false;
    }
    return true;
}

torch_StateDict *nn_Module_state_dict(nn_Module *m)
{
    if (!cer_nn_ready(m, "state_dict")) return NULL;
    torch_StateDict *d = cer_state_dict_borrowed();
    return d && cer_nn_walk(m, NULL, save_walker, d) ? d : NULL;
}

/* ---- in: all is checked before anything is copied ---------------------------------------------------------------- */

typedef struct Load {
    const torch_StateDict *d;
    bool strict, copying;
    cer_Text key, missing, unexpected, mismatched;
} Load;

/* The value for this item in the dictionary, or NULL; l->key holds the name. */
static Tensor *value_of(Load *l, const cer_Path *path)
{
    size_t n = cer_path_length(path);
    l->key.length = 0;
    cer_text_add(&l->key, "%*s", (int)n, "");
    if (l->key.failed) return NULL;
    cer_path_write(path, l->key.text);
    return torch_StateDict_contains(l->d, l->key.text) ? torch_StateDict_get(l->d, l->key.text) : NULL;
}

static void add_name(cer_Text *names, const char *name)
{
    cer_text_add(names, "%s\"%s\"", names->length ? ", " : "", name);
}

static void check_shape(Load *l, const Tensor *value, const Tensor *own)
{
    if (value->ndim == own->ndim && memcmp(value->shape, own->shape, sizeof(int64_t) * own->ndim) == 0) return;
    if (own->ndim == 0 && value->ndim == 1 && value->shape[0] > 0) return; /* 0-d was 1-d before PyTorch 0.4 */
    char theirs[256], ours[256];
    cer_text_add(
        &l->mismatched,
        "\n\tsize mismatch for %s: copying a param with shape torch.Size(%s) from checkpoint, the shape in current "
        "model is torch.Size(%s).",
        l->key.text, cer_shape_text(value->ndim, value->shape, theirs, sizeof theirs),
        cer_shape_text(own->ndim, own->shape, ours, sizeof ours));
}

static void copy(Tensor *own, Tensor *value)
{
    if (value->storage == own->storage && value->data == own->data) return; /* the module's own dictionary */
    if (own->ndim == 0 && value->ndim == 1) value = torch_select(value, 0, 0);
    torch_copy_(own, value);
}

/* Keys under this prefix whose next part nobody here has. */
static void find_unexpected(Load *l, const nn_Module *m, const cer_Path *path)
{
    size_t n = cer_path_length(path) + (path != NULL);
    l->key.length = 0;
    cer_text_add(&l->key, "%*s", (int)n, "");
    if (l->key.failed) return;
    if (path) *cer_path_write(path, l->key.text) = '.';
    for (int64_t i = 0; i < torch_StateDict_len(l->d); i++) {
        const char *key = torch_StateDict_key(l->d, i);
        if (strncmp(key, l->key.text, n) != 0) continue;
        size_t part = strcspn(key + n, ".");
        bool known = false;
        for (int64_t k = 0; k < own_count(m) && !known; k++) {
            const cer_Item *item = own_state(m, k);
            known = item && strncmp(item->name, key + n, part) == 0 && !item->name[part];
        }
        for (int64_t k = 0; k < m->module->children.length && !known; k++) {
            const char *name = m->module->children.item[k].name;
            known = strncmp(name, key + n, part) == 0 && !name[part];
        }
        if (!known) add_name(&l->unexpected, key);
    }
}

static bool load_walker(nn_Module *m, const cer_Path *path, void *data)
{
    Load *l = data;
    for (int64_t i = 0; i < own_count(m); i++) {
        const cer_Item *item = own_state(m, i);
        if (!item) continue;
        cer_Path own = {path, item->name};
        Tensor *value = value_of(l, &own);
        if (l->key.failed) return false;
        if (value && l->copying)
            copy(item->as.tensor, value);
        else if (value)
            check_shape(l, value, item->as.tensor);
        else
            add_name(&l->missing, l->key.text);
    }
    if (!l->copying && l->strict) find_unexpected(l, m, path);
    return !l->key.failed && !cer_error_pending();
}

static void report(const Load *l, const char *name)
{
    cer_Text t = {0};
    if (l->strict && l->missing.length) cer_text_add(&t, "\n\tMissing key(s) in state_dict: %s. ", l->missing.text);
    if (l->strict && l->unexpected.length)
        cer_text_add(&t, "\n\tUnexpected key(s) in state_dict: %s. ", l->unexpected.text);
    if (l->mismatched.length) cer_text_add(&t, "%s", l->mismatched.text);
    if (l->key.failed || l->missing.failed || l->unexpected.failed || l->mismatched.failed || t.failed)
        cer_raise_memory("load_state_dict", (double)t.capacity);
    else if (t.length)
        torch_error_raise(TORCH_RUNTIME_ERROR, "load_state_dict", "Error(s) in loading state_dict for %s:%s", name,
                          t.text);
    cer_text_free(&t);
}

int nn_Module_load_state_dict(nn_Module *m, const torch_StateDict *d, bool strict)
{
    if (!cer_nn_ready(m, "load_state_dict")) return torch_error_code();
    if (!d)
        return torch_error_raise(TORCH_TYPE_ERROR, "load_state_dict",
                                 "Expected state_dict to be dict-like, got <class 'NoneType'>.");
    Load l = {.d = d, .strict = strict};
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false);
    cer_nn_walk(m, NULL, load_walker, &l);
    if (!cer_error_pending()) report(&l, cer_nn_printed_name(m));
    l.copying = true;
    if (!cer_error_pending()) cer_nn_walk(m, NULL, load_walker, &l);
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    cer_text_free(&l.key);
    cer_text_free(&l.missing);
    cer_text_free(&l.unexpected);
    cer_text_free(&l.mismatched);
    return torch_error_code();
}
