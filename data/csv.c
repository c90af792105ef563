/* pd.read_csv. The file is read whole, checked to be UTF-8, and cut into fields in place: a field never grows,
 * and the byte behind it (a comma, a line end, the end of the file) has room for its closing zero. A zero byte
 * in the file ends the text of its field, as in pandas. Lines are numbered as pandas does: blank ones count,
 * line ends inside quotes do not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/impl.h"
#include "file.h"
#include "frame.h"

typedef struct Table {
    char *text;           /* the file, and a closing zero */
    size_t length, block; /* of the text; of the allocation */
    char **field;         /* the header's, then those of the rows */
    size_t n, capacity, line_start;
    int64_t columns, rows; /* columns: -1 until the header was read */
    bool headless;         /* the first line is a row too */
    int64_t lines;         /* so far, blank ones too */
    char *to;              /* the closing zero of the last field stands before it */
} Table;

static void table_free(Table *t)
{
    cer_free(t->text, t->block);
    cer_free(t->field, t->capacity * sizeof *t->field);
}

static bool read_file(Table *t, const char *path)
{
    cer_File f;
    if (!cer_file_read(&f, "read_csv", path, SIZE_MAX)) return false;
    t->text = f.text;
    t->length = f.length;
    t->block = f.block;
    return true;
}

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------- */

/* The bytes of the character at s, of n bytes; 0 if it is malformed: then *bad bytes are, for the *reason. */
static size_t character(const unsigned char *s, size_t n, size_t *bad, const char **reason)
{
    if (s[0] < 0x80) return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    *bad = 1;
    *reason = "invalid start byte";
    if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;  /* no overlong forms, */
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf; /* no surrogates, nothing beyond U+10FFFF */
    for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf) {
        *bad = i;
        *reason = i < n ? "invalid continuation byte" : "unexpected end of data";
        if (i >= n || s[i] < low || s[i] > high) return 0;
    }
    return length;
}

static bool check_utf8(const Table *t)
{
    const unsigned char *s = (const unsigned char *)t->text;
    for (size_t i = 0, bad = 0, step; i < t->length; i += step) {
        const char *reason;
        step = character(s + i, t->length - i, &bad, &reason);
        if (step) continue;
        if (bad == 1)
            return cer_raise(TORCH_VALUE_ERROR, "read_csv",
                             "'utf-8' codec can't decode byte 0x%02x in position %zu: %s", s[i], i, reason);
        return cer_raise(TORCH_VALUE_ERROR, "read_csv", "'utf-8' codec can't decode bytes in position %zu-%zu: %s", i,
                         i + bad - 1, reason);
    }
    return true;
}

/* ---- fields and lines -------------------------------------------------------------------------------------------- */

static bool add_field(Table *t, char *field)
{
    if (t->n == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 256;
        char **grown =
            capacity < SIZE_MAX / 16 ? cer_grow(t->field, t->capacity * sizeof *grown, capacity * sizeof *grown) : NULL;
        if (!grown) return cer_raise_memory("read_csv", (double)capacity * sizeof *grown);
        t->field = grown;
        t->capacity = capacity;
    }
    t->field[t->n++] = field;
    return true;
}

static bool end_field(Table *t, char *start)
{
    *t->to++ = 0;
    return add_field(t, start);
}

/* The header says how many fields a line has; shorter lines are filled up. */
static bool end_line(Table *t)
{
    long long fields = (long long)(t->n - t->line_start), expected = t->columns;
    t->lines++;
    if (expected < 0) {
        t->columns = fields;
        t->rows = t->headless;
    } else {
        if (fields > expected && t->rows == 0 && !t->headless)
            return cer_raise(TORCH_VALUE_ERROR, "read_csv",
                             "line %lld has %lld fields and the header has %lld: index columns are "
                             "not supported",
                             (long long)t->lines, fields, expected);
        if (fields > expected)
            return cer_raise(TORCH_VALUE_ERROR, "read_csv",
                             "Error tokenizing data. C error: Expected %lld fields in line %lld, saw %lld", expected,
                             (long long)t->lines, fields);
        for (; fields < expected; fields++)
            if (!add_field(t, t->text + t->length)) return false;
        t->rows++;
    }
    t->line_start = t->n;
    return true;
}

