package settings

import "time"

// The rows of the table, by group.

func memberRows(d *draft) []Variable {
	return []Variable{
		{Name: "AGENT_DISCOVERY", Note: "`cloudmap` if `CLOUDMAP_SERVICE_ID` is set, else `none`",
			form: oneOf(&d.Discovery, DiscoveryCloudMap, DiscoveryDNS, DiscoverySRV, DiscoveryStatic, DiscoveryNone),
			Help: "How the other members are found. `none` is a standalone server."},
		{Name: "CLOUDMAP_SERVICE_ID", form: serviceID(&d.CloudMapServiceID),
			Help: "Cloud Map service that lists the core members."},
		{Name: "AGENT_PEERS", form: peers(&d.Peers),
			Help: "The members for `static`, separated by commas; the one name to ask for `dns` and `srv`. Needs `AGENT_DISCOVERY`."},
		{Name: "AGENT_ADVERTISED_ADDRESS", Note: "awsvpc: from the task metadata; host and bridge network on EC2: the instance's private address; else the routed address",
			form: address(&d.AdvertisedAddress),
			Help: "This member's address, as the others and the clients reach it."},
		{Name: "AGENT_REGISTER_DISCOVERY", Default: "false", form: boolean(&d.RegisterDiscovery),
			Help: "Outside ECS: register this member in `CLOUDMAP_SERVICE_ID` from `prepare` on."},
		{Name: "AGENT_REGISTER_SERVICE_ID", Pending: true, form: serviceID(&d.RegisterServiceID),
			Help: "Cloud Map service for the clients' A record, registered only while this member is ready."},
		{Name: "AGENT_DISCOVERY_TIMEOUT", Default: "10m", form: duration(&d.DiscoveryTimeout, time.Second, day),
			Help: "How long to wait for enough members; then exit code 75."},
		{Name: "AGENT_BIND_TIMEOUT", Default: "90s", form: duration(&d.BindTimeout, time.Second, day),
			Help: "How long after its start Neo4j may take to open its discovery port before the member is failed."},
		{Name: "AGENT_JOIN_TIMEOUT", Default: "10m", form: duration(&d.JoinTimeout, time.Second, day),
			Help: "How long a member may try to join while the others have a leader and nothing moves, before it is failed."},
		{Name: "UPGRADE_MODE", Default: "false", form: boolean(&d.UpgradeMode),
			Help: "Skip discovery, to upgrade a store."},
		{Name: "AGENT_CLUSTER_NAME", Default: "neo4j", form: name(&d.ClusterName),
			Help: "The cluster's name in S3, metrics and status."},
		{Name: "AGENT_MEMBER_ID", Note: "kept on the volume; else the task's id; else the host name",
			form: name(&d.MemberID),
			Help: "This member's name."},
	}
}

func agentRows(d *draft) []Variable {
	return []Variable{
		{Name: "AGENT_HTTP_ADDR", Default: "127.0.0.1:7470", form: listenAddress(&d.HTTPAddr),
			Help: "Where health, status and metrics are served. `0.0.0.0:7470` opens it to the network."},
		{Name: "AGENT_RUN_DIR", Default: "/run/neo4j-agent", form: absolute(&d.RunDir),
			Help: "Folder of the state files; need not outlive the container."},
		// The most is ours: ECS on EC2 documents no maximum, and `10m` is its own example (agent README).
		{Name: "AGENT_STOP_TIMEOUT", Default: "120s", form: duration(&d.StopTimeout, 10*time.Second, time.Hour),
			Help: "The platform's stop timeout. Draining ends 5 s before it."},
		{Name: "AGENT_RESTARTS", Default: "3/10m", form: restarts(&d.Restarts),
			Help: "How often Neo4j is restarted in place within which time; `0/10m` is never."},
		{Name: "AGENT_LOG_LEVEL", Note: "`info`; `debug` if `NEO4J_DEBUG` is set",
			form: oneOf(&d.LogLevel, "trace", "debug", "info", "warn", "error"),
			Help: "How much the agent logs."},
		{Name: "AGENT_LOG_FORMAT", Default: "auto", form: oneOf(&d.LogFormat, "auto", "json", "text"),
			Help: "`auto` is text on a terminal and JSON lines elsewhere."},
		{Name: "NO_COLOR", form: present(&d.NoColor),
			Help: "Any value: no colours (no-color.org)."},
	}
}

