"""privacyIDEA 3.14 as a provider, over its REST API and nothing else (it is AGPL: another process, never a library).

It needs a service token (``pi-manage api createtoken -r admin``) whose account is named in one admin policy for the one realm,
with the actions of `policies.NEEDED`; an enrolment policy ``verify_enrollment="hotp totp"``; and for passkeys the relying
party's id and name, and user verification ``required``, for enrolment and for authentication.

Where it differs from the port, on purpose and in the open:

* It makes its own WebAuthn challenges, so an assertion cannot commit to a case (`binds_challenge` is False).
* A pending one-time-password token cannot sign anybody in (rollout state ``verify``, which a policy must demand: `enrol`
  refuses without it). A registered passkey can, from its registration on; it counts as pending here until its first accepted
  assertion.
* Shown one code or one assertion twice at one moment, over two connections, it takes it twice. `check_code` and `finish_assertion`
  ask one after the other; there is one executor, and what another application asks at that moment is out of our hands.
* It keeps no sessions of the applications behind it: `end_sessions` does nothing and `ends_sessions` says so.
* What it does not say is read the cautious way: a passkey may be synced until its own flag says otherwise, a token is on the
  phone unless its kind is hardware, and a token without a date is from today.
* Token types that the port has no word for (static passwords, e-mail, questions …) are not shown, and nothing they accept
  counts.
"""
