"""The page where a group's administrators set the name, colour and logo of the portal."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import MANAGE_BRAND
from fusion.branding.brand import DEFAULT_COLOUR, DEFAULT_NAME, MAX_LOGO, MAX_NAME, Logo, read_logo
from fusion.branding.colours import normal_colour, palette
from fusion.branding.models import Brand
from fusion.branding.set_brand import set_brand
from fusion.portal.errors import explain_field
from fusion.portal.forms import Form, LineField
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.responses import done, show, show_form
from fusion.portal.session_actor import PageRequest


class BrandForm(Form):
    """Name, colour and logo."""

    name = LineField(
        label=_("Name"),
        max_length=MAX_NAME,
        help_text=_("Appears in the corner of every page, in titles and in e-mails."),
    )
    colour = LineField(
        label=_("Colour"),
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text=_("If the colour is hard to read, Fusion makes it darker or lighter as needed."),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG or WebP, up to 64 KiB. Shown 28 pixels high."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    remove_logo = forms.BooleanField(label=_("Remove the current logo"), required=False)

    def clean_colour(self) -> str:
        """The normalized colour."""
        try:
            return normal_colour(self.cleaned_data["colour"])
        except ValueError as error:
            raise forms.ValidationError(explain_field(str(error))) from None

    def clean_logo(self) -> Logo | None:
        """The picture, if one was chosen; never reads more than the allowed size."""
        file: UploadedFile[bytes] | None = self.cleaned_data["logo"]
        if file is None:
            return None
        try:
            return read_logo(file.read(MAX_LOGO + 1))
        except ValueError as error:
            raise forms.ValidationError(explain_field(str(error))) from None


@page(MANAGE_BRAND)
def show_brand(request: PageRequest) -> HttpResponse:
    """`GET /brand`."""
    brand = _present(request)
    context = {"saved": brand, "colours": palette(brand.colour)}
    return show(request, "portal/brand/brand.html", context)


def _present(request: PageRequest) -> Brand:
    rows = Brand.objects.defer("logo").filter(group_id=request.actor.group_id)
    return rows.first() or Brand(name=DEFAULT_NAME, colour=DEFAULT_COLOUR)


@page(MANAGE_BRAND, methods=FORM)
def edit(request: PageRequest) -> HttpResponse:
    """`GET` and `POST /brand/edit`."""
    brand = _present(request)
    form = form_of(request, BrandForm, {"name": brand.name, "colour": brand.colour})
    if not brand.logo_type:
        del form.fields["remove_logo"]
    answer = submit(
        request,
        form,
        lambda actor: set_brand(
            actor,
            name=form.cleaned_data["name"],
            colour=form.cleaned_data["colour"],
            logo=form.cleaned_data["logo"],
            remove_logo=form.cleaned_data.get("remove_logo", False),
        ),
    )
    if answer is None:
        return show_form(request, "portal/brand/edit.html", form)
    return done(request, gettext("The brand was changed."), "brand", answer=answer)
