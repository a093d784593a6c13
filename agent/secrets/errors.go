package secrets

import (
	"fmt"
	"strings"

	"neo4j-agent/agent/callerror"
)

// Kind is what has to change before a value can be had; the greatest is the worst.
type Kind int

// The kinds of trouble.
const (
	Away   Kind = iota + 1 // the store does not answer, or is too busy: the same may work later
	Denied                 // not with these credentials
	Wrong                  // the reference, or the secret itself
)

// Error is every reason why values cannot be had. Its text never has one.
type Error struct {
	Kind Kind
	list []string
}

// Error has a line for each mistake.
func (e *Error) Error() string {
	if len(e.list) == 1 {
		return e.list[0]
	}
	return fmt.Sprintf("cannot read secrets: %d mistakes\n  %s", len(e.list), strings.Join(e.list, "\n  "))
}

// add takes in the trouble with the value of name, where there is any.
func (e *Error) add(name string, err *Error) {
	if err != nil {
		e.Kind = max(e.Kind, err.Kind)
		e.list = append(e.list, name+": "+err.Error())
	}
}

func fail(kind Kind, v version, reason string) *Error {
	stage := ""
	if v.stage != "" {
		stage = " (" + v.stage + ")"
	}
	return &Error{kind, []string{fmt.Sprintf("cannot read secret %s%s: %s", v.arn, stage, reason)}}
}

// translate sorts an error of the SDK. The codes:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors and
// CommonErrors. What is none of them, such as a throttled call or one that was not answered, may pass by itself.
func translate(v version, err error) *Error {
	if callerror.Denied(err) {
		return fail(Denied, v, callerror.Reason(err)+"; the task's role must be allowed secretsmanager:GetSecretValue on it, and kms:Decrypt on its key")
	}
	switch callerror.Code(err) {
	case "ResourceNotFoundException":
		return fail(Wrong, v, callerror.Reason(err)+"; correct the ARN or the stage, or make the secret")
	case "InvalidRequestException": // a secret that is to be deleted
		return fail(Wrong, v, callerror.Reason(err)+"; restore the secret, or name another one")
	case "DecryptionFailure":
		return fail(Wrong, v, callerror.Reason(err)+"; its KMS key must be enabled, and usable by the task's role")
	case "InvalidParameterException", "ValidationException", "ValidationError":
		return fail(Wrong, v, callerror.Reason(err)+"; correct the ARN or the stage")
	}
	return fail(Away, v, callerror.Reason(err))
}
