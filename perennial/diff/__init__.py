"""What a change of the project does to its public numbers, as a page of Markdown.

Two states of the project are laid out in a temporary folder, both are built on
one demo, and their marts are compared in SQL. Nothing outside that folder is
written.
"""
