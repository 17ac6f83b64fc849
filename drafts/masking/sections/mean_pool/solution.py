def mean_pool(h, m):
    """Moyenne des vecteurs des vrais jetons de chaque phrase. / Mean of the real tokens' vectors of each sentence.

    h: float [B, L, D], m: int64 [B, L] -> float [B, D]
    """
    ### BEGIN SOLUTION
    real = m.unsqueeze(-1)
    total = (h * real).sum(dim=1)
    return total / real.sum(dim=1).clamp(min=1)  # an all-padding sentence: 0 / 1
    ### END SOLUTION
