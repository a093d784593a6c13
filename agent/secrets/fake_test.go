package secrets

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

var _ Getter = (*secretsmanager.Client)(nil)

const (
	admin = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/admin-AbCdEf"
	guest = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db/guest-GhIjKl"
	never = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/never-MnOpQr"
)

// fakeSecretsManager answers GetSecretValue as its API reference says, without a network, so that time can be that of
// testing/synctest. It can refuse and be away, which moto cannot.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
type fakeSecretsManager struct {
	t *testing.T

	mu     sync.Mutex
	values map[string]map[string]string // text by ARN and stage; binary where it begins with a zero byte
	faults map[string]string            // error code by ARN, "" for every ARN
	asked  []string                     // ARN and stage of each question
}

func newFake(t *testing.T) *fakeSecretsManager {
	return &fakeSecretsManager{t: t, values: map[string]map[string]string{}, faults: map[string]string{}}
}

// store is the real client, as it speaks to the fake.
func (f *fakeSecretsManager) store() *Store {
	return New(secretsmanager.New(secretsmanager.Options{
		HTTPClient: f, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}))
}

// put makes text the current version, and the current one the previous, as PutSecretValue does.
func (f *fakeSecretsManager) put(arn, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.values[arn] == nil {
		f.values[arn] = map[string]string{}
	} else {
		f.values[arn]["AWSPREVIOUS"] = f.values[arn]["AWSCURRENT"]
	}
	f.values[arn]["AWSCURRENT"] = text
}

// fault has every question about arn fail with this error code, "" for all secrets; no code ends that.
func (f *fakeSecretsManager) fault(arn, code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.faults[arn] = code; code == "" {
		delete(f.faults, arn)
	}
}

func (f *fakeSecretsManager) questions() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// statusOf is the HTTP status of an error code; of the listed ones only these are not 400.
var statusOf = map[string]int{"InternalServiceError": 500, "ServiceUnavailable": 503, "InternalFailure": 500}

var hostOf = regexp.MustCompile(`^secretsmanager\.([a-z0-9-]+)\.amazonaws\.com$`)

// Do is a round trip.
func (f *fakeSecretsManager) Do(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var in struct{ SecretId, VersionStage string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
		f.t.Errorf("a wrong request: %v %v", r.Header, err)
	}
	if region := hostOf.FindStringSubmatch(r.URL.Host); region == nil || strings.Split(in.SecretId, ":")[3] != region[1] {
		f.t.Errorf("%s was asked for %s", r.URL.Host, in.SecretId)
	}
	f.asked = append(f.asked, strings.TrimSpace(in.SecretId+" "+in.VersionStage))
	if in.VersionStage == "" {
		in.VersionStage = "AWSCURRENT"
	}
	code, everywhere := f.faults[in.SecretId], f.faults[""]
	text, there := f.values[in.SecretId][in.VersionStage]
	switch {
	case everywhere != "":
		return refusal(everywhere), nil
	case code != "":
		return refusal(code), nil
	case !there:
		return refusal("ResourceNotFoundException"), nil
	case strings.HasPrefix(text, "\x00"):
		return answer(200, map[string]any{"ARN": in.SecretId, "SecretBinary": []byte(text)}), nil
	}
	return answer(200, map[string]any{"ARN": in.SecretId, "SecretString": text, "VersionStages": []string{in.VersionStage}}), nil
}

func refusal(code string) *http.Response {
	status := 400
	if other, ok := statusOf[code]; ok {
		status = other
	}
	return answer(status, map[string]any{"__type": code, "message": "as the documentation says"})
}

func answer(status int, body any) *http.Response {
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Content-Type", "application/x-amz-json-1.1")
	recorder.WriteHeader(status)
	_ = json.NewEncoder(recorder).Encode(body)
	return recorder.Result()
}
