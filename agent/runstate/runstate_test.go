package runstate

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"testing"
	"time"
)

func TestAStateFileIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	var got Served
	if err := Read(dir, ServedFile, &got); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading what nobody wrote gives %v", err)
	}
	for _, want := range []Served{{Phase: "ready", EverReady: true, Since: time.Unix(1, 0).UTC()}, {Phase: "draining"}} {
		if err := Write(dir, ServedFile, want); err != nil {
			t.Fatal(err)
		}
		got = Served{}
		if err := Read(dir, ServedFile, &got); err != nil || got != want {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("the directory holds %v (%v), want one file", files, err)
	}
}

func TestADirectoryThatTakesNothingIsAnErrorAndNoMore(t *testing.T) {
	if err := Write("/nowhere", ServedFile, Served{}); err == nil {
		t.Error("writing into a missing directory works")
	}
}

func TestTheTalkKeepsWordsApart(t *testing.T) {
	ours, theirs := net.Pipe()
	one, other := NewTalk(ours), NewTalk(theirs)
	go func() {
		_ = one.Say(GiveUp, "the port\nnever  opened")
		_ = one.Say(Drained, "")
		_ = ours.Close()
	}()
	for _, want := range [][2]string{{GiveUp, "the port never opened"}, {Drained, ""}} {
		word, reason, err := other.Hear()
		if err != nil || word != want[0] || reason != want[1] {
			t.Errorf("heard %q %q (%v), want %q", word, reason, err, want)
		}
	}
	if _, _, err := other.Hear(); !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v, want io.EOF", err)
	}
}