func neo4jRows(d *draft) []Variable {
	return []Variable{
		{Name: "NEO4J_DATA_ROOT", form: absolute(&d.DataRoot),
			Help: "Mount point of the volume. Without it data and logs stay where Neo4j has them."},
		{Name: "NEO4J_<setting>", form: ignored(anyValue),
			Help: "A setting of neo4j.conf by the rule of Neo4j's image: `_` is a dot, `__` an underscore. Treated as a secret where name or value look like one. Also as `NEO4J_<setting>_FILE` and `NEO4J_<setting>_SECRET`."},
		{Name: "NEO4J_ACCEPT_LICENSE_AGREEMENT", form: text(&d.LicenseAgreement, "`yes`, or `eval` where Neo4j has it"),
			Help: "Accepts the licence of Neo4j Enterprise."},
		{Name: "NEO4J_QUERY_LOG", Default: "disabled", form: choice(&d.QueryLog, "enabled", "disabled"),
			Help: "Write a query log."},
		{Name: "NEO4J_HOME", Default: "/var/lib/neo4j", form: absolute(&d.Home),
			Help: "Where Neo4j is installed."},
		{Name: "NEO4J_CONF", Note: "`$NEO4J_HOME/conf`", form: absolute(&d.Conf),
			Help: "Folder of neo4j.conf."},
		{Name: "JAVA_HOME", form: text(&d.JavaHome, "a folder"),
			Help: "The Java that Neo4j and its tools use."},
		{Name: "NEO4J_PLUGINS", form: stringArray(&d.Plugins),
			Help: "Plugins to install, by the names that Neo4j's image has for them, from jars that are in the image; nothing is downloaded."},
		{Name: "NEO4JLABS_PLUGINS", form: stringArray(&d.labsPlugins),
			Help: "Older name of `NEO4J_PLUGINS`, which wins."},
		{Name: "NEO4J_DEBUG", form: present(&d.debug),
			Help: "Any value: `AGENT_LOG_LEVEL` is `debug` unless given."},
		{Name: "NEO4J_EDITION", form: text(&d.Edition, anyValue),
			Help: "Set by Neo4j's image; counts where the jars do not tell."},
		{Name: "EXTENDED_CONF", evenEmpty: true, form: present(&d.ExtendedConf),
			Help: "Any value, also empty: Neo4j 4.2 and later runs the commands in neo4j.conf (`--expand-commands`)."},
		{Name: "SECURE_FILE_PERMISSIONS", Default: "no", form: choice(&d.SecureFilePermissions, "yes", "no"),
			Help: "`yes`: never change the owner of mounted folders; those that cannot be written are named, and Neo4j does not start."},
		{Name: "EXTENSION_SCRIPT", form: text(&d.ExtensionScript, "a path"),
			Help: "Script that bash reads right before Neo4j starts, as in Neo4j's image: its exports are Neo4j's, and when it fails Neo4j is not started. It sees no secret of the agent."},
		{Name: "AGENT_VALIDATE_CONFIG", Default: "false", form: boolean(&d.ValidateConfig),
			Help: "Before each start let Neo4j's own tool check the configuration, where it has one (5 and later); costs a JVM for some seconds."},
		{Name: "NEO4J_TARBALL", form: ignored(anyValue), Help: "Set by Neo4j's image; not used."},
		{Name: "NEO4J_SHA256", form: ignored(anyValue), Help: "Set by Neo4j's image; not used."},
		{Name: "NEO4J_DEPRECATION_WARNING", form: ignored(anyValue), Help: "Set by Neo4j's image; not used."},
	}
}

