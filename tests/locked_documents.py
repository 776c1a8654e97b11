"""OpenDocument files locked with a password, written as LibreOffice and OpenOffice write them."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
import zlib

from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tests.office_files import zipped

SPACES = (
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
    'xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"'
)
SALT, VECTOR = bytes(range(16)), bytes(range(100, 116))
SHA256 = (
    '<manifest:start-key-generation manifest:key-size="32" '
    'manifest:start-key-generation-name="http://www.w3.org/2000/09/xmldsig#sha256"/>'
)
# checksum, algorithm, size of its vector, what else is said of the key
AES_CBC = (
    "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0#sha256-1k",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    16,
    'manifest:key-derivation-name="PBKDF2" manifest:key-size="32" manifest:iteration-count="1000"',
)
BLOWFISH = (
    "SHA1/1K",
    "Blowfish CFB",
    8,
    'manifest:key-derivation-name="PBKDF2" manifest:key-size="16" manifest:iteration-count="1024"',
)
AES_GCM = (
    "",
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    12,
    'manifest:key-derivation-name="urn:org:documentfoundation:names:experimental:office:manifest:argon2id" '
    'manifest:key-size="32" loext:argon2-iterations="1" loext:argon2-memory="64" loext:argon2-lanes="2"',
)
LOCKS = {"aes": AES_CBC, "blowfish": BLOWFISH, "package": AES_GCM}


def lock(data: bytes, password: str, how: str) -> bytes:
    """Return the OpenDocument file locked. how: `aes`, `blowfish`, or `package` for the whole as one part."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.startswith("META-INF")}
    members: dict[str, str | bytes] = {"mimetype": parts.pop("mimetype")}
    entries = ""
    for name, part in ({"encrypted-package": data} if how == "package" else parts).items():
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        packed = packer.compress(part) + packer.flush()
        members[name] = _encrypt(packed, password.encode(), how)
        entries += (
            f'<manifest:file-entry manifest:full-path="{name}">{_describe(packed, how)}</manifest:file-entry>'
        )
    members["META-INF/manifest.xml"] = f"<manifest:manifest {SPACES}>{entries}</manifest:manifest>"
    return zipped(members)


def _encrypt(packed: bytes, password: bytes, how: str) -> bytes:
    if how == "package":
        secret = hashlib.sha256(password).digest()
        key = Argon2id(salt=SALT, length=32, iterations=1, lanes=2, memory_cost=64).derive(secret)
        return VECTOR[:12] + AESGCM(key).encrypt(VECTOR[:12], packed, None)
    if how == "aes":
        key = hashlib.pbkdf2_hmac("sha1", hashlib.sha256(password).digest(), SALT, 1_000, 32)
        padding = 16 - len(packed) % 16  # its last byte says how long it is; the others may be anything
        encryptor = Cipher(AES(key), CBC(VECTOR)).encryptor()
        return encryptor.update(packed + b"?" * (padding - 1) + bytes([padding])) + encryptor.finalize()
    key = hashlib.pbkdf2_hmac("sha1", hashlib.sha1(password).digest(), SALT, 1_024, 16)
    stream = Cipher(Blowfish(key), CFB(VECTOR[:8])).encryptor()
    return stream.update(packed) + stream.finalize()


def _describe(packed: bytes, how: str) -> str:
    checksum, algorithm, size, derivation = LOCKS[how]
    digest = (hashlib.sha256 if "sha256" in checksum else hashlib.sha1)(packed[:1024]).digest()
    check = f'manifest:checksum-type="{checksum}" manifest:checksum="{_text(digest)}"' if checksum else ""
    return (
        f"<manifest:encryption-data {check}>"
        f'<manifest:algorithm manifest:algorithm-name="{algorithm}" '
        f'manifest:initialisation-vector="{_text(VECTOR[:size])}"/>'
        f'<manifest:key-derivation {derivation} manifest:salt="{_text(SALT)}"/>'
        f"{'' if how == 'blowfish' else SHA256}</manifest:encryption-data>"
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
