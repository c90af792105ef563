/* Prints the table of op records, one per line: identifier, name, grad_fn or -, and "view" or "in place". For make_api.py. */
#include <stdio.h>

#include "ops/ops_internal.h"

static const struct {
    const char *id;
    const cer_Op *op;
} rows[] = {
#define OP(name) {#name, &cer_op_##name},
#include "ops/ops.def"
};

int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const cer_Op *op = rows[i].op;
        bool stops = op->flags & CER_NONDIFFERENTIABLE || !op->grad_name;
        printf("%s\t%s\t%s\t%s\n", rows[i].id, op->name, stops ? "-" : op->grad_name,
               op->flags & CER_VIEW      ? "view"
               : op->flags & CER_INPLACE ? "in place"
                                         : "");
    }
    return 0;
}
