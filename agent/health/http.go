package health

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// biggestAnswer bounds what is read of an answer. The status of a cluster is about 1 kB.
const biggestAnswer = 1 << 20

// httpClient asks Neo4j's HTTP endpoints. The rounds are its retries.
type httpClient struct {
	client *http.Client
	gate   *gate
	pin    atomic.Pointer[Pin] // of this member's HTTPS port; nobody else is asked over TLS
}

func newHTTPClient(gate *gate) *httpClient {
	c := &httpClient{gate: gate}
	c.pin.Store(&Pin{})
	c.client = &http.Client{
		Timeout: askTimeout,
		// No proxy and no redirects: these are this member and its neighbours, never something else.
		Transport: &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, DisableCompression: true,
			DialTLSContext: c.dialTLS},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// dialTLS connects to this member's HTTPS port.
func (c *httpClient) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := tls.Dialer{Config: Pinned(*c.pin.Load())}
	return dialer.DialContext(ctx, network, address)
}

// raftAnswer is the body of the status endpoint. 3.5 says healthy, 4.0 and later isHealthy.
type raftAnswer struct {
	Core          bool     `json:"core"`
	Healthy       *bool    `json:"healthy"`
	IsHealthy     *bool    `json:"isHealthy"`
	Participating bool     `json:"participatingInRaftGroup"`
	MemberID      string   `json:"memberId"`
	Leader        string   `json:"leader"`
	Voting        []string `json:"votingMembers"`
	SinceLeader   int64    `json:"millisSinceLastLeaderMessage"`
	AppliedIndex  int64    `json:"lastAppliedRaftIndex"`
}

// raft asks this member's raft status. The second answer tells whether the port speaks HTTP at all.
func (c *httpClient) raft(ctx context.Context, base, path string) (Raft, bool) {
	if path == "" {
		return Raft{}, c.answers(ctx, base+"/")
	}
	code, body := c.own(ctx, base+path)
	return decodeRaft(code, body), code != 0
}

// ok tells whether this member answers 200 there.
func (c *httpClient) ok(ctx context.Context, base, path string) bool {
	if path == "" {
		return false
	}
	code, _ := c.own(ctx, base+path)
	return code == http.StatusOK
}

// answers tells whether anything speaks HTTP there.
func (c *httpClient) answers(ctx context.Context, url string) bool {
	code, _ := c.get(ctx, url, login{})
	return code != 0
}

// stranger asks another member, without credentials.
func (c *httpClient) stranger(ctx context.Context, url string) Raft {
	code, body := c.get(ctx, url, login{})
	return decodeRaft(code, body)
}

// own asks this member, with credentials only where it wants some: the status endpoints usually do not.
func (c *httpClient) own(ctx context.Context, url string) (int, []byte) {
	code, body := c.get(ctx, url, login{})
	if code != http.StatusUnauthorized {
		return code, body
	}
	with, usable := c.gate.ask()
	if !usable || with == (login{}) {
		return code, body
	}
	if code, body = c.get(ctx, url, with); code == http.StatusUnauthorized {
		c.gate.refuse(with)
	}
	return code, body
}

// get returns the status code, 0 when there was no answer, and the body.
func (c *httpClient) get(ctx context.Context, url string, with login) (int, []byte) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil
	}
	request.Header.Set("Accept", "application/json, text/plain")
	if with != (login{}) {
		request.SetBasicAuth(with.user, with.password)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, biggestAnswer))
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, body
}

// decodeRaft reads the status endpoint's answer. Anything else than a member's status is not Known.
func decodeRaft(code int, body []byte) Raft {
	var a raftAnswer
	if code != http.StatusOK || json.Unmarshal(body, &a) != nil || a.MemberID == "" {
		return Raft{}
	}
	healthy := true
	for _, said := range []*bool{a.Healthy, a.IsHealthy} {
		healthy = healthy && (said == nil || *said)
	}
	return Raft{Known: true, Core: a.Core, Healthy: healthy, Participating: a.Participating,
		MemberID: a.MemberID, Leader: a.Leader, Voting: a.Voting,
		SinceLeader: time.Duration(a.SinceLeader) * time.Millisecond, AppliedIndex: a.AppliedIndex}
}
