"""Networks for people: their layout, their drawing, and the activity of their units."""
