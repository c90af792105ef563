# Handwritten digits, 8 x 8: a small convolutional network on scikit-learn's digits.csv.gz. Needs PyTorch and pandas.
import sys

import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

path = sys.argv[1] if len(sys.argv) > 1 else "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz"
table = torch.tensor(pd.read_csv(path, header=None).values, dtype=torch.float32)
images = (table[:, :64] / 16).view(-1, 1, 8, 8)
labels = table[:, 64].long()

torch.manual_seed(0)
train = TensorDataset(images[:1500], labels[:1500])
loader = DataLoader(train, batch_size=64, shuffle=True)
model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                      nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                      nn.Flatten(), nn.Linear(64, 10))
print(model)
optimizer = optim.Adam(model.parameters(), lr=0.01)

for epoch in range(5):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        output = model(images[1500:])
        test_loss = F.cross_entropy(output, labels[1500:])
        correct = (output.argmax(1) == labels[1500:]).sum()
    print("Epoch %d: loss %.6f, test loss %.6f" % (epoch, total / len(loader), test_loss.item()))
    print("%d of %d correct" % (correct.item(), len(labels) - 1500), file=sys.stderr)
