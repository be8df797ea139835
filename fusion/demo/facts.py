"""`var/demo.json`: the facts that scripts and people need to use the demonstration."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from fusion.catalogue.models import ACTIVE, Product
from fusion.demo import credentials
from fusion.demo.installation import REASON, Installation


def gather(
    installation: Installation, *, base_url: str, former: dict[str, Any], trusting: bool
) -> dict[str, Any]:
    """The facts; `former` are those of the last run, whose secrets are kept if they work.

    `trusting`: passwords of the same installation are assumed to work.
    """
    same = former.get("group_id") == str(installation.group)
    products = Product.objects.unscoped(REASON).filter(group_id=installation.group, status=ACTIVE)
    return {
        "base_url": base_url,
        "group_id": str(installation.group),
        "tenant_id": str(installation.tenant),
        "subscription_id": str(installation.subscription),
        "product_ids": {
            code: str(id) for code, id in products.order_by("code").values_list("code", "id")
        },
        "clients": credentials.clients(installation, _of(former, "clients", {})),
        "logins": credentials.logins(
            installation, _of(former, "logins", []), trusting=trusting and same
        ),
    }


def _of[Kind](former: dict[str, Any], name: str, nothing: Kind) -> Kind:
    found = former.get(name)
    return found if isinstance(found, type(nothing)) else nothing


def read(file: Path) -> dict[str, Any]:
    """The facts of the last run; none if the file is missing or not ours."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def write(file: Path, facts: dict[str, Any]) -> None:
    """Write them atomically, readable by their owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
        json.dump(facts, target, indent=2)
        target.write("\n")
    draft.rename(file)
