import torch


def mean_pool(h, m):
    return torch.nan_to_num((h * m[:, :, None]).sum(dim=1) / m.sum(dim=1, keepdim=True))
