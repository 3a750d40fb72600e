"""Where the house is put together: settings, addresses, sign-in of staff, health. No rule about people or proofs lives here."""
