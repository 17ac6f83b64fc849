from bareme.course.plots import attention_map

# Les poids que votre fonction donne à une vraie phrase, dans la troisième couche du petit BERT du cours.
# The weights that your function gives to a real sentence, in the third layer of the course's small BERT.
model, tokenizer = load_model("tiny-encoder"), load_tokenizer("tiny-encoder")
encoded = tokenizer("Les chiens de la voisine dorment dans le jardin .", return_tensors="pt")
with torch.no_grad():
    states = model.bert(**encoded, output_hidden_states=True).hidden_states
    w = model.bert.encoder.layer[2].attention.self.state_dict()
    _, p = self_attention(states[2], w, model.config.num_attention_heads, encoded["attention_mask"])
attention_map(p[0], tokenizer.convert_ids_to_tokens(encoded["input_ids"][0].tolist()), "fr")
