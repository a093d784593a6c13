package main

import "testing"

func TestTheLastTransactionIsThatOfTheSourceWhereItCanBeTold(t *testing.T) {
	row := func(address any, last any) map[string]any { return map[string]any{"address": address, "last": last} }
	three := []map[string]any{row("a:7687", int64(9)), row("B:7687", int64(5)), row("c:7687", int64(7)), row("d:7687", nil)}
	for name, test := range map[string]struct {
		rows     []map[string]any
		address  string
		own, all span
		known    bool
	}{
		"its own row":              {three, "b:7687", span{5, 5}, span{5, 9}, true},
		"an address that none has": {three, "localhost:7687", span{5, 9}, span{5, 9}, true},
		"a row that does not tell": {three, "d:7687", span{5, 9}, span{5, 9}, true},
		"3.5, which has no other":  {[]map[string]any{row(nil, int64(7))}, "a:7687", span{7, 7}, span{7, 7}, true},
		"no row":                   {nil, "a:7687", span{}, span{}, false},
	} {
		if own, all, known := spansIn(test.rows, test.address); own != test.own || all != test.all || known != test.known {
			t.Errorf("%s: %v of %v, %v", name, own, all, known)
		}
	}
}
