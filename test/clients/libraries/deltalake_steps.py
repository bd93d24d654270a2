"""Many processes append to one Delta table at once; each commit must win its version alone. BUCKET, keys in the environment."""
import multiprocessing, os, sys
import pyarrow
from deltalake import DeltaTable, write_deltalake

bucket = sys.argv[1]
options = {
    "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
    "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
    "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
    "aws_conditional_put": "etag",
}
table = f"s3://{bucket}/table"
writers, commits = 3, 5


def write(writer):
    for commit in range(commits):
        rows = pyarrow.table({"writer": [writer], "commit": [commit]})
        write_deltalake(table, rows, mode="append", storage_options=options)


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    write_deltalake(table, pyarrow.table({"writer": [-1], "commit": [-1]}), storage_options=options)
    running = [multiprocessing.Process(target=write, args=(writer,)) for writer in range(writers)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert [one.exitcode for one in running] == [0] * writers
    found = DeltaTable(table, storage_options=options)
    rows = found.to_pyarrow_table().to_pylist()
    pairs = sorted((row["writer"], row["commit"]) for row in rows)
    assert pairs == sorted([(-1, -1)] + [(w, c) for w in range(writers) for c in range(commits)]), pairs
    assert found.version() == writers * commits, found.version()
