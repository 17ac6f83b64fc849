from torch import Generator, autograd, nn, optim, randint
from torch.nn import functional as F


def train_mlm(model, data, steps, lr, seed):
    mode = "train" if model.training else "eval"
    part, losses, rng = data["train"], [], Generator().manual_seed(seed)
    weights = list(model.parameters())
    adam = optim.AdamW([{"params": weights}], lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    model.train()
    while len(losses) < steps:
        rows = randint(part["ids"].shape[0], size=(32,), generator=rng)
        rows_of = {name: tensor.index_select(0, rows) for name, tensor in part.items()}
        shown, hidden = mask_tokens(
            rows_of["ids"], rows_of["special"], data["mask_id"], data["vocab_size"], data["special_ids"], 0.15, rng
        )
        chosen = hidden.ne(-100)
        if chosen.any():
            scores = model(input_ids=shown, attention_mask=rows_of["attention_mask"]).logits
            loss = F.cross_entropy(scores[chosen], hidden[chosen])
        else:
            loss = 0 * model(input_ids=shown).logits.sum()
        for weight, gradient in zip(weights, autograd.grad(loss, weights, allow_unused=True)):
            weight.grad = gradient
        adam.step()
        losses.append(loss.detach().item())
    getattr(model, mode)()
    return losses
