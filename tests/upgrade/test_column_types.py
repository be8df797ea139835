"""No migration changes the type of a column, because servers of the previous release have plans.

PostgreSQL refuses their prepared statements even if only the length differs ("cached plan must not
change result type").
"""

from collections.abc import Iterator

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AlterField
from django.db.migrations.operations.base import Operation


def changes_of_types() -> Iterator[str]:
    loader = MigrationLoader(None)
    own = [
        key
        for key in loader.graph.nodes
        if loader.disk_migrations[key].__module__.startswith("fusion.")
    ]
    for app, name in own:
        migration = loader.disk_migrations[app, name]
        state = loader.project_state((app, name), at_end=False)
        for operation in migration.operations:
            before = state.clone()
            operation.state_forwards(app, state)
            if isinstance(operation, AlterField):
                yield from _changed(
                    operation, before.apps.get_model(app, operation.model_name), app
                )


def _changed(operation: Operation, model: type, app: str) -> Iterator[str]:
    assert isinstance(operation, AlterField)
    old = model._meta.get_field(operation.name)  # type: ignore[attr-defined]
    new = operation.field.clone()
    new.model = model
    if old.db_type(connection) != new.db_type(connection):
        yield f"{app}.{operation.model_name}.{operation.name}"


def test_no_migration_changes_the_type_of_a_column() -> None:
    assert list(changes_of_types()) == []
