"""The example organisation and the side room in which one person can play every role. Neither exists outside demo mode."""
