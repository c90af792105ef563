/* DataFrames and CSV files, against what pandas 1.5.3 printed. */
#include <stdio.h>
#include <unistd.h>

#include "../support.h"
#include "data/data.h"
#include "frame_prints.inc"

/* ---- files: one per program, written anew for each case ---------------------------------------------------------- */

static char path[256];

static void write_file(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

static void make_path(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/cerilla-csv-XXXXXX", folder && *folder ? folder : "/tmp");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void remove_path(void)
{
    unlink(path);
}

static pd_DataFrame *read_text(const char *csv)
{
    write_file(csv, strlen(csv));
    return pd_read_csv(path);
}

/* ---- arrays ------------------------------------------------------------------------------------------------------ */

static void check_print(const pd_DataFrame *df, const char *expected)
{
    ck_assert_no_error();
    ck_assert_str_eq(pd_str(df), expected);
}

START_TEST(notebook)
{
    int data[10];
    for (int i = 0; i < 10; i++) data[i] = i;
    pd_DataFrame *df = pd_DataFrame(data, .columns = pd_columns("value"));
    check_print(df, print_notebook);
    check_print(pd_head(df), print_notebook_head);
    check_print(pd_head(df, 0), print_none);
    check_print(pd_head(df, -7), print_but_last);
    check_print(pd_head(df, 100), print_notebook);
    check_print(pd_head(pd_head(df), 3), print_but_last);
    ck_assert_int_eq(pd_len(df), 10);
    ck_assert_int_eq(pd_len(pd_head(df, -100)), 0);
    ck_assert_int_eq(pd_len(pd_head(df, INT64_MIN)), 0);
    pd_DataFrame_free(df);
}
END_TEST

START_TEST(names)
{
    double data[3][2] = {{1.5, 2}, {3.25, -4}, {0, 100}};
    pd_DataFrame *df = pd_DataFrame(data, .columns = torch_list(const char *, "x", "long name"));
    check_print(df, print_two_columns);
    torch_Size size = pd_shape(df);
    ck_assert(size.ndim == 2 && size.dim[0] == 3 && size.dim[1] == 2);
    pd_DataFrame_free(df);

    long numbers[2][11];
    for (int i = 0; i < 22; i++) numbers[i / 11][i % 11] = i < 11 ? 1 : 22;
    df = pd_DataFrame(numbers);
    check_print(df, print_numbered);
    ck_assert_tensor(pd_column(df, "10"), 2, ((double[]){1, 22}), 0, 0);
    pd_DataFrame_free(df);

    int three[1][3] = {{1, 2, 3}};
    df = pd_DataFrame(three);
    check_print(pd_head(df, 0), print_numbered_none);
    pd_DataFrame_free(df);

    df = pd_DataFrame(torch_list(bool, true, false, true), .columns = pd_columns("ok"));
    check_print(df, print_bools);
    pd_DataFrame_free(df);
}
END_TEST

static void check_floats(const double *values, const char *expected)
{
    double x[3] = {values[0], values[1], values[2]};
    pd_DataFrame *df = pd_DataFrame(x, .columns = pd_columns("x"));
    check_print(df, expected);
    pd_DataFrame_free(df);
}

START_TEST(floats)
{
    pd_DataFrame *df =
        pd_DataFrame(torch_list(double, 0.1, 1e7, (double)NAN, (double)INFINITY), .columns = pd_columns("x"));
    check_print(df, print_special);
    pd_DataFrame_free(df);
    check_floats((double[]){1e-7, 0, -(double)INFINITY}, print_tiny);
    check_floats((double[]){-0.0, 1e16, 5}, print_large);
    check_floats((double[]){1 / 3., -2 / 3., 123.5}, print_thirds);
}
END_TEST

START_TEST(many_rows)
{
    static int n[61], pairs[100][2];
    static float halves[2000];
    for (int i = 0; i < 61; i++) n[i] = i;
    for (int i = 0; i < 200; i++) pairs[i / 2][i % 2] = i;
    for (int i = 0; i < 2000; i++) halves[i] = (float)i * 0.5f;
    pd_DataFrame *df = pd_DataFrame(n, .columns = pd_columns("n"));
    check_print(df, print_rows_61);
    check_print(pd_head(df, 60), print_rows_60);
    pd_DataFrame_free(df);
    df = pd_DataFrame(pairs, .columns = pd_columns("a", "bbbbbb"));
    check_print(df, print_rows_100);
    pd_DataFrame_free(df);
    df = pd_DataFrame(halves, .columns = pd_columns("a"));
    check_print(df, print_rows_2000);
    pd_DataFrame_free(df);
}
END_TEST

START_TEST(many_columns)
{
    static int64_t wide[100][30], wider[3][200];
    static double eighths[2][17];
    for (int i = 0; i < 3000; i++) wide[i / 30][i % 30] = i;
    for (int i = 0; i < 600; i++) wider[i / 200][i % 200] = i;
    for (int i = 0; i < 34; i++) eighths[i / 17][i % 17] = i / 8.0;
    pd_DataFrame *df = pd_DataFrame(wide);
    check_print(df, print_wide);
    pd_DataFrame_free(df);
    df = pd_DataFrame(wider);
    check_print(df, print_wider);
    pd_DataFrame_free(df);
    df = pd_DataFrame(eighths);
    check_print(df, print_wide_floats);
    pd_DataFrame_free(df);
}
END_TEST

static void check_csv(const char *csv, const char *expected)
{
    pd_DataFrame *df = read_text(csv);
    check_print(df, expected);
    pd_DataFrame_free(df);
}

START_TEST(line_width) /* 79 characters fit, 80 do not */
{
    check_csv(
        "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z\n1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\n",
        print_width_79);
    check_csv("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,A\n1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
              "1,1,1\n",
              print_width_81);
    check_csv("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t\n10,10,10,10,10,10,10,10,10,10,10,10,10,10,10,10,10,10,10,1\n",
              print_width_80);
    check_csv("n,column0,column1,column2,column3,column4,column5,column6,column7,column8,column9,column10,column11,"
              "last text\n"
              "1,x,2,x,2,x,2,x,2,x,2,x,2,y\n",
              print_wide_mixed);
}
END_TEST

START_TEST(wide_cells)
{
    char csv[512];
    snprintf(csv, sizeof csv, "%060d,b\n1,2\n", 0);
    memset(csv, 'h', 60);
    check_csv(csv, print_long_name);
    snprintf(csv, sizeof csv, "%090d\n1\n", 0);
    memset(csv, 'h', 90);
    check_csv(csv, print_one_wide_column);
    check_csv("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,cccccccccccccccccccccccccccccc\n1,2,3\n",
              print_three_wide_columns);
    check_csv("a\tb,\"c\nd\r\"\n1,2\n", print_escapes);
    check_csv("a,b\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,1\ny,"
              "2\nzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz,3\n"
              "éééééééééééééééééééééééééééééééééééééééééééééééééé,4\n",
              print_long_text);
    size_t used = 0;
    static char header[1024];
    for (int i = 0; i < 120; i++)
        used += (size_t)snprintf(header + used, sizeof header - used, "%sc%d", i ? "," : "", i);
    check_csv(header, print_empty_120);
}
END_TEST

START_TEST(wrong_arrays)
{
    int flat[3] = {1, 2, 3}, table[2][2] = {{1, 2}, {3, 4}}, deep[1][2][3] = {{{0}}};
    ck_assert_ptr_null(pd_DataFrame(flat, .columns = pd_columns("a", "b")));
    ck_assert_error(TORCH_VALUE_ERROR, "Shape of passed values is (3, 1), indices imply (3, 2)");
    ck_assert_ptr_null(pd_DataFrame(table, .columns = pd_columns("a")));
    ck_assert_error(TORCH_VALUE_ERROR, "1 columns passed, passed data had 2 columns");
    ck_assert_ptr_null(pd_DataFrame(table, .columns = pd_columns("a", "b", "c")));
    ck_assert_error(TORCH_VALUE_ERROR, "3 columns passed, passed data had 2 columns");
    ck_assert_ptr_null(pd_DataFrame(table, .columns = pd_columns("a", NULL)));
    ck_assert_error(TORCH_TYPE_ERROR, "DataFrame: the name of column 1 is NULL");
    ck_assert_ptr_null(pd_DataFrame(deep));
    ck_assert_error(TORCH_VALUE_ERROR, "Must pass 2-d input. The array has 3 dimensions");
    ck_assert_ptr_null(pd_DataFrame(5));
    ck_assert_error(TORCH_VALUE_ERROR, "DataFrame constructor not properly called!");
    ck_assert_ptr_null(pd_DataFrame_new(NULL));
    ck_assert_error(TORCH_VALUE_ERROR, "DataFrame constructor not properly called!");
    pd_DataFrameArgs args = pd_DataFrameArgs_defaults();
    args.data = (torch_Array){.data = flat, .element = TORCH_ELEMENT_I32, .ndim = 2, .bytes = {12, 0, 0}};
    ck_assert_ptr_null(pd_DataFrame_new(&args));
    ck_assert_error(TORCH_VALUE_ERROR, "DataFrame constructor not properly called!");
}
END_TEST

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

START_TEST(columns)
{
    pd_DataFrame *df = read_text("n,x,ok,s,it's\n1,0.5,True,a,\n-2,,False,b,\n");
    Tensor *n = pd_column(df, "n"), *x = pd_column(df, "x"), *ok = pd_column(df, "ok");
    ck_assert_tensor(n, 2, ((double[]){1, -2}), 0, 0);
    ck_assert_tensor(x, 2, ((double[]){0.5, (double)NAN}), 0, 0);
    ck_assert_tensor(ok, 2, ((double[]){1, 0}), 0, 0);
    ck_assert_int_eq(torch_dtype_of(n), torch_int64);
    ck_assert_int_eq(torch_dtype_of(x), torch_float64);
    ck_assert_int_eq(torch_dtype_of(ok), torch_bool);
    ck_assert_shape(n, 2);
    ck_assert_tensor(pd_column(pd_head(df, 1), "n"), 1, ((double[]){1}), 0, 0);
    ck_assert_ptr_null(pd_column(df, "value"));
    ck_assert_error(TORCH_KEY_ERROR, "'value'");
    ck_assert_ptr_null(pd_column(df, "isn't"));
    ck_assert_error(TORCH_KEY_ERROR, "\"isn't\"");
    ck_assert_ptr_null(pd_column(df, NULL));
    ck_assert_error(TORCH_KEY_ERROR, "None");
    ck_assert_ptr_null(pd_column(df, "s"));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    pd_DataFrame_free(df);
    ck_assert_tensor(n, 2, ((double[]){1, -2}), 0, 0); /* a copy: it outlives the frame */
}
END_TEST

static const char object_error[] = "can't convert np.ndarray of type numpy.object_. The only supported types are: "
                                   "float64, float32, float16, complex64, "
                                   "complex128, int64, int32, int16, int8, uint8, and bool.";

START_TEST(to_tensor)
{
    pd_DataFrame *df = read_text("a,b\n1,0.5\n2,\n3,-1\n");
    Tensor *t = pd_to_tensor(df, torch_float32);
    ck_assert_shape(t, 3, 2);
    ck_assert_int_eq(torch_dtype_of(t), torch_float32);
    ck_assert_tensor(t, 6, ((double[]){1, 0.5, 2, (double)NAN, 3, -1}), 0, 0);
    ck_assert_int_eq(torch_dtype_of(pd_to_tensor(df, torch_dtype_none)), torch_float64);
    ck_assert_ptr_null(pd_to_tensor(df, (torch_dtype)77));
    ck_assert_error(TORCH_TYPE_ERROR, "to_tensor: 77 is no dtype");
    pd_DataFrame_free(df);

    df = read_text("a,b\nTrue,1\nFalse,2\n");
    ck_assert_tensor(pd_to_tensor(df, torch_int64), 4, ((double[]){1, 1, 0, 2}), 0, 0);
    ck_assert_ptr_null(pd_to_tensor(df, torch_dtype_none));
    ck_assert_error(TORCH_TYPE_ERROR, object_error);
    pd_DataFrame_free(df);

    df = read_text("a,b\n1,x\n");
    ck_assert_ptr_null(pd_to_tensor(df, torch_float32));
    ck_assert_error(TORCH_TYPE_ERROR, object_error);
    pd_DataFrame_free(df);

    static int many[1000][3];
    for (int i = 0; i < 3000; i++) many[i / 3][i % 3] = i;
    df = pd_DataFrame(many);
    t = pd_to_tensor(df, torch_int32);
    for (int i = 0; i < 3000; i++) ck_assert(support_element(t, i) == i);
    pd_DataFrame_free(df);
}
END_TEST

/* ---- CSV: the table made by pandas ------------------------------------------------------------------------------- */

typedef struct Case {
    const char *csv;
    size_t length;
    const char *types, *expected; /* types NULL: an error is expected */
} Case;

static const Case csv_cases[] = {
#define GOOD(csv, length, types, print) {csv, length, types, print},
#define BAD(csv, length, error) {csv, length, NULL, error},
#include "csv_cases.inc"
};
enum { CSV_CASES = sizeof csv_cases / sizeof *csv_cases };

static char type_letter(const pd_DataFrame *df, const char *name)
{
    Tensor *t = pd_column(df, name);
    torch_dtype dtype = t ? torch_dtype_of(t) : torch_dtype_none;
    torch_error_clear();
    return dtype == torch_int64 ? 'i' : dtype == torch_float64 ? 'f' : dtype == torch_bool ? 'b' : 'o';
}

START_TEST(csv_case)
{
    const Case *c = &csv_cases[_i];
    write_file(c->csv, c->length);
    pd_DataFrame *df = pd_read_csv(path);
    if (!c->types) {
        ck_assert_ptr_null(df);
        ck_assert_error(TORCH_VALUE_ERROR, c->expected);
        return;
    }
    check_print(df, c->expected);
    ck_assert_int_eq(pd_shape(df).dim[1], (int64_t)strlen(c->types));
    if (strncmp(c->csv, "a\n", 2) == 0 || strncmp(c->csv, "a,", 2) == 0) /* the name of the first column is plain */
        ck_assert_int_eq(type_letter(df, "a"), c->types[0]);
    pd_DataFrame_free(df);
}
END_TEST

START_TEST(csv_errors_of_ours)
{
    ck_assert_ptr_null(read_text("a,b\n1,2,3\n"));
    ck_assert_error(TORCH_VALUE_ERROR, "line 2 has 3 fields and the header has 2: index columns are not supported");
    ck_assert_ptr_null(read_text("a\nx\xe2\x82"));
    ck_assert_error(TORCH_VALUE_ERROR, "'utf-8' codec can't decode bytes in position 3-4: unexpected end of data");
    ck_assert_ptr_null(pd_read_csv(NULL));
    ck_assert_error(TORCH_VALUE_ERROR, "Invalid file path or buffer object type: <class 'NoneType'>");
}
END_TEST

START_TEST(no_such_file)
{
    ck_assert_ptr_null(pd_read_csv("no-such-file.csv"));
    ck_assert_error(TORCH_OS_ERROR, "[Errno 2] No such file or directory: 'no-such-file.csv'");
    ck_assert_ptr_null(pd_read_csv("it's.csv"));
    ck_assert_error(TORCH_OS_ERROR, "[Errno 2] No such file or directory: \"it's.csv\"");
    ck_assert_ptr_null(pd_read_csv("/"));
    ck_assert_error(TORCH_OS_ERROR, "[Errno 21] Is a directory: '/'");
}
END_TEST

START_TEST(large_file) /* beyond the first buffer, with a line across its end */
{
    enum { ROWS = 20000 };
    size_t used = 0;
    char *csv = malloc(ROWS * 32);
    ck_assert_ptr_nonnull(csv);
    used += (size_t)sprintf(csv, "i,\"half\",text\n");
    for (int i = 0; i < ROWS; i++) used += (size_t)sprintf(csv + used, "%d,%d.%d,\"t%d\"\r\n", i, i / 2, i % 2 * 5, i);
    write_file(csv, used);
    free(csv);
    pd_DataFrame *df = pd_read_csv(path);
    ck_assert_no_error();
    ck_assert_int_eq(pd_len(df), ROWS);
    Tensor *n = pd_column(df, "i"), *half = pd_column(df, "half");
    for (int i = 0; i < ROWS; i++) {
        ck_assert(support_element(n, i) == i);
        ck_assert(support_element(half, i) == i / 2.0);
    }
    pd_DataFrame_free(df);
}
END_TEST

START_TEST(many_equal_names) /* does not take quadratic time */
{
    enum { NAMES = 200000 };
    char *csv = malloc(2 * NAMES);
    ck_assert_ptr_nonnull(csv);
    for (int i = 0; i < NAMES; i++) csv[2 * i] = 'a', csv[2 * i + 1] = i + 1 < NAMES ? ',' : '\n';
    write_file(csv, 2 * NAMES);
    free(csv);
    pd_DataFrame *df = pd_read_csv(path);
    ck_assert_no_error();
    ck_assert_int_eq(pd_shape(df).dim[1], NAMES);
    pd_DataFrame_free(df);
}
END_TEST

/* ---- misuse, and no memory --------------------------------------------------------------------------------------- */

START_TEST(nothing_there)
{
    pd_DataFrame_free(NULL);
    ck_assert_int_eq(pd_len(NULL), -1);
    ck_assert_error(TORCH_TYPE_ERROR, "len: the DataFrame is NULL");
    ck_assert_int_eq(pd_shape(NULL).ndim, -1);
    ck_assert_error(TORCH_TYPE_ERROR, "shape: the DataFrame is NULL");
    ck_assert_ptr_null(pd_head(NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "head: the DataFrame is NULL");
    ck_assert_ptr_null(pd_str(NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "str: the DataFrame is NULL");
    ck_assert_ptr_null(pd_column(NULL, "a"));
    ck_assert_error(TORCH_TYPE_ERROR, "column: the DataFrame is NULL");
    ck_assert_ptr_null(pd_to_tensor(NULL, torch_float32));
    ck_assert_error(TORCH_TYPE_ERROR, "to_tensor: the DataFrame is NULL");
    ck_assert_int_eq(support_errors_raised(), 6);
}
END_TEST

START_TEST(while_an_error_is_pending)
{
    pd_DataFrame *df = pd_DataFrame(torch_list(int, 1, 2));
    torch_error_raise(TORCH_RUNTIME_ERROR, "test", "first");
    ck_assert_ptr_null(pd_DataFrame(torch_list(int, 1, 2)));
    ck_assert_ptr_null(pd_read_csv("no-such-file.csv"));
    ck_assert_ptr_null(pd_head(df));
    ck_assert_ptr_null(pd_str(df));
    ck_assert_ptr_null(pd_column(df, "x"));
    ck_assert_ptr_null(pd_to_tensor(df, torch_dtype_none));
    ck_assert_int_eq(pd_len(df), -1);
    pd_print(df);
    pd_DataFrame_free(df); /* works */
    ck_assert_error(TORCH_RUNTIME_ERROR, "first");
    ck_assert_int_eq(support_errors_raised(), 1);
}
END_TEST

/* Reads, prints, copies and converts; false where memory ran out. */
static bool whole_trip(void)
{
    torch_scope();
    pd_DataFrame *df = pd_read_csv(path);
    const char *text = pd_str(pd_head(df, 2));
    const char *all = pd_str(df);
    Tensor *t = pd_column(df, "x");
    pd_DataFrame *numbers = pd_DataFrame(torch_list(float, 1, 2, 3)),
                 *named = pd_DataFrame(torch_list(int, 1), .columns = pd_columns("n"));
    Tensor *u = pd_to_tensor(numbers, torch_float64);
    bool done = !torch_error();
    ck_assert(done == (df && text && all && t && numbers && named && u));
    pd_DataFrame_free(named);
    pd_DataFrame_free(numbers);
    pd_DataFrame_free(df);
    return done;
}

START_TEST(out_of_memory) /* the k-th allocation fails, for every k */
{
    static const char csv[] = "x,s,x,,\n1.5,a,2,True,\n2.5,,\"3\",,\n";
    write_file(csv, sizeof csv - 1);
    int64_t k = 1;
    for (;; k++) {
        torch_fail_allocation(k);
        bool done = whole_trip();
        torch_fail_allocation(0);
        if (done) break;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        ck_assert_int_lt(k, 1000);
    }
    ck_assert_int_gt(k, 20);
}
END_TEST

/* ---- any bytes at all: never a crash ----------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state) /* xorshift */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t mutate(unsigned char *bytes, size_t n, size_t capacity, uint64_t *state)
{
    static const char interesting[] = "\",\n\r\0 \t\xef\xbb\xbf\xff\xc3-+.eE019Nna#T";
    for (uint64_t changes = 1 + next_random(state) % 8; changes > 0; changes--) {
        size_t at = n ? next_random(state) % n : 0;
        unsigned char c = (unsigned char)interesting[next_random(state) % (sizeof interesting - 1)];
        switch (next_random(state) % 4) {
        case 0: /* another byte */
            if (n) bytes[at] = c;
            break;
        case 1: /* one more */
            if (n < capacity) memmove(bytes + at + 1, bytes + at, n++ - at), bytes[at] = c;
            break;
        case 2: /* one less */
            if (n) memmove(bytes + at, bytes + at + 1, --n - at);
            break;
        default: /* the end is gone */
            if (next_random(state) % 4 == 0) n = at;
        }
    }
    return n;
}

START_TEST(mutated_bytes)
{
    uint64_t state = 0x9e3779b97f4a7c15u + (uint64_t)_i;
    int good = 0, bad = 0;
    for (int round = 0; round < 400; round++) {
        torch_scope();
        unsigned char bytes[512];
        const Case *c = &csv_cases[next_random(&state) % CSV_CASES];
        memcpy(bytes, c->csv, c->length);
        write_file(bytes, mutate(bytes, c->length, sizeof bytes, &state));
        pd_DataFrame *df = pd_read_csv(path);
        ck_assert((df != NULL) == (torch_error() == NULL));
        if (df) {
            ck_assert_ptr_nonnull(pd_str(df));
            ck_assert_ptr_nonnull(pd_str(pd_head(df, 1)));
            pd_to_tensor(df, torch_float32);
        }
        *(df ? &good : &bad) += 1;
        torch_error_clear();
        pd_DataFrame_free(df);
    }
    ck_assert_int_gt(good, 50); /* both roads were taken */
    ck_assert_int_gt(bad, 50);
}
END_TEST

START_TEST(selects)
{
    pd_DataFrame *df = read_text("a,b,name,c\n1,2.5,x,true\n3,4.5,,false\n");
    const pd_DataFrame *some = pd_select(df, "c", "name", "a");
    check_print(some, "       c name  a\n0   True    x  1\n1  False  NaN  3");
    ck_assert_tensor(pd_to_tensor(pd_select(df, "b", "a"), torch_float32), 4, ((double[]){2.5, 1, 4.5, 3}), 0, 0);
    ck_assert_tensor(pd_to_tensor(pd_select(df, "a"), torch_dtype_none), 2, ((double[]){1, 3}), 0, 0);
    ck_assert_ptr_null(pd_select(df, "a", "d"));
    ck_assert_error(TORCH_KEY_ERROR, "['d'] not in index");
    ck_assert_ptr_null(pd_select(df, "d", "e"));
    ck_assert_error(TORCH_KEY_ERROR, "None of [Index(['d', 'e'], dtype='object')] are in the [columns]");
    ck_assert_ptr_null(pd_to_tensor(some, torch_float32));
    torch_error_clear();
    pd_DataFrame_free(df);
}
END_TEST

START_TEST(without_header)
{
    write_file("1,x\n2\n", 6);
    pd_DataFrame *df = pd_read_csv(path, .header = TORCH_NONE);
    check_print(df, "   0    1\n0  1    x\n1  2  NaN");
    pd_DataFrame_free(df);
    write_file("1,2\n3,4,5\n", 10);
    ck_assert_ptr_null(pd_read_csv(path, .header = TORCH_NONE));
    ck_assert_error(TORCH_VALUE_ERROR, "Error tokenizing data. C error: Expected 2 fields in line 2, saw 3");
    ck_assert_ptr_null(pd_read_csv(path, .header = 3));
    ck_assert_error(TORCH_VALUE_ERROR, "header is 0, the first line, or TORCH_NONE, not 3");
}
END_TEST

static TCase *arrays(void)
{
    return test_case("arrays", notebook, names, floats, many_rows, many_columns, wrong_arrays, nothing_there,
                     while_an_error_is_pending);
}

static TCase *files(void)
{
    TCase *c = test_case("files", line_width, wide_cells, columns, to_tensor, csv_errors_of_ours, no_such_file,
                         large_file, many_equal_names, selects, without_header, out_of_memory);
    tcase_add_checked_fixture(c, make_path, remove_path);
    tcase_add_loop_test(c, csv_case, 0, CSV_CASES);
    tcase_add_loop_test(c, mutated_bytes, 0, 10);
    return c;
}

SUITE_MAIN("data", arrays, files)
