"""Asks PyTorch in which order its loaders and splits go, and writes tests/data/loader_orders.inc.

    python3 tests/reference/make_loader.py     (with PyTorch 1.13.1, CPU)"""
import os

import torch
from torch.utils.data import (BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler,
                              SubsetRandomSampler, TensorDataset, WeightedRandomSampler, random_split)

HERE = os.path.dirname(os.path.abspath(__file__))


def orders(n, batch_size, shuffle, drop_last, generator, num_workers=0):
    """Two passes, -1 behind each batch, -2 behind each pass; then a draw of each generator."""
    torch.manual_seed(3)
    g = torch.Generator() if generator else None
    if g:
        g.manual_seed(4)
    loader = DataLoader(TensorDataset(torch.arange(n)), batch_size, shuffle=shuffle, drop_last=drop_last, generator=g,
                        num_workers=num_workers)
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


def drawn():
    return [int(torch.randint(0, 1000000, ()))]


def samples(make):
    """Length, two passes, -2 behind each; then draws of both generators."""
    torch.manual_seed(3)
    g = torch.Generator().manual_seed(4)
    sampler = make(g)
    out = [len(sampler)]
    for _ in range(2):
        for i in sampler:
            out += i + [-1] if isinstance(i, list) else [int(i)]
        out.append(-2)
    return out + drawn() + [int(torch.randint(0, 1000000, (), generator=g))]


SAMPLERS = (
    ('sequential', lambda g: SequentialSampler(range(4))),
    ('random', lambda g: RandomSampler(range(5))),
    ('random_generator', lambda g: RandomSampler(range(5), generator=g)),
    ('random_more', lambda g: RandomSampler(range(5), num_samples=12)),
    ('random_fewer', lambda g: RandomSampler(range(5), num_samples=3, generator=g)),
    ('random_replacement', lambda g: RandomSampler(range(5), replacement=True, num_samples=35)),
    ('random_replacement_generator', lambda g: RandomSampler(range(5), True, 32, g)),
    ('subset', lambda g: SubsetRandomSampler([9, 7, 5, 3])),
    ('subset_generator', lambda g: SubsetRandomSampler([9, 7, 5, 3], g)),
    ('weighted', lambda g: WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 8)),
    ('weighted_once', lambda g: WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, False, g)),
    ('batches', lambda g: BatchSampler(RandomSampler(range(7)), 3, False)),
    ('batches_dropped', lambda g: BatchSampler(RandomSampler(range(7), generator=g), 3, True)),
)


class Noisy(Dataset):
    """Draws from the default generator, which in a worker is its own."""

    def __len__(self):
        return 7

    def __getitem__(self, i):
        return i * 1000000 + int(torch.randint(0, 1000000, ()))


def noisy(num_workers):
    torch.manual_seed(3)
    loader = DataLoader(Noisy(), 2, shuffle=True, num_workers=num_workers)
    return [int(v) for _ in range(2) for x in loader for v in x] + drawn()


def main():
    lines = ['/* Made by tests/reference/make_loader.py with PyTorch %s. */' % torch.__version__]
    for name, values in (
            ('in_order', orders(7, 3, False, False, False)), ('shuffled', orders(7, 3, True, False, False)),
            ('dropped', orders(7, 3, True, True, False)), ('own_generator', orders(8, 4, True, False, True)),
            ('workers_in_order', orders(23, 3, False, False, False, 2)),
            ('workers_shuffled', orders(23, 3, True, False, False, 3)),
            ('workers_generator', orders(8, 4, True, False, True, 2)),
            ('workers_dropped', orders(23, 3, True, True, False, 3)), ('noisy', noisy(0)), ('noisy_workers', noisy(2)),
            ('split', split(10, [7, 3], False)), ('split_generator', split(6, [1, 0, 5], True))):
        lines.append('static const int64_t %s[] = {%s};' % (name, ', '.join(map(str, values))))
    for name, make in SAMPLERS:
        lines.append('static const int64_t sampler_%s[] = {%s};' % (name, ', '.join(map(str, samples(make)))))
    with open(os.path.join(HERE, '..', 'data', 'loader_orders.inc'), 'w') as f:
        f.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
