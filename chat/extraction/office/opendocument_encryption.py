"""OpenDocument files that a password locks, opened as their manifest says. Nothing is written to disk.

Up to OpenDocument 1.3 each part is locked by itself (part 3 of 1.2, section 3.4: AES-CBC, before it
Blowfish); LibreOffice 24.8 and later lock the whole package as one part (AES-GCM, the key by Argon2id).
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import zipfile
import zlib
from xml.etree.ElementTree import Element

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from chat.extraction import refusals
from chat.extraction.office import xml_tree
from chat.extraction.office.archive import MEMBER_BYTES, Archive
from chat.extraction.source import Source

WHAT = "OpenDocument file"
MANIFEST = "META-INF/manifest.xml"
SIGN = b"encryption-data"
PACKAGE = "encrypted-package"
PARTS = ("content.xml", "styles.xml")  # all that is read of one
MOST_ITERATIONS = 10_000_000
MOST_ARGON_KILOBYTES = 256 * 1024
CHECKED_BYTES = 1024  # of a part, still compressed, have a checksum in the manifest


class _WrongPassword(Exception):
    """What comes out is not what went in."""


def unlock(source: Source) -> Source:
    """Return the source with what its password opens. Raises PasswordRequired, UnsupportedFile."""
    if source.is_unlocked:  # a lock inside a lock is no file for reading
        raise refusals.damaged(source.name, WHAT)
    archive = Archive(source, WHAT)
    try:
        entries = {entry.get("full-path", ""): entry for entry in _entries(archive)}
        if not any(name in entries for name in (PACKAGE, *PARTS)):
            raise refusals.locked_for_good(source.name, WHAT)
        if not source.password:
            raise refusals.locked(source.name, wrong=False)
        content = _open_all(archive, entries, source.password)
    except _WrongPassword as error:
        raise refusals.locked(source.name, wrong=True) from error
    except (ValueError, TypeError, OverflowError, MemoryError) as error:  # numbers that cannot be
        raise refusals.locked_for_good(source.name, WHAT) from error
    return dataclasses.replace(source, content=content, is_unlocked=True)


def _entries(archive: Archive) -> list[Element]:
    """Return what the manifest says of each part that is locked."""
    try:
        manifest = xml_tree.parse(archive.read(MANIFEST))
    except xml_tree.BadXml as error:
        raise ValueError from error
    return [
        entry for entry in manifest.iter("file-entry") if entry.find("encryption-data/algorithm") is not None
    ]


def _open_all(archive: Archive, entries: dict[str, Element], password: str) -> bytes:
    """Return a package without locks."""
    if PACKAGE in entries:
        return _open(archive.read(PACKAGE), entries[PACKAGE], password)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        opened.writestr("mimetype", archive.read("mimetype"))
        opened.writestr(MANIFEST, "<manifest/>")  # the reader of spreadsheets wants one
        for name in PARTS:
            data = archive.read(name)
            opened.writestr(name, _open(data, entries[name], password) if name in entries else data)
    return content.getvalue()


def _open(data: bytes, entry: Element, password: str) -> bytes:
    lock, algorithm = entry.find("encryption-data"), entry.find("encryption-data/algorithm")
    if lock is None or algorithm is None:
        raise ValueError
    name, vector = algorithm.get("algorithm-name", "").lower(), _bytes(algorithm, "initialisation-vector")
    compressed = _decrypt(name, _derive(lock, password), vector, data)
    digest = hashlib.sha256 if "sha256" in lock.get("checksum-type", "").lower() else hashlib.sha1
    checksum = _bytes(lock, "checksum")
    if checksum and digest(compressed[:CHECKED_BYTES]).digest() != checksum:
        raise _WrongPassword
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(compressed, MEMBER_BYTES)
    except zlib.error as error:
        raise _WrongPassword from error


def _derive(lock: Element, password: str) -> bytes:
    """Return the key."""
    start, how = lock.find("start-key-generation"), lock.find("key-derivation")
    if how is None:
        raise ValueError
    is_sha256 = start is not None and start.get("start-key-generation-name", "").lower().endswith("sha256")
    secret = (hashlib.sha256 if is_sha256 else hashlib.sha1)(password.encode()).digest()
    salt, size = _bytes(how, "salt"), _number(how, "key-size", 16, 32)
    if how.get("key-derivation-name", "").endswith("argon2id"):
        return Argon2id(
            salt=salt,
            length=size,
            iterations=_number(how, "argon2-iterations", 3, 100),
            lanes=_number(how, "argon2-lanes", 4, 64),
            memory_cost=_number(how, "argon2-memory", 65_536, MOST_ARGON_KILOBYTES),
        ).derive(secret)
    rounds = _number(how, "iteration-count", 1024, MOST_ITERATIONS)
    return hashlib.pbkdf2_hmac("sha1", secret, salt, rounds, size)


def _decrypt(name: str, key: bytes, vector: bytes, data: bytes) -> bytes:
    if name.endswith("-gcm"):
        try:
            return AESGCM(key).decrypt(vector, data.removeprefix(vector), None)
        except InvalidTag as error:
            raise _WrongPassword from error
    if name.endswith("-cbc"):
        padded = _run(Cipher(AES(key), CBC(vector)), data)
        return padded[: -padded[-1]] if padded else padded
    if name.startswith("blowfish"):
        return _run(Cipher(Blowfish(key), CFB(vector)), data)
    raise ValueError


def _run(cipher: Cipher[CBC] | Cipher[CFB], data: bytes) -> bytes:
    decryptor = cipher.decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _bytes(element: Element, name: str) -> bytes:
    return base64.b64decode(element.get(name, ""), validate=True)


def _number(element: Element, name: str, usual: int, most: int) -> int:
    number = int(element.get(name, usual))
    if not 0 < number <= most:
        raise ValueError
    return number
