"""Entity tags of products (RFC 9110, section 8.8.3) and the conditions that name them."""

import re

from fusion.kernel.errors import InvalidFields, Problem

_TAG = '(?:W/)?"[!#-~\x80-\xff]*"'
_LIST = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*")


def etags(header: str) -> list[str]:
    """The tags of a condition, or `*`; none if it is malformed. A tag may contain commas."""
    header = header.strip()
    if header == "*":
        return [header]
    return re.findall(_TAG, header) if _LIST.fullmatch(header) else []


def etag(version: int) -> str:
    """The strong tag of a version: equal versions are equal byte for byte."""
    return f'"{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Return if there is no condition, or if it is `*` or names this version.

    Problem `stale-revision` otherwise: weak tags never match here. InvalidFields if the header is
    neither `*` nor a list of tags.
    """
    if if_match is None:
        return
    tags = etags(if_match)
    if not tags:
        raise InvalidFields(
            **{"If-Match": f"must be * or entity tags in double quotes, such as {etag(1)}"}
        )
    if "*" not in tags and etag(version) not in tags:
        raise Problem(
            "stale-revision",
            f"The product has changed since you read it: its ETag is now {etag(version)}, "
            f"but If-Match has {', '.join(tags)[:200]}. Read the product again.",
            headers={"ETag": etag(version)},
        )


def none_match(if_none_match: str | None, version: int) -> bool:
    """Whether the reader does not have this version yet; malformed tags match nothing."""
    tags = [tag.removeprefix("W/") for tag in etags(if_none_match or "")]
    return "*" not in tags and etag(version) not in tags
