package secrets

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEachVersionIsAskedForOnceHoweverManyReferencesItServes(t *testing.T) {
	f := newFake(t)
	f.put(admin, `{"old":"o"}`)
	f.put(admin, `{"user":"neo4j","password":"a/b\"ü","n":1}`)
	f.put(guest, "reader/pw\n")
	got, err := f.store().Resolve(t.Context(),
		map[string]Reference{"A": {admin, "password", ""}, "B": {admin, "user", ""}, "C": {guest, "", ""}, "D": {admin, "old", "AWSPREVIOUS"}},
		map[string]Reference{"E": {admin, "old", "AWSPREVIOUS"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A": `a/b"ü`, "B": "neo4j", "C": "reader/pw\n", "D": "o", "E": "o"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{admin, guest, admin + " AWSPREVIOUS"}, f.questions()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotThereIsLeftOutWhereItIsOnlyWelcome(t *testing.T) {
	for name, prepare := range map[string]func(*fakeSecretsManager){
		"never rotated": func(*fakeSecretsManager) {},
		"of another form before": func(f *fakeSecretsManager) {
			f.put(admin, `{"password":"new"}`)
			f.values[admin]["AWSPREVIOUS"] = "plain"
		},
		"the stage is not permitted": func(f *fakeSecretsManager) {
			f.put(admin, `{"password":"new"}`)
			f.fault(guest, "AccessDeniedException")
		},
	} {
		f := newFake(t)
		f.put(admin, `{"password":"new"}`)
		prepare(f)
		from := admin
		if strings.Contains(name, "permitted") {
			from = guest
		}
		got, err := f.store().Resolve(t.Context(), map[string]Reference{"A": {admin, "password", ""}},
			map[string]Reference{"P": {from, "password", "AWSPREVIOUS"}})
		if err != nil || cmp.Diff(map[string]string{"A": "new"}, got) != "" {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestEachMistakeIsSortedAndSaysWhatToDo(t *testing.T) {
	const secret = "not-to-be-shown"
	for name, c := range map[string]struct {
		text, fault, key string
		kind             Kind
		says             string
	}{
		"denied":              {fault: "AccessDeniedException", kind: Denied, says: "secretsmanager:GetSecretValue"},
		"unknown keys":        {fault: "UnrecognizedClientException", kind: Denied, says: "UnrecognizedClientException"},
		"missing":             {fault: "ResourceNotFoundException", kind: Wrong, says: "correct the ARN"},
		"to be deleted":       {fault: "InvalidRequestException", kind: Wrong, says: "restore the secret"},
		"key switched off":    {fault: "DecryptionFailure", kind: Wrong, says: "KMS key"},
		"wrong parameter":     {fault: "InvalidParameterException", kind: Wrong, says: "correct the ARN"},
		"throttled":           {fault: "ThrottlingException", kind: Away, says: "ThrottlingException"},
		"broken":              {fault: "InternalServiceError", kind: Away, says: "InternalServiceError"},
		"overloaded":          {fault: "ServiceUnavailable", kind: Away, says: "ServiceUnavailable"},
		"not JSON":            {text: secret, key: "password", kind: Wrong, says: "not a JSON object"},
		"half JSON":           {text: `{"password":"` + secret, key: "password", kind: Wrong, says: "not a JSON object"},
		"JSON, not an object": {text: `["` + secret + `"]`, key: "password", kind: Wrong, says: "not a JSON object"},
		"null":                {text: "null", key: "password", kind: Wrong, says: "not a JSON object"},
		"without the field":   {text: `{"Password":"` + secret + `"}`, key: "password", kind: Wrong, says: "no field password"},
		"a number":            {text: `{"password":8675309}`, key: "password", kind: Wrong, says: "not a string"},
		"null field":          {text: `{"password":null}`, key: "password", kind: Wrong, says: "not a string"},
		"an object":           {text: `{"password":{"a":"` + secret + `"}}`, key: "password", kind: Wrong, says: "not a string"},
		"an empty field":      {text: `{"password":""}`, key: "password", kind: Wrong, says: "is empty"},
		"binary":              {text: "\x00" + secret, kind: Wrong, says: "store it as text"},
	} {
		f := newFake(t)
		f.put(admin, c.text)
		f.fault(admin, c.fault)
		_, err := f.store().Resolve(t.Context(), map[string]Reference{"NEO4J_ADMIN_PASSWORD": {admin, c.key, ""}}, nil)
		var known *Error
		if !errors.As(err, &known) || known.Kind != c.kind {
			t.Errorf("%s: got %v, want kind %d", name, err, c.kind)
			continue
		}
		for _, part := range []string{"NEO4J_ADMIN_PASSWORD: cannot read secret " + admin, c.says} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q lacks %q", name, err, part)
			}
		}
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "8675309") {
			t.Errorf("%s: the value is shown: %v", name, err)
		}
	}
}

