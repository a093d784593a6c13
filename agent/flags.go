package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// descriptorFlag is an open file that one process of the agent hands to the next, -1 where there is none. Help does not
// name it.
func descriptorFlag(f *pflag.FlagSet, fd *int, name, help string) {
	f.IntVar(fd, name, -1, help)
	hide(f, name)
}

func hide(f *pflag.FlagSet, name string) { f.Lookup(name).Hidden = true }

// choice is a flag that takes one of a few words.
type choice struct {
	value   *string
	allowed []string
}

func (c choice) String() string {
	if c.value == nil { // pflag asks an empty one
		return ""
	}
	return *c.value
}

func (c choice) Set(word string) error {
	if !slices.Contains(c.allowed, word) {
		return fmt.Errorf("it must be %s", strings.Join(c.allowed, " or "))
	}
	*c.value = word
	return nil
}

func (choice) Type() string { return "string" }

// choiceFlag is a flag that takes one of the words allowed, of which the first is the default.
func choiceFlag(f *pflag.FlagSet, value *string, name, help string, allowed ...string) {
	*value = allowed[0]
	f.Var(choice{value, allowed}, name, help)
}
