package health

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
)

// clientTimeout bounds the connection to a server that others ask than the prober; they bound the answer.
const clientTimeout = 5 * time.Second

// Client asks one server, whichever it is, over Bolt.
type Client struct {
	driver  neo4j.DriverWithContext
	address string
}

// NewClient opens no connection yet. Without a password it asks as nobody, which a server with authentication refuses.
// Where over is not nil it speaks TLS.
func NewClient(address, user, password string, over *tls.Config) (*Client, error) {
	return newClient("bolt", address, user, password, over)
}

// mostConnections bounds those of one client. Who asks one thing after the other opens one.
const mostConnections = 4

// NewRoutedClient is NewClient for a member of a cluster that knows who else is in it: what changes something goes to the
// leader of the database.
func NewRoutedClient(address, user, password string, over *tls.Config) (*Client, error) {
	return newClient("neo4j", address, user, password, over)
}

func newClient(base, address, user, password string, over *tls.Config) (*Client, error) {
	auth := neo4j.NoAuth()
	if password != "" {
		auth = neo4j.BasicAuth(user, password, "")
	}
	driver, err := neo4j.NewDriverWithContext(scheme(base, over)+address, auth, func(c *config.Config) {
		c.TlsConfig = over
		c.UserAgent = "neo4j-agent"
		c.MaxConnectionPoolSize = mostConnections
		c.ConnectionAcquisitionTimeout = clientTimeout
		c.SocketConnectTimeout = clientTimeout
		c.TelemetryDisabled = true
	})
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s over Bolt: %v", address, err)
	}
	return &Client{driver, address}, nil
}

// Close ends the connection.
func (c *Client) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), clientTimeout)
	defer cancel()
	_ = c.driver.Close(ctx)
}

// Rows runs a query in a database, "" for the default one, and gives its rows by column.
func (c *Client) Rows(ctx context.Context, database, query string, parameters map[string]any) ([]map[string]any, error) {
	return c.rows(ctx, neo4j.AccessModeRead, database, query, parameters)
}

// LeaderRows is Rows asked of the database's leader, whose answer is never older than what was changed before.
func (c *Client) LeaderRows(ctx context.Context, database, query string, parameters map[string]any) ([]map[string]any, error) {
	return c.rows(ctx, neo4j.AccessModeWrite, database, query, parameters)
}

// Do runs a statement that changes something.
func (c *Client) Do(ctx context.Context, database, statement string, parameters map[string]any) error {
	_, err := c.records(ctx, neo4j.AccessModeWrite, database, statement, parameters)
	return err
}

// Overview asks for the members of the cluster, whose default database is database, with the query of its version.
func (c *Client) Overview(ctx context.Context, query, database string) ([]Seen, error) {
	records, err := c.records(ctx, neo4j.AccessModeRead, "", query, nil)
	return overview(records, database), err
}

func (c *Client) rows(ctx context.Context, mode neo4j.AccessMode, database, query string, parameters map[string]any) ([]map[string]any, error) {
	records, err := c.records(ctx, mode, database, query, parameters)
	rows := make([]map[string]any, 0, len(records))
	for _, record := range records {
		rows = append(rows, record.AsMap())
	}
	return rows, err
}

func (c *Client) records(ctx context.Context, mode neo4j.AccessMode, database, query string, parameters map[string]any) (
	[]*neo4j.Record, error) {
	session := c.driver.NewSession(ctx, neo4j.SessionConfig{
		AccessMode: mode, FetchSize: neo4j.FetchAll, DatabaseName: database,
	})
	defer func() { _ = session.Close(ctx) }()
	result, err := session.Run(ctx, query, parameters)
	if err != nil {
		return nil, c.plain(err)
	}
	records, err := result.Collect(ctx)
	return records, c.plain(err)
}

// plain is what the server says, or the last part of the driver's error.
func (c *Client) plain(err error) error {
	var said *neo4j.Neo4jError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said):
		return fmt.Errorf("cannot ask %s over Bolt: %w", c.address, &Refusal{said.Code, said.Msg})
	}
	return fmt.Errorf("cannot ask %s", plain(err, c.address))
}

// Unhealthy tells whether a member says of itself that it is not healthy in its raft group; base is the root of its HTTP
// connector, path that of its status. One that gives no status is not called unhealthy: the endpoint may want a password.
func Unhealthy(ctx context.Context, base, path string) bool {
	raft := newHTTPClient(nil).stranger(ctx, base+path)
	return raft.Known && !raft.Healthy
}
