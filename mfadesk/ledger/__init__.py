"""The record that can be checked by somebody who trusts nobody here: salted commitments in a Merkle tree under signed
checkpoints.

`merkle` grows and proves the tree, `leaf` says what one leaf commits to, `note` signs and opens checkpoints, `pack` writes
the one file that leaves the house, and `verify` judges such a file with nothing but the file and a key. The room knows no
database: whoever holds the rows hands them in as plain records.
"""
