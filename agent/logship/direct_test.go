package logship

import (
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// wire hands a request to a handler without a network, so that time may stand still meanwhile.
type wire struct{ to http.Handler }

func (w wire) Do(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if broken := recover(); broken != nil { // the handler breaks the connection
			answer, err = nil, &reset{}
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	w.to.ServeHTTP(recorder, r)
	return recorder.Result(), r.Context().Err()
}

type reset struct{}

func (*reset) Error() string { return "connection reset by peer" }

// direct is a real SDK client of a fake in the same process.
func direct(service http.Handler) *cloudwatchlogs.Client {
	url := "http://logs.local"
	return cloudwatchlogs.New(cloudwatchlogs.Options{Region: "eu-central-1", BaseEndpoint: &url, HTTPClient: wire{service},
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")})
}
