"""How, why not, what if, and what would flip it (design.md section 6)."""
