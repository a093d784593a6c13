package main

import (
	"context"
	"errors"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/secrets"
	"neo4j-agent/agent/settings"
)

// secretStore is Secrets Manager, or what AWS_ENDPOINT_URL names.
func secretStore(ctx context.Context, s *settings.Settings) (*secrets.Store, error) {
	loaded, err := awsConfig(ctx, s)
	if err != nil {
		return nil, err
	}
	return secrets.New(secretsmanager.NewFromConfig(loaded)), nil
}

// readSecrets completes the settings with what they refer to in Secrets Manager. A database that ran before, and is to be
// restarted in place, goes on with what was kept when there is any trouble.
func (p *preparation) readSecrets(ctx context.Context) error {
	if len(p.settings.References) == 0 {
		return nil
	}
	handed, err := unsealed(p.secrets)
	if err != nil {
		return withCode(exitConfig, err)
	}
	kept := p.kept.recall(p.settings.References)
	values, err := p.lookUp(ctx, kept == nil)
	var loaded *settings.Settings
	if err == nil {
		loaded, err = settingsWith(handed, values)
		err = withCode(exitConfig, err)
	}
	if err != nil && kept != nil && ctx.Err() == nil {
		p.log.Warn().Msg("going on with the last secrets: " + err.Error())
		values = kept
		loaded, err = settingsWith(handed, kept)
	}
	if err != nil {
		return err
	}
	p.kept.keep(values)
	p.settings = loaded
	return nil
}

// withSecrets completes the settings of a command that is run by hand.
func withSecrets(ctx context.Context, loaded *settings.Settings, log zerolog.Logger) (*settings.Settings, error) {
	p := &preparation{settings: loaded, log: log}
	err := p.readSecrets(ctx)
	return p.settings, err
}

// lookUp asks Secrets Manager, once or with patience.
func (p *preparation) lookUp(ctx context.Context, patient bool) (map[string]string, error) {
	store, err := secretStore(ctx, p.settings)
	if err != nil {
		return nil, err
	}
	wanted, welcome := references(p.settings.References), references(p.settings.Replaced)
	var values map[string]string
	if patient {
		values, err = store.Await(ctx, wanted, welcome, p.log)
	} else {
		values, err = store.Resolve(ctx, wanted, welcome)
	}
	if err != nil {
		return nil, secretErrors(err)
	}
	return fitting(values, p.settings.Replaced), nil
}

func references(refs map[string]settings.SecretRef) map[string]secrets.Reference {
	converted := make(map[string]secrets.Reference, len(refs))
	for name, ref := range refs {
		converted[name] = secrets.Reference(ref)
	}
	return converted
}

// fitting leaves out what a secret was before where that is nothing for its variable, such as what stood there before the
// first password: nobody gave it on purpose, so it must not end a start.
func fitting(values map[string]string, replaced map[string]settings.SecretRef) map[string]string {
	kept := maps.Clone(values)
	for name := range replaced {
		if !settings.Fits(name, kept[name]) {
			delete(kept, name)
		}
	}
	return kept
}

// secretErrors gives each way not to get secrets its exit code (contract.md, Exit codes).
func secretErrors(err error) error {
	var known *secrets.Error
	if !errors.As(err, &known) {
		return err
	}
	return withCode(map[secrets.Kind]int{
		secrets.Away: exitTryAgain, secrets.Denied: exitPermission, secrets.Wrong: exitConfig,
	}[known.Kind], err)
}
