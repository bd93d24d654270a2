// One step of minio-go: client STEP BUCKET SOURCE FOLDER, with the server and its keys in the environment.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	client, err := minio.New(os.Getenv("CLIENT_HOST"), &minio.Options{
		Creds: credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
		// Appends need them.
		TrailingHeaders: true,
	})
	check(err)
	steps := map[string]func(context.Context, *minio.Client, string, string, string) error{
		"stream": stream, "send": send, "get": get, "compose": compose, "remove": remove,
		"seal": seal, "lock": lock, "share": share, "append": appendTo,
	}
	check(steps[os.Args[1]](context.Background(), client, os.Args[2], os.Args[3], os.Args[4]))
}

// Of unknown length, in several parts: the default of PutObject.
func stream(ctx context.Context, client *minio.Client, bucket, _, _ string) error {
	if err := client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{}); err != nil {
		return err
	}
	for _, size := range []int{0, 1, 5 << 20, 17<<20 + 3} {
		body := bytes.Repeat([]byte("stream!"), size/7+1)[:size]
		reader := io.MultiReader(bytes.NewReader(body))
		options := minio.PutObjectOptions{PartSize: 5 << 20}
		if _, err := client.PutObject(ctx, bucket, "stream", reader, -1, options); err != nil {
			return fmt.Errorf("%d bytes: %w", size, err)
		}
		object, err := client.GetObject(ctx, bucket, "stream", minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		got, err := io.ReadAll(object)
		if err != nil || !bytes.Equal(got, body) {
			return fmt.Errorf("%d bytes came back as %d: %v", size, len(got), err)
		}
	}
	return client.RemoveObject(ctx, bucket, "stream", minio.RemoveObjectOptions{})
}

func send(ctx context.Context, client *minio.Client, bucket, source, _ string) error {
	return filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		key, _ := filepath.Rel(source, path)
		options := minio.PutObjectOptions{UserMetadata: map[string]string{"By": "minio-go"}}
		_, err = client.FPutObject(ctx, bucket, key, path, options)
		return err
	})
}

func get(ctx context.Context, client *minio.Client, bucket, _, folder string) error {
	for object := range client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			return object.Err
		}
		path := filepath.Join(folder, object.Key)
		if err := client.FGetObject(ctx, bucket, object.Key, path, minio.GetObjectOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func compose(ctx context.Context, client *minio.Client, bucket, _, _ string) error {
	large := minio.CopySrcOptions{Bucket: bucket, Object: "large.bin"}
	small := minio.CopySrcOptions{Bucket: bucket, Object: "plain.txt"}
	if _, err := client.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: "copy"}, small); err != nil {
		return err
	}
	info, err := client.ComposeObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: "both"}, large, small)
	if err != nil {
		return err
	}
	wanted, err := client.StatObject(ctx, bucket, "both", minio.StatObjectOptions{})
	if err != nil || wanted.ETag != info.ETag {
		return fmt.Errorf("composed %s, found %s: %v", info.ETag, wanted.ETag, err)
	}
	copied, err := client.StatObject(ctx, bucket, "copy", minio.StatObjectOptions{})
	if err != nil || copied.UserMetadata["By"] != "minio-go" {
		return fmt.Errorf("the copy has metadata %v: %v", copied.UserMetadata, err)
	}
	return nil
}

func remove(ctx context.Context, client *minio.Client, bucket, _, _ string) error {
	objects := client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true})
	for failure := range client.RemoveObjects(ctx, bucket, objects, minio.RemoveObjectsOptions{}) {
		return failure.Err
	}
	return client.RemoveBucket(ctx, bucket)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
