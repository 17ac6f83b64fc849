def mask_tokens(ids, special, mask_id, vocab_size, special_ids, p, rng):
    """Choisit des positions et les masque (80/10/10). / Chooses positions and masks them (80/10/10).

    ids: int64 [B, L], special: bool [B, L], mask_id, vocab_size: int, special_ids: list[int], p: float,
    rng: torch.Generator -> (inputs, labels), int64 [B, L]
    """
    ### BEGIN SOLUTION
    def coin(chance):
        return torch.bernoulli(torch.full(ids.shape, chance), generator=rng).bool()

    chosen = coin(p) & ~special
    masked = chosen & coin(0.8)
    drawn = chosen & coin(0.5)  # of what is not masked, half: a tenth of the chosen
    words = torch.tensor([token for token in range(vocab_size) if token not in special_ids])
    at_random = words[torch.randint(len(words), ids.shape, generator=rng)]
    inputs = torch.where(masked, mask_id, torch.where(drawn, at_random, ids))
    return inputs, ids.masked_fill(~chosen, -100)
    ### END SOLUTION
