"""The only process with a provider credential. It checks every proof itself, decides, signs, acts, reads back."""
