package neo4jconf

import (
	"strings"
	"testing"
)

// certified is a standalone server with certificates for all channels.
func certified(d Dialect) Input {
	in := alone(d)
	in.File = []byte(d.name(httpsEnabled) + "=false\n") // as Neo4j ships it since 4.0
	in.Mounts, in.Env = nil, nil
	in.TLS = TLS{Folders: map[Channel]string{}, Bolt: "REQUIRED"}
	for _, channel := range Channels {
		in.TLS.Folders[channel] = "/run/certificates/" + string(channel)
	}
	return in
}

// everyVersion is one of each generation.
var everyVersion = [][2]int{{3, 5}, {4, 0}, {4, 4}, {5, 26}, {2026, 8}}

func TestCertificatesBecomeThePoliciesOfEveryGeneration(t *testing.T) {
	for _, v := range everyVersion {
		for _, e := range []Edition{Community, Enterprise} {
			d := dialect(t, v[0], v[1], e)
			c, _ := render(t, certified(d))
			golden(t, strings.TrimSuffix(d.Version.String(), ".0")+"-"+string(e)+"-tls.conf", c.Bytes())
			if !c.BoltEncrypted() || c.HTTPSAddress() != "127.0.0.1:7473" {
				t.Errorf("%v: Bolt encrypted %v, HTTPS at %q", v, c.BoltEncrypted(), c.HTTPSAddress())
			}
			for channel, folder := range certified(d).TLS.Folders {
				want := folder + "/public.crt"
				if e == Community && channel.Mutual() || channel == OverCluster {
					want = ""
				}
				if got := c.Certificate(channel); got != want || c.OwnPolicy(channel) {
					t.Errorf("%v: %s shows %s, the user's own: %v", v, channel, got, c.OwnPolicy(channel))
				}
			}
		}
	}
}

func TestMembersShowEachOtherTheirCertificates(t *testing.T) {
	for _, v := range everyVersion {
		for _, role := range []Role{Core, ReadReplica} {
			d := dialect(t, v[0], v[1], Enterprise)
			in := certified(d)
			in.Role, in.Discovery, in.Members, in.Advertise = role, List, []string{"10.0.0.1", "10.0.0.2"}, "10.0.0.1"
			c, _ := render(t, in)
			if role == Core {
				golden(t, strings.TrimSuffix(d.Version.String(), ".0")+"-core-tls.conf", c.Bytes())
			}
			for _, channel := range Channels {
				if got := c.Certificate(channel); got != "/run/certificates/"+string(channel)+"/public.crt" {
					t.Errorf("%v %s: %s shows %q", v, role, channel, got)
				}
			}
			in.Env = map[string]string{"NEO4J_dbms_ssl_policy_cluster_base__directory": "certificates/mine"}
			if c, _ := render(t, in); strings.Contains(string(c.Bytes()), "policy.cluster.client_auth") || !c.OwnPolicy(OverCluster) {
				t.Errorf("%v: the user's policy for the cluster was added to:\n%s", v, c.Bytes())
			}
		}
	}
}

func TestACertificateAloneShutsNobodyOut(t *testing.T) {
	for _, v := range everyVersion {
		in := certified(dialect(t, v[0], v[1], Community))
		in.TLS.Bolt = ""
		c, _ := render(t, in)
		if got := c.get(boltTLS); got != "OPTIONAL" {
			t.Errorf("%v: tls_level is %q", v, got)
		}
		in.File = append(in.File, in.Dialect.name(boltTLS)+"=DISABLED\n"...)
		if c, _ := render(t, in); c.get(boltTLS) != "DISABLED" {
			t.Errorf("%v: the user's tls_level has become %q", v, c.get(boltTLS))
		}
	}
}

