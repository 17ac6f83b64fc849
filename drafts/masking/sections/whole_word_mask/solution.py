def whole_word_mask(ids, word_ids, p, mask_id, rng):
    """Masque des mots entiers, tirés au sort. / Masks whole words, drawn at random.

    ids: int64 [L], word_ids: list[int | None], p: float, mask_id: int, rng: torch.Generator -> (inputs, labels), int64 [L]
    """
    ### BEGIN SOLUTION
    from itertools import groupby

    runs = [(word, len(list(run))) for word, run in groupby(word_ids)]
    chances = torch.tensor([0.0 if word is None else p for word, _ in runs])
    lengths = torch.tensor([length for _, length in runs], dtype=torch.int64)
    chosen = torch.bernoulli(chances, generator=rng).bool().repeat_interleave(lengths)
    return ids.masked_fill(chosen, mask_id), ids.masked_fill(~chosen, -100)
    ### END SOLUTION
