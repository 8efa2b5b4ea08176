"""Office files are zip archives: the same parts must give the same bytes."""

import io
import zipfile

_EPOCH = (1980, 1, 1, 0, 0, 0)


def normalised(archive: bytes, replace: dict[str, bytes] | None = None) -> bytes:
    """The archive with fixed time stamps and attributes, parts in their order.

    ``replace`` puts other contents in the place of named parts.
    """
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        for entry in source.infolist():
            info = zipfile.ZipInfo(entry.filename, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            content = (replace or {}).get(entry.filename, source.read(entry))
            target.writestr(info, content)
    return result.getvalue()
