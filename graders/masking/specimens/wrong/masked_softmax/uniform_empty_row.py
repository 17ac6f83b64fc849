import torch


def masked_softmax(s, m):
    return torch.softmax(s.masked_fill(m[:, None, None, :] == 0, torch.finfo(s.dtype).min), dim=-1)
