# Votre fonction sur de vrais textes : que deviennent les positions choisies ?
# Your function on real texts: what becomes of the chosen positions?
from bareme.course.plots import shares

tokenizer = load_tokenizer("tiny-encoder")
texts = [item["text"] for item in load_dataset("text-fr", "train")]
encoded = tokenizer(texts[:400], padding=True, truncation=True, return_special_tokens_mask=True, return_tensors="pt")
ids, special = encoded["input_ids"], encoded["special_tokens_mask"].bool()
inputs, labels = mask_tokens(
    ids, special, tokenizer.mask_token_id, len(tokenizer), tokenizer.all_special_ids, 0.15, torch.Generator().manual_seed(0)
)
chosen = labels != -100
before, after = ids[chosen], inputs[chosen]
fates = {
    "[MASK]": after == tokenizer.mask_token_id,
    "au hasard\nrandom": (after != tokenizer.mask_token_id) & (after != before),
    "inchangé\nunchanged": after == before,
}
observed = {name: fate.float().mean().item() for name, fate in fates.items()}
percent = 100 * chosen.sum().item() / (~special).sum().item()
shares(
    observed,
    dict(zip(fates, (0.8, 0.1, 0.1))),
    title=f"Ce que deviennent les {percent:.0f} % de jetons choisis\nWhat becomes of the {percent:.0f}% of tokens chosen",
)
