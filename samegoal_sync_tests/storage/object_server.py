"""A real S3 server on the loopback (moto's), with a bucket; what it was asked for is kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "frames"


@dataclass(frozen=True)
class ObjectServer:
    """Its address, and a client that looks past our own."""

    endpoint: str
    client: Any

    @property
    def setting(self) -> str:
        return f"s3://{BUCKET}/nightly?endpoint={self.endpoint}&region=us-east-1"

    def names(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [one["Key"] for one in found if not one["Key"].endswith("private.txt")]


@contextmanager
def running_object_server() -> Iterator[ObjectServer]:
    """One for a module's tests."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        endpoint = f"http://127.0.0.1:{port}"
        client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test",
        )  # fmt: skip
        yield ObjectServer(endpoint, client)
        client.close()
    finally:
        server.stop()
