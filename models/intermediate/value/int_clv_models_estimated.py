"""One row per cut, model, group, output, item, frequency, position and level.

The only step of lifetime value that SQL can't do: perennial/clv.
"""

from perennial.clv.fit import fit_cuts

RELATION = """
    select
        cast(cut_name as varchar) as cut_name,
        cast(model_name as varchar) as model_name,
        cast(plan_id as varchar) as plan_id,
        cast(term_name as varchar) as term_name,
        cast(output_name as varchar) as output_name,
        cast(item_name as varchar) as item_name,
        cast(frequency as integer) as frequency,
        cast(position as integer) as position,
        cast(argument as double) as argument,
        cast(level as double) as level,
        cast(value as double) as value,
        cast(standard_error as double) as standard_error,
        cast(note as varchar) as note
    from fitted
"""


def model(dbt, session):
    """Fit what the counted rows hold; DuckDB reads numpy's nan as null."""
    cuts = dbt.ref("int_clv_cuts").fetchnumpy()
    tables = {
        "cells": dbt.ref("int_clv_cells"),
        "value_cells": dbt.ref("int_clv_value_cells"),
        "renewals": dbt.ref("int_renewals_aggregated_to_tenures"),
    }

    def of_cut(table, name):
        # The name on every row would cost more to fetch than all numbers.
        rows = tables[table].filter(f"cut_name = '{name}'")
        return rows.project("* exclude (cut_name)").fetchnumpy()

    fitted = fit_cuts(cuts, of_cut)
    session.register("fitted", fitted)
    return session.sql(RELATION)
