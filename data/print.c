/* str(df), as pandas lays it out. A printed column is a strip of cells, header first:
 *
 *        value    x      <- the header has a space before it if the column is numeric
 *     0      0  0.5      <- numbers have room for a sign; cells are flush right, the index flush left
 *     ..   ...  ...      <- where rows are left out
 *     99    99  1.5
 *
 * Strips are joined by one space. Widths count characters, not bytes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "frame.h"

enum {
    MAX_ROWS = 60,    /* display.max_rows: if there are more, only... */
    MIN_ROWS = 10,    /* ...display.min_rows are shown */
    LINE = 80,        /* display.width; pandas asks the terminal, if there is one */
    CELL = 50,        /* display.max_colwidth */
    PRECISION = 6,    /* display.precision */
    SEQUENCE = 100,   /* display.max_seq_items */
    STRIPS = LINE + 2 /* columns, the index, the dots */
};

typedef struct Strip {
    size_t header, cell[MAX_ROWS]; /* where in the arena each text begins */
    int64_t cell_width, width;     /* of the cells; of all */
    bool index, dots;
} Strip;

typedef struct Page {
    const pd_DataFrame *df;
    int64_t rows, columns; /* shown: all, or an even number, half of them from the front and half from the end */
    bool cut_rows, cut_columns;
    int64_t n; /* strips: the index, columns, and dots in their middle if some are cut */
    Strip *strip;
    cer_Text arena; /* the cells' texts, each with its closing zero */
} Page;

/* ---- cells ------------------------------------------------------------------------------------------------------- */

/* The bytes of the first so many characters of s. */
static size_t prefix(const char *s, int64_t characters)
{
    size_t i = 0;
    for (; s[i]; i++)
        if ((s[i] & 0xc0) != 0x80 && characters-- == 0) break;
    return i;
}

static int64_t characters_of(const char *s)
{
    int64_t n = 0;
    for (; *s; s++) n += (*s & 0xc0) != 0x80;
    return n;
}

/* The first bytes of s; tabs and line ends as \t, \r, \n. */
static void add_escaped(cer_Text *t, const char *s, size_t bytes)
{
    for (const char *end = s + bytes; s < end;) {
        size_t plain = strcspn(s, "\t\r\n");
        if (plain > (size_t)(end - s)) plain = (size_t)(end - s);
        cer_text_add(t, "%.*s", (int)plain, s);
        s += plain;
        if (s < end) cer_text_add(t, "\\%c", *s == '\t' ? 't' : *s == '\r' ? 'r' : 'n');
        s += s < end;
    }
}

static void end_cell(cer_Text *t)
{
    cer_text_add(t, "%c", 0);
}

/* In some locales printf writes another decimal point, of one or more bytes. */
static void set_point(char *text)
{
    char *p = text + strspn(text, " +-0123456789"), *end = p;
    if (!*p || *p == 'e' || *p == 'n' || *p == 'i') return;
    while (*end && !(*end >= '0' && *end <= '9')) end++;
    *p = '.';
    memmove(p + 1, end, strlen(end) + 1);
}

enum { NUMBER = 400 }; /* bytes that the longest number takes, with "%.6f" */

static int64_t float_text(char *text, double v, bool exponent, int decimals)
{
    if (isnan(v)) return snprintf(text, NUMBER, "NaN");
    snprintf(text, NUMBER, exponent ? "% .*e" : "% .*f", decimals, v);
    set_point(text);
    return (int64_t)strlen(text);
}

static int64_t row_of(const Page *p, int64_t k) /* the row that is shown as the k-th */
{
    return p->cut_rows && k >= p->rows / 2 ? p->df->rows - p->rows + k : k;
}

/* How floats are written depends on all that are shown: as few decimals as all allow, at least one; with exponents if
 * one of them is tiny, or if one is large and the texts are long. */
