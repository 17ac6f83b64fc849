import torch


def masked_softmax(s, m):
    allowed = m[:, None, :, None] * m[:, None, None, :]
    p = torch.softmax(s.masked_fill(allowed == 0, torch.finfo(s.dtype).min), dim=-1)
    return p * allowed
