"""What a report says in words of its own when it cannot be made or sent."""


class ReportError(Exception):
    """Why there is no report, in one line that says what to do."""
