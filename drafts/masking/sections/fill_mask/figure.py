# Des deux côtés ou d'un seul : un mot caché au milieu de sa phrase, que le modèle voit ou non jusqu'au
# bout. / Both sides or one: a word hidden in the middle of its sentence, which the model sees to its end or not.
from bareme.course import plots


def guessed_shares(how_many=30):
    hits = {"des deux côtés / both sides": 0, "à gauche seulement / left only": 0}
    for name in ("text-fr", "text-en"):
        taken = 0
        for example in load_dataset(name, "test"):
            if taken == how_many:
                break
            text = example["text"][:140]
            encoded = encoder_tokenizer(text, return_offsets_mapping=True)
            pieces = encoder_tokenizer.convert_ids_to_tokens(encoded["input_ids"])
            middle = len(pieces) // 2
            if len(pieces) < 12 or not pieces[middle].isalpha() or pieces[middle + 1].startswith("##"):
                continue  # only whole words
            start, end = encoded["offset_mapping"][middle]
            for side, rest in zip(hits, (text[end:], "")):
                ((best, _),) = fill_mask(encoder, encoder_tokenizer, f"{text[:start]}[MASK]{rest}", 1)[0]
                hits[side] += best == pieces[middle]
            taken += 1
    return {side: count / (2 * how_many) for side, count in hits.items()}


plots.shares(guessed_shares(), title="Mots cachés retrouvés / Hidden words found")
