/* DataFrames: made, looked at, turned into tensors. */
#include <stdio.h>
#include <string.h>

#include "frame.h"

static bool usable(const pd_DataFrame *df, const char *op)
{
    if (cer_error_pending()) return false;
    return df || cer_raise(TORCH_TYPE_ERROR, op, "%s: the DataFrame is NULL", op);
}

size_t cer_element_bytes(torch_dtype dtype)
{
    return dtype ? torch_dtype_size(dtype) : sizeof(char *);
}

static size_t values_bytes(const pd_DataFrame *df, int64_t i)
{
    return (size_t)df->rows * cer_element_bytes(df->column[i].dtype);
}

/* ---- making one -------------------------------------------------------------------------------------------------- */

enum { DIGITS = 24 }; /* of a number, at most */

/* The name of column i: the given one, or the number, in that buffer. */
static const char *name_of(const char *const *names, int64_t i, char number[DIGITS])
{
    if (names) return names[i];
    snprintf(number, DIGITS, "%lld", (long long)i);
    return number;
}

static size_t names_size(int64_t columns, const char *const *names)
{
    size_t bytes = 0;
    char number[DIGITS];
    for (int64_t i = 0; i < columns; i++) bytes += strlen(name_of(names, i, number)) + 1;
    return bytes;
}

pd_DataFrame *cer_frame(const char *op, int64_t rows, int64_t columns, const char *const *names)
{
    size_t names_bytes = names_size(columns, names), column_bytes = (size_t)columns * sizeof(cer_Column);
    pd_DataFrame *df = cer_alloc(sizeof *df);
    cer_Column *column = cer_alloc(column_bytes);
    char *text = cer_alloc(names_bytes), number[DIGITS];
    if (!df || !column || !text) {
        cer_free(text, names_bytes);
        cer_free(column, column_bytes);
        cer_free(df, sizeof *df);
        cer_raise_memory(op, (double)names_bytes + (double)column_bytes);
        return NULL;
    }
    *df = (pd_DataFrame){.rows = rows,
                         .columns = columns,
                         .numbered = !names,
                         .column = column,
                         .names = text,
                         .names_bytes = names_bytes};
    for (int64_t i = 0; i < columns; i++) {
        const char *name = name_of(names, i, number);
        size_t bytes = strlen(name) + 1;
        column[i] = (cer_Column){memcpy(text, name, bytes), torch_int64, NULL};
        text += bytes;
    }
    return df;
}

void *cer_column_values(const char *op, int64_t rows, torch_dtype dtype)
{
    size_t element = cer_element_bytes(dtype);
    void *values = (size_t)rows <= SIZE_MAX / 2 / element ? cer_alloc((size_t)rows * element) : NULL;
    if (!values) cer_raise_memory(op, (double)rows * (double)element);
    return values;
}

void pd_DataFrame_free(pd_DataFrame *df)
{
    if (!df || df->borrowed) return;
    for (int64_t i = 0; i < df->columns; i++) cer_free(df->column[i].values, values_bytes(df, i));
    cer_free(df->column, (size_t)df->columns * sizeof(cer_Column));
    cer_free(df->names, df->names_bytes);
    cer_free(df->text, df->text_bytes);
    cer_free(df, sizeof *df);
}

pd_DataFrameArgs pd_DataFrameArgs_defaults(void)
{
    return (pd_DataFrameArgs){.struct_size = sizeof(pd_DataFrameArgs)};
}

/* The C type of the array's elements, and the type of a column of them. */
static bool element_types(const torch_Array *a, torch_dtype *from, torch_dtype *to)
{
    static const torch_dtype of[] = {
        [TORCH_ELEMENT_BOOL] = torch_bool,   [TORCH_ELEMENT_I8] = torch_int8,    [TORCH_ELEMENT_U8] = torch_uint8,
        [TORCH_ELEMENT_I16] = torch_int16,   [TORCH_ELEMENT_I32] = torch_int32,  [TORCH_ELEMENT_I64] = torch_int64,
        [TORCH_ELEMENT_F32] = torch_float32, [TORCH_ELEMENT_F64] = torch_float64};
    if (a->element <= 0 || a->element >= (int)(sizeof of / sizeof *of)) return false;
    *from = of[a->element];
    *to = *from == torch_bool ? torch_bool : torch_dtype_is_floating_point(*from) ? torch_float64 : torch_int64;
    return true;
}

static bool check_array(const torch_Array *a, torch_dtype *from, torch_dtype *to)
{
    bool sound = a->ndim >= 1 && a->ndim <= 4 && a->data && a->bytes[0] >= 0 && element_types(a, from, to);
    for (int i = 1; sound && i <= a->ndim; i++) sound = a->bytes[i] > 0;
    if (!sound || a->bytes[a->ndim] != (int64_t)torch_dtype_size(*from))
        return cer_raise(TORCH_VALUE_ERROR, "DataFrame", "DataFrame constructor not properly called!");
    return a->ndim <= 2 ||
           cer_raise(TORCH_VALUE_ERROR, "DataFrame", "Must pass 2-d input. The array has %d dimensions", (int)a->ndim);
}

