/* Files that nobody should trust: cut short, with bits flipped, or made to harm. There is an error in clear words or a
 * dictionary, never a crash (under the sanitizers), and nothing is left behind. */
#include "core/impl.h"
#include "files.h"
#include "io/io.h"
#include "io/readers.h"
#include "tests/support.h"

/* The bytes as a file; the dictionary ends at once. Whether there was one. */
static bool loads(const void *data, size_t bytes, bool safetensors)
{
    torch_scope();
    cer_Map *map = cer_map_block(bytes, "test");
    if (bytes) memcpy(map->data, data, bytes);
    torch_StateDict *d = safetensors ? cer_safetensors_load(map, false) : cer_load(map);
    cer_map_release(map);
    bool loaded = d != NULL;
    ck_assert_msg(loaded != (torch_error() != NULL), "a dictionary and an error, or neither");
    torch_StateDict_free(d);
    return loaded;
}

static Content fixture(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "tests/io/files/%s", name);
    return read_file(path);
}

static const char *const archives[] = {"tensor.pt", "parameters.pt", "views_deflated.pt"};
static const char *const legacy[] = {"parameters_legacy.pt", "dtypes_legacy.pt"};
static const char *const safe[] = {"dtypes.safetensors", "unpadded.safetensors"};

static void cut(const char *name, bool safetensors)
{
    Content c = fixture(name);
    for (size_t n = 0; n < c.bytes; n++) {
        ck_assert_msg(!loads(c.data, n, safetensors), "%s loads when cut after %zu bytes", name, n);
        torch_error_clear();
    }
    ck_assert_msg(loads(c.data, c.bytes, safetensors), "%s", name);
    free(c.data);
}

START_TEST(cut_anywhere)
{
    for (int i = 0; i < 3; i++) cut(archives[i], false);
    for (int i = 0; i < 2; i++) cut(legacy[i], false), cut(safe[i], true);
}
END_TEST

static void flip(const char *name, bool safetensors)
{
    Content c = fixture(name);
    for (size_t bit = 0; bit < 8 * c.bytes; bit++) {
        c.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        loads(c.data, c.bytes, safetensors);
        torch_error_clear();
        c.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    free(c.data);
}

START_TEST(flipped_bits)
{
    for (int i = 0; i < 3; i++) flip(archives[i], false);
    for (int i = 0; i < 2; i++) flip(legacy[i], false), flip(safe[i], true);
}
END_TEST

/* A flipped bit of what an archive holds is always noticed. */
START_TEST(sums_are_checked)
{
    Content c = fixture("tensor.pt");
    static const unsigned char values[] = {0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40};
    unsigned char *at = memmem(c.data, c.bytes, values, sizeof values);
    ck_assert_ptr_nonnull(at);
    at[1] ^= 1;
    ck_assert(!loads(c.data, c.bytes, false));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "PytorchStreamReader failed reading file tensor/data/0: its CRC-32 is not the archive's");
    free(c.data);
}
END_TEST

START_TEST(archives_that_nobody_writes)
{
    ck_assert_ptr_null(torch_load("tests/io/files/bomb.pt"));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "archive/data.pkl inflates to 4194304 bytes: the archive's entries are more than "
                    "64 times as large as the file");
    ck_assert_ptr_null(torch_load("tests/io/files/twice.pt"));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "PytorchStreamReader failed reading zip archive: two entries have the same name");
    ck_assert_ptr_null(torch_load("tests/io/files/whole_module.pt"));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Unsupported class torch.nn.modules.container.Sequential: save the model's "
                                         "state_dict() instead");
    ck_assert_ptr_null(torch_load("tests/io/test_hostile.c"));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Invalid magic number; corrupt file?");
}
END_TEST

/* ---- pickles, in the format of before 1.6, which has no sums ----------------------------------------------------- */

#define MAGIC "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define SYSTEM MAGIC "\x80\2M\xe9\3.\x80\2}X\x0d\0\0\0little_endian\x88s."
#define STORAGE(numel) "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpu" numel "tQ"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n("
#define HOOKS \
    "\x89"    \
    "ccollections\nOrderedDict\n)RtR"
#define NONE "\x80\2]."
#define KEYS "\x80\2]X\1\0\0\0000a."
#define DATA "\2\0\0\0\0\0\0\0\0\0\x80?\0\0\0@"

typedef struct Case {
    const char *bytes;
    size_t n;
    const char *error; /* NULL: it loads */
} Case;
#define CASE(text, error)             \
    {                                 \
        text, sizeof(text) - 1, error \
    }

