"""URLs of members and invitations."""

from django.urls import path

from fusion.portal.members.accept import invitation
from fusion.portal.members.pages import invite, members, remove, role, send_again, withdraw

OF = "customers/<uuid:organization_id>"
ONE = f"{OF}/members/<uuid:member_id>"
INVITED = f"{OF}/invitations/<uuid:invitation_id>"

urlpatterns = [
    path("invitation", invitation, name="invitation"),
    path(f"{OF}/members", members, name="organizations-members"),
    path(f"{OF}/members/invite", invite, name="organizations-invite"),
    path(ONE, role, name="organizations-member"),
    path(f"{ONE}/remove", remove, name="organizations-remove-member"),
    path(f"{INVITED}/send", send_again, name="organizations-send-invitation"),
    path(f"{INVITED}/withdraw", withdraw, name="organizations-withdraw-invitation"),
]
