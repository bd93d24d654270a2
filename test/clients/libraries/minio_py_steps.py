"""One step of minio-py: STEP BUCKET SOURCE FOLDER, with the server and its keys in the environment."""
import io, os, sys
from minio import Minio
from minio.commonconfig import ComposeSource, CopySource
from minio.deleteobjects import DeleteObject

step, bucket, source, folder = sys.argv[1:5]
url, key, secret = (os.environ[name] for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
host = os.environ["CLIENT_HOST"]
try:
    client = Minio(host, key, secret, secure=False)
except TypeError:  # From 7.2.16 on they have names only.
    client = Minio(endpoint=host, access_key=key, secret_key=secret, secure=False)


class Stream(io.RawIOBase):
    """Bytes whose number nobody knows in advance."""

    def __init__(self, size):
        self.left = size

    def readable(self):
        return True

    def read(self, size=-1):
        size = self.left if size < 0 else min(size, self.left)
        self.left -= size
        return b"s" * size


def keys():
    return [one.object_name for one in client.list_objects(bucket_name=bucket, recursive=True)]


def stream():
    client.make_bucket(bucket_name=bucket)
    for size in (0, 1, 5 << 20, (12 << 20) + 3):
        client.put_object(bucket_name=bucket, object_name="stream", data=Stream(size), length=-1, part_size=5 << 20)
        answer = client.get_object(bucket_name=bucket, object_name="stream")
        assert answer.read() == b"s" * size, size
        answer.close()
    client.remove_object(bucket_name=bucket, object_name="stream")


def send():
    for path, _, names in os.walk(source):
        for name in names:
            file = os.path.join(path, name)
            client.fput_object(bucket_name=bucket, object_name=os.path.relpath(file, source), file_path=file)


def get():
    for name in keys():
        client.fget_object(bucket_name=bucket, object_name=name, file_path=os.path.join(folder, name))


def compose():
    client.copy_object(bucket_name=bucket, object_name="copy", source=CopySource(bucket_name=bucket, object_name="plain.txt"))
    parts = [ComposeSource(bucket_name=bucket, object_name=name) for name in ("large.bin", "plain.txt")]
    client.compose_object(bucket_name=bucket, object_name="both", sources=parts)
    sizes = [client.stat_object(bucket_name=bucket, object_name=name).size for name in ("large.bin", "plain.txt", "both")]
    assert sizes[0] + sizes[1] == sizes[2], sizes


def region():
    """A bucket made in another region than the server's own is found and used."""
    name = bucket + "-elsewhere"
    client.make_bucket(bucket_name=name, location="eu-central-1")
    client.put_object(bucket_name=name, object_name="key", data=io.BytesIO(b"x"), length=1)
    client.remove_object(bucket_name=name, object_name="key")
    client.remove_bucket(bucket_name=name)


def remove():
    objects = [DeleteObject(name) for name in keys()]
    assert list(client.remove_objects(bucket_name=bucket, delete_object_list=objects)) == []
    client.remove_bucket(bucket_name=bucket)


{"stream": stream, "send": send, "get": get, "compose": compose, "region": region, "remove": remove}[step]()
