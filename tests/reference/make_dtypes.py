"""Writes tests/core/dtypes.inc: torch.promote_types of all pairs, and torch.result_type of all pairs of operands.
Run with a Python that has torch 1.13.1, from the folder of this file."""
import torch

DTYPES = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool", "bfloat16"]
TYPE = {name: getattr(torch, name) for name in DTYPES}
NAME = {t: n for n, t in TYPE.items()}
# An operand: a tensor with dimensions, a 0-d tensor, or a number.
OPERANDS = [("t_" + d, torch.ones(2, dtype=TYPE[d])) for d in DTYPES]
OPERANDS += [("z_" + d, torch.ones((), dtype=TYPE[d])) for d in DTYPES]
OPERANDS += [("n_bool", True), ("n_int", 3), ("n_double", 2.5)]


def rows(table):
    return "".join("    {" + ", ".join(f"torch_{v}" for v in row) + "},\n" for row in table)


with open("../core/dtypes.inc", "w") as out:
    out.write(f"/* Written by tests/reference/make_dtypes.py with PyTorch {torch.__version__.split('+')[0]}. */\n")
    out.write("static const torch_dtype dtypes[] = {" + ", ".join(f"torch_{d}" for d in DTYPES) + "};\n\n")
    out.write("/* torch.promote_types(row, column) */\nstatic const torch_dtype promoted[10][10] = {\n")
    out.write(rows([[NAME[torch.promote_types(TYPE[a], TYPE[b])] for b in DTYPES] for a in DTYPES]) + "};\n\n")
    for default in ("float32", "float64"):
        torch.set_default_dtype(TYPE[default])
        out.write("/* torch.result_type(row, column): tensors of dimension 1, of dimension 0, and a bool, an int, a float. Default dtype "
                  f"{default} */\nstatic const torch_dtype result_{default}[23][23] = {{\n")
        table = []
        for _, a in OPERANDS:
            table.append([NAME[torch.result_type(a, b)] for _, b in OPERANDS])
        out.write(rows(table) + "};\n" + ("\n" if default == "float32" else ""))
