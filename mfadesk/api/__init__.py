"""The JSON API: what other programs may read of this desk, each with a bearer token of narrow scope. It has no verb that writes."""
