"""Trains five models with PyTorch, 100 steps each, and writes their losses to tests/train/model_losses.inc.

    python3 tests/reference/make_models.py     (with PyTorch 1.13.1, CPU)"""
import os

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.optim import SGD, Adadelta, Adam, AdamW, RMSprop
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader, TensorDataset

HERE = os.path.dirname(os.path.abspath(__file__))


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.lstm = nn.LSTM(8, 16, 2, batch_first=True, dropout=0.2, bidirectional=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        lengths = x[:, 0] % 7 + 1
        out, _ = self.lstm(pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False))
        out, _ = pad_packed_sequence(out, batch_first=True)
        return self.fc(self.drop(out.sum(1) / lengths.unsqueeze(1)))


class Writer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 16)
        self.block = nn.TransformerEncoderLayer(16, 2, 32, 0.1, 'gelu', batch_first=True, norm_first=True)
        self.fc = nn.Linear(16, 11)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.size(1))
        return self.fc(self.block(self.embed(x), src_mask=mask)).transpose(1, 2)


def train(x, y, net, criterion, optimizer, scheduler=None, clip=None):
    losses = []
    loader = DataLoader(TensorDataset(x, y), 16, shuffle=True)
    for _ in range(25):
        for a, b in loader:
            optimizer.zero_grad()
            loss = criterion(net(a), b)
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(net.parameters(), clip)
            optimizer.step()
            losses.append(loss.item())
        if scheduler:
            scheduler.step()
    return losses


def mlp():
    x = torch.randn(64, 10)
    y = (x.sum(1) > 0).long()
    net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))
    return train(x, y, net, nn.CrossEntropyLoss(), Adam(net.parameters(), lr=0.01))


def lenet():
    x = torch.randn(64, 1, 12, 12)
    y = torch.randint(0, 10, (64,))
    net = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 10))
    return train(x, y, net, nn.CrossEntropyLoss(), SGD(net.parameters(), lr=0.01, momentum=0.9))


def reader():
    x = torch.randint(0, 11, (64, 7))
    y = x.sum(1) % 3
    net = Reader()
    return train(x, y, net, nn.CrossEntropyLoss(), RMSprop(net.parameters(), lr=0.003))


def writer():
    x = torch.randint(0, 11, (64, 9))
    net = Writer()
    optimizer = AdamW(net.parameters(), lr=0.003)
    return train(x[:, :-1], x[:, 1:], net, nn.CrossEntropyLoss(), optimizer, CosineAnnealingLR(optimizer, 25), 0.5)


def autoencoder():
    x = torch.randn(64, 20)
    net = nn.Sequential(nn.Linear(20, 8), nn.Tanh(), nn.Linear(8, 20))
    return train(x, x, net, nn.MSELoss(), Adadelta(net.parameters(), lr=1.0))


def main():
    torch.set_num_threads(1)
    lines = ['/* Made by tests/reference/make_models.py with PyTorch %s. */' % torch.__version__]
    for model in (mlp, lenet, reader, writer, autoencoder):
        torch.manual_seed(1)
        losses = model()
        lines.append('static const double %s_losses[%d] = {%s};' % (
            model.__name__, len(losses), ', '.join('%.9g' % v for v in losses)))
    with open(os.path.join(HERE, '..', 'train', 'model_losses.inc'), 'w') as f:
        f.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
