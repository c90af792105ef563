/* The walk over the layers: every row of layers/ against PyTorch's answer in tests/reference/nn/. Warnings, errors,
 * repr, initial weights and grad_fn are the same; results and gradients within 1e-5 (float32) or 1e-11 (float64) of the
 * largest. In eval mode a deep copy answers. And each row with every allocation failing once, and its weights carried over
 * by state_dict. */
#include <stdarg.h>
#include <stdio.h>

#include "core/random.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/ops/samples.h"
#include "tests/support.h"

#include "edits.h"
#include "packed.h"

enum { OUTPUTS = 4, LINE = 65536 };

typedef struct Layer {
    const char *theme, *python, *call_text;
    Sample sample; /* for its inputs */
    bool rounded;  /* initial weights are not to the last bit */
    void *(*make)(void);
    Tensor *(*call)(nn_Module *m, const Inputs *in, Tensor **out);
} Layer;

#define NAME_OF(kind, theme, line) kind##_##theme##_##line
#define NAME(kind, theme, line) NAME_OF(kind, theme, line)
#define TEXT_OF(theme) #theme
#define TEXT(theme) TEXT_OF(theme)
#define LAYER(python, inputs, call_text, constructor, ...)                                                 \
    static void *NAME(make, THEME, __LINE__)(void)                                                         \
    {                                                                                                      \
        return constructor;                                                                                \
    }                                                                                                      \
    static Tensor *NAME(call, THEME, __LINE__)(nn_Module * m, const Inputs *in, Tensor **out)              \
    {                                                                                                      \
        Tensor *x = in->t[0], *y = in->t[1], *z = in->t[2], *w = in->t[3], *p = in->t[4], *q = in->t[5],   \
               *o = in->t[6], *s = in->t[7], *t = in->t[8], *i = in->t[9], *b = in->t[10], *n = in->t[11]; \
        (void)x, (void)y, (void)z, (void)w, (void)p, (void)q, (void)o, (void)s, (void)t, (void)i, (void)b; \
        (void)n, (void)out, (void)m;                                                                       \
        return __VA_ARGS__;                                                                                \
    }
#include "layers/all.def"
#undef LAYER

static const Layer layers[] = {
#define LAYER(python, inputs, call_text, ...)                              \
    {TEXT(THEME),                                                          \
     python,                                                               \
     call_text,                                                            \
     {TEXT(THEME), python, &inputs[inputs[0] == '~'], python, NULL, NULL}, \
     inputs[0] == '~',                                                     \
     NAME(make, THEME, __LINE__),                                          \
     NAME(call, THEME, __LINE__)},
#include "layers/all.def"
#undef LAYER
};
enum { N_LAYERS = sizeof layers / sizeof *layers };

/* ---- complaints: all of a row's, then the test fails ------------------------------------------------------------- */

static char complaints[16384], place[256];
static size_t complained;
static int n_complaints;

static void complain(const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n_complaints++ < 20)
        complained +=
            (size_t)snprintf(complaints + complained, sizeof complaints - complained, "\n  %s: %s", place, text);
}

/* ---- the reference, line by line --------------------------------------------------------------------------------- */

typedef struct Reader {
    FILE *file;
    char line[LINE]; /* the next, not yet taken; empty at the end */
    char *field[4];
    int n;
} Reader;

static void next_line(Reader *r)
{
    if (!fgets(r->line, LINE, r->file)) *r->line = '\0';
    r->line[strcspn(r->line, "\n")] = '\0';
    r->n = 0;
    for (char *at = r->line; at && r->n < 4;) {
        r->field[r->n++] = at;
        at = r->n < 4 ? strchr(at, '\t') : NULL;
        if (at) *at++ = '\0';
    }
    for (int k = r->n; k < 4; k++) r->field[k] = r->line + strlen(r->line);
}

static bool at(const Reader *r, const char *kind)
{
    return strcmp(r->field[0], kind) == 0;
}

