"""What the tests with a real JupyterHub share: the Hub, visitors with browsers' habits, its API."""
