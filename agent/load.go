package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"neo4j-agent/agent/settings"
)

// loadSettings reads the environment and, where PID 1 hands them over in a file, the secrets. All mistakes come in one
// error with exit code 78. strict makes names that the agent does not know mistakes too. The notes are for the log.
func loadSettings(secrets *os.File, strict bool) (*settings.Settings, []string, error) {
	source := settings.Source{Environ: settings.Environ(), ReadFile: os.ReadFile, Strict: strict}
	if secrets != nil {
		values, err := settings.Unseal(secrets)
		if err != nil {
			return nil, nil, withCode(exitConfig, err)
		}
		source.Secrets = values
	}
	loaded, report, err := settings.Load(source)
	if err == nil {
		err = refuseReferences(loaded)
	}
	notes := report.Warnings
	for _, name := range report.Pending {
		notes = append(notes, name+" is accepted, but this version does not act upon it yet")
	}
	return loaded, notes, withCode(exitConfig, err)
}

// refuseReferences ends a start whose password stands in Secrets Manager: without it Neo4j would answer to its default
// password, and this version does not fetch it.
func refuseReferences(loaded *settings.Settings) error {
	if len(loaded.References) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(loaded.References))
	return fmt.Errorf("cannot use %s_SECRET: this version does not read Secrets Manager itself; give %s_FILE, or let ECS fill %s from the secret (valueFrom)",
		strings.Join(names, "_SECRET, "), names[0], names[0])
}

// reloadSettings reads the files of secrets again; what was given as a plain variable stays as PID 1 handed it over.
func reloadSettings(secrets *os.File) (*settings.Settings, error) {
	values := map[string]string{}
	if secrets != nil {
		var err error
		if values, err = settings.Unseal(secrets); err != nil {
			return nil, err
		}
	}
	fresh, err := settings.SecretsOf(settings.Environ(), os.ReadFile)
	if err != nil {
		return nil, err
	}
	maps.Copy(values, fresh)
	loaded, _, err := settings.Load(settings.Source{Environ: settings.Environ(), Secrets: values, ReadFile: os.ReadFile})
	return loaded, err
}

// inherited is the file behind a descriptor that PID 1 handed over, nil where there is none. It is closed on exec, or
// Neo4j and admin tools would inherit it too.
func inherited(fd int, name string) *os.File {
	if fd < 0 {
		return nil
	}
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), name)
}
