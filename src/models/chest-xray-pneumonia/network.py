"""The network: a small residual 2-D classifier (He et al. 2016) whose class activation map (Zhou et al. 2016) leaves the graph with the classes."""

import torch
from torch import nn
from torch.nn import functional as F

SIZE = 28
CHANNELS = (16, 32, 64)
CLASSES = 2


class Residual(nn.Module):
    """Two 3x3 convolutions with batch norm, added to the input; the first may halve the sides."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        same = inputs == outputs and stride == 1
        self.skip = nn.Identity() if same else nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(y)) + self.skip(x))


class Network(nn.Module):
    """[N,1,28,28] normalised intensities to [N,2] logits (normal, pneumonia) and [N,1,28,28] evidence for pneumonia, 0 … 1."""

    def __init__(self, channels=CHANNELS, dropout=0.2):
        super().__init__()
        self.stem = nn.Conv2d(1, channels[0], 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(channels[0])
        blocks = [Residual(channels[0], channels[0])]
        for fine, coarse in zip(channels, channels[1:]):
            blocks += [Residual(fine, coarse, 2), Residual(coarse, coarse)]
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels[-1], CLASSES)
        self.register_buffer("heat_scale", torch.ones(()))

    def features(self, x):
        return self.blocks(F.relu(self.stem_norm(self.stem(x))))

    def forward(self, x):
        features = self.features(x)
        logits = self.head(self.dropout(features.mean((2, 3))))
        # The head applied at each place in place of the mean over all: the places' mean is the logit itself.
        weight = (self.head.weight[1] - self.head.weight[0])[None, :, None, None]
        places = F.conv2d(features, weight) + (self.head.bias[1] - self.head.bias[0])
        heat = F.interpolate(places, scale_factor=4.0, mode="bilinear", align_corners=False)
        return logits, torch.sigmoid(heat * self.heat_scale)
