package main

import "testing"

func TestOnlyTimeGoingByIsNoChange(t *testing.T) {
	for name, test := range map[string]struct {
		before, after state
		same          bool
	}{
		"seconds":      {state{"joining", "not joined for 9s; copying"}, state{"joining", "not joined for 10s; copying"}, true},
		"minutes":      {state{"joining", "not joined for 59.5s"}, state{"joining", "not joined for 1m0.5s"}, true},
		"a count":      {state{"joining", "1 of 3 present"}, state{"joining", "2 of 3 present"}, false},
		"an address":   {state{"joining", "not 127.0.1.1:5000"}, state{"joining", "not 127.0.1.2:5000"}, false},
		"another word": {state{"joining", ""}, state{"ready", ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.after.sameAs(test.before); got != test.same {
				t.Errorf("same: %v, want %v", got, test.same)
			}
		})
	}
}

func TestALineHasNoColourWhereThereIsNoTerminal(t *testing.T) {
	if got := (&report{}).paint(red, "failed"); got != "failed" {
		t.Errorf("%q", got)
	}
	if got := (&report{colour: true}).paint(red, "failed"); got != "\x1b[31mfailed\x1b[0m" {
		t.Errorf("%q", got)
	}
}
