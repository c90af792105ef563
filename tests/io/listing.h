/* What a dictionary holds, as the text that tests/io/listing.py writes. */
#ifndef CERILLA_TESTS_IO_LISTING_H
#define CERILLA_TESTS_IO_LISTING_H

#include <stdio.h>

#include "core/params.h"

void write_listing(const torch_StateDict *d, FILE *to);

#endif
