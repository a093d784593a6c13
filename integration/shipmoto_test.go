package integration

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/google/go-cmp/cmp"

	"neo4j-agent/agent/logship/fakelogs"
	"neo4j-agent/integration/localcluster"
)

// TestMotoHoldsExactlyWhatARealServerLogged sends three logs as Neo4j wrote them to moto, behind a check of every limit that
// moto does not know, and reads it back.
func TestMotoHoldsExactlyWhatARealServerLogged(t *testing.T) {
	moto, err := installed(t).StartMoto(t.Context(), t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(moto.Stop)
	check := strictBefore(t, moto.Endpoint)
	m, env, volume := queryLogging(t, check.url)
	env["AGENT_LOG_SHAPE"], env["AGENT_SHIP_LOGS"], env["NEO4J_dbms_logs_http_enabled"] = "raw", "query,security,http", "true"
	getReady(t, m)
	requests(t, m)
	a := asks(t, m)
	a.special()
	a.load(150_000)
	a.long()
	leave(t, m)
	replaced(t, m)
	b := asks(t, m)
	b.load(50_000)
	leave(t, m)
	if broken := check.service.Broken(); len(broken) > 0 {
		t.Errorf("limits broken: %q", broken)
	}
	all, files := logged(t, volume)
	got := inMoto(t, moto.Endpoint, realStream)
	if len(got) != len(all) {
		t.Errorf("%d entries were logged and moto holds %d", len(all), len(got))
	}
	for i := range min(len(got), len(all)) {
		if got[i] != all[i] && !excused(got[i], all[i]) {
			t.Fatalf("entry %d is %.300q, and Neo4j wrote %.300q", i, got[i], all[i])
		}
	}
	t.Logf("%d entries in %d files are in moto as Neo4j wrote them", len(got), files)
	for log, wanted := range map[string]string{"security": "failed to log in", "http": "/db/data/"} {
		want := recordsOf(t, filepath.Join(volume, "logs", log+".log"), false)
		got := inMoto(t, moto.Endpoint, "the-member/"+log)
		byTime(want)
		byTime(got)
		if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(strings.Join(got, "\n"), wanted) {
			t.Errorf("%s: %d records were written and %d arrived, and one should have %q\n%.2000s", log, len(want), len(got), wanted, diff)
		}
		t.Logf("%s.log: %d records", log, len(got))
	}
}

// requests has a server log requests over HTTP, which 3.5 answers a little after Bolt; one of them has a wrong password.
func requests(t *testing.T, m *localcluster.Member) {
	t.Helper()
	ask := func(password string) (status string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.BrowserURL()+"db/data/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("neo4j", password)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err.Error()
		}
		_ = answer.Body.Close()
		return answer.Status
	}
	eventually(t, "an answer over HTTP", time.Minute, func() (bool, string) {
		status := ask(localcluster.Password)
		return status == "200 OK", status
	})
	for range 20 {
		ask(localcluster.Password)
	}
	if status := ask("wrong"); status != "401 Unauthorized" {
		t.Errorf("with a wrong password the answer is %s", status)
	}
}

// excused: the agent cuts what is longer than an event, and a statement where its password begins.
func excused(got, logged string) bool {
	const most = 1<<20 - 26
	if kept, mark, ok := strings.Cut(got, " [neo4j-agent: "); ok {
		return len(logged) > most && len(kept) > most-100 && strings.HasPrefix(logged, kept) && mark == fmt.Sprintf("%d bytes cut]", len(logged)+1-len(kept))
	}
	kept, ok := strings.CutSuffix(got, "******")
	return ok && strings.HasPrefix(logged, kept) && (strings.HasSuffix(kept, "createUser(") || strings.HasSuffix(kept, "Password("))
}

// strictly is a CloudWatch Logs that refuses what AWS refuses, before moto, which takes anything.
type strictly struct {
	url     string
	service *fakelogs.Server
}

func strictBefore(t *testing.T, endpoint string) strictly {
	t.Helper()
	behind, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	s, forward, one := strictly{service: fakelogs.New()}, httputil.NewSingleHostReverseProxy(behind), sync.Mutex{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		again := func() *http.Request {
			r.Body = io.NopCloser(bytes.NewReader(body))
			return r
		}
		strict := httptest.NewRecorder()
		if s.service.ServeHTTP(strict, again()); strict.Code == http.StatusOK || strings.Contains(strict.Body.String(), "ResourceNotFoundException") {
			forward.ServeHTTP(w, again())
			return
		}
		w.Header().Set("Content-Type", strict.Header().Get("Content-Type"))
		w.WriteHeader(strict.Code)
		_, _ = w.Write(strict.Body.Bytes())
	}))
	t.Cleanup(web.Close)
	s.url = web.URL
	return s
}

// inMoto reads a stream from its beginning to its end.
func inMoto(t *testing.T, endpoint, stream string) []string {
	t.Helper()
	client := cloudwatchlogs.New(cloudwatchlogs.Options{Region: localcluster.Region, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(localcluster.AccessKey, localcluster.SecretKey, "")})
	var all []string
	in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String(realGroup), LogStreamName: &stream, StartFromHead: aws.Bool(true), Limit: aws.Int32(1000)}
	for {
		out, err := client.GetLogEvents(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			all = append(all, aws.ToString(e.Message))
		}
		if len(out.Events) == 0 {
			return all
		}
		in.NextToken = out.NextForwardToken
	}
}
