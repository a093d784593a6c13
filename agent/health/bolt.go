package health

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
)

// queryEvery is how long a good answer to a query counts. In between the connection is only reset (a Bolt message
// that Neo4j does not log), so that a query log with threshold 0 does not fill with ours.
const queryEvery = 15 * time.Second

// boltClient keeps one connection to this member's Bolt port.
type boltClient struct {
	gate     *gate
	driver   neo4j.DriverWithContext
	with     link
	last     boltAnswer
	leader   string // whom the raft status named then
	answered time.Time
}

// link is what one driver was made for. Another process of the database needs a new one.
type link struct {
	address string
	pin     Pin
	pid     int
	started time.Time
	login   login
}

type boltAnswer struct {
	Bolt
	members []Seen
}

// ask runs a query, or finds the connection alive shortly after one. With another leader in the raft status the last
// overview is old.
func (b *boltClient) ask(ctx context.Context, facts Facts, leader string) boltAnswer {
	address := facts.Member.LocalBolt
	if address == "" {
		return boltAnswer{Bolt: Bolt{Error: "neo4j has no Bolt port"}}
	}
	credentials, usable := b.gate.ask()
	if !usable {
		b.close()
		return refused(ctx, facts.Member, "no credentials to try")
	}
	if err := b.connect(link{address, facts.Member.BoltPin, facts.Supervisor.DatabasePID, facts.Supervisor.DatabaseSince, credentials}); err != nil {
		return boltAnswer{Bolt: Bolt{Error: err.Error()}}
	}
	if time.Since(b.answered) < queryEvery && b.leader == leader && b.driver.VerifyConnectivity(ctx) == nil {
		return b.last
	}
	b.last, b.leader, b.answered = b.query(ctx, facts, address, credentials), leader, time.Time{}
	if b.last.Answers && b.last.settled(facts) {
		b.answered = time.Now()
	}
	return b.last
}

// settled tells whether the overview may be believed for a while: it shows a leader.
func (a boltAnswer) settled(facts Facts) bool {
	return facts.Member.Role == Standalone || Observation{Members: a.members}.hasLeader(facts.Dialect.DefaultDatabase)
}

// query runs the overview, or RETURN 1 where there is none.
func (b *boltClient) query(ctx context.Context, facts Facts, address string, with login) boltAnswer {
	text := "RETURN 1"
	if facts.Member.Role != Standalone && facts.Dialect.OverviewQuery != "" {
		text = facts.Dialect.OverviewQuery
	}
	rows, err := b.run(ctx, facts.Dialect, text)
	if missing(err) && text != "RETURN 1" {
		rows, err = b.run(ctx, facts.Dialect, "RETURN 1")
	}
	var wrong *neo4j.Neo4jError
	switch {
	case err == nil:
		return boltAnswer{Bolt{Open: true, Answers: true}, overview(rows, facts.Dialect.DefaultDatabase)}
	case errors.As(err, &wrong) && wrong.HasSecurityCode():
		b.gate.refuse(with)
		b.close()
		return refused(ctx, facts.Member, wrong.Code)
	case errors.As(err, &wrong):
		return boltAnswer{Bolt: Bolt{Open: true, Error: wrong.Code}}
	}
	return boltAnswer{Bolt: Bolt{Error: plain(err, address)}}
}

// missing tells whether the server would not run that query, although it runs queries.
func missing(err error) bool {
	var wrong *neo4j.Neo4jError
	return errors.As(err, &wrong) &&
		(wrong.Code == "Neo.ClientError.Procedure.ProcedureNotFound" || wrong.Code == "Neo.ClientError.Security.Forbidden")
}

// run collects a query's rows.
func (b *boltClient) run(ctx context.Context, dialect Dialect, query string) ([]*neo4j.Record, error) {
	settings := neo4j.SessionConfig{AccessMode: neo4j.AccessModeRead, FetchSize: neo4j.FetchAll}
	if dialect.DatabaseSelectable {
		settings.DatabaseName = dialect.DefaultDatabase
	}
	session := b.driver.NewSession(ctx, settings)
	defer func() { _ = session.Close(ctx) }()
	result, err := session.Run(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	return result.Collect(ctx)
}

// connect makes the driver unless it has been made for the same link. It opens no connection yet.
func (b *boltClient) connect(to link) error {
	if b.driver != nil && b.with == to {
		return nil
	}
	b.close()
	auth := neo4j.NoAuth()
	if to.login != (login{}) {
		auth = neo4j.BasicAuth(to.login.user, to.login.password, "")
	}
	over := to.pin.config()
	driver, err := neo4j.NewDriverWithContext(scheme("bolt", over)+to.address, auth, func(c *config.Config) {
		c.TlsConfig = over
		c.UserAgent = "neo4j-agent/health"
		c.MaxConnectionPoolSize = 1
		c.ConnectionAcquisitionTimeout = probeTimeout
		c.SocketConnectTimeout = probeTimeout
		c.TelemetryDisabled = true
	})
	if err != nil {
		return err
	}
	b.driver, b.with = driver, to
	return nil
}

// close ends the connection, without waiting for a server that no longer answers.
func (b *boltClient) close() {
	if b.driver == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = b.driver.Close(ctx)
	b.driver, b.answered = nil, time.Time{}
}

// refused is what can be said of a server that does not let us in.
func refused(ctx context.Context, member Member, reason string) boltAnswer {
	return boltAnswer{Bolt: Bolt{Open: handshake(ctx, member.LocalBolt, member.BoltPin), Refused: true, Error: reason}}
}

// handshake tells whether Bolt is spoken at the address: the preamble and four proposals (5.8 to 5.0, 4.4 to 4.2, 4.1,
// 3) are answered with the version chosen, zero being none (Bolt protocol, Handshake).
func handshake(ctx context.Context, address string, pin Pin) bool {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if over := pin.config(); over != nil {
		conn = tls.Client(conn, over)
	}
	hello := []byte{0x60, 0x60, 0xb0, 0x17, 0, 8, 8, 5, 0, 2, 4, 4, 0, 0, 1, 4, 0, 0, 0, 3}
	if _, err := conn.Write(hello); err != nil {
		return false
	}
	var chosen [4]byte
	_, err = io.ReadFull(conn, chosen[:])
	return err == nil && chosen != [4]byte{}
}

// plain is the last part of the driver's error, which repeats itself.
func plain(err error, address string) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return "Bolt at " + address + ": " + text
}
