package health

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// Refusal is what a server says of a statement that it does not run.
type Refusal struct{ Code, Message string }

func (e *Refusal) Error() string { return e.Code + ": " + e.Message }

// Execute runs a statement in an auto-commit transaction, which schema statements and those that commit in parts need, in a
// database, "" for the default one. What it returns is read to its end and let go. The error is a *Refusal where the same
// statement would be refused again; after any other one it may have run.
func (c *Client) Execute(ctx context.Context, database, statement string) error {
	session := c.driver.NewSession(ctx, neo4j.SessionConfig{AccessMode: neo4j.AccessModeWrite, DatabaseName: database})
	defer func() { _ = session.Close(ctx) }()
	result, err := session.Run(ctx, statement, nil)
	if err == nil {
		for result.Next(ctx) { // to discard would let the server leave off
			continue
		}
		err = result.Err()
	}
	var said *neo4j.Neo4jError
	switch {
	case errors.As(err, &said) && lasting(said):
		return &Refusal{said.Code, discreet(said.Msg)}
	case said != nil:
		return fmt.Errorf("%s: %s", said.Code, discreet(said.Msg))
	}
	return c.plain(err)
}

// credentials are those in an address, such as that of LOAD CSV.
var credentials = regexp.MustCompile(`://[^/\s'"]*@`)

// discreet leaves out of what a server says where it repeats the statement, which may hold a password.
func discreet(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	return credentials.ReplaceAllString(message, "://…@")
}

// lasting tells whether the server would say the same again: it is about the statement, the data, or what the user may do
// (manual, "Status codes"), and not about who leads or what is available.
func lasting(said *neo4j.Neo4jError) bool {
	switch said.Category() {
	case "Statement", "Schema", "Procedure":
		return said.Classification() != "TransientError" && !neo4j.IsRetryable(said)
	}
	return said.Code == "Neo.ClientError.Security.Forbidden"
}
