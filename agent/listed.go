package main

import (
	"fmt"
	"slices"
	"time"
)

// listed is a database as a server lists it.
type listed struct {
	ids       []string // sorted; none where the server does not say it, as while it is not online
	writer    string   // Bolt address of the member that takes writes, since 5
	up        bool     // on one member at least: the others copy it from there
	wanted    bool     // somebody wants it to be online, as far as that is told
	composite bool
	standard  bool      // the default one
	status    string    // of a member where it is not online
	reason    string    // of that member
	created   time.Time // zero where that is not told, as before 5
}

// listedIn reads the rows of SHOW DATABASES by name: one for each member that hosts a database (Cypher manual, "Listing
// databases").
func listedIn(rows []map[string]any) map[string]*listed {
	there := map[string]*listed{}
	for _, row := range rows {
		name, _ := row["name"].(string)
		if there[name] == nil {
			there[name] = &listed{}
		}
		there[name].add(row)
	}
	return there
}

// add takes the row of one member.
func (d *listed) add(row map[string]any) {
	text := func(column string) string { value, _ := row[column].(string); return value }
	if id := text("databaseID"); id != "" && !slices.Contains(d.ids, id) {
		d.ids = append(d.ids, id)
		slices.Sort(d.ids)
	}
	if at, told := row["creationTime"].(time.Time); told {
		d.created = at
	}
	if row["writer"] == true {
		d.writer = text("address")
	}
	requested, told := row["requestedStatus"].(string)
	d.wanted = d.wanted || requested == "online" || !told
	d.standard = d.standard || row["default"] == true
	d.composite = d.composite || row["type"] == "composite"
	if status := text("currentStatus"); status == "online" {
		d.up = true
	} else if d.reason == "" {
		d.status, d.reason = status, text("error")+text("statusMessage")
	}
}

// online fails while a database serves nowhere.
func (d *listed) online(name string) error {
	switch {
	case d == nil:
		return fmt.Errorf("database %s is not there yet", name)
	case d.up:
		return nil
	case d.reason != "":
		return fmt.Errorf("database %s is %s: %s", name, d.status, d.reason)
	}
	return fmt.Errorf("database %s is %s", name, d.status)
}