func userRows(d *draft) []Variable {
	return []Variable{
		{Name: "NEO4J_ADMIN_PASSWORD", Secret: true, evenEmpty: true, form: adminPassword(&d.admin),
			Help: "Password of the user `neo4j`. `none` switches authentication off. Wins over `NEO4J_AUTH`."},
		{Name: "NEO4J_ADMIN_PASSWORD_PREVIOUS", Secret: true, Pending: true, form: secretText(&d.PreviousAdminPassword),
			Help: "The password that `NEO4J_ADMIN_PASSWORD` replaces."},
		{Name: "NEO4J_AUTH", Secret: true, form: imageAuth(&d.auth),
			Help: "Authentication as Neo4j's image has it. `/true`: the password must be changed at the first login."},
		{Name: "NEO4J_AUTH_PREVIOUS", Secret: true, Pending: true, form: imageAuth(&d.previousAuth),
			Help: "What `NEO4J_AUTH` replaces."},
		{Name: "NEO4J_AUTH_PATH", form: ignored("the path of a readable file"),
			Help: "File with the value of `NEO4J_AUTH`, over which it wins."},
		{Name: "NEO4J_GUEST_AUTH", Secret: true, Pending: true, form: login(&d.Guest),
			Help: "A user who may only read."},
		{Name: "NEO4J_GUEST_AUTH_PREVIOUS", Secret: true, Pending: true, form: login(&d.PreviousGuest),
			Help: "What `NEO4J_GUEST_AUTH` replaces."},
		{Name: "AGENT_USERS", Secret: true, Pending: true, form: users(&d.Users),
			Help: "Further users."},
		{Name: "<secret>_FILE", form: ignored("the path of a readable file"),
			Help: "For each variable marked secret, and each `NEO4J_` one: a file with its value, without the line break at the end. Wins over the variable itself."},
		{Name: "<secret>_SECRET", form: ignored(acceptedReference),
			Help: "For each variable marked secret but AWS's own, and each `NEO4J_<setting>`: where Secrets Manager has its value."},
	}
}

func backupRows(d *draft) []Variable {
	return []Variable{
		{Name: "SNAPSHOT_PATH", form: snapshot(&d.SnapshotPath),
			Help: "Backup that a new volume starts from. `latest` and `@…` need `AWS_BACKUP_BUCKET`."},
		{Name: "AGENT_RESTORE", Default: "once", form: oneOf(&d.Restore, "once", "each-new"),
			Help: "`each-new` restores again when `latest` is another backup."},
		{Name: "AGENT_RESTORE_UNTIL", form: text(&d.RestoreUntil, "a transaction id, or a time in UTC such as `2026-01-31 04:00:00`"),
			Help: "Restore only what was committed before. Needs a backup of Neo4j 5 or later."},
		{Name: "AWS_BACKUP_BUCKET", form: bucket(&d.BackupBucket),
			Help: "Bucket of the backups."},
		{Name: "AGENT_BACKUP_PREFIX", form: keyPrefix(&d.BackupPrefix),
			Help: "Folder of the backups within the bucket."},
		{Name: "BACKUP_FROM", Default: "this_instance", form: backupSource(&d.BackupFrom),
			Help: "Which member to back up. `discovery` prefers a healthy read replica, then a follower, and takes the leader only when it is alone."},
		{Name: "BACKUP_DIR", Default: "/tmp/", form: absolute(&d.BackupDir),
			Help: "Working folder of a backup. On a volume that is kept the next backup goes on from the last one."},
		{Name: "PAGE_CACHE", form: size(&d.PageCache),
			Help: "Page cache of a backup."},
		{Name: "HEAP_SIZE", form: size(&d.HeapSize),
			Help: "Heap of `neo4j-admin`."},
	}
}

func logRows(d *draft) []Variable {
	return []Variable{
		{Name: "AGENT_SHIP_LOGS", Note: "`query` if `NEO4J_QUERY_LOG` is `enabled`",
			form: logNames(&d.ShipLogs),
			Help: "Logs of Neo4j to send."},
		{Name: "AGENT_LOG_TARGET", Default: "cloudwatch", form: oneOf(&d.LogTarget, "cloudwatch", "stdout"),
			Help: "Where the logs go: CloudWatch Logs, or standard output as JSON lines."},
		{Name: "AGENT_LOG_GROUP", form: logGroup(&d.LogGroup),
			Help: "CloudWatch log group, made when it is missing."},
		{Name: "AGENT_LOG_STREAM", Note: "member id, `/` and log name", form: logStream(&d.LogStream),
			Help: "CloudWatch log stream. Where several logs are sent, `/` and the log's name follow."},
		{Name: "AGENT_LOG_RETENTION", Note: "the group's own", form: retention(&d.LogRetention),
			Help: "Days that CloudWatch keeps the group's events."},
		{Name: "AGENT_LOG_SHAPE", Default: "raw", form: oneOf(&d.LogShape, "raw", "json"),
			Help: "Events as Neo4j wrote them, or as JSON objects."},
		{Name: "AGENT_LOG_PARAMETERS", Default: "keep", form: choice(&d.KeepParameters, "keep", "drop"),
			Help: "Whether the parameters of queries are sent."},
		{Name: "AGENT_LOG_METRICS", Default: "false", form: boolean(&d.LogMetrics),
			Help: "Send metrics of slow queries each minute, in the embedded metric format."},
	}
}

