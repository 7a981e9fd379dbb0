"""Pure decisions: no await, no clock, no socket, no Tornado. Standard library only."""
