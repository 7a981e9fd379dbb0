"""The released 4.6.0 beside this package: the same requests, and what came of them."""
