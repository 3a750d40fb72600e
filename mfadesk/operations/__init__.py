"""The one door: one module a verb. Pages, API, commands and workers say the same verbs here and none of them holds a rule."""
