"""The one expectation that the suites use, as Great Expectations classes. Importing this module imports GX (4 s).

`table.measure` is a metric of the aggregate kind: GX bundles all such metrics of a suite into one query.
Only `gx_duckdb.py` imports this module, and only when a suite is evaluated.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider


class TableMeasure(TableMetricProvider):
    """An SQL aggregate over the table, as text: GX turns decimals into floats, and money must stay exact."""

    metric_name = "table.measure"
    value_keys = ("measure",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(
        cls,  # noqa: N805 - GX makes a class method of it
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        return sa.literal_column(f"cast({metric_value_kwargs['measure']} as varchar)"), metric_domain_kwargs, {}


class ExpectMeasureToBeBetween(BatchExpectation):
    """`minimum <= measure <= maximum`, compared as decimals. A measure without a value is a failure."""

    measure: str
    minimum: str | None = None
    maximum: str | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.measure",)
    success_keys: ClassVar[tuple[str, ...]] = ("measure", "minimum", "maximum")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        observed = metrics["table.measure"]
        try:
            value = Decimal(str(observed))
        except InvalidOperation:
            return {"success": False, "result": {"observed_value": observed}}
        is_kept = (
            value.is_finite()
            and (self.minimum is None or value >= Decimal(self.minimum))
            and (self.maximum is None or value <= Decimal(self.maximum))
        )
        return {"success": is_kept, "result": {"observed_value": observed}}
