package restore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/callerror"
)

// pinLife is how long the members of a cluster take the same backup for `latest`. A member that is restoring renews it,
// so it only has to outlast the time between the first member's start and the last one's; shorter would let a late
// member take another backup, longer would hide a newer backup from a cluster made anew.
const pinLife = time.Hour

// longestPinned bounds for how long a pin is renewed: a backup that no member ever gets whole is not to be agreed on for
// ever.
const longestPinned = 24 * time.Hour

// longestPin bounds what is read of a pin, in bytes: a key has at most 1024.
const longestPin = 4096

// pinned is the text of a pin.
type pinned struct {
	Cluster string    `json:"cluster"`
	Asked   string    `json:"asked"`
	Key     string    `json:"key"`
	Expires time.Time `json:"expires"`
	Since   time.Time `json:"since"` // when this key was agreed on first
	// Left says that who agreed on it first keeps the data it has and leaves the backup alone: so do all that have data.
	Left bool `json:"left,omitempty"`
	// Blank says that who agreed on it first has no data: the first one that has some says whether it is left alone.
	Blank bool `json:"blank,omitempty"`
}

// pin is what the members of a cluster agreed on. Each agreement is an object of its own, numbered, and only ever
// created: S3 lets one of those who create a key at once win (If-None-Match), so nothing needs to be replaced.
type pin struct {
	r      *run
	prefix string
	known  markers
	number int // of the agreement that holds
	held   pinned
}

// pinFolder is where the pins of one wish lie: latest and @time are agreed on apart from each other.
func pinFolder(asked string) string { return strings.ReplaceAll(asked, "/", "-") + "/" }

func (p *pin) key(number int) string { return fmt.Sprintf("%s%08d.json", p.prefix, number) }

// look finds the key of the backup that a member would take by itself.
type look func(context.Context) (string, error)

// agree gives the key all members take: the one agreed on, or the one that look finds, if we are the first. It is renewed
// by who has fetched from it: one that is gone, damaged or too large is not to be agreed on for ever.
func (p *pin) agree(ctx context.Context, look look) (string, error) {
	doing := "agree on " + p.r.Snapshot + " with the other members"
	for {
		err := p.r.pace.again(ctx, doing, p.read)
		if err != nil {
			return "", err
		}
		left := time.Until(p.held.Expires)
		if left > 0 && (!p.held.Blank || p.r.blank() || p.r.Dry) {
			p.tell(ctx, look)
			return p.held.Key, nil
		}
		key := p.held.Key
		if left <= 0 {
			key, err = look(ctx)
		}
		if err != nil || p.r.Dry {
			return key, err
		}
		if first, err := p.put(ctx, key); first || err != nil {
			return key, err
		}
	}
}

// tell says which backup was agreed on, and how to take a newer one.
func (p *pin) tell(ctx context.Context, look look) {
	event := p.r.Log.Info().Str("snapshot", p.held.Key).Str("asked", p.r.Snapshot).Time("until", p.held.Expires)
	ctx, cancel := context.WithTimeout(ctx, p.r.pace.glance)
	defer cancel()
	newest, err := look(ctx)
	if err != nil || newest == p.held.Key || ctx.Err() != nil {
		event.Msg("the members agreed on a backup before: it is taken")
		return
	}
	event.Str("newest", newest).Msg("the members agreed on a backup before: it is taken, although there is a newer one; to take that, say its key in place of " + p.r.Snapshot)
}

// anew agrees on what look finds in place of what was agreed on, or takes what another member found meanwhile.
func (p *pin) anew(ctx context.Context, look look) (string, error) {
	key, err := look(ctx)
	if err != nil {
		return "", err
	}
	first, err := p.put(ctx, key)
	if first || err != nil {
		return key, err
	}
	err = p.r.pace.again(ctx, "read the pin", p.read)
	return p.held.Key, err
}

