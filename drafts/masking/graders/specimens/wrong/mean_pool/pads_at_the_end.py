import torch


def mean_pool(h, m):
    count = m.sum(dim=1)
    first = torch.arange(h.shape[1])[None, :] < count[:, None]
    return (h * first[:, :, None]).sum(dim=1) / count.clamp(min=1)[:, None]
