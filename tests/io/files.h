/* Files for tests of io: read, write, listings, a folder of this process. */
#ifndef CERILLA_TESTS_IO_FILES_H
#define CERILLA_TESTS_IO_FILES_H

#include "core/params.h"

typedef struct Content {
    unsigned char *data; /* from malloc */
    size_t bytes;
} Content;

Content read_file(const char *path); /* fails the test when it cannot */
void write_file(const char *path, const void *data, size_t bytes);
const char *temporary(const char *name); /* its path in the folder of this test; valid until the next call but seven */
int count_temporary(void);               /* files in that folder */
void remove_temporary(void);             /* the folder and all in it */

/* The dictionary holds exactly what tests/io/files/NAME.txt lists. */
void assert_listing(const torch_StateDict *d, const char *name);

#endif
