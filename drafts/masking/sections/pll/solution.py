def pll(model, ids, mask_id=4):
    """Pseudo-log-vraisemblance d'une phrase. / Pseudo-log-likelihood of a sentence.

    model: BertForMaskedLM, ids: int64 [L], from [CLS] to [SEP], mask_id: int -> float
    """
    ### BEGIN SOLUTION
    if len(ids) == 2:
        return 0.0
    hidden = torch.eye(len(ids), dtype=torch.bool)[1:-1]  # [L - 2, L]: row i hides position i + 1
    rows = ids.masked_fill(hidden, mask_id)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        logits = model(rows).logits[hidden]  # [L - 2, V]
    model.train(was_training)
    return -F.cross_entropy(logits, ids[1:-1], reduction="sum").item()
    ### END SOLUTION