/* ---- the tokenizer: one field, one line at a time ---------------------------------------------------------------- */

/* Copies a field to t->to, without its quotes, and returns where it ends: at a comma, a line
 * end, or the end of the text. */
static char *copy_field(Table *t, char *s, const char *end)
{
    bool quoted = s < end && *s == '"';
    if (quoted) s++;
    for (; s < end; s++) {
        if (quoted && *s == '"') {
            if (s + 1 == end || s[1] != '"') {
                quoted = false; /* what follows up to the comma belongs to the field too */
                continue;
            }
            s++; /* a doubled quote is one */
        } else if (!quoted && (*s == ',' || *s == '\n' || *s == '\r')) {
            return s;
        }
        *t->to++ = *s;
    }
    if (!quoted) return s;
    cer_raise(TORCH_VALUE_ERROR, "read_csv", "Error tokenizing data. C error: EOF inside string starting at row %lld",
              (long long)t->lines);
    return NULL;
}

static char *after_line_end(char *s, const char *end)
{
    if (s < end && *s == '\r')
        s++;
    else if (s < end && *s == '\n')
        return s + 1;
    else
        return s;
    return s < end && *s == '\n' ? s + 1 : s;
}

/* A line of nothing but blanks? Then the start of the next. */
static char *skip_blank_line(char *s, const char *end)
{
    while (s < end && (*s == ' ' || *s == '\t')) s++;
    if (s == end) return s;
    return *s == '\n' || *s == '\r' ? after_line_end(s, end) : NULL;
}

static char *read_line(Table *t, char *s, const char *end)
{
    for (;; s++) {
        char *start = t->to;
        s = copy_field(t, s, end);
        if (!s) return NULL;
        char stop = s < end ? *s : '\n'; /* the zero may take its place */
        char *next = stop == ',' ? s : after_line_end(s, end);
        if (!end_field(t, start)) return NULL;
        if (stop != ',') return end_line(t) ? next : NULL;
    }
}

static bool tokenize(Table *t)
{
    char *s = t->text, *end = t->text + t->length;
    if (t->length >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) s += 3; /* byte order mark */
    t->to = t->text;
    t->columns = -1;
    while (s && s < end) {
        char *next = skip_blank_line(s, end);
        if (next) t->lines++;
        s = next ? next : read_line(t, s, end);
    }
    if (!s) return false;
    return t->columns > 0 || cer_raise(TORCH_VALUE_ERROR, "read_csv", "No columns to parse from file");
}

/* ---- names: unnamed columns are named after their place, and a name that was used before gets a number ----------- */

enum { UNNAMED_BYTES = 32, NUMBER_BYTES = 24 };

typedef struct Names { /* an open table from names to how often each was used */
    struct {
        const char *name;
        int64_t uses;
    } * slot;
    size_t mask;
} Names;

static size_t find(const Names *names, const char *name)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (const char *s = name; *s; s++) hash = (hash ^ (unsigned char)*s) * 1099511628211u;
    size_t i = (size_t)(hash ^ hash >> 32) & names->mask;
    while (names->slot[i].name && strcmp(names->slot[i].name, name) != 0) i = (i + 1) & names->mask;
    return i;
}

