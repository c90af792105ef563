"""Asks PyTorch for every row of tests/optim/rows.def and writes tests/reference/optim/rows.txt, which tests/optim/test_walk.c reads.

    python3 tests/reference/make_optim.py     (with PyTorch 1.13.1, CPU)

Fields are separated by tabs; a newline in a text is written \\n:

    = <python>                       opens a row
    ! <Exception> <text>             if the constructor or the first step raises; else
    repr <text>
    step <dtype> <number>            after that many steps:
    p <values>                       the parameters
    q <values>
    <p|q> <state> <values>           every state, in PyTorch's order
"""
import os
import re

import torch
from torch.optim import *  # noqa: the rows name the classes

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 50


def start(n, dtype):
    return torch.tensor([((i * 37 + n) % 64 - 32) / 16 for i in range(n)], dtype=dtype)


def gradient(n, k, dtype):
    return torch.tensor([((i * 29 + k * 53 + n) * 7 % 101 - 50) / 64 for i in range(n)], dtype=dtype)


def add(o, params, **options):
    o.add_param_group({'params': params, **options})
    return o


def values(t):
    t = torch.as_tensor(t).double().flatten()
    return ' '.join(float(v).hex() for v in t)


def run(python, dtype, lines):
    p = start(21, dtype).view(3, 7).requires_grad_()
    q = start(5, dtype).requires_grad_()
    o = eval(python, {**globals(), 'p': p, 'q': q})
    printed = 'repr\t' + repr(o).replace('\n', '\\n')
    lines += [printed] if dtype == torch.float32 else []
    for k in range(STEPS):
        p.grad = gradient(21, k, dtype).view(3, 7)
        q.grad = None if k % 3 == 1 else gradient(5, k, dtype)
        o.step()
        if k + 1 in (1, 10, STEPS):
            lines += ['step\t%s\t%d' % (str(dtype)[6:], k + 1), 'p\t' + values(p), 'q\t' + values(q)]
            lines += ['%s\t%s\t%s' % (name, key, values(v)) for name, t in (('p', p), ('q', q))
                      for key, v in o.state[t].items() if v is not None]


def row(python):
    lines = []
    try:
        for dtype in (torch.float32, torch.float64):
            run(python, dtype, lines)
    except (ValueError, RuntimeError) as e:
        lines = ['!\t%s\t%s' % (type(e).__name__, e)]
    return ['= ' + python] + lines


def main():
    torch.set_num_threads(1)
    out = ['# Made by tests/reference/make_optim.py with PyTorch ' + torch.__version__]
    for python in re.findall(r'^ROW\("([^"]*)", ', open(os.path.join(HERE, '..', 'optim', 'rows.def')).read(), re.M):
        out += row(python)
    os.makedirs(os.path.join(HERE, 'optim'), exist_ok=True)
    with open(os.path.join(HERE, 'optim', 'rows.txt'), 'w') as f:
        f.write('\n'.join(out) + '\n')


if __name__ == '__main__':
    main()
