"""What joins a client side and a backend side. No routes, no login, no configuration here."""
