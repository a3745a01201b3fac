"""What a ruleset means: truth, conditions, and the reference evaluation of a whole ruleset (design.md section 3)."""
