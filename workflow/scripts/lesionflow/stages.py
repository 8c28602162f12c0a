"""The stages of transfer learning: 1 trains the head, 2 also the modules in `unfreeze`, 3 all layers."""

STAGES = (1, 2, 3)
