"""The server-rendered pages: Django templates with htmx, usable on a phone, in dark mode and by keyboard."""
