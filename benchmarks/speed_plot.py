"""Draw how CPU seconds grow with customers, a panel for each question."""

from collections.abc import Sequence
from pathlib import Path

from speed_measure import spread_of
from speed_questions import CONTENDERS, QUESTIONS
from speed_run import SizeResult

COLORS = {
    "ours": "#c8553d",
    "floor": "#1b1b1b",
    "spine": "#7a9e7e",
    "pandas": "#8a7fb5",
    "polars": "#3f88c5",
}


def draw_growth(results: Sequence[SizeResult], target: Path) -> None:
    """Write the plot as SVG; the same readings give the same bytes.

    Args:
        results: by size, smallest first.
        target: the file.
    """
    # Here and not above: it is large, and what is measured starts beside it.
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams |= {"svg.hashsalt": "perennial", "svg.fonttype": "none"}
    from matplotlib import pyplot

    sizes = [one.customers for one in results]
    figure, panels = pyplot.subplots(
        1, len(QUESTIONS), figsize=(3.4 * len(QUESTIONS), 3.8), sharey=True
    )
    for axes, (name, question) in zip(panels, QUESTIONS.items(), strict=True):
        for contender in CONTENDERS:
            if contender in results[0].questions[name]:
                spreads = [
                    spread_of(
                        [run.cpu_seconds for run in one.questions[name][contender]]
                    )
                    for one in results
                ]
                medians = [one.median for one in spreads]
                below = [one.median - one.low for one in spreads]
                above = [one.high - one.median for one in spreads]
                axes.errorbar(
                    sizes,
                    medians,
                    yerr=(below, above),
                    marker="o",
                    markersize=4,
                    color=COLORS[contender],
                    label=contender,
                )
        axes.set_xscale("log")
        axes.set_yscale("log")
        # Also one size alone has its place.
        axes.set_xlim(sizes[0] / 2, sizes[-1] * 2)
        axes.set_xlabel("customers")
        axes.set_title(question.title, loc="left", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("CPU seconds")
    # The second question is the first that all contenders answer.
    panels[1].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    pyplot.savefig(target, metadata={"Date": None})
    pyplot.close(figure)
