"""Where the readings of a home are kept: in its folder, or in an object store a setting names.

The environment is an argument, so that the console and the command line read the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tanfeng.errors import ModelError

#: Names the place.
VARIABLE = "TANFENG_READINGS"
#: What the libraries below are told of an object store, by the beginning of the variable's name:
#: the names are those the stores' own programs use.
_OPTIONS = ("AWS_", "AZURE_STORAGE_", "GOOGLE_")
_SCHEMES = ("file", "s3", "s3a", "az", "abfs", "abfss", "gs")


@dataclass(frozen=True, slots=True)
class Place:
    """Where readings are kept.

    Parameters
    ----------
    uri : str
        Folder, or URL of an object store.
    options : mapping of str to str
        Address and keys of the store; never shown.
    """

    uri: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def storage_options(self) -> dict[str, str] | None:
        """Return the options as the store takes them, None where there are none."""
        return dict(self.options) or None


def readings_place(folder: Path, environ: Mapping[str, str]) -> Place:
    """Return where the readings of a home are kept.

    Parameters
    ----------
    folder : Path
        Folder of metering in the home.
    environ : mapping of str to str
        The environment: ``TANFENG_READINGS`` and, for an object store, what its own programs read
        (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``...).

    Returns
    -------
    Place

    Raises
    ------
    ModelError
        If the URL is of a kind no store is known for, or holds a password.
    """
    where = environ.get(VARIABLE, "").strip()
    if not where:
        return Place(str(folder / "readings"))
    scheme, url, rest = where.partition("://")
    if not url:
        return Place(str(Path(where).expanduser().absolute()))
    if scheme not in _SCHEMES or not rest:
        known = ", ".join(f"{one}://" for one in _SCHEMES)
        raise ModelError(
            f"{VARIABLE} begins with {scheme}://; it is a folder or one of {known}",
            f"{VARIABLE} 以 {scheme}:// 开头；应为文件夹或 {known} 之一",
        )
    if "@" in rest.split("/", 1)[0] and not scheme.startswith("abfs"):
        raise ModelError(
            f"{VARIABLE} holds a user or password; give keys in variables of their own",
            f"{VARIABLE} 中含有用户或密码；请用单独的环境变量给出密钥",
        )
    if scheme == "file":
        return Place(str(Path("/" + rest.lstrip("/"))))
    options = {
        name: value for name, value in environ.items() if name.startswith(_OPTIONS) and value
    }
    return Place(where, options)
