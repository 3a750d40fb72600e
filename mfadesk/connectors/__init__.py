"""One folder an outside service: identity providers, factor services, couriers. Only the executor may import from here.

Every connector keeps a promise from `ports`; `registry` opens one from plain configuration, so that nobody above names a class.
"""
