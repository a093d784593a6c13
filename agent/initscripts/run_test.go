package initscripts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"
)

var (
	errSyntax = errors.New("syntax error")
	errLeader = errors.New("no leader")
	errKilled = errors.New("killed")
)

// fakeVolume keeps the last record that was saved, as text, and what the server was told to run.
type fakeVolume struct {
	saved string
	ran   []string
	fails map[string]error // by statement, before it runs
	// kill ends the run after so many events: a statement that has run, or a record that was saved. 0 for never.
	kill int
}

func (v *fakeVolume) event() error {
	if v.kill--; v.kill == 0 {
		return errKilled
	}
	return nil
}

func (v *fakeVolume) record() Record {
	var record Record
	if v.saved != "" {
		if err := json.Unmarshal([]byte(v.saved), &record); err != nil {
			panic(err)
		}
	}
	return record
}

func (v *fakeVolume) run(again bool, scripts ...Script) error {
	r := &Run{
		Record: v.record(), Again: again, Log: zerolog.Nop(),
		Save: func(record Record) error {
			text, err := json.Marshal(record)
			v.saved = string(text)
			return errors.Join(err, v.event())
		},
		Do: func(_ context.Context, statement string) error {
			if err := v.fails[statement]; err != nil {
				return err
			}
			v.ran = append(v.ran, statement)
			return v.event()
		},
		Lasting: func(err error) bool { return errors.Is(err, errSyntax) },
		Tell:    func(string, int, Record) {},
	}
	return r.Run(context.Background(), scripts)
}

// script makes one statement a line.
func script(name string, statements ...string) Script {
	text := strings.Join(statements, "\n")
	found, _, _ := byLine(text)
	return Script{name, sum([]byte(text)), found}
}

func waits(err error) bool {
	var known *Error
	return errors.As(err, &known) && known.Waits
}

func TestScriptsRunInOrderAndOnce(t *testing.T) {
	v := &fakeVolume{}
	for range 2 {
		if err := v.run(false, script("1", "a", "b"), script("2"), script("3", "c")); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, v.ran); diff != "" {
		t.Error(diff)
	}
	if left := v.record().Left(); len(left) > 0 || v.record().Done() != 3 {
		t.Errorf("left %v", left)
	}
}

func TestARefusedStatementWaitsForAChangedFileAndTheRestForIt(t *testing.T) {
	v := &fakeVolume{fails: map[string]error{"b": errSyntax}}
	broken, rest := script("1", "a", "b"), script("2", "c")
	for range 3 {
		err := v.run(false, broken, rest)
		if !waits(err) || err.Error() != "cannot run init script 1, line 2: syntax error" {
			t.Errorf("%v", err)
		}
		delete(v.fails, "b") // what is not tried again cannot show that it would work by now
	}
	if err := v.run(false, script("1", "a", "B"), rest); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "B", "c"}, v.ran); diff != "" {
		t.Error(diff)
	}
}

func TestARefusedStatementIsTriedAgainByHand(t *testing.T) {
	v := &fakeVolume{fails: map[string]error{"b": errSyntax}}
	_ = v.run(false, script("1", "a", "b"))
	v.fails = nil
	if err := v.run(true, script("1", "a", "b")); err != nil || !slices.Equal(v.ran, []string{"a", "b"}) {
		t.Errorf("%v %v", v.ran, err)
	}
	if v.record().File("1").Refused != nil {
		t.Error("it still counts as refused")
	}
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	v := &fakeVolume{fails: map[string]error{"b": errLeader}}
	if err := v.run(false, script("1", "a", "b")); !errors.Is(err, errLeader) || waits(err) {
		t.Errorf("%v", err)
	}
	v.fails = nil
	if err := v.run(false, script("1", "a", "b")); err != nil || !slices.Equal(v.ran, []string{"a", "b"}) {
		t.Errorf("%v %v", v.ran, err)
	}
}

func TestAFileBeginsAnewWhereWhatHasRunWasChanged(t *testing.T) {
	for name, c := range map[string]struct{ after, want []string }{
		"changed before": {[]string{"A", "b", "c"}, []string{"a", "b", "A", "b", "c"}},
		"inserted":       {[]string{"x", "a", "b", "c"}, []string{"a", "b", "x", "a", "b", "c"}},
		"changed behind": {[]string{"a", "b", "C", "d"}, []string{"a", "b", "C", "d"}},
		"cut off":        {[]string{"a", "b"}, []string{"a", "b"}},
		"cut short":      {[]string{"a"}, []string{"a", "b", "a"}},
	} {
		v := &fakeVolume{fails: map[string]error{"c": errSyntax}}
		_ = v.run(false, script("1", "a", "b", "c"))
		v.fails = nil
		if err := v.run(false, script("1", c.after...)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, v.ran); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestAFileThatChangesAfterItsEndIsNotRunAgain(t *testing.T) {
	v := &fakeVolume{}
	_ = v.run(false, script("1", "a"))
	changed := script("1", "b")
	if err := v.run(true, changed); err != nil || !slices.Equal(v.ran, []string{"a"}) {
		t.Errorf("%v %v", v.ran, err)
	}
	if file := v.record().File("1"); !file.Changed(changed.Sum) || file.Changed(script("1", "a").Sum) {
		t.Error("the change is not seen")
	}
}

// TestARunKilledAnywhereGoesOnInOrder kills runs between any two events: the statements come in their order, none is left
// out, and each kill repeats at most the one statement whose record it cut off.
func TestARunKilledAnywhereGoesOnInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var scripts []Script
		var want []string
		for i, n := range rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "sizes") {
			var statements []string
			for j := range n {
				statements = append(statements, fmt.Sprintf("%d.%d", i, j))
			}
			scripts, want = append(scripts, script(fmt.Sprint(i), statements...)), append(want, statements...)
		}
		v := &fakeVolume{}
		kills := 0
		for _, v.kill = range rapid.SliceOf(rapid.IntRange(1, 12)).Draw(t, "kills") {
			if v.run(false, scripts...) != nil {
				kills++
			}
		}
		v.kill = 0
		if err := v.run(false, scripts...); err != nil {
			t.Fatal(err)
		}
		if got := slices.Compact(slices.Clone(v.ran)); !slices.Equal(got, want) {
			t.Fatalf("ran %v, want %v", v.ran, want)
		}
		if repeats := len(v.ran) - len(want); repeats > kills {
			t.Fatalf("%d kills repeated %d statements", kills, repeats)
		}
	})
}
