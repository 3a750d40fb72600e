"""The commands of the surface. The top room: it says the same verbs as the pages do and holds no rule; each command imports late."""
