// Package secrets reads values from AWS Secrets Manager, and reads them again as they change. It does not know what they
// are the values of.
package secrets

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Reference is where a value is kept. Key, where set, names a field of a JSON object; Stage, where set, is the version's
// staging label instead of AWSCURRENT.
type Reference struct{ ARN, Key, Stage string }

// Getter is satisfied by *secretsmanager.Client. The permission secretsmanager:GetSecretValue is needed, and kms:Decrypt
// where the secret has a key of one's own.
type Getter interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Store is Secrets Manager.
type Store struct{ client Getter }

// New returns the store that client reaches.
func New(client Getter) *Store { return &Store{client} }

// callLimit bounds one question, which is answered in milliseconds.
const callLimit = 5 * time.Second

// Each asks once for the values of all references, for those who can use one without the others: what cannot be had has its
// error instead. When the store of a region does not answer, nothing more of that region is asked for.
func (s *Store) Each(ctx context.Context, wanted []Reference) (map[Reference]string, map[Reference]error) {
	r, values, wrong := s.round(), map[Reference]string{}, map[Reference]error{}
	away := map[string]*Error{} // by region
	for _, ref := range wanted {
		value, err := "", away[region(ref.ARN)]
		if err == nil {
			value, err = r.value(ctx, ref)
		}
		switch {
		case err == nil:
			values[ref] = value
			continue
		case err.Kind == Away:
			away[region(ref.ARN)] = err
		}
		wrong[ref] = err
	}
	return values, wrong
}

// region is the one that an ARN names: arn:partition:service:region:…
func region(arn string) string { return strings.Split(arn+":::", ":")[3] }

// Resolve asks once for the values of all references, by the names that they have. Each version of a secret is asked for
// once, however many references it serves. What is welcome may be missing: a secret that has not been rotated yet has no
// version AWSPREVIOUS, or one of another form. The error is an *Error, with all mistakes.
func (s *Store) Resolve(ctx context.Context, wanted, welcome map[string]Reference) (map[string]string, error) {
	r, values, wrong := s.round(), map[string]string{}, &Error{}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		value, err := r.value(ctx, wanted[name])
		values[name] = value
		wrong.add(name, err)
		if IsAway(wrong) { // the next one would be waited for as long
			return nil, wrong
		}
	}
	if len(wrong.list) > 0 {
		return nil, wrong
	}
	for _, name := range slices.Sorted(maps.Keys(welcome)) {
		value, err := r.value(ctx, welcome[name])
		switch {
		case err == nil:
			values[name] = value
		case err.Kind == Away:
			wrong.add(name, err)
			return nil, wrong
		}
	}
	return values, nil
}

// version is what the store is asked for.
type version struct{ arn, stage string }

// round is one look at the store.
type round struct {
	*Store
	texts map[version]string
	wrong map[version]*Error
}

func (s *Store) round() round { return round{s, map[version]string{}, map[version]*Error{}} }

func (r round) value(ctx context.Context, ref Reference) (string, *Error) {
	v := version{ref.ARN, ref.Stage}
	if _, asked := r.texts[v]; !asked {
		r.texts[v], r.wrong[v] = r.ask(ctx, v)
	}
	if r.wrong[v] != nil {
		return "", r.wrong[v]
	}
	return pick(ref, r.texts[v])
}

// ask gets the text of one version, in the region that the ARN names.
func (r round) ask(ctx context.Context, v version) (string, *Error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	in := &secretsmanager.GetSecretValueInput{SecretId: &v.arn}
	if v.stage != "" {
		in.VersionStage = &v.stage
	}
	out, err := r.client.GetSecretValue(ctx, in, func(o *secretsmanager.Options) {
		o.Region = region(v.arn)
		o.Retryer = aws.NopRetryer{} // the SDK's own tries know no bound
	})
	switch {
	case err != nil:
		return "", translate(v, err)
	case out.SecretString == nil:
		return "", fail(Wrong, v, "it holds binary data; store it as text")
	}
	return *out.SecretString, nil
}

// pick takes from the text what the reference names.
func pick(ref Reference, text string) (string, *Error) {
	v := version{ref.ARN, ref.Stage}
	if ref.Key != "" {
		var fields map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &fields) != nil || fields == nil { // the error could quote a piece of the text
			return "", fail(Wrong, v, "it is not a JSON object, so that it has no field "+ref.Key+"; leave #"+ref.Key+" out to use it as a whole")
		}
		field, there := fields[ref.Key]
		if !there {
			return "", fail(Wrong, v, "it has no field "+ref.Key)
		}
		if len(field) == 0 || field[0] != '"' || json.Unmarshal(field, &text) != nil {
			return "", fail(Wrong, v, "its field "+ref.Key+" is not a string")
		}
	}
	if text == "" {
		return "", fail(Wrong, v, "its value is empty")
	}
	return text, nil
}
