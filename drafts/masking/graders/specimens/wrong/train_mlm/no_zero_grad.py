import torch


def train_mlm(model, data, steps, lr, seed):
    train = data["train"]
    rng = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    before = model.training
    model.train()
    numbers = data["mask_id"], data["vocab_size"], data["special_ids"], 0.15, rng
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(train["ids"]), (32,), generator=rng)
        inputs, labels = mask_tokens(train["ids"][rows], train["special"][rows], *numbers)
        logits = model(input_ids=inputs, attention_mask=train["attention_mask"][rows]).logits
        loss = mlm_loss(logits, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.train(before)
    return losses
