package health

import "time"

// UsersState is how far the users are what the settings say.
type UsersState string

// The states of users.
const (
	UsersOff       UsersState = "off"       // there is no authentication, or nothing to be done about users in this version
	UsersPending   UsersState = "pending"   // to be made, when what Reason says is over
	UsersOK        UsersState = "ok"        // as the settings say
	UsersRefused   UsersState = "refused"   // the administrator's password is not that of the settings
	UsersElsewhere UsersState = "elsewhere" // another member does it
)

// Users is what is known of the users that the settings list.
type Users struct {
	State   UsersState `json:"state"`
	Reason  string     `json:"reason,omitempty"`
	Listed  int        `json:"listed"`            // by the settings, without the administrator
	Pending int        `json:"pending,omitempty"` // changes that are still to be made
	Changes int64      `json:"changes,omitempty"` // made since serve was started
	Changed time.Time  `json:"changed,omitzero"`  // the last one
}

// userReadings are what is told of the users.
var userReadings = []reading[Users]{
	{gauge("users_listed", "Users that the settings list, without the administrator."), func(u Users) float64 { return float64(u.Listed) }},
	{gauge("user_changes_pending", "Changes of users that are still to be made."), func(u Users) float64 { return float64(u.Pending) }},
	{counter("user_changes_total", "Changes of users made."), func(u Users) float64 { return float64(u.Changes) }},
	{gauge("admin_password_refused", "Whether the server has another administrator's password than the settings; /status says what to do."), func(u Users) float64 { return yes(u.State == UsersRefused) }},
}

// text is one line for people, "" where there is nothing to say.
func (u *Users) text() string {
	if u == nil || u.State == UsersOff || u.State == UsersOK {
		return ""
	}
	return join(": ", string(u.State), u.Reason)
}
