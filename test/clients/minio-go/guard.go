// What guards objects: encryption, locks, CORS; and appends.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/cors"
	"github.com/minio/minio-go/v7/pkg/encrypt"
)

var inParts = bytes.Repeat([]byte("sealed!"), (11<<20+5)/7)

// With each kind of encryption: in one PUT and in several, read whole, in a range, and copied to another kind.
func seal(ctx context.Context, client *minio.Client, bucket, _, _ string) error {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	own, err := encrypt.NewSSEC(secret)
	if err != nil {
		return err
	}
	managed, err := encrypt.NewSSEKMS("alias/aws/s3", map[string]string{"trip": "minio-go"})
	if err != nil {
		return err
	}
	for _, kind := range []encrypt.ServerSide{own, encrypt.NewSSE(), managed} {
		for _, body := range [][]byte{[]byte("small"), inParts} {
			if err := sealOne(ctx, client, bucket, kind, body); err != nil {
				return fmt.Errorf("%s, %d bytes: %w", kind.Type(), len(body), err)
			}
		}
		if err := copyToOpen(ctx, client, bucket, kind); err != nil {
			return fmt.Errorf("copy from %s: %w", kind.Type(), err)
		}
	}
	return nil
}

func sealOne(ctx context.Context, client *minio.Client, bucket string, kind encrypt.ServerSide, body []byte) error {
	options := minio.PutObjectOptions{PartSize: 5 << 20, ServerSideEncryption: kind}
	if _, err := client.PutObject(ctx, bucket, "sealed", bytes.NewReader(body), int64(len(body)), options); err != nil {
		return err
	}
	read := readOptions(kind)
	if err := expectBody(ctx, client, bucket, "sealed", read, body); err != nil {
		return err
	}
	if err := read.SetRange(1, 3); err != nil {
		return err
	}
	if err := expectBody(ctx, client, bucket, "sealed", read, body[1:4]); err != nil {
		return err
	}
	if kind.Type() != encrypt.SSEC {
		return nil
	}
	if _, err := client.StatObject(ctx, bucket, "sealed", minio.StatObjectOptions{}); err == nil {
		return fmt.Errorf("it can be read without its key")
	}
	return nil
}

// In parts: the last body of sealOne.
func copyToOpen(ctx context.Context, client *minio.Client, bucket string, kind encrypt.ServerSide) error {
	from := minio.CopySrcOptions{Bucket: bucket, Object: "sealed"}
	if kind.Type() == encrypt.SSEC {
		from.Encryption = encrypt.SSECopy(kind)
	}
	to := minio.CopyDestOptions{Bucket: bucket, Object: "unsealed"}
	if _, err := client.CopyObject(ctx, to, from); err != nil {
		return err
	}
	if err := expectBody(ctx, client, bucket, "unsealed", minio.GetObjectOptions{}, inParts); err != nil {
		return err
	}
	return client.RemoveObject(ctx, bucket, "unsealed", minio.RemoveObjectOptions{})
}

// Only a client's own key is sent with a read.
func readOptions(kind encrypt.ServerSide) minio.GetObjectOptions {
	if kind.Type() == encrypt.SSEC {
		return minio.GetObjectOptions{ServerSideEncryption: kind}
	}
	return minio.GetObjectOptions{}
}

// Retention and legal hold, of a bucket's default, of an upload, and set later.
func lock(ctx context.Context, client *minio.Client, bucket, _, _ string) error {
	vault := bucket + "-vault"
	if err := client.MakeBucket(ctx, vault, minio.MakeBucketOptions{ObjectLocking: true}); err != nil {
		return err
	}
	mode, days, unit := minio.Governance, uint(1), minio.Days
	if err := client.SetObjectLockConfig(ctx, vault, &mode, &days, &unit); err != nil {
		return err
	}
	_, foundMode, foundDays, _, err := client.GetObjectLockConfig(ctx, vault)
	if err != nil || *foundMode != mode || *foundDays != days {
		return fmt.Errorf("the default is not as it was set: %v", err)
	}
	until := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	options := minio.PutObjectOptions{
		Mode: mode, RetainUntilDate: until, LegalHold: minio.LegalHoldEnabled, SendContentMd5: true,
	}
	put, err := client.PutObject(ctx, vault, "locked", bytes.NewReader(inParts[:9]), 9, options)
	if err != nil {
		return err
	}
	if err := expectLocked(ctx, client, vault, put.VersionID, until); err != nil {
		return err
	}
	later := until.Add(24 * time.Hour)
	if err := client.PutObjectRetention(ctx, vault, "locked", minio.PutObjectRetentionOptions{
		Mode: &mode, RetainUntilDate: &later, VersionID: put.VersionID,
	}); err != nil {
		return err
	}
	off := minio.LegalHoldDisabled
	held := minio.PutObjectLegalHoldOptions{Status: &off, VersionID: put.VersionID}
	if err := client.PutObjectLegalHold(ctx, vault, "locked", held); err != nil {
		return err
	}
	remove := minio.RemoveObjectOptions{VersionID: put.VersionID}
	if err := client.RemoveObject(ctx, vault, "locked", remove); err == nil {
		return fmt.Errorf("a retained version was removed")
	}
	remove.GovernanceBypass = true
	if err := client.RemoveObject(ctx, vault, "locked", remove); err != nil {
		return err
	}
	return client.RemoveBucket(ctx, vault)
}

