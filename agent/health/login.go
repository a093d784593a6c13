package health

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// LoginAnswer is what a server says to a login.
type LoginAnswer int

// The answers.
const (
	LoginTaken   LoginAnswer = iota // also where the password must be changed before anything else
	LoginRefused                    // another password, no such user, or a suspended one
	LoginUnknown                    // no answer that tells: the server is away, or refuses all logins of the user for a while
)

// Login tries a user's password once, with TLS where over is not nil.
func Login(ctx context.Context, address, user, password string, over *tls.Config) LoginAnswer {
	client, err := NewClient(address, user, password, over)
	if err != nil {
		return LoginUnknown
	}
	defer client.Close()
	err = client.driver.VerifyConnectivity(ctx)
	var said *neo4j.Neo4jError
	switch {
	case err == nil:
		return LoginTaken
	case !errors.As(err, &said):
		return LoginUnknown
	case said.Code == "Neo.ClientError.Security.Unauthorized":
		return LoginRefused
	case said.Code == "Neo.ClientError.Security.CredentialsExpired":
		return LoginTaken
	}
	return LoginUnknown
}

// Unwelcome tells whether a server has refused the credentials of a question, and no more than that.
func Unwelcome(err error) bool {
	var said *Refusal
	return errors.As(err, &said) && said.Code == "Neo.ClientError.Security.Unauthorized"
}

// LockedOut tells whether a server lets nobody in as that user for a while, whatever the password.
func LockedOut(err error) bool {
	var said *Refusal
	return errors.As(err, &said) && said.Code == "Neo.ClientError.Security.AuthenticationRateLimit"
}

// Transient tells whether a server has undone a statement that may work the next time, such as after a deadlock.
func Transient(err error) bool {
	var said *Refusal
	return errors.As(err, &said) && strings.HasPrefix(said.Code, "Neo.TransientError.")
}
