package peers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"neo4j-agent/agent/callerror"
)

// NotEnoughError says that the time was up before enough members were found. Trying again later may help (exit 75).
type NotEnoughError struct {
	Found   []Member
	Need    int
	Source  string        // where was looked
	Waited  time.Duration // how long
	Trouble error         // of the last look; nil when it was answered
}

// Error is one sentence: how many were found, which, what was awaited, where and for how long, and the last trouble.
func (e *NotEnoughError) Error() string {
	s := fmt.Sprintf("cannot find enough members: %s in %s within %s", count(e.Found, e.Need), e.Source, e.Waited)
	if e.Trouble != nil {
		s += "; last trouble: " + e.Trouble.Error()
	}
	return s
}

// count is "2 of 3 found (10.0.0.1 (own), 10.0.0.2)".
func count(found []Member, need int) string {
	if len(found) == 0 {
		return fmt.Sprintf("0 of %d found", need)
	}
	names := make([]string, len(found))
	for i, m := range found {
		names[i] = m.describe()
	}
	return fmt.Sprintf("%d of %d found (%s)", len(found), need, strings.Join(names, ", "))
}

// WrongServiceError says that Cloud Map does not know the service, or cannot take what is asked of it. No wait helps
// (exit 78).
type WrongServiceError struct {
	Doing, Reason string
}

func (e *WrongServiceError) Error() string { return fmt.Sprintf("cannot %s: %s", e.Doing, e.Reason) }

// PermissionError says that AWS refuses these credentials (exit 77). A Finder returns it at once; Wait and
// Registration only after it has lasted a minute, as new permissions take a while to arrive everywhere.
type PermissionError struct {
	Doing, Reason string
	Lasted        time.Duration // 0 when asked once
}

func (e *PermissionError) Error() string {
	s := fmt.Sprintf("cannot %s: %s", e.Doing, e.Reason)
	if e.Lasted > 0 {
		s += fmt.Sprintf(" (for %s)", e.Lasted.Round(time.Second))
	}
	return s
}

// errNotThere: the instance to be withdrawn is not registered.
var errNotThere = errors.New("no such instance")

// translate turns an error of the SDK into one of ours. What is neither a wrong service nor a refusal may pass by itself.
func translate(doing string, err error) error {
	if callerror.Denied(err) {
		return &PermissionError{Doing: doing, Reason: callerror.Reason(err)}
	}
	switch callerror.Code(err) {
	case "InstanceNotFound":
		return errNotThere
	case "ServiceNotFound", "InvalidInput", "ValidationException":
		return &WrongServiceError{Doing: doing, Reason: callerror.Reason(err)}
	}
	return fmt.Errorf("cannot %s: %s", doing, callerror.Reason(err))
}