static const Case pickles[] = {
    CASE(SYSTEM "]." NONE, NULL),
    CASE(SYSTEM "]." KEYS DATA, "no tensor has storage 0"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\0K\2\x85K\1\x85" HOOKS "." KEYS DATA, NULL),
    CASE(SYSTEM "i." KEYS, "Unsupported operand 105"),
    CASE(SYSTEM "cos\nsystem\nX\2\0\0\0ls\x85R." KEYS, "Unsupported class os.system"),
    CASE(SYSTEM "c__builtin__\neval\n." KEYS, "Unsupported class __builtin__.eval"),
    CASE(SYSTEM "X\2\0\0\0osX\6\0\0\0system\x93." KEYS, "Unsupported class os.system"),
    CASE(SYSTEM "." KEYS, "pickle: unexpected MARK or empty stack"),
    CASE(SYSTEM "(." KEYS, "pickle: unexpected MARK or empty stack"),
    CASE(SYSTEM "t." KEYS, "pickle: could not find MARK"),
    CASE(SYSTEM "N)R." KEYS, "Trying to call reduce for unrecognized function "),
    CASE(SYSTEM "}(Nu." KEYS, "pickle: odd number of items for SETITEMS"),
    CASE(SYSTEM "](NNNs." KEYS, "pickle: Can only set items of dicts"),
    CASE(SYSTEM "}Na." KEYS, "pickle: Can only append to lists"),
    CASE(SYSTEM "Nr\xff\xff\xff\x7f." KEYS, "pickle: memo index out of range"),
    CASE(SYSTEM "h\5." KEYS, "Memo value not found at index 5"),
    CASE(SYSTEM "X\xff\xff\xff\xffN." KEYS, "Ran out of input"),
    CASE(SYSTEM "\x8d\xff\xff\xff\xff\xff\xff\xff\xffN." KEYS, "Ran out of input"),
    CASE(SYSTEM "X\1\0\0\0\xff." KEYS, "pickle: 'utf-8' codec can't decode a string"),
    CASE(SYSTEM "\x8a\x09\1\2\3\4\5\6\7\x08\x09." KEYS, "pickle: an integer does not fit into 64 bits"),
    CASE(SYSTEM "]q\0h\0a." NONE, "the same values are repeated more often than the file is long"),
    CASE(SYSTEM "}(NK\1u." NONE, "a key of a dictionary is neither text nor an integer"),
    CASE(SYSTEM "}(K\1K\1X\1\0\0\0001K\1u." NONE, "two entries have the name '1' when nested names are joined"),
    CASE(SYSTEM "}(X\1\0\0\0kctorch\nFloatStorage\nu." NONE, "'k' is not a tensor, a number, a dict or a list"),
    CASE(SYSTEM "NQ." KEYS, "pickle: Only persistent_load of storage is allowed"),
    CASE(SYSTEM STORAGE("J\xff\xff\xff\xff") "." KEYS, "pickle: a storage is not described as PyTorch does"),
    CASE(SYSTEM STORAGE("\x8a\x08\0\0\0\0\0\0\0\x70") "." KEYS, "pickle: a storage is not described as PyTorch does"),
    CASE(SYSTEM STORAGE("\x8a\x08\0\0\0\0\0\1\0\0") "." KEYS DATA, "Ran out of input"),
    CASE(SYSTEM STORAGE("K\1") "." KEYS DATA, "storage has wrong size: got 2 elements"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\0K\3\x85K\1\x85" HOOKS "." KEYS DATA,
         "setStorage: sizes, strides and storage offset 0 are out of bounds for storage of size 8"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\2K\1\x85K\1\x85" HOOKS "." KEYS DATA,
         "setStorage: sizes, strides and storage offset 2 are out of bounds for storage of size 8"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\0K\2\x85J\xff\xff\xff\xff\x85" HOOKS "." KEYS DATA,
         "as_strided: Negative strides are not supported at the moment, got strides: [-1]"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "J\xff\xff\xff\xffK\2\x85K\1\x85" HOOKS "." KEYS DATA,
         "pickle: sizes, strides and offset of a tensor must be integers"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\0J\xfe\xff\xff\xff\x85K\1\x85" HOOKS "." KEYS DATA,
         "Trying to create tensor with negative dimension -2"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\0J\xfe\xff\xff\xff\x85K\0\x85" HOOKS "." KEYS DATA,
         "Trying to create tensor with negative dimension -2"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\0\x8a\x08\0\0\0\0\0\0\0\x40\x85\x8a\x08\0\0\0\0\0\0\0\x40\x85" HOOKS
                                       "." KEYS DATA,
         "setStorage: sizes, strides and storage offset 0 are out of bounds for storage of size 8"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\0(K\1K\1K\1K\1K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1K\1K\1K\1K\1t" HOOKS
                                       "." KEYS DATA,
         "a tensor has at most 8 dimensions here, got 9"),
    CASE(SYSTEM REBUILD "NK\0))" HOOKS "." KEYS DATA, "pickle: a tensor is not described as PyTorch does"),
    CASE(SYSTEM REBUILD STORAGE("K\2") "K\0K\2\x85K\1\x85" HOOKS ".\x80\2].", "storage 0 is missing"),
    CASE(MAGIC "\x80\2K\1.", "Invalid protocol version"),
    CASE(MAGIC "\x80\2M\xe9\3.\x80\2}X\x0d\0\0\0little_endian\x89s.", "the file was written by a big-endian machine"),
    CASE(SYSTEM "]."
                "\x80\2N.",
         "the keys are not a list"),
};

static void check_cases(const Case *c, size_t n, bool safetensors)
{
    for (size_t i = 0; i < n; i++) {
        bool loaded = loads(c[i].bytes, c[i].n, safetensors);
        const char *got = torch_error();
        ck_assert_msg(c[i].error ? got && strcmp(got, c[i].error) == 0 : loaded, "case %zu: %s, expected %s", i,
                      got ? got : "it loads", c[i].error ? c[i].error : "a dictionary");
        torch_error_clear();
    }
}

START_TEST(hostile_pickles)
{
    check_cases(pickles, sizeof pickles / sizeof *pickles, false);
}
END_TEST

/* ---- what grows: a prefix, a part that comes n times, an end --------------------------------------------------------
 * */

static void check_repeated(const char *part, size_t bytes, size_t n, const char *end, size_t end_bytes,
                           const char *error)
{
    size_t begin = sizeof SYSTEM - 1, all = begin + n * bytes + end_bytes + sizeof NONE - 1;
    char *file = malloc(all), *at = file + begin;
    memcpy(file, SYSTEM, begin);
    for (size_t i = 0; i < n; i++, at += bytes) memcpy(at, part, bytes);
    memcpy(at, end, end_bytes);
    memcpy(at + end_bytes, NONE, sizeof NONE - 1);
    check_cases(&(Case){file, all, error}, 1, false);
    free(file);
}
#define REPEATED(part, n, end, error) check_repeated(part, sizeof(part) - 1, n, end, sizeof(end) - 1, error)

START_TEST(pickles_that_grow)
{
    REPEATED("](", 100000, ".", "pickle: unexpected MARK or empty stack");
    REPEATED("]", 50, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.", NULL); /* 49 */
    check_repeated("", 0, 0, "]r\xff\xff\0\0r\xff\xff\1\0.", 12, "pickle: memo index out of range");
    char up[2 * 70] = {0};
    memset(up, 'a', 69);
    up[69] = '.';
    check_repeated("]", 1, 70, up, 70, "dictionaries and lists are nested more than 64 deep");
}
END_TEST

/* x = (text,); sixty times x = (x, x) */
START_TEST(billion_laughs)
{
    static const char tuple[] = "q\0h\0\x86";
    size_t begin = sizeof SYSTEM - 1, n = 60;
    char file[2048], *at = file + begin;
    memcpy(file, SYSTEM, begin);
    at = mempcpy(at, "X\1\0\0\0x\x85", 7);
    for (size_t i = 0; i < n; i++) at = mempcpy(at, tuple, sizeof tuple - 1);
    at = mempcpy(at, "." NONE, sizeof "." NONE - 1);
    check_cases(&(Case){file, (size_t)(at - file), "the same values are repeated more often than the file is long"}, 1,
                false);
}
END_TEST

/* ---- safetensors ------------------------------------------------------------------------------------------------- */

#define ERROR(text) "Error while deserializing header: " text

typedef struct Header {
    const char *json;
    size_t data; /* bytes behind it */
    const char *error;
} Header;

static const Header headers[] = {
    {"{}", 0, NULL},
    {"{}   ", 0, NULL},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, NULL},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},\"e\":{\"dtype\":\"I8\",\"shape\":[0],\"data_"
     "offsets\":[4,4]}}",
     4, NULL},
    {"", 0, ERROR("InvalidHeaderStart: the header does not begin with {")},
    {" {}", 0, ERROR("InvalidHeaderStart: the header does not begin with {")},
    {"{} x", 0, ERROR("InvalidHeaderDeserialization: end of file expected near 'x'")},
    {"{\"a\":", 0, ERROR("InvalidHeaderDeserialization: unexpected token near end of file")},
    {"{\"a\":1}", 0, ERROR("InvalidHeaderDeserialization: `a` needs dtype, shape and data_offsets")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8,
     ERROR("InvalidHeaderDeserialization: `a` needs dtype, shape and data_offsets")},
    {"{\"\xff\":1}", 0, ERROR("InvalidHeader: unable to decode byte 0xff near '\"'")},
    {"{\"__metadata__\":{\"a\":1}}", 0, ERROR("InvalidHeaderDeserialization: `a` in __metadata__ is not text")},
    {"{\"__metadata__\":[]}", 0, ERROR("InvalidHeaderDeserialization: __metadata__ is not an object")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_"
     "offsets\":[8,16]}}",
     16, ERROR("InvalidHeaderDeserialization: duplicate object key near '\"a\"'")},
    {"{\"a\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     "there is no dtype here for F4, that of `a`"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12,
     ERROR("InvalidOffset: `a` does not begin where the tensor before ends")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_"
     "offsets\":[4,12]}}",
     12, ERROR("InvalidOffset: `b` does not begin where the tensor before ends")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, ERROR("InvalidOffset: those of `a`")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, ERROR("InvalidOffset: those of `a`")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8.0]}}", 8,
     ERROR("InvalidHeaderDeserialization: the data_offsets of `a` are not two numbers")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8,
     ERROR("InvalidHeaderDeserialization: the data_offsets of `a` are not two numbers")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8,
     ERROR("InvalidHeaderDeserialization: a size of `a` is not a number")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
     ERROR("TensorInvalidInfo: `a` has other bytes than its shape needs")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7,
     ERROR("MetadataIncompleteBuffer: the file ends before its tensors do")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9,
     ERROR("MetadataIncompleteBuffer: bytes follow the last tensor")},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
     "`a` has more than 8 dimensions"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0,
     "Storage size calculation overflowed with sizes=[4611686018427387904, 4]"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,0]}}", 0,
     ERROR("InvalidHeaderDeserialization: too big integer near '99999999999999999999'")},
};

