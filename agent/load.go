package main

import (
	"maps"
	"os"

	"golang.org/x/sys/unix"

	"neo4j-agent/agent/settings"
)

// loadSettings reads the environment and, where PID 1 hands them over in a file, the secrets. All mistakes come in one
// error with exit code 78. strict makes names that the agent does not know mistakes too. The notes are for the log.
func loadSettings(secrets *os.File, strict bool) (*settings.Settings, []string, error) {
	handed, err := unsealed(secrets)
	if err != nil {
		return nil, nil, withCode(exitConfig, err)
	}
	loaded, report, err := settings.Load(settings.Source{Environ: settings.Environ(), ReadFile: os.ReadFile, Strict: strict, Secrets: handed})
	notes := report.Warnings
	for _, name := range report.Pending {
		notes = append(notes, name+" is accepted, but this version does not act upon it yet")
	}
	return loaded, notes, withCode(exitConfig, err)
}

// unsealed are the secrets that PID 1 handed over, none where there is no file.
func unsealed(secrets *os.File) (map[string]string, error) {
	if secrets == nil {
		return map[string]string{}, nil
	}
	return settings.Unseal(secrets)
}

// readSecretFiles gives what PID 1 handed over, and over it what the files of secrets hold now.
func readSecretFiles(secrets *os.File) (map[string]string, error) {
	values, err := unsealed(secrets)
	if err != nil {
		return nil, err
	}
	fresh, err := settings.SecretsOf(settings.Environ(), os.ReadFile)
	maps.Copy(values, fresh)
	return values, err
}

// settingsWith are the settings with these secrets.
func settingsWith(secrets ...map[string]string) (*settings.Settings, error) {
	all := map[string]string{}
	for _, values := range secrets {
		maps.Copy(all, values)
	}
	loaded, _, err := settings.Load(settings.Source{Environ: settings.Environ(), Secrets: all, ReadFile: os.ReadFile})
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
