def mean_pool(h, m):
    return h.mean(dim=1) * (m.sum(dim=1) > 0)[:, None]
