"""The e-mail of an invitation."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.mail import send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from fusion.portal.visit import brand_for
from fusion.tenancy.models import Organization


def send_invitation(
    request: HttpRequest, organization: Organization, told: Mapping[str, Any]
) -> None:
    """Write the mail of an invitation that was made or renewed: the one place of its secret.

    In the language of whoever invites: that of the invited is not known.
    """
    link = f"{reverse('invitation')}?{urlencode({'key': told['token']})}"
    brand = brand_for(request)
    context = {
        "organization": organization.name,
        "link": request.build_absolute_uri(link),
        "brand": brand.name if brand else "Fusion",
    }
    subject, _, text = render_to_string("portal/members/mail.txt", context).strip().partition("\n")
    send_mail(" ".join(subject.split()), f"{text.strip()}\n", None, [told["email"]])
