"""The last touches before a formula is shown."""
