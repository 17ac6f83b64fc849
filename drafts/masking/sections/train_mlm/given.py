# Fourni : un BERT de poche, aux poids tirés au hasard. / Supplied: a pocket BERT with random weights.
from transformers import BertConfig, BertForMaskedLM


def tiny_bert(vocab_size, seed, dropout=0.0):
    """Une couche, largeur 64, 64 positions au plus, en mode évaluation. Les générateurs globaux restent intacts. /
    One layer, width 64, at most 64 positions, in evaluation mode. Global generators stay as they are.

    vocab_size, seed: int, dropout: float -> BertForMaskedLM
    """
    config = BertConfig(
        vocab_size=vocab_size,
        hidden_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=64,
        initializer_range=0.05,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BertForMaskedLM(config).eval()
