# A variational autoencoder on scikit-learn's digits.csv.gz, that draws digits of its own. Needs PyTorch and pandas.
import sys

import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

path = sys.argv[1] if len(sys.argv) > 1 else "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz"
images = torch.tensor(pd.read_csv(path, header=None).values, dtype=torch.float32)[:, :64] / 16


class VAE(nn.Module):
    def __init__(self, hidden_size, latent_size):
        super().__init__()
        self.encoder = nn.Linear(64, hidden_size)
        self.mu = nn.Linear(hidden_size, latent_size)
        self.logvar = nn.Linear(hidden_size, latent_size)
        self.decoder = nn.Sequential(nn.Linear(latent_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, 64))

    def forward(self, x):
        h = torch.relu(self.encoder(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.decoder(z), mu, logvar


torch.manual_seed(0)
loader = DataLoader(TensorDataset(images), batch_size=128, shuffle=True, num_workers=2)
model = VAE(128, 8)
optimizer = optim.Adam(model.parameters(), lr=0.002)
for epoch in range(6):
    total = 0.0
    for x, in loader:
        optimizer.zero_grad()
        output, mu, logvar = model(x)
        reconstruction = F.binary_cross_entropy_with_logits(output, x, reduction="sum")
        divergence = -0.5 * torch.sum(1 + logvar - mu ** 2 - torch.exp(logvar))
        loss = (reconstruction + divergence) / len(x)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print("Epoch %d: loss %.6f" % (epoch, total / len(loader)))

with torch.no_grad():
    drawn = torch.sigmoid(model.decoder(torch.randn(4, 8))).view(4, 8, 8)
    for row in range(8):
        print("  ".join("".join(" .:*#@"[int(5.99 * p)] for p in drawn[k, row]) for k in range(4)), file=sys.stderr)
