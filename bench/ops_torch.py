"""The rows of bench/ops.def in PyTorch: the twin of bench/ops.c."""
import os
import re
import sys
import warnings

import torch
import torch.nn.functional as F

from timing import run, wanted

warnings.filterwarnings("ignore")
torch.manual_seed(0)
x, y, z = torch.randn(1000, 1000), torch.randn(1000, 1000), torch.randn(1000, 1000)
p = torch.rand(1000, 1000) + 0.1
i = torch.randint(0, 1000, (1000, 1000))
b = x > y
v = torch.randn(1000)
n = torch.randint(0, 1000, (1000,))
k = torch.randint(0, 1000, (1000, 1000))
j = k.int()
a = torch.randn(200, 200)
s = a @ a.t() + 200 * torch.eye(200)
lstm = torch.nn.LSTM(100, 100)
NAMES = {"torch": torch, "F": F, "x": x, "y": y, "z": z, "p": p, "i": i, "b": b, "v": v, "n": n, "k": k, "j": j, "a": a,
         "s": s, "lstm": lstm}


def forward_of(python):
    return eval("lambda: " + python, NAMES)


def grad_of(python):
    forward = forward_of(python)

    def body():
        result = forward()
        result.backward(torch.ones_like(result))
        x.grad = y.grad = None
    return body


pattern = sys.argv[1] if len(sys.argv) > 1 else ""
text = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "ops.def")).read()
for grad, name, python in re.findall(r'^BENCH(_GRAD)?\((\w+), "([^"]*)"', text, re.M):
    if not wanted(name, pattern):
        continue
    x.requires_grad_(bool(grad))
    y.requires_grad_(bool(grad))
    with torch.set_grad_enabled(bool(grad)):
        run(name, grad_of(python) if grad else forward_of(python), "pytorch " + torch.__version__)
