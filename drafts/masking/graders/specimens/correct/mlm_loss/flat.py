import torch


def mlm_loss(logits, y):
    flat = logits.reshape(-1, logits.size(-1))
    keep = (y.reshape(-1) + 100).nonzero().squeeze(1)
    if keep.numel() == 0:
        return (flat[keep]).sum()
    z = flat.index_select(0, keep)
    z = z - z.detach().max(dim=1, keepdim=True).values
    target = y.reshape(-1).index_select(0, keep)
    return (z.exp().sum(dim=1).log() - z[torch.arange(len(keep)), target]).mean()
