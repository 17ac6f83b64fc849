# Votre fonction sur de vraies phrases : la perte part de ln V, et passe sous ce que donneraient les fréquences seules.
# Your function on real sentences: the loss starts at ln V, and gets below what frequencies alone would give.
from bareme.course.plots import loss_curves

language = "fr"
tokenizer = load_tokenizer("tiny-encoder")
encoded = {
    split: tokenizer(
        [item["right"] for item in load_dataset(f"agreement-{language}", split)],
        **{"padding": True, "return_special_tokens_mask": True, "return_tensors": "pt"},
    )
    for split in ("train", "validation")
}
# Seuls restent les jetons de ces phrases, renumérotés. / Only the tokens of these sentences stay, with new numbers.
every = [torch.tensor(tokenizer.all_special_ids), *(part["input_ids"].flatten() for part in encoded.values())]
words = torch.cat(every).unique()
data = {
    split: {
        "ids": torch.searchsorted(words, part["input_ids"]),
        "special": part["special_tokens_mask"].bool(),
        "attention_mask": part["attention_mask"],
    }
    for split, part in encoded.items()
}
data["vocab_size"] = len(words)
data["mask_id"], *data["special_ids"] = torch.searchsorted(
    words, torch.tensor([tokenizer.mask_token_id, *tokenizer.all_special_ids])
).tolist()
losses = train_mlm(tiny_bert(len(words), seed=0), data, steps=150, lr=3e-3, seed=0)

shares_of_tokens = torch.bincount(data["train"]["ids"][~data["train"]["special"]]).double()
shares_of_tokens /= shares_of_tokens.sum()
entropy = -torch.special.xlogy(shares_of_tokens, shares_of_tokens).sum().item()
names = ("votre modèle", "ln V", "fréquences seules") if language[0] == "f" else ("your model", "ln V", "frequencies alone")
levels = ([math.log(len(words))] * len(losses), [entropy] * len(losses))
loss_curves(dict(zip(names, (losses, *levels))), language, smooth=10)
