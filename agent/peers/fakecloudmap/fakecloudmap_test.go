package fakecloudmap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/smithy-go"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/peers/fakecloudmap"
)

var ctx = context.Background()

// patient sends a copy of the request's body. The SDK closes the body as soon as the answer begins; with a server as near
// as this one the transport may still be looking for the end of it, and then breaks the connection. The agent tries
// again; these tests count calls and cannot.
type patient struct{ client *http.Client }

func (p patient) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	own := r.Clone(r.Context())
	own.Body = io.NopCloser(bytes.NewReader(body))
	return p.client.Do(own)
}

func start(t *testing.T) (*fakecloudmap.Server, *sd.Client) {
	server := fakecloudmap.New()
	server.AddService("srv-1", "cores", "neo4j.local")
	local := httptest.NewServer(server)
	t.Cleanup(local.Close)
	return server, sd.New(sd.Options{Region: "eu-central-1", BaseEndpoint: &local.URL, HTTPClient: patient{local.Client()}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")}, peers.DisableHostPrefix)
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestLimitsAreEnforced(t *testing.T) {
	server, api := start(t)
	for i := range 1000 {
		server.Add("srv-1", fmt.Sprint("i-", i), "10.0.0.1", fakecloudmap.Healthy)
	}
	list := func(service string, most int32, token string) error {
		_, err := api.ListInstances(ctx, &sd.ListInstancesInput{ServiceId: &service, MaxResults: &most, NextToken: aws.String(token)})
		return err
	}
	discover := func(namespace, service string, most int32) error {
		_, err := api.DiscoverInstances(ctx, &sd.DiscoverInstancesInput{NamespaceName: &namespace, ServiceName: &service, MaxResults: &most})
		return err
	}
	register := func(id string, attributes map[string]string) error {
		_, err := api.RegisterInstance(ctx, &sd.RegisterInstanceInput{ServiceId: aws.String("srv-1"), InstanceId: &id, Attributes: attributes})
		return err
	}
	many := map[string]string{"AWS_INSTANCE_IPV4": "10.0.0.1"}
	for i := range 31 {
		many[fmt.Sprint("a", i)] = "x"
	}
	good := map[string]string{"AWS_INSTANCE_IPV4": "10.0.0.1"}
	_, noInstance := api.DeregisterInstance(ctx, &sd.DeregisterInstanceInput{ServiceId: aws.String("srv-1"), InstanceId: aws.String("i-x")})
	_, noOperation := api.GetOperation(ctx, &sd.GetOperationInput{OperationId: aws.String("op-x")})
	_, noNamespace := api.GetNamespace(ctx, &sd.GetNamespaceInput{Id: aws.String("ns-x")})
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a page of 100":                {list("srv-1", 100, ""), "<nil>"},
		"a page of 101":                {list("srv-1", 101, ""), "InvalidInput"},
		"a page of none":               {list("srv-1", 0, ""), "InvalidInput"},
		"a token of its own making":    {list("srv-1", 100, "100"), "InvalidInput"},
		"an unknown service":           {list("srv-2", 100, ""), "ServiceNotFound"},
		"no service id":                {list("cores", 100, ""), "InvalidInput"},
		"1000 discovered":              {discover("neo4j.local", "cores", 1000), "<nil>"},
		"1001 discovered":              {discover("neo4j.local", "cores", 1001), "InvalidInput"},
		"an unknown namespace":         {discover("x", "cores", 1), "NamespaceNotFound"},
		"an unknown name":              {discover("neo4j.local", "x", 1), "ServiceNotFound"},
		"the 1001st instance":          {register("new", good), "ResourceLimitExceeded"},
		"an update of one of the 1000": {register("i-1", good), "<nil>"},
		"a long id":                    {register(strings.Repeat("x", 65), good), "InvalidInput"},
		"no address":                   {register("i-2", map[string]string{"AWS_INSTANCE_PORT": "1"}), "InvalidInput"},
		"a name for an address":        {register("i-2", map[string]string{"AWS_INSTANCE_IPV4": "core-1"}), "InvalidInput"},
		"31 attributes":                {register("i-2", many), "InvalidInput"},
		"an instance that is not":      {noInstance, "InstanceNotFound"},
		"an operation that is not":     {noOperation, "OperationNotFound"},
		"a namespace that is not":      {noNamespace, "NamespaceNotFound"},
	} {
		if got := code(c.err); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestDefaultsAreThoseOfTheService(t *testing.T) {
	server, api := start(t)
	for i := range 150 {
		server.Add("srv-1", fmt.Sprint("i-", i), "10.0.0.1", map[bool]string{true: fakecloudmap.Healthy, false: fakecloudmap.Unhealthy}[i < 120])
	}
	page, err := api.ListInstances(ctx, &sd.ListInstancesInput{ServiceId: aws.String("srv-1")})
	if err != nil || len(page.Instances) != 100 || page.NextToken == nil {
		t.Errorf("first page: %d instances, %v", len(page.Instances), err)
	}
	in := &sd.DiscoverInstancesInput{NamespaceName: aws.String("neo4j.local"), ServiceName: aws.String("cores")}
	for most, want := range map[int32]int{0: 100, 1000: 120} {
		if in.MaxResults = nil; most > 0 {
			in.MaxResults = &most
		}
		found, err := api.DiscoverInstances(ctx, in)
		if err != nil || len(found.Instances) != want {
			t.Errorf("MaxResults %d: %d discovered, want the %d healthy ones, %v", most, len(found.Instances), want, err)
		}
	}
}

func TestTheRateIsLimited(t *testing.T) {
	server, api := start(t)
	var last error
	for range 1000 { // the burst is 100 and 50 come back a second
		if _, last = api.ListInstances(ctx, &sd.ListInstancesInput{ServiceId: aws.String("srv-1")}); last != nil {
			break
		}
	}
	if code(last) != "RequestLimitExceeded" || server.Calls("ListInstances") <= 100 {
		t.Errorf("after %d calls: %v", server.Calls("ListInstances"), last)
	}
}

func TestWhatIsNoCallIsRefused(t *testing.T) {
	local := httptest.NewServer(fakecloudmap.New())
	defer local.Close()
	for name, header := range map[string]http.Header{
		"UnknownOperationException":  {},
		"SerializationException":     {"X-Amz-Target": {"Route53AutoNaming_v20170314.ListInstances"}},
		"MissingAuthenticationToken": {"X-Amz-Target": {"Route53AutoNaming_v20170314.ListInstances"}, "Content-Type": {"application/x-amz-json-1.1"}},
	} {
		request, err := http.NewRequest(http.MethodPost, local.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		answer, err := local.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if got := answer.Header.Get("X-Amzn-Errortype"); got != name || answer.StatusCode != 400 {
			t.Errorf("%s: answered %s %s", name, answer.Status, got)
		}
	}
}
