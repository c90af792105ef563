"""Asks PyTorch in which order its loaders and splits go, and writes tests/data/loader_orders.inc.

    python3 tests/reference/make_loader.py     (with PyTorch 1.13.1, CPU)"""
import os

import torch
from torch.utils.data import DataLoader, TensorDataset, random_split

HERE = os.path.dirname(os.path.abspath(__file__))


def orders(n, batch_size, shuffle, drop_last, generator):
    """Two passes, -1 behind each batch, -2 behind each pass; then a draw of each generator."""
    torch.manual_seed(3)
    g = torch.Generator() if generator else None
    if g:
        g.manual_seed(4)
    loader = DataLoader(TensorDataset(torch.arange(n)), batch_size, shuffle=shuffle, drop_last=drop_last, generator=g)
    out = [len(loader)]
    for _ in range(2):
        for (x,) in loader:
            out += x.tolist() + [-1]
        out.append(-2)
    return out + [int(torch.randint(0, 1000000, ()))] + ([int(torch.randint(0, 1000000, (), generator=g))] if g else [])


def split(n, lengths, generator):
    torch.manual_seed(3)
    g = torch.Generator().manual_seed(4) if generator else torch.default_generator
    out = []
    for part in random_split(TensorDataset(torch.arange(n)), lengths, generator=g):
        out += [int(part[i][0]) for i in range(len(part))] + [-1]
    return out


def main():
    lines = ['/* Made by tests/reference/make_loader.py with PyTorch %s. */' % torch.__version__]
    for name, values in (
            ('in_order', orders(7, 3, False, False, False)), ('shuffled', orders(7, 3, True, False, False)),
            ('dropped', orders(7, 3, True, True, False)), ('own_generator', orders(8, 4, True, False, True)),
            ('split', split(10, [7, 3], False)), ('split_generator', split(6, [1, 0, 5], True))):
        lines.append('static const int64_t %s[] = {%s};' % (name, ', '.join(map(str, values))))
    with open(os.path.join(HERE, '..', 'data', 'loader_orders.inc'), 'w') as f:
        f.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
