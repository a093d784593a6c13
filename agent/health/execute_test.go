package health

import (
	"testing"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

func TestOnlyWhatIsAboutTheStatementOrTheDataIsRefusedForGood(t *testing.T) {
	for code, want := range map[string]bool{
		"Neo.ClientError.Statement.SyntaxError":                    true,
		"Neo.ClientError.Statement.TypeError":                      true,
		"Neo.ClientError.Schema.ConstraintValidationFailed":        true,
		"Neo.DatabaseError.Schema.ConstraintCreationFailed":        true,
		"Neo.ClientError.Procedure.ProcedureNotFound":              true,
		"Neo.ClientError.Security.Forbidden":                       true,
		"Neo.ClientError.Security.Unauthorized":                    false,
		"Neo.ClientError.Cluster.NotALeader":                       false,
		"Neo.ClientError.General.ForbiddenOnReadOnlyDatabase":      false,
		"Neo.TransientError.General.DatabaseUnavailable":           false,
		"Neo.TransientError.Statement.ExternalResourceFailed":      false,
		"Neo.TransientError.Schema.SchemaModifiedConcurrently":     false,
		"Neo.TransientError.Transaction.Terminated":                false,
		"Neo.TransientError.Transaction.DeadlockDetected":          false,
		"Neo.DatabaseError.General.UnknownError":                   false,
		"Neo.ClientError.Database.DatabaseNotFound":                false,
		"Neo.ClientError.Cluster.ReplicationFailure":               false,
		"Neo.ClientError.Statement.ParameterMissing":               true,
		"Neo.ClientError.Transaction.TransactionTimedOut":          false,
		"Neo.TransientError.Cluster.ReplicationFailure":            false,
		"Neo.DatabaseError.Statement.ExecutionFailed":              true,
		"Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists": true,
	} {
		if got := lasting(&neo4j.Neo4jError{Code: code}); got != want {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
	}
}

func TestWhatAServerSaysOfAStatementDoesNotRepeatItsSecrets(t *testing.T) {
	for said, want := range map[string]string{
		"Invalid input 'NEEDED': expected \"REQUIRED\" (line 1, column 52 (offset: 51))\n\"CREATE USER app SET PASSWORD 's3cret' CHANGE NOT NEEDED\"\n   ^": "Invalid input 'NEEDED': expected \"REQUIRED\" (line 1, column 52 (offset: 51))",
		"Couldn't load the external resource at: https://me:s3cret@files.example.com/a.csv":                                                                 "Couldn't load the external resource at: https://…@files.example.com/a.csv",
		"Node(1) already exists with label `A`": "Node(1) already exists with label `A`",
	} {
		if got := discreet(said); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
