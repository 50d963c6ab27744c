"""What goes wrong with dashboards, each in one line that says what to do."""


class DashboardsError(Exception):
    """Why there are no dashboards."""


class BoardError(DashboardsError):
    """Why a board cannot be drawn."""
