"""Level 2: what is said. Phrases and their phonemes, texts that must not wake the detector, sentences, words.

Every random choice comes from the generator that the caller hands in.
"""