func awsRows(d *draft) []Variable {
	return []Variable{
		{Name: "AWS_REGION", form: region(&d.AWS.Region),
			Help: "Region of every service."},
		{Name: "AWS_DEFAULT_REGION", form: region(&d.defaultRegion),
			Help: "Used when `AWS_REGION` is not set."},
		{Name: "AWS_ACCESS_KEY_ID", Secret: true, form: secretText(&d.AWS.AccessKeyID),
			Help: "Credentials, where no role gives them."},
		{Name: "AWS_SECRET_ACCESS_KEY", Secret: true, form: secretText(&d.AWS.SecretAccessKey),
			Help: "Goes with `AWS_ACCESS_KEY_ID`."},
		{Name: "AWS_SESSION_TOKEN", Secret: true, form: secretText(&d.AWS.SessionToken),
			Help: "Goes with temporary credentials."},
		{Name: "AWS_ACCESS_KEY", Secret: true, form: secretText(&d.oldAccessKeyID),
			Help: "Older name of `AWS_ACCESS_KEY_ID`, which wins."},
		{Name: "AWS_SECRET_KEY", Secret: true, form: secretText(&d.oldSecretAccessKey),
			Help: "Older name of `AWS_SECRET_ACCESS_KEY`, which wins."},
		{Name: "AWS_PROFILE", form: ignored("a profile's name"), Help: "Read by the SDK."},
		{Name: "AWS_CONFIG_FILE", form: ignored("a path"), Help: "Read by the SDK."},
		{Name: "AWS_SHARED_CREDENTIALS_FILE", form: ignored("a path"), Help: "Read by the SDK."},
		{Name: "AWS_ROLE_ARN", form: ignored("an ARN"), Help: "Read by the SDK."},
		{Name: "AWS_ROLE_SESSION_NAME", form: ignored(anyValue), Help: "Read by the SDK."},
		{Name: "AWS_WEB_IDENTITY_TOKEN_FILE", form: ignored("a path"), Help: "Read by the SDK."},
		{Name: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", form: ignored("a path"), Help: "Set by ECS, read by the SDK."},
		{Name: "AWS_CONTAINER_CREDENTIALS_FULL_URI", form: ignored("a URL"), Help: "Read by the SDK."},
		{Name: "AWS_CONTAINER_AUTHORIZATION_TOKEN", Secret: true, form: secretText(&d.AWS.ContainerAuthorizationToken),
			Help: "Goes with `AWS_CONTAINER_CREDENTIALS_FULL_URI`."},
		{Name: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", form: ignored("a path"), Help: "Read by the SDK."},
		{Name: "AWS_CA_BUNDLE", form: ignored("a path"), Help: "Read by the SDK."},
		{Name: "AWS_EC2_METADATA_DISABLED", form: ignored("`true` or `false`"), Help: "Read by the SDK."},
		{Name: "AWS_EC2_METADATA_SERVICE_ENDPOINT", form: ignored("a URL"), Help: "Read by the SDK."},
		{Name: "AWS_ENDPOINT_URL", form: webAddress(&d.AWS.EndpointURL),
			Help: "Endpoint of every service, instead of AWS's own."},
		{Name: "AWS_ENDPOINT_URL_<SERVICE>", form: webAddress(new(string)),
			Help: "Endpoint of one service: `AWS_ENDPOINT_URL_SERVICEDISCOVERY`, `AWS_ENDPOINT_URL_S3`, …"},
		{Name: "ECS_CONTAINER_METADATA_URI_V4", form: webAddress(&d.ECSMetadataURI),
			Help: "Set by ECS: the task's metadata."},
		{Name: "AWS_EXECUTION_ENV", form: text(&d.ExecutionRuntime, anyValue),
			Help: "Set by ECS: `AWS_ECS_EC2` or `AWS_ECS_FARGATE`."},
	}
}
