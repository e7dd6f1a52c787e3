"""The commands of the command line: each calls one method of the API and prints what it returns."""
