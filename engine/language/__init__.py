"""What a ruleset is: the model, loading with file:line:column errors, numbers and units, plain-English wording."""