func expectLocked(ctx context.Context, client *minio.Client, vault, version string, until time.Time) error {
	_, found, err := client.GetObjectRetention(ctx, vault, "locked", version)
	if err != nil || !found.Equal(until) {
		return fmt.Errorf("it is retained until %v: %v", found, err)
	}
	asked := minio.GetObjectLegalHoldOptions{VersionID: version}
	status, err := client.GetObjectLegalHold(ctx, vault, "locked", asked)
	if err != nil || *status != minio.LegalHoldEnabled {
		return fmt.Errorf("its hold is %v: %v", status, err)
	}
	bypass := minio.RemoveObjectOptions{VersionID: version, GovernanceBypass: true}
	if err := client.RemoveObject(ctx, vault, "locked", bypass); err == nil {
		return fmt.Errorf("a held version was removed")
	}
	return nil
}

func share(ctx context.Context, client *minio.Client, bucket, _, _ string) error {
	rule := cors.Rule{
		ID: "page", AllowedOrigin: []string{"https://app.example.com"}, AllowedMethod: []string{"GET", "PUT"},
		AllowedHeader: []string{"x-amz-*"}, ExposeHeader: []string{"ETag"}, MaxAgeSeconds: 60,
	}
	if err := client.SetBucketCors(ctx, bucket, cors.NewConfig([]cors.Rule{rule})); err != nil {
		return err
	}
	found, err := client.GetBucketCors(ctx, bucket)
	if err != nil || len(found.CORSRules) != 1 || fmt.Sprint(found.CORSRules[0]) != fmt.Sprint(rule) {
		return fmt.Errorf("the rules are not as they were set: %v %v", found, err)
	}
	if err := client.SetBucketCors(ctx, bucket, nil); err != nil {
		return err
	}
	if found, err := client.GetBucketCors(ctx, bucket); err != nil || found != nil {
		return fmt.Errorf("the rules are not gone: %v %v", found, err)
	}
	return nil
}

// To what is open and to what is sealed, with the checksums of each.
func appendTo(ctx context.Context, client *minio.Client, bucket, _, _ string) error {
	for _, kind := range []encrypt.ServerSide{nil, encrypt.NewSSE()} {
		for _, checksum := range []minio.ChecksumType{minio.ChecksumCRC64NVME, minio.ChecksumFullObjectCRC32C} {
			options := minio.PutObjectOptions{ServerSideEncryption: kind, Checksum: checksum, DisableMultipart: true}
			first := []byte("first ")
			if _, err := client.PutObject(ctx, bucket, "log", bytes.NewReader(first), 6, options); err != nil {
				return err
			}
			more := minio.AppendObjectOptions{}
			info, err := client.AppendObject(ctx, bucket, "log", bytes.NewReader(inParts), int64(len(inParts)), more)
			if err != nil {
				return fmt.Errorf("%s: %w", checksum, err)
			}
			if info.Size != int64(6+len(inParts)) {
				return fmt.Errorf("%d bytes after an append", info.Size)
			}
			whole := append(first, inParts...)
			if err := expectBody(ctx, client, bucket, "log", minio.GetObjectOptions{}, whole); err != nil {
				return fmt.Errorf("%s: %w", checksum, err)
			}
		}
	}
	return nil
}

func expectBody(
	ctx context.Context, client *minio.Client, bucket, key string, options minio.GetObjectOptions, body []byte,
) error {
	object, err := client.GetObject(ctx, bucket, key, options)
	if err != nil {
		return err
	}
	defer object.Close()
	got, err := io.ReadAll(object)
	if err != nil || !bytes.Equal(got, body) {
		return fmt.Errorf("%d bytes came back as %d: %v", len(body), len(got), err)
	}
	return nil
}
