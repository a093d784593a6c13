package neo4jconf

import "fmt"

// apoc gives the layers an apoc.conf of their own where the generation has one, with the lines found in it. From 5 on
// settings of APOC in neo4j.conf stop the server (run of 5.26.30); before, APOC reads them there.
func (in Input) apoc(l *layers) ([]line, error) {
	if !in.Dialect.strict() {
		return nil, nil
	}
	base, _, err := readBase(apocFile, in.APOC)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %v", apocFile, err)
	}
	l.apoc = newLayers(in.Dialect)
	for _, from := range base {
		l.apoc.put(in.Dialect.reads(from))
	}
	return base, nil
}

// APOC returns the apoc.conf that belongs beside this neo4j.conf, and false where there is nothing to write into one and
// none of ours to empty.
func (c Config) APOC() (Config, bool) {
	if c.apoc == nil {
		return Config{}, false
	}
	return *c.apoc, true
}
