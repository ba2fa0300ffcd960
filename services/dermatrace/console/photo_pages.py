"""Images come in and are looked at here: in their clinic alone, each look noted."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from starlette.responses import FileResponse, Response

from dermatrace.console.access import CLINICAL, WRITERS, Access
from dermatrace.console.desk import AtDesk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.errors import NotHere
from dermatrace_schemas.identifiers import STREAM_PATTERN

doors = Doors()
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
VisitId = Annotated[str, Query(pattern=STREAM_PATTERN)]


async def _image_of(request: Request) -> bytes:
    """Return a request's bytes; as a parameter of its own, one too large would be no 413."""
    return await request.body()


Image = Annotated[bytes, Depends(_image_of)]


class KeptPhoto(Facts):
    """An image in the clinic's own store; a chart.photo document says what it shows."""

    photo_sha256: str
    media_type: str
    photo_bytes: int


@doors.json("/photos/{clinic}", Access(WRITERS, "clinic", reads="photo"), method="PUT")
def keep_photo(desk: AtDesk, clinic: str, visit_id: VisitId, image: Image) -> KeptPhoto:
    """Keep an image; it never travels, only its digest goes into the record."""
    kept = desk.installation.photos.keep(clinic, visit_id, image)
    return KeptPhoto(
        photo_sha256=kept.photo_sha256, media_type=kept.media_type, photo_bytes=kept.photo_bytes
    )


@doors.other("/photos/{clinic}/{photo}", Access(CLINICAL, "clinic", reads="photo"))
def photo(desk: AtDesk, clinic: str, photo: Digest) -> Response:
    """Show an image."""
    photos = desk.installation.photos
    if desk.record.journal is not None:
        photos.forget_erased(desk.record.journal)
    found = photos.find(clinic, photo)
    if found is None:
        raise NotHere("there is no such image here", remedy="It may lie at another installation.")
    stored, path = found
    return FileResponse(path, media_type=stored.media_type)
