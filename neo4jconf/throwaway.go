package neo4jconf

import (
	"fmt"
	"strings"
)

// Throwaway is a server that lives for a few questions: alone, heard on this machine only, with nothing of the
// installation but its programs.
type Throwaway struct {
	Home     string // $NEO4J_HOME
	Conf     string // the folder that its neo4j.conf will be in
	Root     string // everything that it writes lies below
	Bolt     int    // a free port of the loopback
	Database string // its default one
	Memory   Memory
}

// Throwaway returns its configuration. Plugins are left out, as what they do by themselves would change the data.
func (d Dialect) Throwaway(t Throwaway) (Config, error) {
	var file strings.Builder
	set := func(s setting, value string) {
		if name := d.name(s); name != "" {
			_, _ = fmt.Fprintf(&file, "%s=%s\n", name, value)
		}
	}
	loopback := address{"127.0.0.1", t.Bolt}.String()
	set(mode, modes[Standalone])
	set(defaultListen, "127.0.0.1")
	set(defaultAdvertised, "127.0.0.1")
	set(boltEnabled, "true")
	set(boltListen, loopback)
	set(boltAdvertised, loopback)
	set(httpEnabled, "false")
	set(httpListen, address{"127.0.0.1", httpPort}.String()) // else the image's preset says all interfaces
	set(httpsEnabled, "false")
	set(httpsListen, address{"127.0.0.1", httpsPort}.String())
	set(authEnabled, "true")
	set(activeDatabase, t.Database)
	set(pluginsDir, t.Root+"/plugins")
	set(importDir, t.Root+"/import")
	if d.Edition == Enterprise {
		set(backupEnabled, "false")
	}
	config, _, err := Render(Input{
		Dialect: d, File: []byte(file.String()), Role: Standalone, Hostname: "127.0.0.1", HomeDir: t.Home,
		ConfDir: t.Conf, DataRoot: t.Root, Memory: t.Memory,
	})
	return config, err
}
