package neo4jconf

import (
	"encoding/hex"
	"strings"
	"testing"
)

// testdata/passwords.txt holds files that the tools of the versions wrote: with their salt ours must be the same, also
// where the password has other characters than ASCII's.
func TestOurPasswordFileIsTheToolsByteForByte(t *testing.T) {
	for _, sample := range samples(t, "testdata/passwords.txt") {
		fields := strings.SplitN(sample, "\t", 3)
		parts := strings.Split(fields[2], ",")
		initial := InitialPassword{Password: fields[1], Change: strings.HasSuffix(sample, mustChange)}
		salt, _, _ := strings.Cut(parts[2], ":")
		if n, err := hex.Decode(initial.Salt[:], []byte(salt)); n != SaltSize || err != nil {
			t.Fatalf("%s: %d bytes of salt, %v", sample, n, err)
		}
		if got := string(dialectOf(t, fields[0]).passwordLine(initial)); got != fields[2]+"\n" {
			t.Errorf("%s %q:\n got %swant %s", fields[0], fields[1], got, fields[2])
		}
	}
}
