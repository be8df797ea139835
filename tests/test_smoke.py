"""The test world itself works."""

from tests.world import World


def test_world(world: World) -> None:
    assert world.fingerprint() == world.fingerprint()
    response = world.call("GET", "/openapi.json")
    assert response.status_code == 200