func TestAllMistakesAreToldAtOnceAndTheWorstDecides(t *testing.T) {
	f := newFake(t)
	f.fault(guest, "AccessDeniedException")
	_, err := f.store().Resolve(t.Context(), map[string]Reference{"A": {never, "", ""}, "B": {guest, "", ""}, "C": {admin, "", "old"}}, nil)
	var known *Error
	if !errors.As(err, &known) || known.Kind != Wrong {
		t.Fatalf("got %v", err)
	}
	text := err.Error()
	for _, part := range []string{"3 mistakes\n", "  A: cannot read secret " + never, "  B: cannot read secret " + guest, "  C: cannot read secret " + admin + " (old)"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q lacks %q", text, part)
		}
	}
}

func TestAStoreThatIsAwayIsNotAskedForEverySecret(t *testing.T) {
	f := newFake(t)
	f.fault("", "ServiceUnavailable")
	_, err := f.store().Resolve(t.Context(), map[string]Reference{"A": {admin, "", ""}, "B": {guest, "", ""}}, nil)
	if asked := f.questions(); !IsAway(err) || len(asked) != 1 {
		t.Errorf("asked for %v, got %v", asked, err)
	}
}

func TestEachValueIsHadWithoutTheOthersUntilTheStoreOfItsRegionDoesNotAnswer(t *testing.T) {
	f := newFake(t)
	f.put(guest, `{"password":"pw","other":"o"}`)
	first, second, missing := Reference{guest, "password", ""}, Reference{guest, "other", ""}, Reference{never, "", ""}
	values, wrong := f.store().Each(t.Context(), []Reference{missing, first, second})
	if len(values) != 2 || values[first] != "pw" || values[second] != "o" || len(wrong) != 1 || wrong[missing] == nil {
		t.Errorf("got %v, %v", values, wrong)
	}
	if asked := f.questions(); len(asked) != 2 {
		t.Errorf("asked for %v", asked)
	}
	f.fault(never, "ServiceUnavailable")
	values, wrong = f.store().Each(t.Context(), []Reference{first, missing, second, {admin, "", ""}})
	if len(values) != 2 || values[second] != "o" || !IsAway(wrong[missing]) || !IsAway(wrong[Reference{admin, "", ""}]) { // of another region, and of the same
		t.Errorf("got %v, %v", values, wrong)
	}
	if asked := f.questions(); len(asked) != 4 {
		t.Errorf("asked for %v", asked)
	}
}

// FuzzAFieldIsWhatTheJSONSays: whatever a secret holds, its field is a string of it or refused, and no error shows the text.
func FuzzAFieldIsWhatTheJSONSays(f *testing.F) {
	for _, text := range []string{`{"k":"v"}`, `{"k":"a","k":"b"}`, `{"k":1}`, ``, `null`, `{"k":"\ud800"}`, "{\"k\":\"\xff\"}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := pick(Reference{admin, "k", ""}, text)
		switch {
		case err == nil && (value == "" || !strings.Contains(text, `"k"`) && !strings.Contains(text, `\u006`)):
			t.Errorf("%q gives %q", text, value)
		case err != nil && len(text) > 40 && strings.Contains(err.Error(), text):
			t.Errorf("%q shows the secret", err)
		}
	})
}
