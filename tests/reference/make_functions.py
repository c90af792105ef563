"""Asks PyTorch for every row of tests/nn/functions.def and writes tests/nn/functions.inc.

    python3 tests/reference/make_functions.py     (with PyTorch 1.13.1, CPU)
"""
import os
import re
import warnings

import torch
import torch.nn as nn

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "nn")
DTYPES = {"f": torch.float32, "d": torch.float64}


def leaf(k, letter, shape):
    """As leaf() in test_functions.c: values and gradients that are quarters."""
    n = torch.Size(shape).numel()
    i = torch.arange(n, dtype=DTYPES[letter])
    t = (((i * 7 + k) % 11 - 5) / 4).view(shape).requires_grad_()
    t.grad = (((i * 5 + k) % 13 - 6) / 4).view(shape)
    return t


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def answer(tensors, python):
    leaves = [leaf(k, m[1], [int(d) for d in m[2].split(",")])
              for k, m in enumerate(re.finditer(r"([fd])\[([\d,]+)\]", tensors))]
    names = dict(zip("tuv", leaves), nn=nn)
    text, code, values = "", "TORCH_OK", []
    torch.manual_seed(5)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            result = eval(python, names)
            if result is not None:
                values += result.detach().double().view(-1).tolist()
        except Exception as e:
            text = str(e)
            code = {"ValueError": "TORCH_VALUE_ERROR", "RuntimeError": "TORCH_RUNTIME_ERROR"}[type(e).__name__]
    if heard:
        text = str(heard[0].message)
    for t in leaves:
        values += t.detach().double().view(-1).tolist() + t.grad.double().view(-1).tolist()
    numbers = ", ".join("INFINITY" if v == float("inf") else repr(float(v)) for v in values)
    return "    {%s,\n     %s, %s, %d,\n     {%s}},\n" % (quoted(python), code, quoted(text), len(values), numbers or "0")


def main():
    out = "/* Made by tests/reference/make_functions.py with PyTorch %s. */\n" % torch.__version__.split("+")[0]
    out += "static const Answer answers[] = {\n"
    for line in open(os.path.join(HERE, "functions.def")):
        m = re.match(r'CASE\("([^"]*)", "([^"]*)", ', line)
        if m:
            out += answer(m[1], m[2])
    with open(os.path.join(HERE, "functions.inc"), "w") as f:
        f.write(out + "};\n")


main()
