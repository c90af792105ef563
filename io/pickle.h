/* Inside io: the values of a pickle, and the machine that makes them. Nothing is executed: a global is a name, and
 * calling one of the few that are known makes a value. Never installed. */
#ifndef CERILLA_IO_PICKLE_H
#define CERILLA_IO_PICKLE_H

#include <uthash.h>

#include "core/params.h"
#include "io/file.h"

typedef enum cer_ValueKind {
    CER_VALUE_NONE,
    CER_VALUE_BOOL,
    CER_VALUE_INT,
    CER_VALUE_FLOAT,
    CER_VALUE_TEXT,
    CER_VALUE_TUPLE,
    CER_VALUE_LIST,
    CER_VALUE_DICT,
    CER_VALUE_GLOBAL,
    CER_VALUE_STORAGE,
    CER_VALUE_TENSOR
} cer_ValueKind;

/* The bytes behind a key; several storages of the file may show them, as different types. */
typedef struct cer_Blob {
    UT_hash_handle hh;
    size_t key_bytes, bytes; /* bytes: the most that any storage says it has, ... */
    size_t element;          /* ... in elements of so many */
    bool mentioned;          /* by a storage, not only by the list of keys */
    bool lost;               /* the table had no memory for it */
    cer_Storage *storage;    /* once it is needed */
    char key[];
} cer_Blob;

typedef struct cer_Value cer_Value;
typedef struct cer_TensorValue {
    cer_Blob *blob;
    cer_Form form;
    int64_t offset;
    bool requires_grad, parameter;
} cer_TensorValue;

struct cer_Value {
    cer_ValueKind kind;
    union {
        int64_t i; /* also a bool */
        double d;
        struct {
            const char *at; /* in the pickle */
            size_t n;
        } text; /* of a global: module, a dot and its name, ended by a zero byte */
        struct {
            cer_Value **item; /* a dict: key, value, key, value, ... */
            size_t n, capacity;
        } list;
        struct {
            cer_Blob *blob;
            torch_dtype dtype;
            int64_t numel, view; /* view: offset in elements of the storage that the blob was (legacy) */
        } storage;
        cer_TensorValue *tensor;
    } as;
};

/* Where all values live: blocks that end together. */
typedef struct cer_PickleBlock {
    struct cer_PickleBlock *next;
    size_t bytes;
} cer_PickleBlock;

typedef struct cer_Pickle {
    const char *op;
    const uint8_t *at, *end; /* what is still to be read */
    cer_PickleBlock *blocks;
    size_t left, taken; /* bytes that the newest block still has; that all blocks have */
    cer_Value **stack, **memo;
    size_t depth, stack_capacity, memo_length, memo_capacity, puts; /* puts: into the memo so far */
    cer_Blob *blobs;
    bool legacy;
} cer_Pickle;

/* Runs the machine to its STOP; the value lives as long as the machine. Raises. */
cer_Value *cer_pickle_run(cer_Pickle *p);
void cer_pickle_end(cer_Pickle *p);

#define CER_PICKLE_MOST ((size_t)1 << 30)            /* bytes of values: those of a million tensors */
bool cer_pickle_too_large(const cer_Pickle *p);      /* raises */
void *cer_pickle_alloc(cer_Pickle *p, size_t bytes); /* zeroed; raises */
cer_Value *cer_pickle_new(cer_Pickle *p, cer_ValueKind kind);
cer_Blob *cer_pickle_blob(cer_Pickle *p, const char *key, size_t n); /* finds or makes it; raises */
bool cer_value_add(cer_Pickle *p, cer_Value *list, cer_Value *item);
bool cer_value_is_text(const cer_Value *v, const char *text);

/* rebuild.c */
cer_Value *cer_rebuild_global(cer_Pickle *p, const char *module, size_t n, const char *name, size_t n_name);
cer_Value *cer_rebuild_call(cer_Pickle *p, const cer_Value *function, const cer_Value *arguments);
cer_Value *cer_rebuild_storage(cer_Pickle *p, const cer_Value *id);

/* flatten.c: the dictionary of all tensors below a value; keys joined by dots. load makes one from its description.
 * limit: the pickle's bytes, by which repetition is measured. Raises. */
typedef Tensor *(*cer_TensorLoader)(void *data, cer_TensorValue *t);
torch_StateDict *cer_flatten(const cer_Value *root, size_t limit, const char *op, cer_TensorLoader load, void *data);

#endif
