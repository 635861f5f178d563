"""A lamp's user, password and token stand in the configuration, and nowhere else."""

import pytest

from edge_agent.camera.lamp import Lamp, without_secrets
from tests.camera.role.test_parts import lamp_server, lit, until


@pytest.mark.parametrize("status", [401, None])
async def test_what_is_amiss_with_a_lamp_is_told_without_its_secrets(status: int | None) -> None:
    with lamp_server() as server:
        server.status = status or 200
        host = f"127.0.0.1:{server.server_port if status else 9}"
        lamp = Lamp(None, f"http://plant:geheim-ü@{host}/red?token=s3cret&on=1")
        async with lit(lamp):
            lamp.show(accepted=False)
            await until(lambda: lamp.failures == 1)
    fault = str(lamp.facts()["fault"])
    assert fault.startswith(f"http://…{host}/red?…: ")
    assert ("401 Client Error" if status else "refused") in fault
    assert not any(secret in fault for secret in ("plant", "geheim", "s3cret", "token"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Failed to parse: http://a:b@[1/red", "Failed to parse: http://…[1/red"),
        ("with url: /red?k=v (Caused by x)", "with url: /red?… (Caused by x)"),
        ("Invalid URL 'http://a@:8/?k'", "Invalid URL 'http://…:8/?…'"),
        ("http://h/red: no route", "http://h/red: no route"),
    ],
)
def test_user_password_and_query_of_each_url_are_left_out(words: str, told: str) -> None:
    assert without_secrets(words) == told
