/* Tables: the part of pandas that feeds a model. A DataFrame is a table of named columns, each int64, float64, bool or
 * object (text); its index is 0, 1, 2, ... Errors and printed text are those of pandas 1.5. */
#ifndef CERILLA_DATA_H
#define CERILLA_DATA_H

#include "../core/tensor.h"

TORCH_BEGIN

typedef struct pd_DataFrame pd_DataFrame;

/* pd.DataFrame(data, columns=None): owned; a copy of a C array, 1-d (one column) or 2-d (rows, columns). Integers
 * become int64, float and double float64, bool stays bool. Without names the columns are 0, 1, 2, ...
 *     pd_DataFrame *df = pd_DataFrame(data, .columns = pd_columns("value"));
 * ValueError "2 columns passed, passed data had 3 columns", "Shape of passed values is
 * (3, 1), indices imply (3, 2)". */
typedef struct pd_DataFrameArgs {
    torch_Array data;
    size_t struct_size;
    const char *const *columns; /* names, one per column of data. NULL: none */
    int64_t n_columns;          /* how many names there are. 0: as many as data has columns */
} pd_DataFrameArgs;
TORCH_API pd_DataFrameArgs pd_DataFrameArgs_defaults(void);
TORCH_API pd_DataFrame *pd_DataFrame_new(const pd_DataFrameArgs *args);
TORCH_API void pd_DataFrame_free(pd_DataFrame *df); /* NULL passes */
#ifndef __cplusplus
#define pd_DataFrame(...) pd_DataFrame_(__VA_ARGS__, )
#define pd_DataFrame_(data_, ...) \
    pd_DataFrame_new(             \
        &(pd_DataFrameArgs){.data = TORCH_ARRAY(data_), __VA_ARGS__.struct_size = sizeof(pd_DataFrameArgs)})
/* Names whose number is checked; a torch_list(const char *, ...) must have one for each column. */
#define pd_columns(...)                 \
    (const char *const[]){__VA_ARGS__}, \
        .n_columns = (int64_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#endif

/* pd.read_csv(path, header=0): owned. The first line names the columns; with .header = TORCH_NONE it is a row, and the
 * columns are 0, 1, 2, ... A file that gzip packed is unpacked. Quotes, doubled quotes, line ends of any kind, blank
 * lines, a byte order mark, missing fields ("", NA, NaN, null, ...) and the choice of types are pandas'. Text must
 * be UTF-8. OSError "[Errno 2] No such file or directory: 'x.csv'"; ValueError "No columns to parse from file",
 * "Error tokenizing data. C error: Expected 2 fields in line 3, saw 4", "'utf-8' codec can't decode byte 0xff in
 * position 2: invalid start byte". */
typedef struct pd_ReadCsvArgs {
    size_t struct_size;
    const char *path;
    int64_t header; /* the line of the names: 0, or TORCH_NONE */
} pd_ReadCsvArgs;
TORCH_API pd_ReadCsvArgs pd_ReadCsvArgs_defaults(void);
TORCH_API pd_DataFrame *pd_read_csv_args(const pd_ReadCsvArgs *args);
#define pd_read_csv(...) pd_read_csv_args(&(pd_ReadCsvArgs){.struct_size = sizeof(pd_ReadCsvArgs), .path = __VA_ARGS__})

TORCH_API int64_t pd_len(const pd_DataFrame *df);      /* len(df): rows;      -1 */
TORCH_API torch_Size pd_shape(const pd_DataFrame *df); /* df.shape: (rows, columns);      ndim -1 */

/* df.head(n=5): the first n rows; n < 0: all but the last -n. Borrowed, a copy: ends with the
 * innermost scope, not with df. */
TORCH_API const pd_DataFrame *pd_head_n(const pd_DataFrame *df, int64_t n);
#define pd_head(...) pd_head_(__VA_ARGS__, 5, )
#define pd_head_(df, n, ...) pd_head_n(df, n)

/* str(df): beyond 60 rows the first and last five, beyond 80 characters the outer columns. Borrowed. */
TORCH_API const char *pd_str(const pd_DataFrame *df);
TORCH_API void pd_print(const pd_DataFrame *df); /* print(df) */

/* df[["a", "b"]]: pd_select(df, "a", "b"): these columns, in this order. Borrowed, a copy, like pd_head. KeyError
 * "['c'] not in index", "None of [Index(['c'], dtype='object')] are in the [columns]". */
TORCH_API const pd_DataFrame *pd_select_n(const pd_DataFrame *df, const char *const *names, int64_t n);
#define pd_select(df, ...)                              \
    pd_select_n(df, (const char *const[]){__VA_ARGS__}, \
                (int64_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

/* torch.tensor(df["name"].values): a copy, (rows), int64, float64 or bool. KeyError "'name'"; TypeError for text. */
TORCH_API Tensor *pd_column(const pd_DataFrame *df, const char *name);

/* torch.tensor(df.values, dtype=dtype): a copy, (rows, columns). dtype none: the type that holds all columns. TypeError
 * "can't convert np.ndarray of type numpy.object_. ..." for text, and for bool beside numbers without a dtype. */
TORCH_API Tensor *pd_to_tensor(const pd_DataFrame *df, torch_dtype dtype);

TORCH_END

#endif