/* The file of the theme, at the row's first line behind "= python call". */
static bool open_row(Reader *r, const Layer *layer)
{
    char path[128], head[1024];
    snprintf(path, sizeof path, "tests/reference/nn/%s.txt", layer->theme);
    snprintf(head, sizeof head, "= %s", layer->python);
    int nth = 0; /* the same text may open several rows */
    for (const Layer *l = layer; l-- > layers && strcmp(l->theme, layer->theme) == 0;)
        nth += strcmp(l->python, layer->python) == 0 && strcmp(l->call_text, layer->call_text) == 0;
    r->file = fopen(path, "r");
    while (r->file) {
        next_line(r);
        if (!*r->line) return false;
        if (strcmp(r->field[0], head) != 0 || strcmp(r->field[1], layer->call_text) != 0 || nth-- > 0) continue;
        next_line(r);
        return true;
    }
    return false;
}

static void close_row(Reader *r)
{
    if (r->file) fclose(r->file);
}

/* text, with \n for newlines, is what the reference has */
static bool same_text(const char *have, const char *want)
{
    for (; *have && *want; have++, want++) {
        if (*have == '\n' && want[0] == '\\' && want[1] == 'n')
            want++;
        else if (*have != *want)
            return false;
    }
    return *have == *want;
}

/* ---- warnings ---------------------------------------------------------------------------------------------------- */

static char warned[4][1024];
static int n_warned;

static void hear(const char *category, const char *message)
{
    if (n_warned < 4) snprintf(warned[n_warned++], sizeof *warned, "%s\t%s", category, message);
}

static void listen(void)
{
    n_warned = 0;
    torch_reset_warnings();
}

static void check_warnings(Reader *r)
{
    for (int k = 0; at(r, "warn"); next_line(r), k++) {
        char want[1100];
        snprintf(want, sizeof want, "%s\t%s", r->field[1], r->field[2]);
        if (k >= n_warned || !same_text(warned[k], want))
            complain("warning: %s\n        expected: %s", k < n_warned ? warned[k] : "none", want);
        if (k < n_warned) *warned[k] = '\0';
    }
    for (int k = 0; k < n_warned; k++)
        if (*warned[k]) complain("a warning that should not be: %s", warned[k]);
}

