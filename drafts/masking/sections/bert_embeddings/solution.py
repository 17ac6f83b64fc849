def bert_embeddings(ids, seg, w, pad=None):
    """Mot + position + segment, puis normalisation. / Word + position + segment, then normalisation.

    ids: int64 [B, L], seg: int64 [B, L], w: dict[str, torch.Tensor], pad: int | None -> float [B, L, D]
    """
    ### BEGIN SOLUTION
    if pad is None:
        places = torch.arange(len(ids.T))
    else:
        real = ids != pad
        places = pad + real.cumsum(dim=1) * real  # pads stay at position pad
    words = w["word_embeddings.weight"][ids]
    e = words + w["position_embeddings.weight"][places] + w["token_type_embeddings.weight"][seg]
    centred = e - e.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(variance + 1e-12) * w["LayerNorm.weight"] + w["LayerNorm.bias"]
    ### END SOLUTION
