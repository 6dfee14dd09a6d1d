"""Stored secrets: made keys, rotated keys, wrong keys, swapped rows."""

from __future__ import annotations

import dataclasses
import stat

import pytest
from cryptography.fernet import Fernet

from samegoal_sync.districts.errors import SecretKeyError
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.districts.registry.secret_cipher import KEY_FILE, Cipher
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings

SECRET = Secret("s3cr3t")


def test_a_key_is_made_on_first_use_for_its_owner_alone(settings: Settings) -> None:
    sealed = Cipher(settings, lambda: True).seal("a", SECRET)
    assert Cipher(settings, lambda: True).open("a", sealed) == SECRET
    path = settings.home / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in settings.home.iterdir()] == [KEY_FILE]


def test_a_new_key_opens_what_older_ones_sealed(registry: Registry, fairview: str) -> None:
    registry.store_secret(fairview, SECRET, "ann")
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()

    def with_keys(*keys: str) -> Registry:
        return Registry(
            dataclasses.replace(registry.settings, secret_keys=keys), registry.database_url
        )

    assert with_keys(old).reencrypt_secrets() == 1
    (registry.settings.home / KEY_FILE).unlink()
    assert with_keys(new, old).reencrypt_secrets() == 1
    assert with_keys(new).connection(fairview).secret == SECRET
    with pytest.raises(SecretKeyError, match="not here"):
        with_keys(old).connection(fairview)


def test_a_row_moved_to_another_district_is_refused(settings: Settings) -> None:
    cipher = Cipher(settings, lambda: True)
    with pytest.raises(SecretKeyError, match="another district"):
        cipher.open("b", cipher.seal("a", SECRET))


def test_a_key_that_is_none_is_reported_without_showing_it(settings: Settings) -> None:
    with pytest.raises(SecretKeyError) as caught:
        Cipher(dataclasses.replace(settings, secret_keys=("hunter2",)), lambda: True)
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_cant_be_written_is_reported(settings: Settings) -> None:
    settings.home.parent.mkdir(exist_ok=True)
    settings.home.write_text("a file where the folder should be")
    with pytest.raises(SecretKeyError, match="can't be used"):
        Cipher(settings, lambda: True)
