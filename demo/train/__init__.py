"""How the demo's tiny checkpoints are made: ``python -m demo.train`` renders, trains and evaluates everything."""
