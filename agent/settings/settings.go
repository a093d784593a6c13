// Package settings is every environment variable the agent reads: one table that parses them, says what is wrong with
// them and makes the help and the README's table. It also keeps the secrets among them out of logs and environments and
// carries them from one process to the next. It does not know what a setting is used for.
package settings

import (
	"os"
	"slices"
	"time"
)

// Discovery is how the other members are found.
type Discovery string

// The values of AGENT_DISCOVERY.
const (
	DiscoveryNone     Discovery = "none"
	DiscoveryCloudMap Discovery = "cloudmap"
	DiscoveryDNS      Discovery = "dns"
	DiscoverySRV      Discovery = "srv"
	DiscoveryStatic   Discovery = "static"
)

// Restarts is how often Neo4j may be restarted in place: Max times within Window.
type Restarts struct {
	Max    int
	Window time.Duration
}

// Login is a user with a password.
type Login struct {
	User     string
	Password Secret
}

// SecretRef is where Secrets Manager keeps a value. Key, where set, names a field of a JSON secret. Stage, where set, is
// the version stage to ask for; else it is AWSCURRENT, and AWSPREVIOUS for the secret that it replaces.
type SecretRef struct{ ARN, Key, Stage string }

// AWS is what the agent itself must know of the SDK's own variables; the SDK reads the others from the environment.
type AWS struct {
	Region                      string
	AccessKeyID                 Secret
	SecretAccessKey             Secret
	SessionToken                Secret
	ContainerAuthorizationToken Secret
	EndpointURL                 string
	Endpoints                   map[string]string // by the <SERVICE> of AWS_ENDPOINT_URL_<SERVICE>
}

// Settings are the values of all variables, defaults filled in. The comments name what the field's name does not tell;
// the table has the rest.
type Settings struct {
	Discovery         Discovery
	CloudMapServiceID string
	Peers             []string // host or host:port, as given
	AdvertisedAddress string
	RegisterDiscovery bool
	RegisterServiceID string
	DiscoveryTimeout  time.Duration
	BindTimeout       time.Duration
	JoinTimeout       time.Duration
	UpgradeMode       bool
	ClusterName       string
	MemberID          string

	HTTPAddr     string
	RunDir       string
	StopTimeout  time.Duration
	Restarts     Restarts
	SecretsEvery time.Duration
	LogLevel     string // trace, debug, info, warn or error
	LogFormat    string // auto, json or text
	NoColor      bool

	DataRoot              string // empty: no volume
	Home                  string
	Conf                  string
	JavaHome              string
	Edition               string
	LicenseAgreement      string
	QueryLog              bool
	Plugins               []string
	ExtendedConf          bool
	ExtensionScript       string
	InitDir               string
	ValidateConfig        bool
	SecureFilePermissions bool
	Neo4j                 map[string]Value // NEO4J_<setting> variables with a value, by the variable's name

	AuthDisabled          bool
	AdminPassword         Secret // from NEO4J_ADMIN_PASSWORD, else NEO4J_AUTH; empty when neither is given or References has it
	PreviousAdminPassword Secret
	ResetAdminPassword    bool
	RequirePasswordChange bool // NEO4J_AUTH=neo4j/<password>/true
	Guest                 Login
	PreviousGuest         Login
	Users                 []User
	// References are the secrets still to be had from Secrets Manager, by the name of the variable that they are the
	// value of. Who has resolved them puts them into Source.Secrets and loads again.
	References map[string]SecretRef
	// Replaced is where the secrets that References replace may be, by the names of the X_PREVIOUS variables that are not
	// given themselves.
	Replaced map[string]SecretRef

	TLSDir        string
	TLSBolt       Encryption // "" where nobody says
	TLSSelfSigned bool
	TLSPairs      GivenPairs

	SnapshotPath string
	Restore      string
	RestoreUntil string
	BackupBucket string
	BackupPrefix string // no slash at either end
	BackupFrom   string
	BackupDir    string
	PageCache    string
	HeapSize     string

	ShipLogs       []string
	LogTarget      string // cloudwatch or stdout
	LogGroup       string
	LogStream      string
	LogRetention   int32  // days; 0 leaves the group as it is
	LogShape       string // raw or json
	KeepParameters bool
	LogMetrics     bool

	AWS              AWS
	ECSMetadataURI   string
	ExecutionRuntime string // AWS_EXECUTION_ENV
}

// SameSecrets tells whether users and passwords are the same in both.
func (s *Settings) SameSecrets(other *Settings) bool {
	return s.AuthDisabled == other.AuthDisabled && s.Guest.User == other.Guest.User &&
		slices.EqualFunc(s.loginSecrets(), other.loginSecrets(), Secret.Equal) && slices.EqualFunc(s.Users, other.Users, User.same)
}

func (s *Settings) loginSecrets() []Secret {
	return []Secret{s.AdminPassword, s.PreviousAdminPassword, s.Guest.Password, s.PreviousGuest.Password}
}

// Environ is the environment of this process. Nothing else in the project asks for it.
func Environ() []string { return os.Environ() }
