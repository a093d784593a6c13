package health

import (
	"sync"
	"time"
)

// refusedFor is how long refused credentials are not tried again. Neo4j locks a user for
// dbms.security.auth_lock_time (5 s) after dbms.security.auth_max_failed_attempts (3) and counts on while it is
// locked, so a prober that went on would lock out people too.
const refusedFor = time.Minute

// gate hands out the credentials, but not those that were refused less than refusedFor ago.
type gate struct {
	credentials func() (user, password string)
	on          bool // authentication is switched on

	mu      sync.Mutex
	refused login
	until   time.Time
}

type login struct{ user, password string }

// ask returns the credentials, and false when there are none or they must not be tried now.
func (g *gate) ask() (login, bool) {
	if !g.on {
		return login{}, true
	}
	var l login
	l.user, l.password = g.credentials()
	g.mu.Lock()
	defer g.mu.Unlock()
	return l, l.password != "" && (l != g.refused || time.Now().After(g.until))
}

// refuse notes that the server does not want them.
func (g *gate) refuse(l login) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused, g.until = l, time.Now().Add(refusedFor)
}

// forgive lets those that were refused be tried again.
func (g *gate) forgive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused = login{}
}
