// The acceptance suite of Thanos's object store, on a bucket of this server.
package client

import (
	"os"
	"testing"

	"github.com/go-kit/log"
	"github.com/thanos-io/objstore"
	"github.com/thanos-io/objstore/providers/s3"
)

func TestAcceptance(t *testing.T) {
	config := s3.DefaultConfig
	config.Endpoint = os.Getenv("CLIENT_HOST")
	config.Bucket = os.Getenv("CLIENT_BUCKET")
	config.AccessKey = os.Getenv("AWS_ACCESS_KEY_ID")
	config.SecretKey = os.Getenv("AWS_SECRET_ACCESS_KEY")
	config.Insecure = true
	bucket, err := s3.NewBucketWithConfig(log.NewNopLogger(), config, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	objstore.AcceptanceTest(t, bucket)
}
