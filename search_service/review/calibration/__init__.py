"""What people's verdicts say of scores, of what was missed, and of the work that is saved."""
