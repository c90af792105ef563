/* print(model), as PyTorch does it. */
#include <stdio.h>

#include "core/text.h"
#include "module.h"

enum { EXTRA = 512, EXTRA_MOST = 1 << 24, INDENT = 2 };

static void add_module(cer_Text *t, const nn_Module *m, int depth);

static void add_children(cer_Text *t, const cer_Items *children, int depth)
{
    for (int64_t i = 0; i < children->length; i++) {
        cer_text_add(t, "\n%*s(%s): ", depth, "", children->item[i].name);
        if (children->item[i].as.module)
            add_module(t, children->item[i].as.module, depth);
        else
            cer_text_add(t, "None");
    }
}

/* extra_repr, in a buffer of the scope, large enough. */
static const char *extra_of(const nn_Module *m)
{
    const nn_Class *c = &m->module->class_record;
    for (size_t bytes = EXTRA; c->extra_repr; bytes *= 8) {
        char *extra = cer_pool_string(bytes);
        if (!extra) break;
        *extra = '\0';
        c->extra_repr(m, extra, bytes);
        if (strlen(extra) + 1 < bytes || bytes >= EXTRA_MOST) return extra;
    }
    return "";
}

/* Net(extra) or Net(\n  extra\n  (child): ...\n) with `depth` spaces in front of all lines but the first. */
static void add_module(cer_Text *t, const nn_Module *m, int depth)
{
    const nn_ModuleImpl *impl = m->module;
    const char *extra = extra_of(m);
    bool lines = impl->children.length > 0 || strchr(extra, '\n');
    cer_text_add(t, "%s(", cer_nn_printed_name(m));
    if (lines && *extra) cer_text_add(t, "\n%*s", depth + INDENT, "");
    cer_text_add_indented(t, extra, depth + INDENT);
    add_children(t, &impl->children, depth + INDENT);
    if (lines) cer_text_add(t, "\n%*s", depth, "");
    cer_text_add(t, ")");
}

const char *nn_Module_str(const nn_Module *m)
{
    if (cer_error_pending()) return NULL;
    cer_Text t = {0};
    if (m && m->module)
        add_module(&t, m, 0);
    else
        cer_text_add(&t, "None");
    return cer_text_borrowed(&t);
}

void nn_Module_print(const nn_Module *m)
{
    int64_t scope = torch_scope_push();
    const char *text = nn_Module_str(m);
    if (text) puts(text);
    torch_scope_pop(scope);
}
