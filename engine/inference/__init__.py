"""How a ruleset runs: compiled to clauses, chained forward on durable-rules, recorded as a trail."""
