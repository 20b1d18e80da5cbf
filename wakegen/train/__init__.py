"""Level 4: from embeddings to a `Head`."""
