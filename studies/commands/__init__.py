"""The commands of `studies`, a module each; heavy imports wait until a command needs them."""
