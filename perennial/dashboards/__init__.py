"""The dashboards: a static site from the boards, and the server that is asked live.

`boards` reads them, `choices` finds what can be chosen and the pages of it, `layout`
has them for desks and phones, `drawing` has dbt-charts draw them, `pictures` and
`pages` make HTML of it, `folder` keeps the old site until the new one is whole.
"""

from perennial.dashboards.errors import BoardError, DashboardsError
from perennial.dashboards.server import serve_boards
from perennial.dashboards.site import Site, build_site

__all__ = ["BoardError", "DashboardsError", "Site", "build_site", "serve_boards"]
