def mlm_loss(logits, y):
    """Entropie croisée moyenne sur les positions étiquetées. / Mean cross-entropy over labelled positions.

    logits: float [B, L, V], y: int64 [B, L] -> float []
    """
    ### BEGIN SOLUTION
    labelled = y != -100
    z, target = logits[labelled], y[labelled]  # [N, V], [N]
    surprise = z.logsumexp(dim=1) - z.gather(1, target.unsqueeze(1)).squeeze(1)
    return surprise.sum() / labelled.sum().clamp(min=1)  # of no position: 0 / 1
    ### END SOLUTION
