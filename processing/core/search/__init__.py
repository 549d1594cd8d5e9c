"""One search: its plan, its generations, and the rules that end it."""