static void add_floats(Page *p, Strip *strip, const double *values)
{
    char text[NUMBER];
    int decimals = 1;
    bool large = false, tiny = false;
    for (int64_t k = 0; k < p->rows; k++) {
        double v = values[row_of(p, k)], size = fabs(v);
        large |= size > 1e6;
        tiny |= size > 0 && size < 1e-6;
        if (!isfinite(v)) continue;
        int used = PRECISION;
        for (int64_t i = float_text(text, v, false, PRECISION); used > decimals && text[i - 1] == '0'; i--) used--;
        decimals = used;
    }
    int64_t longest = 0;
    for (int64_t k = 0; k < p->rows; k++) {
        int64_t length = float_text(text, values[row_of(p, k)], false, decimals);
        longest = length > longest ? length : longest;
    }
    bool exponent = tiny || (large && longest > PRECISION + 6);
    for (int64_t k = 0; k < p->rows; k++) {
        strip->cell[k] = p->arena.length;
        float_text(text, values[row_of(p, k)], exponent, exponent ? PRECISION : decimals);
        cer_text_add(&p->arena, "%s%c", text, 0);
    }
}

static void add_cell(cer_Text *t, const cer_Column *c, int64_t row)
{
    if (c->dtype == torch_int64) {
        cer_text_add(t, "% lld", (long long)((const int64_t *)c->values)[row]);
    } else if (c->dtype == torch_bool) {
        cer_text_add(t, " %s", ((const bool *)c->values)[row] ? "True" : "False");
    } else {
        const char *s = ((char *const *)c->values)[row];
        if (!s) s = "NaN";
        cer_text_add(t, " ");
        add_escaped(t, s, prefix(s, CELL + 1)); /* more would not be shown */
    }
    end_cell(t);
}

/* ---- strips ------------------------------------------------------------------------------------------------------ */

static void add_column(Page *p, Strip *strip, int64_t k) /* the k-th that is shown */
{
    bool rear = p->cut_columns && k >= p->columns / 2;
    const cer_Column *c = &p->df->column[rear ? p->df->columns - p->columns + k : k];
    *strip = (Strip){.header = p->arena.length};
    if (p->df->column[k].dtype) cer_text_add(&p->arena, " "); /* pandas: the k-th of all, even where some are cut */
    add_escaped(&p->arena, c->name, strlen(c->name));
    if (p->df->numbered) { /* numbers are made equally long */
        size_t last = strlen(p->df->column[p->df->columns - 1].name);
        cer_text_add(&p->arena, "%*s", (int)(last - strlen(c->name)), "");
    }
    end_cell(&p->arena);
    if (c->dtype == torch_float64)
        add_floats(p, strip, c->values);
    else
        for (int64_t row = 0; row < p->rows; row++) {
            strip->cell[row] = p->arena.length;
            add_cell(&p->arena, c, row_of(p, row));
        }
}

static void add_index(Page *p, Strip *strip)
{
    *strip = (Strip){.header = p->arena.length, .index = true};
    end_cell(&p->arena);
    for (int64_t k = 0; k < p->rows; k++) {
        strip->cell[k] = p->arena.length;
        cer_text_add(&p->arena, "%lld%c", (long long)row_of(p, k), 0);
    }
}

static void measure(const Page *p, Strip *strip)
{
    int64_t header = characters_of(p->arena.text + strip->header), width = 0;
    for (int64_t k = 0; k < p->rows; k++) {
        int64_t w = characters_of(p->arena.text + strip->cell[k]);
        width = w > width ? w : width;
    }
    width = width > header ? width : header;
    strip->cell_width = width < CELL ? width : CELL;
    strip->width = strip->cell_width > header ? strip->cell_width : header;
}

/* Fills all strips. False when memory ran out. */
static bool lay_out(Page *p)
{
    p->arena.length = 0;
    p->n = 0;
    add_index(p, &p->strip[p->n++]);
    for (int64_t k = 0; k < p->columns; k++) {
        if (p->cut_columns && k == p->columns / 2)
            p->strip[p->n++] = (Strip){.dots = true, .cell_width = 4, .width = 4};
        add_column(p, &p->strip[p->n++], k);
    }
    for (int64_t i = 0; i < p->n && !p->arena.failed; i++)
        if (!p->strip[i].dots) measure(p, &p->strip[i]);
    return !p->arena.failed;
}