// read takes the newest agreement, if there is any.
func (p *pin) read(ctx context.Context) error {
	b := bucket{p.r.S3, p.r.Bucket}
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &p.prefix}
	for {
		page, err := b.api.ListObjectsV2(ctx, in, oneTry)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			var number int
			if _, err := fmt.Sscanf(strings.TrimPrefix(*object.Key, p.prefix), "%d.json", &number); err == nil {
				p.number = max(p.number, number)
			}
		}
		if in.ContinuationToken = page.NextContinuationToken; !aws.ToBool(page.IsTruncated) {
			break
		}
	}
	if p.number == 0 {
		return nil
	}
	text, err := b.get(ctx, p.key(p.number), longestPin)
	if callerror.Status(err) == http.StatusNotFound { // lifecycle took it meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	var held pinned // anew: what this one does not say must not be left of an older one
	if err := json.Unmarshal(text, &held); err != nil || held.Cluster != p.r.Layout.Cluster {
		return corrupt("read the pin %s%s: it is not one of cluster %s", b, p.key(p.number), p.r.Layout.Cluster)
	}
	p.held = held
	return nil
}

// put writes the next agreement and tells whether we were the first.
func (p *pin) put(ctx context.Context, key string) (bool, error) {
	b := bucket{p.r.S3, p.r.Bucket}
	now := time.Now().UTC()
	next := pinned{Cluster: p.r.Layout.Cluster, Asked: p.r.Snapshot, Key: key, Expires: now.Add(pinLife), Since: now}
	renewed := p.held.Key == key && p.held.Expires.After(now)
	if renewed {
		next.Since = cmp.Or(p.held.Since, now)
	}
	if renewed && !p.held.Blank {
		next.Left = p.held.Left
	} else {
		next.Left, next.Blank = p.r.leaves(p.known, key), p.r.blank()
	}
	text, err := json.Marshal(next)
	if err != nil {
		return false, err
	}
	first := true
	err = p.r.pace.again(ctx, "pin "+p.r.Snapshot+" for the other members", func(ctx context.Context) error {
		err := b.putNew(ctx, p.key(p.number+1), text)
		if callerror.Status(err) == http.StatusPreconditionFailed {
			first = false
			return nil
		}
		return err
	})
	if first && err == nil {
		p.number, p.held = p.number+1, next
	}
	return first, err
}

// renewEvery is how often to look whether a pin is to be renewed.
const renewEvery = time.Second

// stageAgreed stages the snapshot as long as it is the one that the members agree on.
func (r *run) stageAgreed(ctx context.Context) ([]Move, error) {
	kept, release := r.keepPinned(ctx)
	moves, err := r.stage(kept)
	release() // what follows is renames
	var lost *Error
	switch {
	case errors.As(context.Cause(kept), &lost):
		err = lost
	case err == nil && r.source.pin != nil:
		err = r.renew(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, discard(r.disk, r.Staging))
	}
	return moves, nil
}

// keepPinned renews the pin as long as the restore goes on, once bytes have moved: a member that fails again and again
// before that is not to keep the others from a newer backup. release ends that. Where the pin is lost, kept ends.
func (r *run) keepPinned(ctx context.Context) (kept context.Context, release func()) {
	kept, cancel := context.WithCancelCause(ctx)
	if r.source.pin == nil {
		return kept, func() { cancel(nil) }
	}
	before := r.meter.moved() // the manifest
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(renewEvery)
		defer ticker.Stop()
		for {
			select {
			case <-kept.Done():
				return
			case <-ticker.C:
				if r.meter.moved() == before {
					continue
				}
				if lost := r.renew(kept); lost != nil {
					cancel(lost)
				}
			}
		}
	}()
	return kept, func() { cancel(nil); <-done }
}

// renew prolongs what was agreed on, unless another member just did. Its error says that the others agreed on another
// backup since, when nobody had renewed in time: their stores would not be ours. Any other trouble ends no restore.
func (r *run) renew(ctx context.Context) error {
	p := r.source.pin
	if time.Until(p.held.Expires) > pinLife/2 {
		return nil
	}
	first, err := false, error(nil)
	if p.held.Since.IsZero() || time.Since(p.held.Since) < longestPinned {
		first, err = p.put(ctx, r.source.key)
	}
	if err == nil && !first {
		err = r.pace.again(ctx, "read the pin", p.read)
	}
	if err != nil && ctx.Err() == nil {
		r.Log.Warn().Err(err).Msg("the other members may take another backup for " + r.Snapshot)
	}
	if p.held.Key != r.source.key {
		return Fail(Later, "restore %s: while this member was at it, the others agreed on %s for %s; the next try takes that", r.source, p.held.Key, r.Snapshot)
	}
	return nil
}
