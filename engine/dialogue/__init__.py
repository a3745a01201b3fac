"""What to ask next, and why: relevance, progress, the consultation (design.md sections 3 and 5)."""
