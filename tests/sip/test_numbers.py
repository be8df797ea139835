"""Inbound calls: the proxy finds the trunk of a number however the carrier writes it."""

from tests.sip.calls import answering
from tests.sip.phone import Phone
from tests.sip.proxy import CARRIER
from tests.sip.site import Site

HOST = "192.0.2.1"


def forms_of(number: str) -> tuple[str, ...]:
    """Request-URIs with a French number, as carriers write them."""
    digits, national = number[1:], f"0{number[3:]}"
    return (
        f"sip:{number}@{HOST}",
        f"sip:00{digits}@{HOST}",
        f"sip:011{digits}@{HOST}",
        f"sip:{digits}@{HOST}",
        f"sip:{national}@{HOST};user=phone",
        f"sip:%2B{digits}@{HOST}",
        f"sip:+33-{number[3:6]}.{number[6:8]}({number[8:]})@{HOST}",
        f"sip:{number};npdi;rn=+33123456789@{HOST}",
        f"tel:{number}",
        f"tel:{national};phone-context=+33",
    )


def test_spellings_of_carriers(site: Site) -> None:
    number = site.customer.route_number()
    forms = forms_of(number)
    site.customer.order_channels(len(forms))
    with site.proxy() as proxy, answering(proxy), Phone(proxy, CARRIER) as carrier:
        for index, uri in enumerate(forms):
            carrier.invite(f"{index}", uri=uri, call_id=f"call{index}")
            carrier.wait_for(f"{index}", 200)
        assert {call["direction"] for call in site.customer.live_calls()} == {"inbound"}
        for index, uri in enumerate((f"sip:{number}0@{HOST}", f"sip:alice@{HOST}", f"sip:{HOST}")):
            carrier.invite(f"no{index}", uri=uri, call_id=f"no{index}")
            carrier.wait_for(f"no{index}", 403)
        assert len(site.customer.live_calls()) == len(forms)


def test_a_table_that_is_loaded_again(site: Site) -> None:
    """A number that was routed meanwhile is known after a reload, without a restart."""
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy), Phone(proxy, CARRIER) as carrier:
        number = site.customer.route_number()
        carrier.invite("early", callee=number, call_id="early")
        carrier.wait_for("early", 403)
        site.write_tables(proxy)
        carrier.invite("late", callee=number, call_id="late")
        carrier.wait_for("late", 200)
