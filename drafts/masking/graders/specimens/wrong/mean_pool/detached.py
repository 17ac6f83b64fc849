import torch


@torch.no_grad()
def mean_pool(h, m):
    return (h * m[:, :, None]).sum(dim=1) / m.sum(dim=1, keepdim=True).clamp(min=1)