static bool check_names(const pd_DataFrameArgs *args, int64_t ndim, int64_t rows, int64_t columns)
{
    long long r = rows, have = columns, given = args->columns ? args->n_columns : 0;
    if (given && given != have && ndim == 1)
        return cer_raise(TORCH_VALUE_ERROR, "DataFrame",
                         "Shape of passed values is (%lld, 1), indices imply (%lld, %lld)", r, r, given);
    if (given && given != have)
        return cer_raise(TORCH_VALUE_ERROR, "DataFrame", "%lld columns passed, passed data had %lld columns", given,
                         have);
    for (int64_t i = 0; args->columns && i < columns; i++)
        if (!args->columns[i])
            return cer_raise(TORCH_TYPE_ERROR, "DataFrame", "DataFrame: the name of column %lld is NULL", (long long)i);
    return true;
}

pd_DataFrame *pd_DataFrame_new(const pd_DataFrameArgs *given)
{
    if (cer_error_pending()) return NULL;
    pd_DataFrameArgs args = pd_DataFrameArgs_defaults();
    if (given) memcpy(&args, given, given->struct_size < sizeof args ? given->struct_size : sizeof args);
    const torch_Array *a = &args.data;
    torch_dtype from, to;
    if (!check_array(a, &from, &to)) return NULL;
    int64_t element = a->bytes[a->ndim], columns = a->ndim == 1 ? 1 : a->bytes[1] / element,
            rows = a->bytes[0] / a->bytes[1];
    if (!check_names(&args, a->ndim, rows, columns)) return NULL;
    pd_DataFrame *df = cer_frame("DataFrame", rows, columns, args.columns);
    for (int64_t i = 0; df && i < columns; i++) {
        char *values = cer_column_values("DataFrame", rows, to);
        if (!values) {
            pd_DataFrame_free(df);
            return NULL;
        }
        df->column[i].dtype = to;
        df->column[i].values = values;
        for (int64_t r = 0; r < rows; r++)
            cer_convert(values + r * (int64_t)torch_dtype_size(to), to,
                        (const char *)a->data + (r * columns + i) * element, from, 1);
    }
    return df;
}

/* ---- looking at it ----------------------------------------------------------------------------------------------- */

int64_t pd_len(const pd_DataFrame *df)
{
    return usable(df, "len") ? df->rows : -1;
}

torch_Size pd_shape(const pd_DataFrame *df)
{
    if (!usable(df, "shape")) return (torch_Size){.ndim = -1};
    return (torch_Size){.ndim = 2, .dim = {df->rows, df->columns}};
}

/* ---- head, select: a copy in one block, which the scope owns ----------------------------------------------------- */

static size_t rounded(size_t bytes) /* so that what follows is aligned */
{
    return (bytes + 7) & ~(size_t)7;
}

static size_t copy_size(const pd_DataFrame *df, int64_t rows)
{
    size_t bytes = rounded(sizeof *df) + rounded((size_t)df->columns * sizeof(cer_Column)) + rounded(df->names_bytes);
    for (int64_t i = 0; i < df->columns; i++) {
        const cer_Column *c = &df->column[i];
        bytes += rounded((size_t)rows * cer_element_bytes(c->dtype));
        for (int64_t r = 0; !c->dtype && r < rows; r++) {
            const char *text = ((char *const *)c->values)[r];
            bytes += text ? rounded(strlen(text) + 1) : 0;
        }
    }
    return bytes;
}

static void *put(char **block, const void *content, size_t bytes)
{
    void *to = *block;
    if (bytes) memcpy(to, content, bytes);
    *block += rounded(bytes);
    return to;
}

static const pd_DataFrame *copy_of(const pd_DataFrame *df, int64_t rows)
{
    char *block = cer_pool_string(copy_size(df, rows));
    if (!block) return NULL;
    pd_DataFrame *copy = put(&block, df, sizeof *df);
    copy->rows = rows;
    copy->borrowed = true;
    copy->text = NULL;
    copy->text_bytes = 0;
    copy->column = put(&block, df->column, (size_t)df->columns * sizeof(cer_Column));
    copy->names = put(&block, df->names, df->names_bytes);
    for (int64_t i = 0; i < df->columns; i++) {
        cer_Column *c = &copy->column[i];
        c->name = copy->names + (df->column[i].name - df->names);
        c->values = put(&block, df->column[i].values, (size_t)rows * cer_element_bytes(c->dtype));
        const char **text = c->values;
        for (int64_t r = 0; !c->dtype && r < rows; r++)
            if (text[r]) text[r] = put(&block, text[r], strlen(text[r]) + 1);
    }
    return copy;
}

const pd_DataFrame *pd_head_n(const pd_DataFrame *df, int64_t n)
{
    if (!usable(df, "head")) return NULL;
    return copy_of(df, n < 0 ? (n < -df->rows ? 0 : df->rows + n) : n < df->rows ? n : df->rows);
}

/* The first column of that name. */
static const cer_Column *column_of(const pd_DataFrame *df, const char *name)
{
    for (int64_t i = 0; name && i < df->columns; i++)
        if (strcmp(df->column[i].name, name) == 0) return &df->column[i];
    return NULL;
}

