"""The lab provider: a small identity provider of our own that ships with the product.

It verifies codes and passkeys for real (RFC 4226, RFC 6238, WebAuthn level 3), keeps them in one SQLite file, and can be told
to be slow, wrong, half-done or gone. Demos, drills and tests use it; a trial installation may. `provider` keeps the port,
`scene` sets the stage, `soft_passkey` is an authenticator made of software.
"""
