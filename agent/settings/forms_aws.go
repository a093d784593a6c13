package settings

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serviceID is an id of Cloud Map (Service.Id of its API: at most 64 characters).
func serviceID(field *string) form {
	return checked(field, "a Cloud Map service id, `srv-` and small letters and digits", func(value string) bool {
		rest, ok := strings.CutPrefix(value, "srv-")
		return ok && rest != "" && len(value) <= 64 && only(rest, "") && rest == strings.ToLower(rest)
	}, "is not a service id")
}

// region is words and a number joined by dashes: eu-west-1, us-gov-east-1, eusc-de-east-1.
func region(field *string) form {
	return checked(field, "a region, such as `eu-west-1`", func(value string) bool {
		parts := strings.Split(value, "-")
		for _, word := range parts[:len(parts)-1] {
			if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" {
				return false
			}
		}
		return len(parts) >= 3 && onlyDigits(parts[len(parts)-1])
	}, "is not a region")
}

func bucket(field *string) form {
	return checked(field, "the name of a bucket", isBucket, "is not the name of a bucket")
}

// isBucket follows S3's rules for general purpose buckets: 3 to 63 small letters, digits, dots and dashes, a letter or
// digit at both ends.
func isBucket(value string) bool {
	return len(value) >= 3 && len(value) <= 63 && only(value, ".-") && value == strings.ToLower(value) &&
		isAlphanumeric(value[0]) && isAlphanumeric(value[len(value)-1])
}

// snapshot is what to restore from: the two forms of the system replaced, a URL of S3, a point in time, or a path.
func snapshot(field *string) form {
	return checked(field, "`latest`, `latest/daily`, `latest/hourly`, `@` and a time such as `@2026-01-31T04:00Z`, `bucket/key` with or without `s3://`, or an absolute path", func(value string) bool {
		if fromBucket(value) {
			return true
		}
		if path.IsAbs(value) {
			return true
		}
		bucket, key, _ := strings.Cut(strings.TrimPrefix(value, "s3://"), "/")
		return isBucket(bucket) && key != "" && bucket != "latest"
	}, "is none of them")
}

// fromBucket tells whether a snapshot is to be looked for among the backups.
func fromBucket(value string) bool {
	switch value {
	case "latest", "latest/daily", "latest/hourly":
		return true
	}
	at, ok := strings.CutPrefix(value, "@")
	if !ok {
		return false
	}
	_, err := time.Parse(time.RFC3339, at)
	if err != nil {
		_, err = time.Parse("2006-01-02T15:04Z07:00", at) // without seconds
	}
	return err == nil
}

// keyPrefix is kept without slashes at its ends.
func keyPrefix(field *string) form {
	return into(field, "letters, digits, slashes and `!-_.*'()`", func(value string) (string, error) {
		value = strings.Trim(value, "/")
		if !only(value, "/!-_.*'()") || strings.Contains(value, "//") { // S3's safe characters
			return "", errors.New("is not a prefix of keys")
		}
		return value, nil
	})
}

func backupSource(field *string) form {
	return checked(field, "`this_instance`, `discovery` or an address", func(value string) bool {
		return value == "this_instance" || value == "discovery" || isHost(value) || isHostPort(value)
	}, "is none of them")
}

// logNames is a list of Neo4j's logs; none is the empty one, other than the default.
func logNames(field *[]string) form {
	return into(field, "a list of `query`, `debug`, `security`, `http` and `user`, separated by commas, or `none`", func(value string) ([]string, error) {
		if value == "none" {
			return []string{}, nil
		}
		var list []string
		for _, log := range fields(value) {
			if !slices.Contains([]string{"query", "debug", "security", "http", "user"}, log) {
				return nil, errors.New("names another log")
			}
			if !slices.Contains(list, log) { // twice would be sent twice
				list = append(list, log)
			}
		}
		return list, nil
	})
}

// checkStream finds a name of streams that is too long once the name of the longest log is added.
func (l *loader) checkStream() {
	if longest := "/security"; len(l.ShipLogs) > 1 && len(l.LogStream)+len(longest) > longestLogName {
		l.problem("AGENT_LOG_STREAM", "is too long for several logs, whose names follow; give "+strconv.Itoa(longestLogName-len(longest))+" characters at most", "")
	}
}

// longestLogName bounds names of log groups and streams (CloudWatch Logs API, CreateLogGroup and CreateLogStream).
const longestLogName = 512

func logGroup(field *string) form {
	return checked(field, "up to 512 letters, digits and `_-/.#`", func(value string) bool {
		return len(value) <= longestLogName && only(value, "_-/.#")
	}, "is not the name of a log group")
}

func logStream(field *string) form {
	return checked(field, "up to 512 characters without `:` and `*`", func(value string) bool {
		return len(value) <= longestLogName && !strings.ContainsAny(value, ":*")
	}, "is not the name of a log stream")
}

// retentionDays are what PutRetentionPolicy takes (CloudWatch Logs API, retentionInDays).
var retentionDays = []string{"1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365", "400", "545", "731",
	"1096", "1827", "2192", "2557", "2922", "3288", "3653"}

func retention(field *int32) form {
	return into(field, "one of "+strings.Join(retentionDays, ", "), func(value string) (int32, error) {
		if !slices.Contains(retentionDays, value) {
			return 0, errors.New("is not a number of days that CloudWatch Logs takes")
		}
		days, err := strconv.ParseInt(value, 10, 32)
		return int32(days), err
	})
}

const acceptedReference = "the ARN of a secret in Secrets Manager, or ARN`#`key for one field of it"

// parseReference takes an ARN, arn#key, and the form of ECS task definitions, arn:key:stage: (a version id, the last
// part, is not taken: rotation needs stages).
func parseReference(value string) (SecretRef, error) {
	wrong := errors.New("is not a reference to a secret")
	arn, key, hash := strings.Cut(value, "#")
	parts := strings.Split(arn, ":") // arn:aws:secretsmanager:region:account:secret:name[:key:stage:version]
	if len(parts) < 7 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "secretsmanager" ||
		parts[3] == "" || parts[4] == "" || parts[5] != "secret" || parts[6] == "" || hash && key == "" {
		return SecretRef{}, wrong
	}
	ref := SecretRef{ARN: strings.Join(parts[:7], ":"), Key: key}
	switch {
	case len(parts) == 7:
		return ref, nil
	case len(parts) == 10 && !hash && parts[9] == "":
		ref.Key, ref.Stage = parts[7], parts[8]
		if ref.Stage == currentStage { // as if it were not named: what is done about a rotation counts for both
			ref.Stage = ""
		}
		return ref, nil
	}
	return SecretRef{}, wrong
}
