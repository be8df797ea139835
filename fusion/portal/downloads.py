"""Lists as files that people open in a spreadsheet: `<page>.csv` and `<page>.xlsx`."""

from typing import Literal, cast

from django.forms import Form
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import register_converter
from django.urls.converters import StringConverter

from fusion.kernel.sheets.send import Table, send_table

FileFormat = Literal["csv", "xlsx"]


class FileFormatConverter(StringConverter):
    """The end of a file's name in a URL: `orders.<file_format:format>`."""

    regex = "csv|xlsx"


register_converter(FileFormatConverter, "file_format")


def download(table: Table, format: str) -> StreamingHttpResponse:
    """The table as a file for a spreadsheet."""
    return send_table(table, cast(FileFormat, format), for_people=True)


def refused_filter(form: Form) -> HttpResponse:
    """The answer instead of a file whose filter is invalid: what is wrong, line by line."""
    lines = [f"{form[name].label}: {text}" for name, all in form.errors.items() for text in all]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8", status=422)