/* How many columns fit the line: drop middle ones until they do, as pandas does. At least two stay. */
static int64_t fitting(const Page *p)
{
    int64_t width[STRIPS], n = p->n, excess = n - LINE;
    for (int64_t i = 0; i < n; i++) excess += width[i] = p->strip[i].width;
    while (excess > 0 && n > 1) {
        int64_t middle = n / 2 + (n % 4 == 3); /* Python's round(n / 2): halves go to the even neighbour */
        excess -= width[middle] + 1;
        n--;
        memmove(width + middle, width + middle + 1, (size_t)(n - middle) * sizeof *width);
    }
    return n - 1 > 2 ? n - 1 : 2;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* A cell, flush right in width; a longer one ends in "...". */
static void add_flush_right(cer_Text *out, const char *cell, int64_t width)
{
    int64_t length = characters_of(cell);
    if (length > width)
        cer_text_add(out, "%.*s...", (int)prefix(cell, width - 3), cell);
    else
        cer_text_add(out, "%*s%s", (int)(width - length), "", cell);
}

static void add_padding(const Page *p, cer_Text *out, int64_t i, int64_t written)
{
    bool last = i == p->n - 1;
    cer_text_add(out, "%*s", (int)(p->strip[i].width - written + !last), "");
}

static void add_line(const Page *p, cer_Text *out, int64_t k) /* k = -1: the header */
{
    for (int64_t i = 0; i < p->n; i++) {
        const Strip *s = &p->strip[i];
        int64_t width = k < 0 ? s->width : s->cell_width;
        const char *cell = s->dots ? " ..." : p->arena.text + (k < 0 ? s->header : s->cell[k]);
        if (s->index) {
            cer_text_add(out, "%s", cell);
            width = characters_of(cell);
        } else {
            add_flush_right(out, cell, width);
        }
        add_padding(p, out, i, width);
    }
}

static void add_dots(const Page *p, cer_Text *out) /* the line for the rows left out */
{
    for (int64_t i = 0; i < p->n; i++) {
        const Strip *s = &p->strip[i];
        const char *dots = s->cell_width > 3 ? "..." : "..";
        int64_t width = s->index ? (int64_t)strlen(dots) : s->cell_width;
        add_flush_right(out, dots, width);
        add_padding(p, out, i, width);
    }
}

static void add_page(const Page *p, cer_Text *out)
{
    add_line(p, out, -1);
    for (int64_t k = 0; k < p->rows; k++) {
        cer_text_add(out, "\n");
        if (p->cut_rows && k == p->rows / 2) {
            add_dots(p, out);
            cer_text_add(out, "\n");
        }
        add_line(p, out, k);
    }
}

static void add_empty(const Page *p, cer_Text *out)
{
    cer_text_add(out, "Empty DataFrame\nColumns: [");
    for (int64_t i = 0; i < p->df->columns && i < SEQUENCE; i++)
        cer_text_add(out, "%s%s", i ? ", " : "", p->df->column[i].name);
    cer_text_add(out, "%s]\nIndex: []", p->df->columns > SEQUENCE ? ", ..." : "");
}

static bool fill_page(Page *p, cer_Text *out)
{
    if (!lay_out(p)) return false;
    int64_t fit = fitting(p);
    if (fit < p->df->columns) {
        p->columns = fit / 2 * 2;
        p->cut_columns = true;
        if (!lay_out(p)) return false;
    }
    add_page(p, out);
    return true;
}

const char *pd_str(const pd_DataFrame *df)
{
    if (cer_error_pending()) return NULL;
    if (!df) {
        torch_error_raise(TORCH_TYPE_ERROR, "str", "str: the DataFrame is NULL");
        return NULL;
    }
    Page p = {.df = df, .cut_rows = df->rows > MAX_ROWS, .cut_columns = df->columns > LINE};
    p.rows = p.cut_rows ? MIN_ROWS : df->rows;
    p.columns = p.cut_columns ? LINE : df->columns;
    p.strip = cer_alloc(STRIPS * sizeof *p.strip);
    cer_Text out = {0};
    if (!p.strip)
        out.failed = true;
    else if (df->rows == 0 || df->columns == 0)
        add_empty(&p, &out);
    else if (!fill_page(&p, &out))
        out.failed = true;
    if (p.cut_rows || p.cut_columns)
        cer_text_add(&out, "\n\n[%lld rows x %lld columns]", (long long)df->rows, (long long)df->columns);
    cer_text_free(&p.arena);
    cer_free(p.strip, STRIPS * sizeof *p.strip);
    return cer_text_borrowed(&out);
}

void pd_print(const pd_DataFrame *df)
{
    const char *text = pd_str(df);
    if (text) printf("%s\n", text);
}
