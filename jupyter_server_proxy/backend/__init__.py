"""asyncio I/O to one target: connections, their pool, and exchanges. Nothing of Tornado here."""
