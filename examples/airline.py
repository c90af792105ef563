"""An LSTM forecasts airline passengers, twelve months ahead. Usage: airline.py [airline.csv]"""
import sys

import pandas as pd
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

WINDOW, YEAR, EPOCHS = 12, 12, 60


class Forecaster(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


def main():
    df = pd.read_csv(sys.argv[1] if len(sys.argv) > 1 else 'examples/airline.csv')
    passengers = torch.tensor(df['Passengers'].values).float()
    past = passengers[:-YEAR]
    mean, std = past.mean(), past.std()
    series = (past - mean) / std

    windows = series.unfold(0, WINDOW + 1, 1)
    dataset = TensorDataset(windows[:, :WINDOW].unsqueeze(2), windows[:, WINDOW:])
    torch.manual_seed(0)
    model = Forecaster(32)
    print(model)
    criterion = nn.MSELoss()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    loader = DataLoader(dataset, batch_size=16, shuffle=True)
    for epoch in range(EPOCHS):
        total = 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * x.size(0)
        if (epoch + 1) % 10 == 0:
            print(f'epoch {epoch + 1}: loss {total / len(dataset):.6f}')

    with torch.no_grad():  # month by month, from its own forecasts
        window = series[-WINDOW:].view(1, WINDOW, 1)
        for month in range(YEAR):
            window = torch.cat([window, model(window[:, -WINDOW:]).unsqueeze(2)], 1)
    forecast = window[0, -YEAR:, 0] * std + mean
    actual = passengers[-YEAR:]
    for month in range(YEAR):
        print(f'1960-{month + 1:02d}: {actual[month].item():.0f} passengers, forecast {forecast[month].item():.1f}')
    print(f'mean error {(forecast - actual).abs().mean().item():.2f}')


main()
