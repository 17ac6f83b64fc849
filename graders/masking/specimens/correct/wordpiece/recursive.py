def wordpiece(word, vocab, unk="[UNK]", max_chars=100):
    if len(word) > max_chars:
        return [unk]

    def pieces_from(start):
        """Pieces of word[start:], or None where there is none."""
        if start == len(word):
            return []
        mark = "" if start == 0 else "##"
        for end in reversed(range(start + 1, len(word) + 1)):
            if mark + word[start:end] in vocab:
                rest = pieces_from(end)
                return None if rest is None else [mark + word[start:end], *rest]
        return None

    found = pieces_from(0)
    return [unk] if found is None else found
