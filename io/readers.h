/* Inside io: the readers, given the file as memory. What torch_load and safetensors_load_file do behind opening it;
 * fuzzers begin here. Never installed. */
#ifndef CERILLA_IO_READERS_H
#define CERILLA_IO_READERS_H

#include "core/params.h"
#include "io/file.h"

torch_StateDict *cer_load(cer_Map *file);
torch_StateDict *cer_safetensors_load(cer_Map *file,
                                      bool lenient); /* lenient: bytes behind the last tensor are no error */

#endif
