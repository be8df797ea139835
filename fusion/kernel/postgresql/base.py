"""Django's backend for PostgreSQL, with this project's pool."""

from typing import Any

from django.db.backends.postgresql import base

from fusion.kernel.postgresql.pool import Pool

_pools: dict[str, Pool] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes its connections from a `Pool`."""

    @property
    def pool(self) -> Pool:
        """This process's pool; the first caller that takes a connection opens it."""
        if self.alias not in _pools:
            parameters: dict[str, Any] = {**self.get_connection_params(), "autocommit": True}
            pool = Pool(
                kwargs=parameters,
                configure=self._configure_connection,  # type: ignore[attr-defined]
                **self.settings_dict["OPTIONS"]["pool"],
            )
            _pools.setdefault(self.alias, pool)
        return _pools[self.alias]

    def close_pool(self) -> None:
        """Close the pool and its connections."""
        if self.alias in _pools:
            _pools.pop(self.alias).close()
