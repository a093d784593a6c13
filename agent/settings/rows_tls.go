package settings

// Encryption is what Bolt does with clients that do not speak TLS.
type Encryption string

// The values of AGENT_TLS_BOLT.
const (
	EncryptionOptional Encryption = "optional"
	EncryptionRequired Encryption = "required"
)

// GivenPair is a private key with its certificate, in PEM; empty where it is not given.
type GivenPair struct{ Key, Certificate, Trusted Secret }

// GivenPairs are those of the channels.
type GivenPairs struct{ Bolt, HTTPS, Cluster, Backup GivenPair }

func (g GivenPair) given() bool { return !g.Key.IsZero() || !g.Certificate.IsZero() }

// DefaultTLSDir is where Neo4j's image has certificates.
const DefaultTLSDir = "/ssl"

func tlsRows(d *draft) []Variable {
	rows := []Variable{
		{Name: "AGENT_TLS_DIR", Default: DefaultTLSDir, form: absolute(&d.TLSDir),
			Help: "Folder with certificates in Neo4j's own layout: `bolt`, `https`, `cluster` and `backup`, each with `private.key` and `public.crt` in PEM, perhaps with `trusted` and `revoked`. `cluster` and `backup` (Enterprise) need `trusted`: there both ends show a certificate and believe those alone."},
		{Name: "AGENT_TLS_BOLT", Note: "`optional` where there is a certificate for Bolt", form: oneOf(&d.TLSBolt, EncryptionOptional, EncryptionRequired),
			Help: "Whether Bolt takes clients without TLS too. Needs a certificate."},
		{Name: "AGENT_TLS_SELF_SIGNED", Default: "false", form: boolean(&d.TLSSelfSigned),
			Help: "For development: where Bolt or HTTPS have no certificate, make one that vouches for itself, and keep it on the volume."},
	}
	for _, c := range d.TLSPairs.each() {
		rows = append(rows,
			Variable{Name: c.prefix + "_KEY", Secret: true, form: secretText(&c.pair.Key),
				Help: "Private key for " + c.name + " in PEM, instead of the folder's. Goes with `" + c.prefix + "_CERTIFICATE`."},
			Variable{Name: c.prefix + "_CERTIFICATE", Secret: true, form: secretText(&c.pair.Certificate),
				Help: "Certificate for " + c.name + " in PEM, those that vouch for it after it."})
		if c.trusts != "" {
			rows = append(rows, Variable{Name: c.prefix + "_TRUSTED", Secret: true, form: secretText(&c.pair.Trusted), Help: c.trusts})
		}
	}
	return rows
}

// channelPair is the pair of one channel with what is told of it.
type channelPair struct {
	channel, prefix, name, trusts string
	pair                          *GivenPair
}

func (g *GivenPairs) each() []channelPair {
	return []channelPair{
		{"bolt", "AGENT_TLS_BOLT", "Bolt", "Certificates in PEM by which the agent believes other members' Bolt, beside the system's.", &g.Bolt},
		{"https", "AGENT_TLS_HTTPS", "HTTPS", "", &g.HTTPS},
		{"cluster", "AGENT_TLS_CLUSTER", "the traffic between members", "Certificates in PEM by which members believe each other. Goes with `AGENT_TLS_CLUSTER_CERTIFICATE`.", &g.Cluster},
		{"backup", "AGENT_TLS_BACKUP", "backups over the network", "Certificates in PEM by which a server and who backs it up believe each other. Goes with `AGENT_TLS_BACKUP_CERTIFICATE`.", &g.Backup},
	}
}

// checkPairs finds parts of pairs.
func (l *loader) checkPairs() {
	var none GivenPairs
	for _, c := range none.each() {
		key, certificate, trusted := c.prefix+"_KEY", c.prefix+"_CERTIFICATE", c.prefix+"_TRUSTED"
		if l.given(key) != l.given(certificate) {
			l.problem(key, "must be given together with "+certificate, "")
		}
		if c.channel != "bolt" && c.trusts != "" && l.given(trusted) != l.given(certificate) {
			l.problem(trusted, "must be given together with "+certificate, "")
		}
	}
}

// Pair is what is given for a channel by variables, and whether anything is.
func (s *Settings) Pair(channel string) (GivenPair, bool) {
	for _, c := range s.TLSPairs.each() {
		if c.channel == channel {
			return *c.pair, c.pair.given()
		}
	}
	return GivenPair{}, false
}
