/* Inside io: what torch_save turns into a pickle. Never installed. */
#ifndef CERILLA_IO_SAVE_H
#define CERILLA_IO_SAVE_H

#include <uthash.h>

#include "core/params.h"
#include "io/pickle_write.h"

/* A storage of the file, and the key that it has there. */
typedef struct cer_SavedStorage {
    UT_hash_handle hh; /* by address; in order of the keys */
    cer_Storage *storage;
    uint8_t dtype;
    int64_t key;
} cer_SavedStorage;

typedef struct cer_Save {
    cer_Bytes pickle;
    cer_SavedStorage *storages;
    int64_t n_storages;
} cer_Save;

bool cer_save_tensor(cer_Save *s, const Tensor *t);
bool cer_save_dict(cer_Save *s, const torch_StateDict *d); /* as what it is: tensors, an optimizer's, a scheduler's */
bool cer_save_optimizer(cer_Save *s, const torch_StateDict *d);
bool cer_save_plain(cer_Save *s, const Tensor *t,
                    bool tuple);                 /* a number, or a list (tuple) of numbers, where it can be */
bool cer_save_key(cer_Save *s, const char *key); /* raises where it is not UTF-8 */

#endif
