"""Session words: two plain words shown in exactly one browser session and worthless anywhere else (SETTLED 5).

They tie a call back or a voucher's conversation to that session; they are no factor. 256 words of one or two syllables, none of
which sounds like another or like a letter: two of them make 65,536 pairs, and a wrong pair is only ever noticed, never counted.
"""

from __future__ import annotations

from mfadesk.kernel.ids import Randomness

WORDS = tuple(
    """acorn actor album amber anchor apple apron arrow attic autumn badger bagel bamboo banjo barrel basket beacon beaver bishop
    blanket blossom bonnet border bottle boulder branch bridge bronze bucket buffalo button cabin cactus camel candle canvas canyon
    carbon cargo carpet carrot castle cattle cavern cellar chalk charcoal cherry chimney cider circle citrus clover cobalt coconut
    comet copper coral corner cotton cradle crater cricket crown crystal curtain custard cypress dagger daisy dancer denim desert
    diamond dinner dolphin donkey dragon drawer dream drum eagle echo elbow ember engine falcon farmer feather fender fiddle finger
    forest fossil fountain freckle frost galaxy garden garlic gazelle ginger glacier goblet gopher grape gravel guitar hammer harbor
    harvest hazel helmet heron hickory hollow honey horizon hunter igloo indigo island ivory jacket jasmine jelly jigsaw jungle
    kettle kitten ladder lagoon lantern laurel lemon lentil lobster locket lumber magnet mango maple marble meadow melon mercury
    mirror mitten monkey monsoon morning mosaic mountain muffin mushroom nectar needle nickel noodle nutmeg ocean olive onion orange
    orchard otter oyster paddle panther parade parcel parrot pebble pelican pencil pepper piano pigeon pillow pine planet pocket
    pollen poplar prairie puddle pumpkin puzzle quarry quilt rabbit radish raven ribbon river robin rocket saddle saffron salmon
    sandal sapphire scarlet shadow shovel silver skillet spider sparrow spiral squirrel stable summer sunset swallow table tailor
    teapot thimble thunder tiger timber tomato tractor trumpet tulip tunnel turtle umbrella valley velvet violet walnut wagon
    whistle willow window winter wizard yellow yogurt zebra zipper""".split()  # noqa: SIM905 - a block of words reads better
)[:256]


def new_session_words(randomness: Randomness) -> str:
    """Return two words, such as ``copper lantern``."""
    return words_from(randomness.bytes(4) + randomness.bytes(4))


def words_from(digest: bytes) -> str:
    """Return the two words that a digest of at least 8 bytes stands for."""
    first, second = (int.from_bytes(part, "big") % len(WORDS) for part in (digest[:4], digest[4:8]))
    return f"{WORDS[first]} {WORDS[second]}"


def same_words(heard: str, shown: str) -> bool:
    """Return whether two spellings are the same words, whatever their case and spacing."""
    return heard.casefold().split() == shown.casefold().split()