START_TEST(hostile_headers)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        size_t n = strlen(headers[i].json), bytes = 8 + n + headers[i].data;
        char *file = calloc(1, bytes);
        file[0] = (char)n;
        memcpy(file + 8, headers[i].json, n);
        check_cases(&(Case){file, bytes, headers[i].error}, 1, true);
        free(file);
    }
    static const Case lengths[] = {
        CASE("", ERROR("HeaderTooSmall: the file has less than 8 bytes")),
        CASE("\2\0\0\0\0\0\0", ERROR("HeaderTooSmall: the file has less than 8 bytes")),
        CASE("\3\0\0\0\0\0\0\0{}", ERROR("InvalidHeaderLength: the header is longer than the file")),
        CASE("\1\xe1\xf5\5\0\0\0\0{}", ERROR("HeaderTooLarge: more than 100000000 bytes")),
        CASE("\xff\xff\xff\xff\xff\xff\xff\xff{}", ERROR("HeaderTooLarge: more than 100000000 bytes")),
    };
    check_cases(lengths, sizeof lengths / sizeof *lengths, true);
}
END_TEST

START_TEST(deep_json)
{
    enum { DEEP = 100000 };
    char *file = calloc(1, 8 + 5 + DEEP);
    memcpy(file, (int64_t[]){5 + DEEP}, 8);
    memcpy(file + 8, "{\"a\":", 5);
    memset(file + 13, '[', DEEP);
    check_cases(
        &(Case){file, 8 + 5 + DEEP, ERROR("InvalidHeaderDeserialization: maximum parsing depth reached near '['")}, 1,
        true);
    free(file);
}
END_TEST

static TCase *damaged(void)
{
    return test_case("damaged", cut_anywhere, flipped_bits, sums_are_checked);
}

static TCase *hostile(void)
{
    return test_case("hostile", archives_that_nobody_writes, hostile_pickles, pickles_that_grow, billion_laughs,
                     hostile_headers, deep_json);
}

SUITE_MAIN("io_hostile", damaged, hostile)
