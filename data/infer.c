/* From the texts of a column to its type and values, as pandas decides: int64, else float64, else bool, else text.
 * Missing fields turn whole numbers into float64 and bools into text. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#include "frame.h"

typedef struct Fields { /* of one column: every stride-th of a table */
    char *const *first;
    int64_t rows, stride;
} Fields;

static const char *field_at(const Fields *f, int64_t row)
{
    return f->first[row * f->stride];
}

static bool is_missing(const char *s)
{
    static const char *const words[] = {"",     "#N/A", "#N/A N/A", "#NA",     "-1.#IND", "-1.#QNAN",
                                        "-NaN", "-nan", "1.#IND",   "1.#QNAN", "<NA>",    "N/A",
                                        "NA",   "NULL", "NaN",      "n/a",     "nan",     "null"};
    if (!*s) return true;
    if (!strchr("#-1<Nn", *s)) return false;
    for (size_t i = 1; i < sizeof words / sizeof *words; i++)
        if (strcmp(s, words[i]) == 0) return true;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_space(const char *s)
{
    while (*s == ' ' || (*s >= '\t' && *s <= '\r')) s++;
    return s;
}

/* ---- whole numbers ----------------------------------------------------------------------------------------------- */

/* What the fields of a column are, as far as whole numbers go. RAW_TEXT: with missing fields as they stand. */
typedef enum Verdict { WHOLE, NOT_WHOLE, TOO_LARGE, TEXT, RAW_TEXT } Verdict;

/* The digits at s as a number; *end is behind them. False when they do not fit. */
static bool read_digits(const char *s, uint64_t *n, const char **end)
{
    bool fits = true;
    for (*n = 0; is_digit(*s); s++)
        fits = fits && !__builtin_mul_overflow(*n, (uint64_t)10, n) &&
               !__builtin_add_overflow(*n, (uint64_t)(*s - '0'), n);
    *end = s;
    return fits;
}

static Verdict parse_int(const char *s, int64_t *value)
{
    s = skip_space(s);
    bool negative = *s == '-';
    if (*s == '-' || *s == '+') s++;
    if (!is_digit(*s)) return NOT_WHOLE;
    uint64_t n;
    if (!read_digits(s, &n, &s) || n > (uint64_t)INT64_MAX + negative) return TOO_LARGE; /* whatever follows */
    *value = negative ? (int64_t)(0 - n) : (int64_t)n;
    return *skip_space(s) ? NOT_WHOLE : WHOLE;
}

static Verdict try_int64(const Fields *f, int64_t *values, int64_t *missing)
{
    for (int64_t r = 0; r < f->rows; r++) {
        const char *s = field_at(f, r);
        values[r] = 0;
        Verdict v = WHOLE;
        if (is_missing(s))
            ++*missing;
        else
            v = parse_int(s, &values[r]);
        if (v != WHOLE) return v;
    }
    return WHOLE;
}

/* After a number too large for int64 pandas tries uint64, which is text here, takes anything with a minus for a
 * negative number, and gives up on columns where negative or missing fields stand beside large ones. */
static Verdict try_uint64(const Fields *f)
{
    bool negative = false, missing = false, large = false;
    for (int64_t r = 0; r < f->rows; r++) {
        const char *s = skip_space(field_at(f, r));
        uint64_t n;
        if (is_missing(field_at(f, r))) {
            missing = true;
        } else if (*s == '-') {
            negative = true;
        } else {
            if (*s == '+') s++;
            if (!is_digit(*s)) return NOT_WHOLE;
            if (!read_digits(s, &n, &s)) return TEXT;
            if (*skip_space(s)) return NOT_WHOLE;
            large |= n > (uint64_t)INT64_MAX;
        }
    }
    return large && (negative || missing) ? RAW_TEXT : TEXT;
}

/* ---- floating numbers -------------------------------------------------------------------------------------------- */

static bool same_word(const char *s, const char *lower) /* whatever the case; ASCII, in every locale */
{
    for (; *s && *lower; s++, lower++)
        if ((*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s) != *lower) return false;
    return *s == *lower;
}

static bool parse_word(const char *s, double *value)
{
    bool negative = *s == '-';
    if (*s == '-' || *s == '+') s++;
    *value = negative ? -INFINITY : INFINITY;
    return same_word(s, "inf") || same_word(s, "infinity");
}

/* The end of a decimal number: digits with or without a point, and an exponent. NULL: there is none. */
static const char *number_end(const char *s)
{
    if (*s == '-' || *s == '+') s++;
    int64_t digits = 0;
    for (; is_digit(*s); s++) digits++;
    if (*s == '.')
        for (s++; is_digit(*s); s++) digits++;
    if (!digits) return NULL;
    if (*s != 'e' && *s != 'E') return s;
    s += s[1] == '-' || s[1] == '+' ? 2 : 1;
    if (!is_digit(*s)) return NULL;
    while (is_digit(*s)) s++;
    return s;
}

static bool parse_float(const char *s, locale_t c_locale, double *value)
{
    const char *start = skip_space(s), *end = number_end(start);
    if (!end) return parse_word(s, value);
    if (*skip_space(end)) return false;
    *value = strtod_l(start, NULL, c_locale); /* not strtod: the caller's locale may want a comma */
    return isfinite(*value);
}

static bool all_float(const Fields *f, double *values)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return cer_raise_memory("read_csv", 0);
    bool good = true;
    for (int64_t r = 0; good && r < f->rows; r++) {
        const char *s = field_at(f, r);
        values[r] = NAN;
        good = is_missing(s) || parse_float(s, c_locale, &values[r]);
    }
    freelocale(c_locale);
    return good;
}

