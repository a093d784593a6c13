package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// installPlugins puts the plugins of NEO4J_PLUGINS where the server loads them from, out of the jars that the image has.
// Nothing is downloaded.
func (p *preparation) installPlugins(context.Context) error {
	for _, plugin := range p.settings.Plugins {
		if err := p.installPlugin(plugin); err != nil {
			return err
		}
	}
	return nil
}

func (p *preparation) installPlugin(plugin string) error {
	pattern, err := p.neo4j.dialect.PluginJar(plugin)
	if err != nil {
		return withCode(exitConfig, err)
	}
	folder := p.neo4j.intent.Config.PluginsDir()
	target := filepath.Join(folder, plugin+".jar") // the image's name for it, whatever the version
	jar := ""
	if pattern != "" {
		if there := newest(filepath.Join(folder, filepath.Base(pattern))); there != "" {
			p.log.Info().Str("plugin", plugin).Str("jar", there).Msg("plugin is there")
			return nil
		}
		jar = newest(filepath.Join(p.settings.Home, pattern))
	}
	switch {
	case jar == "" && exists(target):
		p.log.Info().Str("plugin", plugin).Str("jar", target).Msg("plugin is there")
		return nil
	case jar == "":
		return withCode(exitConfig, fmt.Errorf("cannot install plugin %s: no jar of it is in %s, %s or %s, and nothing is downloaded; put it there as %s.jar",
			plugin, filepath.Join(p.settings.Home, "labs"), filepath.Join(p.settings.Home, "products"), folder, plugin))
	case p.dry:
		p.would("would install plugin %s from %s", plugin, jar)
		return nil
	}
	if err := copyJar(jar, target); err != nil {
		return withCode(exitCannotMake, fmt.Errorf("cannot install plugin %s: %v", plugin, err))
	}
	p.log.Info().Str("plugin", plugin).Str("jar", jar).Msg("plugin installed")
	return nil
}

// newest is the last by name of the files that match a pattern, "" when there are none.
func newest(pattern string) string {
	found, _ := filepath.Glob(pattern) // sorted; the patterns are ours
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// copyJar copies a jar where the target is not a copy of it yet, by size and time of change.
func copyJar(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	if old, err := os.Stat(to); err == nil && old.Size() == info.Size() && old.ModTime().Equal(info.ModTime()) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	copied, err := os.CreateTemp(filepath.Dir(to), ".*.jar.part")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(copied.Name()) }() // in vain once it is renamed
	_, err = io.Copy(copied, source)
	err = errors.Join(err, copied.Chmod(0o644), copied.Close())
	if err == nil {
		err = os.Chtimes(copied.Name(), info.ModTime(), info.ModTime())
	}
	if err == nil {
		err = os.Rename(copied.Name(), to)
	}
	return err
}