/* True if the reference has an error here, which is compared then. */
static bool check_error(Reader *r)
{
    const char *have = torch_error();
    static const char *const codes[] = {
        [TORCH_RUNTIME_ERROR] = "RuntimeError", [TORCH_TYPE_ERROR] = "TypeError",
        [TORCH_VALUE_ERROR] = "ValueError",     [TORCH_INDEX_ERROR] = "IndexError",
        [TORCH_KEY_ERROR] = "KeyError",         [TORCH_NOT_IMPLEMENTED_ERROR] = "NotImplementedError"};
    int code = torch_error_code();
    const char *name = code > 0 && code < (int)(sizeof codes / sizeof *codes) && codes[code] ? codes[code] : "";
    if (!at(r, "!")) {
        if (have) complain("%s: %s", name, have);
        torch_error_clear();
        return false;
    }
    /* an assertion of PyTorch's is a ValueError here, a missing attribute a KeyError: there are no such codes */
    bool same_code = strcmp(r->field[1], name) == 0 ||
                     (strcmp(r->field[1], "AssertionError") == 0 && code == TORCH_VALUE_ERROR) ||
                     (strcmp(r->field[1], "AttributeError") == 0 && code == TORCH_KEY_ERROR);
    if (!have)
        complain("no error; expected: %s", r->field[2]);
    else if (!same_text(have, r->field[2]))
        complain("error: %s\n        expected: %s", have, r->field[2]);
    else if (!same_code)
        complain("%s, expected %s: %s", name, r->field[1], have);
    torch_error_clear();
    next_line(r);
    return true;
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

static double read_number(const char **text, torch_dtype dtype)
{
    char *end;
    double d;
    float f;
    if (strncmp(*text, "nan", 3) == 0) return *text += 3 + ((*text)[3] == ' '), (double)NAN;
    uint64_t bits = strtoull(*text, &end, torch_dtype_is_floating_point(dtype) ? 16 : 10);
    if (!torch_dtype_is_floating_point(dtype)) bits = (uint64_t)strtoll(*text, &end, 10);
    *text = end + (*end == ' ');
    if (!torch_dtype_is_floating_point(dtype)) return (double)(int64_t)bits;
    if (dtype == torch_float64) return memcpy(&d, &bits, sizeof d), d;
    uint32_t half = (uint32_t)bits;
    return memcpy(&f, &half, sizeof f), (double)f;
}

/* Within tolerance of the largest expected value. */
static void check_values(const char *what, const Tensor *t, const char *expected, double tolerance)
{
    torch_dtype dtype = torch_dtype_of(t);
    int64_t n = torch_numel(t), steps = n > 200 ? 64 : n, wrong = 0;
    double top = 0, v;
    for (const char *all = expected; *all;)
        if (isfinite(v = read_number(&all, dtype))) top = fmax(top, fabs(v));
    char first[128] = "";
    for (int64_t k = 0; k < steps; k++) {
        if (!*expected) {
            complain("%s: %lld elements are too many", what, (long long)n);
            return;
        }
        double want = read_number(&expected, dtype), have = support_element(t, n > 200 ? k * n / 64 : k);
        if (have == want || (isnan(have) && isnan(want)) || fabs(have - want) <= tolerance * top) continue;
        if (wrong++ == 0) snprintf(first, sizeof first, "the %lldth is %.9g, expected %.9g", (long long)k, have, want);
    }
    if (*expected) complain("%s: %lld elements are too few", what, (long long)n);
    if (wrong) complain("%s: %lld of %lld wrong: %s", what, (long long)wrong, (long long)steps, first);
}

/* "f[2,3] MulBackward0" and the values behind it, or "none" */
static void check_tensor(const char *what, const Tensor *t, const char *expected, const char *values, double tolerance)
{
    if (!t || strcmp(expected, "none") == 0) {
        if (t || strcmp(expected, "none") != 0) complain("%s: %s", what, t ? "should be None" : "is NULL");
        return;
    }
    char text[256];
    torch_Size size = torch_shape(t);
    int n = snprintf(text, sizeof text, "%c[", letter_of_dtype(torch_dtype_of(t)));
    for (int64_t d = 0; d < size.ndim; d++)
        n += snprintf(text + n, sizeof text - (size_t)n, d ? ",%lld" : "%lld", (long long)size.dim[d]);
    n += snprintf(text + n, sizeof text - (size_t)n, "]");
    const char *name = strchr(expected, ' '), *grad_fn = torch_grad_fn(t);
    size_t shape_length = strcspn(expected, "/ ");
    if (!grad_fn) grad_fn = torch_requires_grad(t) ? "leaf" : "-";
    if (strncmp(text, expected, shape_length) != 0 || (size_t)n != shape_length || strcmp(grad_fn, name + 1) != 0)
        complain("%s: is %s %s, expected %s", what, text, grad_fn, expected);
    if ((size_t)n == shape_length && strncmp(text, expected, shape_length) == 0)
        check_values(what, t, values, tolerance);
}

/* ---- one row ----------------------------------------------------------------------------------------------------- */

static nn_Module *make(const Layer *layer, bool in_double)
{
    torch_manual_seed(5);
    nn_Module *m = layer->make();
    if (m && in_double) nn_to(m, torch_float64);
    return m;
}

/* A deep copy, which must do as the original, and without it. */
static nn_Module *exchanged(nn_Module *m)
{
    nn_Module *copy = nn_deepcopy(m);
    if (copy && nn_training(copy) != nn_training(m)) complain("the copy is in another mode");
    nn_free(m);
    return copy;
}

static void check_state(const Layer *layer, nn_Module *m, Reader *r)
{
    torch_StateDict *d = nn_state_dict(m);
    int64_t i = 0, n = torch_StateDict_len(d);
    for (; at(r, "state"); next_line(r), i++) {
        const char *key = i < n ? torch_StateDict_key(d, i) : "nothing";
        if (strcmp(key, r->field[1]) != 0)
            complain("state_dict has %s where there should be %s", key, r->field[1]);
        else
            check_tensor(key, torch_StateDict_value(d, i), r->field[2], r->field[3], layer->rounded ? 2e-6 : 0);
    }
    if (i < n) complain("state_dict has %s too", torch_StateDict_key(d, i));
}

typedef struct Called {
    const Layer *layer;
    Reader *reader;
} Called;

static void call(const Layer *layer, nn_Module *m, const Inputs *in, Tensor **out)
{
    memset(out, 0, OUTPUTS * sizeof *out);
    torch_manual_seed(7);
    out[0] = layer->call(m, in, out);
}

static void backward(Tensor *const *out)
{
    Tensor *sum = NULL;
    for (int k = 0; k < OUTPUTS; k++) {
        if (!out[k] || !torch_requires_grad(out[k])) continue;
        torch_Size size = torch_shape(out[k]);
        Tensor *fed =
            torch_sum(torch_mul(out[k], made('g', letter_of_dtype(torch_dtype_of(out[k])), size.ndim, size.dim)));
        sum = sum ? torch_add(sum, fed) : fed;
    }
    if (sum) torch_backward(sum);
}

static void check_grad(const char *name, Tensor *t, const char *expected, double tolerance)
{
    char what[200];
    snprintf(what, sizeof what, "gradient of %s", name);
    Tensor *g = t ? torch_grad(t) : NULL;
    if (g && strcmp(expected, "none") != 0)
        check_values(what, g, expected, tolerance);
    else if (g || strcmp(expected, "none") != 0)
        complain("%s: %s", what, g ? "there should be none" : "missing");
}

static void check_call(nn_Module *m, const Layer *layer, const Case *c, Reader *r)
{
    Inputs in;
    Tensor *out[OUTPUTS];
    double tolerance = c->given[0].letter == 'd' || strncmp(c->key, "d", 1) == 0 ? 1e-11 : 1e-5;
    case_inputs(c, &in);
    listen();
    call(layer, m, &in, out);
    check_warnings(r);
    if (check_error(r)) return;
    for (int k = 0; at(r, "out"); next_line(r), k++) {
        char what[] = "result 0";
        what[7] = (char)('0' + k);
        check_tensor(what, k < OUTPUTS ? out[k] : NULL, r->field[1],
                     strchr(r->field[2], '\0') == r->field[2] ? "" : r->field[2], tolerance);
    }
    backward(out);
    if (torch_error()) complain("backward: %s", torch_error());
    torch_error_clear();
    for (; at(r, "grad"); next_line(r)) {
        const char *name = strlen(r->field[1]) == 1 ? strchr(INPUT_NAMES, r->field[1][0]) : NULL;
        Tensor *t = name ? in.t[name - INPUT_NAMES] : nn_get_parameter(m, r->field[1]);
        check_grad(r->field[1], t, r->field[2], tolerance);
    }
    torch_ParameterList buffers = nn_named_buffers(m);
    int64_t i = 0;
    for (; at(r, "buffer"); next_line(r), i++)
        check_tensor(r->field[1], i < buffers.length ? buffers.tensor[i] : NULL, r->field[2], r->field[3], tolerance);
}

static void check_case(const Case *c, void *data)
{
    const Called *called = data;
    if (c->layout != 'C') return;
    for (int training = 1; training >= 0; training--) {
        torch_scope();
        snprintf(place, sizeof place, "%s, %.100s", training ? "train" : "eval", c->key);
        if (!at(called->reader, "case")) {
            complain("the reference has no such case, but %s: run make_layers.py", called->reader->field[0]);
            return;
        }
        next_line(called->reader);
        nn_Module *m = make(called->layer, c->key[0] == 'd');
        if (m) nn_train(m, training);
        if (m && !training) m = exchanged(m);
        check_call(m, called->layer, c, called->reader);
        if (m) nn_free(m);
    }
}

static void check_row(const Layer *layer, Reader *r)
{
    torch_WarningHandler before = torch_set_warning_handler(hear);
    listen();
    nn_Module *m = make(layer, false);
    check_warnings(r);
    if (!check_error(r) && m) {
        const char *text = nn_str(m);
        if (!same_text(text ? text : "", r->field[1])) complain("repr: %s\n        expected: %s", text, r->field[1]);
        next_line(r);
        check_state(layer, m, r);
        nn_free(m);
        each_case(&layer->sample, check_case, &(Called){layer, r});
    }
    torch_set_warning_handler(before);
}

START_TEST(as_pytorch)
{
    const Layer *layer = &layers[_i];
    static Reader r;
    complained = 0, n_complaints = 0;
    snprintf(place, sizeof place, "made");
    ck_assert_msg(open_row(&r, layer), "%s: not in tests/reference/nn/%s.txt: run make_layers.py", layer->python,
                  layer->theme);
    check_row(layer, &r);
    if (!n_complaints && *r.line && r.line[0] != '=') complain("the reference goes on: %s", r.line);
    close_row(&r);
    ck_assert_msg(!n_complaints, "%s, %s:%s", layer->python, layer->call_text, complaints);
}
END_TEST

/* ---- memory that runs out ---------------------------------------------------------------------------------------- */

static bool life(const Layer *layer, const Inputs *in)
{
    torch_scope();
    Tensor *out[OUTPUTS];
    nn_Module *m = make(layer, false);
    if (m && !torch_error()) m = exchanged(m);
    if (m && !torch_error()) call(layer, m, in, out);
    if (m && !torch_error()) backward(out);
    bool fine = m && !torch_error();
    if (m) nn_free(m);
    return fine;
}

typedef struct FirstCase {
    Case c;
    bool found;
} FirstCase;

static void keep_first(const Case *c, void *data)
{
    FirstCase *first = data;
    if (!first->found) first->c = *c;
    first->found = true;
}

START_TEST(memory_runs_out)
{
    const Layer *layer = &layers[_i];
    FirstCase first = {.found = false};
    Inputs in;
    torch_WarningHandler before = torch_set_warning_handler(NULL);
    each_case(&layer->sample, keep_first, &first);
    case_inputs(&first.c, &in);
    bool works = life(layer, &in);
    torch_error_clear();
    for (int k = 0; k < INPUTS; k++)
        if (in.t[k]) torch_set_grad(in.t[k], NULL);
    int64_t n = torch_allocations(), tensors = torch_live_tensors(), nodes = torch_live_nodes();
    life(layer, &in);
    torch_error_clear();
    n = torch_allocations() - n;
    for (int64_t k = 1; k <= n && works; k += 1 + k / 50) { /* all of the first fifty, then fewer */
        for (int j = 0; j < INPUTS; j++)
            if (in.t[j]) torch_set_grad(in.t[j], NULL);
        torch_fail_allocation(k);
        bool fine = life(layer, &in);
        torch_fail_allocation(0);
        ck_assert_msg(!fine && torch_error(), "%s: allocation %lld of %lld failed without an error", layer->python,
                      (long long)k, (long long)n);
        ck_assert_msg(torch_error_code() == TORCH_MEMORY_ERROR || torch_error_code() == TORCH_RUNTIME_ERROR, "%s: %s",
                      layer->python, torch_error());
        torch_error_clear();
        ck_assert_msg(torch_live_tensors() == tensors && torch_live_nodes() == nodes,
                      "%s: allocation %lld of %lld failed, and left %lld tensors, %lld nodes", layer->python,
                      (long long)k, (long long)n, (long long)(torch_live_tensors() - tensors),
                      (long long)(torch_live_nodes() - nodes));
    }
    torch_set_warning_handler(before);
}
END_TEST

/* ---- weights go over to another module of the class -------------------------------------------------------------- */

START_TEST(state_carries_over)
{
    const Layer *layer = &layers[_i];
    torch_WarningHandler before = torch_set_warning_handler(NULL);
    nn_Module *a = make(layer, false);
    torch_manual_seed(6);
    nn_Module *b = a ? layer->make() : NULL;
    torch_set_warning_handler(before);
    if (!b) {
        torch_error_clear();
        return;
    }
    ck_assert_int_eq(nn_load_state_dict(b, nn_state_dict(a)), TORCH_OK);
    torch_StateDict *from = nn_state_dict(a), *to = nn_state_dict(b);
    for (int64_t i = 0; i < torch_StateDict_len(from); i++)
        ck_assert_msg(torch_equal(torch_StateDict_value(from, i), torch_StateDict_value(to, i)), "%s: %s",
                      layer->python, torch_StateDict_key(from, i));
    nn_free(a);
    nn_free(b);
}
END_TEST

static TCase *walk(void)
{
    TCase *c = test_case("walk", NULL);
    tcase_add_loop_test(c, as_pytorch, 0, N_LAYERS);
    tcase_add_loop_test(c, memory_runs_out, 0, N_LAYERS);
    tcase_add_loop_test(c, state_carries_over, 0, N_LAYERS);
    return c;
}

SUITE_MAIN("nn_walk", walk)
