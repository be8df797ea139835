"""URLs of sign-in and of a person's own account.

The views are django-allauth's, with the URL names that it requires, at paths of ours; views that
are not listed do not exist (signing up, changing the e-mail address).
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import path, re_path

from fusion.portal.account import memberships, security, settings
from fusion.portal.account.demo_mails import demo_mails
from fusion.portal.account.new_password import new_password
from fusion.portal.account.sign_in import sign_in

urlpatterns = [
    path("sign-in", sign_in, name="account_login"),
    path("sign-in/second-factor", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/closed", account.account_inactive, name="account_inactive"),
    path("demonstration/mails", demo_mails, name="demo-mails"),
    path("sign-out", account.logout, name="account_logout"),
    path("password/forgotten", account.password_reset, name="account_reset_password"),
    path("password/sent", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)$",
        new_password,
        name="account_reset_password_from_key",
    ),
    path(
        "password/set",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("account", settings.settings, name="settings"),
    path("account/theme", settings.theme, name="theme"),
    path("account/organization", settings.act_for, name="switch"),
    path("account/memberships/<uuid:member_id>/leave", memberships.leave, name="leave"),
    path("account/language", settings.language, name="language"),
    path("account/security", security.security, name="security"),
    path("account/security/sessions/<int:session_id>", security.end, name="end-session"),
    path("account/security/sessions", security.end_others, name="usersessions_list"),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/password/first", account.password_set, name="account_set_password"),
    path("account/confirm", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/second-factor", security.second_factor, name="mfa_index"),
    path("account/second-factor/on", totp.activate_totp, name="mfa_activate_totp"),
    path("account/second-factor/off", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/recovery-codes", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "account/recovery-codes/new",
        recovery.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/recovery-codes/file",
        recovery.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
]
