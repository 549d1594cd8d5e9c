"""Networks as pictures: what is drawn, where it stands, and how it looks as SVG."""
