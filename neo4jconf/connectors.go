package neo4jconf

import "strconv"

// connector is a port for clients: its two settings and its default.
type connector struct {
	listen, advertised setting
	port               int
	edition            Edition // "" for both
	named              bool    // advertised with the host's name, as the official image does
}

// routingPort is where servers of a cluster pass queries on to each other (manual, "Ports").
const routingPort = 7688

var connectors = []connector{
	{boltListen, boltAdvertised, boltPort, "", false},
	{httpListen, httpAdvertised, httpPort, "", false},
	{httpsListen, httpsAdvertised, httpsPort, "", false},
	{routingListen, routingAdvertised, routingPort, Enterprise, true},
}

// advertiseConnectors tells others of a port that the user changed. Up to 4.4 Neo4j does so itself; from 5 on it would go on
// to advertise the default one (run of 5.26.30). The host it takes from the default advertised address.
func (in Input) advertiseConnectors(l *layers) {
	if !in.Dialect.strict() {
		return
	}
	for _, c := range connectors {
		user, given := l.given(c.listen)
		listen, err := parseAddress(user.Value)
		if !given || err != nil || listen.port == 0 || listen.port == c.port || c.edition != "" && c.edition != in.Dialect.Edition {
			continue
		}
		value := ":" + strconv.Itoa(listen.port)
		if c.named && in.host() != "" {
			value = address{in.host(), listen.port}.String()
		}
		l.put(in.own(c.advertised, value, Setting{Source: Default}))
	}
}
