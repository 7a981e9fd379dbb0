"""Pure decisions: no await, no clock, no socket, no Tornado, no traitlets. Standard library only."""
