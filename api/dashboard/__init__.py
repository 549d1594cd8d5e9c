"""The pages: server-rendered, small, the same on a phone, in the dark and by keyboard."""