func TestAPolicyOfTheUserIsLeftAlone(t *testing.T) {
	for _, v := range everyVersion {
		in := certified(dialect(t, v[0], v[1], Community))
		in.Env = map[string]string{
			"NEO4J_dbms_ssl_policy_bolt_base__directory": "certificates/mine", "NEO4J_dbms_ssl_policy_bolt_public__certificate": "/etc/mine.crt",
			"NEO4J_dbms_ssl_policy_bolt_enabled": "true",
		}
		if v[0] == 3 {
			in.Env["NEO4J_bolt_ssl__policy"] = "bolt"
		}
		c, _ := render(t, in)
		text := string(c.Bytes())
		if !c.OwnPolicy(OverBolt) || c.Certificate(OverBolt) != "/etc/mine.crt" || strings.Contains(text, "bolt.client_auth") {
			t.Errorf("%v: shows %s, the user's own: %v\n%s", v, c.Certificate(OverBolt), c.OwnPolicy(OverBolt), text)
		}
		if c.OwnPolicy(OverHTTPS) || !strings.Contains(text, "dbms.ssl.policy.https.base_directory=/run/certificates/https\n") {
			t.Errorf("%v: HTTPS has no policy:\n%s", v, text)
		}
	}
}

// TestWhetherAPortWantsACertificateOfItsClients is by the setting, or by what each generation takes where it is not given.
func TestWhetherAPortWantsACertificateOfItsClients(t *testing.T) {
	for _, v := range everyVersion {
		for stance, want := range map[string]bool{"": v[0] == 3, "NONE": false, "OPTIONAL": false, "REQUIRE": true, "require": true} {
			in := certified(dialect(t, v[0], v[1], Community))
			in.Env = map[string]string{"NEO4J_dbms_ssl_policy_bolt_base__directory": "certificates/mine", "NEO4J_dbms_ssl_policy_bolt_enabled": "true"}
			if v[0] == 3 {
				in.Env["NEO4J_bolt_ssl__policy"] = "bolt"
				delete(in.Env, "NEO4J_dbms_ssl_policy_bolt_enabled")
			}
			if stance != "" {
				in.Env["NEO4J_dbms_ssl_policy_bolt_client__auth"] = stance
			}
			c, _ := render(t, in)
			setting, got := c.WantsClients(OverBolt)
			if got != want || setting != "dbms.ssl.policy.bolt.client_auth" {
				t.Errorf("%v %q: %s, %t", v, stance, setting, got)
			}
			if key, file := c.PrivateKey(OverBolt), c.Certificate(OverBolt); !strings.HasSuffix(key, "/certificates/mine/private.key") || !strings.HasSuffix(file, "/certificates/mine/public.crt") {
				t.Errorf("%v: the pair is %s, %s", v, key, file)
			}
			if _, ours := c.WantsClients(OverHTTPS); ours { // which is the program's
				t.Errorf("%v: HTTPS wants one", v)
			}
		}
	}
	in := alone(dialect(t, 3, 5, Community))
	if c, _ := render(t, in); !strings.HasSuffix(c.PrivateKey(OverBolt), "/neo4j.key") || !strings.HasSuffix(c.Certificate(OverBolt), "/neo4j.cert") {
		t.Errorf("3.5's own pair is %s, %s", c.PrivateKey(OverBolt), c.Certificate(OverBolt))
	}
}

func TestAVariableSwitchesHTTPSOffAgain(t *testing.T) {
	in := certified(dialect(t, 5, 26, Community))
	in.Env = map[string]string{"NEO4J_server_https_enabled": "false"}
	if c, _ := render(t, in); c.HTTPSAddress() != "" {
		t.Errorf("HTTPS is on at %s", c.HTTPSAddress())
	}
}

func TestWithoutCertificatesOnly35ShowsOne(t *testing.T) {
	for _, v := range everyVersion {
		in := alone(dialect(t, v[0], v[1], Community))
		in.Mounts = nil
		c, _ := render(t, in)
		want := ""
		if v[0] == 3 {
			want = "/var/lib/neo4j/certificates/neo4j.cert"
		}
		if got := c.Certificate(OverBolt); got != want || strings.Contains(string(c.Bytes()), "ssl") {
			t.Errorf("%v shows %q\n%s", v, got, c.Bytes())
		}
	}
}