/* a, a, a -> a, a.1, a.2: the next free number. Returns the name, made in *spare if it is new. */
static const char *unique(Names *names, const char *name, char **spare)
{
    size_t i = find(names, name);
    if (!names->slot[i].uses) {
        names->slot[i].name = name;
        names->slot[i].uses = 1;
        return name;
    }
    for (;;) {
        int bytes = sprintf(*spare, "%s.%lld", name, (long long)names->slot[i].uses++) + 1;
        size_t k = find(names, *spare);
        if (names->slot[k].name) continue; /* "a.1" is the name of another column */
        const char *made = *spare;
        names->slot[k].name = made;
        names->slot[k].uses = 1;
        *spare += bytes;
        return made;
    }
}

static void name_columns(Names *names, char *const *header, int64_t n, char *spare, const char **name)
{
    for (int64_t i = 0; i < n; i++) { /* all that are given are taken, so that no made-up one equals them */
        if (!*header[i]) continue;
        names->slot[find(names, header[i])].name = header[i];
    }
    for (int unnamed = 0; unnamed < 2; unnamed++)
        for (int64_t i = 0; i < n; i++) {
            if ((*header[i] == 0) != unnamed) continue;
            const char *wish = header[i];
            if (unnamed) {
                wish = spare;
                spare += sprintf(spare, "Unnamed: %lld", (long long)i) + 1;
            }
            name[i] = unique(names, wish, &spare);
        }
}

/* A frame with the header's names, all of them different. */
static pd_DataFrame *frame_of(const Table *t)
{
    size_t n = (size_t)t->columns, slots = 4, spare = 0;
    while (slots < 4 * n) slots *= 2;
    for (size_t i = 0; i < n; i++) spare += 2 * strlen(t->field[i]) + 2 * UNNAMED_BYTES + NUMBER_BYTES;
    Names names = {NULL, slots - 1};
    size_t bytes = slots * sizeof *names.slot + n * sizeof(char *) + spare;
    names.slot = cer_alloc(bytes);
    if (!names.slot) {
        cer_raise_memory("read_csv", (double)bytes);
        return NULL;
    }
    memset(names.slot, 0, slots * sizeof *names.slot);
    const char **name = (const char **)(names.slot + slots);
    name_columns(&names, t->field, t->columns, (char *)(name + n), name);
    pd_DataFrame *df = cer_frame("read_csv", t->rows, t->columns, name);
    cer_free(names.slot, bytes);
    return df;
}

static pd_DataFrame *build(Table *t)
{
    pd_DataFrame *df = t->headless ? cer_frame("read_csv", t->rows, t->columns, NULL) : frame_of(t);
    char **first = t->field + (t->headless ? 0 : t->columns);
    bool good = df, text = false;
    for (int64_t i = 0; good && i < t->columns; i++) {
        good = cer_infer(&df->column[i], t->rows, t->columns, first + i);
        text |= !df->column[i].dtype;
    }
    if (!good) {
        pd_DataFrame_free(df);
        return NULL;
    }
    if (text) { /* the texts stay where they are */
        df->text = t->text;
        df->text_bytes = t->block;
        t->text = NULL;
    }
    return df;
}

pd_ReadCsvArgs pd_ReadCsvArgs_defaults(void)
{
    return (pd_ReadCsvArgs){.struct_size = sizeof(pd_ReadCsvArgs)};
}

pd_DataFrame *pd_read_csv_args(const pd_ReadCsvArgs *args)
{
    pd_ReadCsvArgs a = pd_ReadCsvArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (cer_error_pending()) return NULL;
    if (!a.path)
        return cer_raise(TORCH_VALUE_ERROR, "read_csv", "Invalid file path or buffer object type: <class 'NoneType'>"),
               NULL;
    if (a.header != 0 && a.header != TORCH_NONE)
        return cer_raise(TORCH_VALUE_ERROR, "read_csv", "header is 0, the first line, or TORCH_NONE, not %lld",
                         (long long)a.header),
               NULL;
    Table t = {.headless = a.header == TORCH_NONE};
    pd_DataFrame *df = read_file(&t, a.path) && check_utf8(&t) && tokenize(&t) ? build(&t) : NULL;
    table_free(&t);
    return df;
}
