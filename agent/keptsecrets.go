package main

import (
	"encoding/json"
	"io"
	"os"

	"neo4j-agent/agent/settings"
)

// keptSecrets is a memory file of PID 1 that prepare and serve inherit, with what Secrets Manager last gave: for a
// database that is restarted, or a serve, while that is away. A writer that is killed leaves nothing readable, which
// counts as nothing.
type keptSecrets struct{ file *os.File } // nil when run by hand

// keep writes what there is now. Where that fails nothing is kept, as before the first time.
func (k keptSecrets) keep(values map[string]string) {
	if k.file == nil {
		return
	}
	raw := make(map[string][]byte, len(values)) // bytes, since JSON would mend text that is not UTF-8
	for name, value := range values {
		raw[name] = []byte(value)
	}
	text, err := json.Marshal(raw)
	if err == nil {
		err = k.file.Truncate(0)
	}
	if err == nil {
		_, err = k.file.WriteAt(text, 0)
	}
	if err != nil {
		_ = k.file.Truncate(0)
	}
}

// recall gives what was kept, nil unless it has all that is referred to.
func (k keptSecrets) recall(references map[string]settings.SecretRef) map[string]string {
	if k.file == nil {
		return nil
	}
	info, err := k.file.Stat()
	if err != nil {
		return nil
	}
	var raw map[string][]byte
	text, err := io.ReadAll(io.NewSectionReader(k.file, 0, info.Size()))
	if err != nil || json.Unmarshal(text, &raw) != nil {
		return nil
	}
	values := map[string]string{}
	for name, value := range raw {
		values[name] = string(value)
	}
	for name := range references {
		if values[name] == "" {
			return nil
		}
	}
	return values
}
