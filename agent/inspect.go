package main

import (
	"context"
	"os/signal"
	"syscall"
)

// inspect runs look on a preparation that changes nothing: for the commands that print what prepare would come to.
func inspect(process string, out output, look func(context.Context, *preparation) error) error {
	loaded, _, err := loadSettings(nil, true)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log, flush := newLog(loaded, process)
	defer flush()
	p := &preparation{settings: loaded, folders: layoutOf(loaded), log: log, out: out, dry: true}
	if err := p.readSecrets(ctx); err != nil {
		return err
	}
	return look(ctx, p)
}

// inTurn takes steps until one fails.
func inTurn(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}