/* ---- bools and text ---------------------------------------------------------------------------------------------- */

static bool all_bool(const Fields *f, int64_t *missing)
{
    *missing = 0;
    for (int64_t r = 0; r < f->rows; r++) {
        const char *s = field_at(f, r);
        if (is_missing(s))
            ++*missing;
        else if (!same_word(s, "true") && !same_word(s, "false"))
            return false;
    }
    return true;
}

static bool is_true(const char *s)
{
    return *s == 't' || *s == 'T';
}

static void fill_bool(const Fields *f, bool *values)
{
    for (int64_t r = 0; r < f->rows; r++) values[r] = is_true(field_at(f, r));
}

static void fill_text(const Fields *f, bool bools, bool raw, const char **values)
{
    for (int64_t r = 0; r < f->rows; r++) {
        const char *s = field_at(f, r);
        values[r] = raw ? s : is_missing(s) ? NULL : !bools ? s : is_true(s) ? "True" : "False";
    }
}

/* ---- the decision ------------------------------------------------------------------------------------------------ */

/* Neither whole nor floating numbers. */
static bool infer_other(cer_Column *c, const Fields *f, bool raw)
{
    int64_t missing = 0;
    bool bools = !raw && f->rows > 0 && all_bool(f, &missing);
    torch_dtype dtype = bools && !missing ? torch_bool : torch_dtype_none;
    void *values = cer_column_values("read_csv", f->rows, dtype);
    if (!values) return false;
    if (dtype)
        fill_bool(f, values);
    else
        fill_text(f, bools, raw, values);
    c->dtype = dtype;
    c->values = values;
    return true;
}

bool cer_infer(cer_Column *c, int64_t rows, int64_t stride, char *const *first)
{
    const Fields f = {first, rows, stride};
    if (rows == 0) return infer_other(c, &f, false);
    void *values = cer_column_values("read_csv", rows, torch_int64);
    if (!values) return false;
    int64_t missing = 0;
    Verdict v = try_int64(&f, values, &missing);
    if (v == TOO_LARGE) v = try_uint64(&f);
    bool whole = v == WHOLE && !missing;
    if (whole || (v <= NOT_WHOLE && all_float(&f, values))) { /* both are of eight bytes: the block serves again */
        c->dtype = whole ? torch_int64 : torch_float64;
        c->values = values;
        return true;
    }
    cer_free(values, (size_t)rows * sizeof(int64_t));
    return !cer_error_pending() && infer_other(c, &f, v == RAW_TEXT);
}
