package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"neo4j-agent/agent/certs"
	"neo4j-agent/agent/health"
	"neo4j-agent/agent/runstate"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

const (
	// certificatesEvery is the pace of reading the few files again, certificatesSoon that of looking whether prepare has
	// been there meanwhile.
	certificatesEvery = time.Minute
	certificatesSoon  = 5 * time.Second
	// certificateWarning is how long before its end a certificate is warned of, once in certificateAgain.
	certificateWarning = 30 * 24 * time.Hour
	certificateAgain   = 24 * time.Hour
)

// certificateWatch is what is known of the certificates.
type certificateWatch struct {
	told    atomic.Pointer[health.Certificates] // nil before the first look
	changed map[string]time.Time                // by scope, when that was noticed
	warned  map[string]time.Time                // by scope, when the end was last warned of
	said    map[string]string                   // by scope, the last trouble in the log
}

// certificates are those of the last look.
func (s *server) certificates() health.Certificates {
	if told := s.tls.told.Load(); told != nil {
		return *told
	}
	return health.Certificates{}
}

// watchCertificates keeps what /status tells of the certificates up to date. It changes nothing: a new certificate is
// shown after a restart, which people ask for.
func (s *server) watchCertificates(ctx context.Context) {
	ticks := time.NewTicker(certificatesSoon)
	defer ticks.Stop()
	var looked, of time.Time // when, and at what prepare said when
	for {
		prepared := s.prepared()
		if prepared.Done && (!prepared.Since.Equal(of) || time.Since(looked) >= certificatesEvery) {
			s.tls.look(prepared.Certificates, s.fresh.Load(), layoutOf(s.settings), s.log)
			looked, of = time.Now(), prepared.Since
		}
		select {
		case <-ctx.Done():
			return
		case <-s.recheck:
			looked = time.Time{}
		case <-ticks.C:
		}
	}
}

// look compares what is shown with what is given now.
func (w *certificateWatch) look(shown []runstate.Certificate, now *settings.Settings, folders layout, log zerolog.Logger) {
	if w.changed == nil {
		w.changed, w.warned, w.said = map[string]time.Time{}, map[string]time.Time{}, map[string]string{}
	}
	var told health.Certificates
	var reasons []string
	for _, c := range shown {
		leaf, err := certs.ReadCertificate(c.File)
		if _, missing := os.Stat(c.File); missing != nil && c.Begun == "" {
			continue // 3.5 makes itself one when it starts
		}
		one := health.Certificate{Scope: c.Scope}
		changed, trouble := false, err
		if err == nil {
			left := time.Until(leaf.NotAfter)
			one.Subject, one.NotAfter = leaf.Subject.String(), leaf.NotAfter.UTC()
			one.DaysLeft = int(math.Floor(left.Hours() / 24))
			one.Problem = w.ending(c.Scope, left, one, log)
			changed, trouble = change(c, certs.Fingerprint(leaf), now, folders)
		}
		if trouble != nil {
			one.Problem = strings.TrimPrefix(one.Problem+"; "+trouble.Error(), "; ")
		}
		w.tell(c.Scope, changed, trouble, log)
		if at, changed := w.changed[c.Scope]; changed {
			reasons = append(reasons, fmt.Sprintf("certificate of %s changed on %s", c.Scope, at.UTC().Format(time.RFC3339)))
		}
		told.Shown = append(told.Shown, one)
	}
	told.RestartNeeded = strings.Join(reasons, "; ")
	w.told.Store(&told)
}

// ending says that a certificate is near its end or past it, and warns of that once a day.
func (w *certificateWatch) ending(scope string, left time.Duration, c health.Certificate, log zerolog.Logger) string {
	problem := ""
	switch {
	case left <= 0:
		problem = "it has expired"
	case left < certificateWarning:
		problem = fmt.Sprintf("it ends in %d days", c.DaysLeft)
	default:
		return ""
	}
	if last := w.warned[scope]; last.IsZero() || time.Since(last) >= certificateAgain {
		w.warned[scope] = time.Now()
		log.Warn().Str("subject", c.Subject).Time("end", c.NotAfter).Msgf("the certificate of %s must be renewed: %s", scope, problem)
	}
	return problem
}

// change tells whether another pair is given than the one shown. The trouble is that of a new pair that would not do.
func change(c runstate.Certificate, fingerprint string, now *settings.Settings, folders layout) (bool, error) {
	if !c.Ours {
		return c.Begun != "" && c.Begun != fingerprint, nil
	}
	pair, there, _, wrong := givenPair(now, folders, neo4jconf.Channel(c.Scope))
	switch {
	case len(wrong) > 0:
		return false, fmt.Errorf("what would replace it cannot be used: %v", errors.Join(wrong...))
	case !there:
		return false, errors.New("where it came from it is no more; the next start would be without")
	}
	return !certs.Kept(filepath.Dir(c.File), pair), nil
}

// tell notes and logs a change, and trouble that is new.
func (w *certificateWatch) tell(scope string, changed bool, trouble error, log zerolog.Logger) {
	_, known := w.changed[scope]
	switch {
	case changed && !known:
		w.changed[scope] = time.Now()
		log.Info().Msgf("the certificate of %s has changed; it is shown after a restart, for which /status asks from now on", scope)
	case !changed && trouble == nil:
		delete(w.changed, scope)
	}
	said := ""
	if trouble != nil {
		said = trouble.Error()
	}
	if said != w.said[scope] && said != "" {
		log.Warn().Msgf("certificate of %s: %s", scope, said)
	}
	w.said[scope] = said
}
