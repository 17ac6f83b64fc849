import torch


def mean_pool(h, m):
    rows = []
    for vectors, real in zip(h, m.bool()):
        chosen = vectors[real]
        rows.append(chosen.mean(dim=0) if len(chosen) else torch.zeros_like(vectors[0]) * vectors[0])
    return torch.stack(rows)
