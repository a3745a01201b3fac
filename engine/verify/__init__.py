"""What can be proved or tested about a ruleset. In this part: its cases."""