static bool raise_missing(const pd_DataFrame *df, const char *const *names, int64_t n)
{
    char list[512];
    size_t at = 0;
    int64_t missing = 0;
    for (int64_t i = 0; i < n; i++) {
        if (column_of(df, names[i])) continue;
        const char *name = names[i] ? names[i] : "None";
        char quote = cer_quote(name);
        int more = snprintf(list + at, sizeof list - at, "%s%c%s%c", missing++ ? ", " : "", quote, name, quote);
        at = (size_t)more < sizeof list - at ? at + (size_t)more : sizeof list - 1;
    }
    if (missing < n) return cer_raise(TORCH_KEY_ERROR, "select", "[%s] not in index", list);
    return cer_raise(TORCH_KEY_ERROR, "select", "None of [Index([%s], dtype='object')] are in the [columns]", list);
}

const pd_DataFrame *pd_select_n(const pd_DataFrame *df, const char *const *names, int64_t n)
{
    if (!usable(df, "select")) return NULL;
    if (n < 1 || n > INT64_MAX / 64 || !names)
        return cer_raise(TORCH_VALUE_ERROR, "select", "select takes one name at least"), NULL;
    size_t bytes = (size_t)n * sizeof(cer_Column);
    pd_DataFrame some = *df;
    some.columns = n;
    some.column = cer_alloc(bytes);
    if (!some.column) return cer_raise_memory("select", (double)bytes), NULL;
    bool found = true;
    for (int64_t i = 0; found && i < n; i++) {
        const cer_Column *c = column_of(df, names[i]);
        if (c) some.column[i] = *c;
        found = c != NULL;
    }
    const pd_DataFrame *copy = found ? copy_of(&some, df->rows) : NULL;
    if (!found) raise_missing(df, names, n);
    cer_free(some.column, bytes);
    return copy;
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

static bool raise_object(const char *op)
{
    return cer_raise(
        TORCH_TYPE_ERROR, op,
        "can't convert np.ndarray of type numpy.object_. The only supported types are: float64, float32, float16, "
        "complex64, complex128, int64, int32, int16, int8, uint8, and bool.");
}

Tensor *pd_column(const pd_DataFrame *df, const char *name)
{
    if (!usable(df, "column")) return NULL;
    const cer_Column *c = column_of(df, name);
    if (c && !c->dtype) return raise_object("column"), NULL;
    if (c) {
        Tensor *t = cer_empty(c->dtype, 1, &df->rows);
        if (t) memcpy(torch_data_ptr(t), c->values, (size_t)df->rows * cer_element_bytes(c->dtype));
        return t;
    }
    if (!name) {
        torch_error_raise(TORCH_KEY_ERROR, "column", "None");
        return NULL;
    }
    char quote = cer_quote(name);
    torch_error_raise(TORCH_KEY_ERROR, "column", "%c%s%c", quote, name, quote);
    return NULL;
}

/* NumPy's common type of all columns; none, and an error, where that is object. */
static torch_dtype common_type(const pd_DataFrame *df, bool mixed_is_fine)
{
    torch_dtype type = df->columns ? df->column[0].dtype : torch_float64;
    for (int64_t i = 0; i < df->columns; i++) {
        torch_dtype d = df->column[i].dtype;
        bool mixed = (d == torch_bool) != (type == torch_bool);
        if (!d || (mixed && !mixed_is_fine)) return raise_object("to_tensor"), torch_dtype_none;
        type = torch_promote_types(type, d);
    }
    return type;
}

/* A column's values go to every df->columns-th element: in pieces, so that they are converted in one call each. */
static void scatter(const pd_DataFrame *df, int64_t i, torch_dtype dtype, char *to)
{
    enum { PIECE = 256 };
    const cer_Column *c = &df->column[i];
    size_t from = torch_dtype_size(c->dtype), size = torch_dtype_size(dtype);
    int64_t buffer[PIECE]; /* no element is larger */
    to += (size_t)i * size;
    for (int64_t r = 0; r < df->rows; r += PIECE) {
        int64_t n = df->rows - r < PIECE ? df->rows - r : PIECE;
        cer_convert(buffer, dtype, (const char *)c->values + (size_t)r * from, c->dtype, n);
        for (int64_t k = 0; k < n; k++, to += (size_t)df->columns * size)
            memcpy(to, (char *)buffer + (size_t)k * size, size);
    }
}

Tensor *pd_to_tensor(const pd_DataFrame *df, torch_dtype dtype)
{
    if (!usable(df, "to_tensor")) return NULL;
    torch_dtype common = common_type(df, dtype != torch_dtype_none);
    if (!common) return NULL;
    if (!dtype) dtype = common;
    cer_Form form; /* checks dtype and size */
    if (!cer_form_checked(&form, "to_tensor", dtype, 2, (int64_t[]){df->rows, df->columns})) return NULL;
    Tensor *t = cer_empty(dtype, 2, (int64_t[]){df->rows, df->columns});
    for (int64_t i = 0; t && i < df->columns; i++) scatter(df, i, dtype, torch_data_ptr(t));
    return t;
}
