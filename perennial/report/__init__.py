"""The mailed report: from a small YAML and the published file to one page.

`definition` reads the YAML, `sections` and its neighbours read the marts,
`pictures` draws, `page` writes HTML, text and PDF, `message` makes the mail,
`sending` hands it to a mail server, `run` does all of it for each report.
"""
