"""How the tables came to be what they are, one file a step. A step that was released is never edited."""
