import torch


def mean_pool(h, m):
    with torch.no_grad():
        h[m == 0] = 0.0
    return h.sum(dim=1) / m.sum(dim=1, keepdim=True).clamp(min=1)
