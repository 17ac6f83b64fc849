def wordpiece(word, vocab, unk="[UNK]", max_chars=100):
    if len(word) > max_chars:
        return [unk]
    pieces, start = [], 0
    known = list(vocab)  # looked through from its start at each try
    while start < len(word):
        end = len(word)
        prefix = "##" if start else ""
        while end > start and prefix + word[start:end] not in known:
            end -= 1
        if end == start:
            return [unk]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces
