package peers_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/peers/fakecloudmap"
)

var (
	_ peers.CloudMapAPI = (*servicediscovery.Client)(nil)
	_ peers.RegisterAPI = (*servicediscovery.Client)(nil)
	_ peers.Resolver    = (*net.Resolver)(nil)
)

var update = flag.Bool("update", false, "write the golden files")

const service = "srv-cores"

// inProcess carries requests to a handler without a network, so that time can be that of testing/synctest.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	recorder := httptest.NewRecorder()
	defer func() {
		broken := recover()
		if broken == nil {
			return
		}
		if cause, ok := broken.(error); !ok || !errors.Is(cause, http.ErrAbortHandler) {
			panic(broken)
		}
		if err = r.Context().Err(); err == nil {
			err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
		}
	}()
	r.Host = r.URL.Host
	if r.Body == nil {
		r.Body = http.NoBody
	}
	p.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

func cores() *fakecloudmap.Server {
	server := fakecloudmap.New()
	server.AddService(service, "cores", "neo4j.local")
	return server
}

// fill adds healthy instances 10.0.0.1 and up, as if the agent's own were among them.
func fill(server *fakecloudmap.Server, n int) {
	for i := 1; i <= n; i++ {
		server.Add(service, fmt.Sprintf("task-%d", i), fmt.Sprintf("10.0.%d.%d", i/256, i%256), fakecloudmap.Healthy)
	}
}

// client is a real SDK client in front of the handler.
func client(handler http.Handler) *servicediscovery.Client {
	return clientAt("http://cloudmap.test", &http.Client{Transport: inProcess{handler}}, peers.DisableHostPrefix)
}

func clientAt(endpoint string, transport *http.Client, options ...func(*servicediscovery.Options)) *servicediscovery.Client {
	return servicediscovery.New(servicediscovery.Options{
		Region: "eu-central-1", BaseEndpoint: &endpoint, HTTPClient: transport,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKID", "secret", "")),
	}, options...)
}

func hosts(members []peers.Member) (list []string) {
	for _, m := range members {
		list = append(list, m.String())
	}
	return list
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, string(want))
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func as[T error](t *testing.T, err error) T {
	t.Helper()
	var want T
	if !errors.As(err, &want) {
		t.Fatalf("error is %T (%v), want %T", err, err, want)
	}
	return want
}

// fakeResolver answers from maps; a name in neither does not exist, one in broken has a server that fails.
type fakeResolver struct {
	addrs  map[string][]string
	srv    map[string][]*net.SRV
	broken map[string]bool
}

func (f fakeResolver) err(name string) error {
	if f.broken[name] {
		return &net.DNSError{Err: "server misbehaving", Name: name, Server: "10.0.0.2:53", IsTemporary: true}
	}
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func text(r io.Reader) string {
	all, _ := io.ReadAll(r)
	return strings.TrimSpace(string(all))
}

var background = context.Background()
