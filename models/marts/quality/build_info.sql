{# One row per build, so one in all: what made the tables of this file. #}

{% set inputs = locate_inputs() if execute else {'origin': '', 'tables': {}} %}

with

inputs as (

    select * from {{ ref('util_input_gate') }}

),

-- The tables that were brought, as they came, without naming anyone in them.
fingerprints as (

    select
        {% for table, input in inputs.tables.items()
            if input.form != 'absent' %}
        max(
            case
                when table_name = '{{ table }}'
                    then
                        '{{ table }} '
                        || cast(raw_rows as {{ dbt.type_string() }}) || ' rows'
                        || coalesce(
                            ', ' || cast(
                                brought_bytes as {{ dbt.type_string() }}
                            ) || ' bytes',
                            ''
                        )
                        || ', hash ' || content_hash
                        {{ "|| '; '" if not loop.last }}
            end
        )
        ||
        {% endfor %}
        '' as input_fingerprint

    from inputs

),

-- The history that the snapshots of this build went on with.
history as (

    select min(told_at) as first_told_at

    from {{ ref('snap_builds') }}

    where input_name = {{ sql_text(history_name()) }}

),

final as (

    select
        ---------- keys
        '{{ invocation_id }}' as build_id,

        ---------- attributes
        {{ sql_text(history_name()) }} as input_name,
        '{{ policy_key() }}' as policy_key,
        {{ sql_text(inputs.origin) }} as input_origin,
        {{ sql_text(env_var('PERENNIAL_GIT_COMMIT', 'unknown')) }}
            as git_commit,
        'perennial 0.1.0, dbt {{ dbt_version }}, {{ target.type }} '
        || version() as versions,
        {{ sql_text(policy_values() | tojson) }} as policies,
        fingerprints.input_fingerprint,
        -- Publishing fills these two, in the published file.
        cast(null as {{ dbt.type_string() }}) as accepted_audits,

        ---------- dates
        {{ as_of_date() }} as as_of_date,
        cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp)
            as started_at,
        coalesce(
            history.first_told_at,
            cast(
                '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}'
                as timestamp
            )
        ) as history_since,
        cast(null as timestamp) as published_at

    from fingerprints

    cross join history

)

select * from final
