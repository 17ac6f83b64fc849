def nsp_pairs(docs, rng):
    """Des paires de phrases, étiquette 0 si B suit A, 1 si elle vient d'un autre document. / Pairs of sentences, label 0
    if B follows A, 1 if it comes from another document.

    docs: list[list[int64 [L]]], rng: torch.Generator -> list[tuple[int64 [L], int64 [L], int]]
    """
    ### BEGIN SOLUTION
    sentences = [sentence for doc in docs for sentence in doc]
    pairs, start = [], 0  # start: how many sentences come before this document
    for doc in docs:
        others = len(sentences) - len(doc)
        for a, successor in zip(doc, doc[1:]):
            if others == 0 or torch.randint(2, (), generator=rng):
                pairs.append((a, successor, 0))
            else:
                drawn = torch.randint(others, (), generator=rng)
                if drawn >= start:  # skip this document
                    drawn += len(doc)
                pairs.append((a, sentences[drawn], 1))
        start += len(doc)
    return pairs
    ### END SOLUTION
