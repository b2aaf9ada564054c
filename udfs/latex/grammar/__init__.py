"""The grammar of LaTeX mathematics: recursive descent over the forms that people write."""
