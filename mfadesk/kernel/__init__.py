"""The ground floor: words, time, randomness, canonical bytes and sealing. It imports nothing of ours and knows no framework."""
