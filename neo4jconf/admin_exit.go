package neo4jconf

// Verdict is what a job came to.
type Verdict int

// The verdicts.
const (
	Failed       Verdict = iota // not done, and what was begun is of no use
	Done                        // done, all of it
	Unchecked                   // a backup was written, and could not be checked
	Inconsistent                // a backup was written, and is not consistent
	Doubtful                    // the code does not tell: Outcome.Text says where to look
	Misused                     // neo4j-admin did not understand its arguments: trying again is in vain
)

func (v Verdict) String() string {
	return [...]string{"failed", "done", "unchecked", "inconsistent", "doubtful", "misused"}[v]
}

// Outcome is what an exit code of neo4j-admin means.
type Outcome struct {
	Verdict Verdict
	Text    string // for people, such as "the backup failed"
}

// exitCode is the meaning of one code in versions from the first up to, and without, the last.
type exitCode struct {
	job        string // "" for every job; a job's own meaning comes first
	from, till column
	code       int
	outcome    Outcome
}

// noEnd is the column after the newest.
var noEnd = column{9999, 0}

// The exit codes beside 0. Sources: manual 3.5 "Perform a backup" and 4.4 "Back up an online database", exit codes;
// manual 5 "Back up an online database", "Consistency checker" and "Neo4j Admin and Neo4j CLI", exit codes; what they do
// not have is from runs of 3.5.0-beta03, 4.4.48, 5.26.30 and 2026.08.1.
//
// A backup of 4.x shares code 2 with arguments that are not understood: whether the backup is there tells them apart.
var exitCodes = []exitCode{
	{backupJob.what, v35, v50, 1, Outcome{Failed, "the backup failed; of a pattern, that of one database at least"}},
	{backupJob.what, v35, v50, 2, Outcome{Unchecked, "the backup was written, and its consistency could not be checked"}},
	{backupJob.what, v35, v50, 3, Outcome{Inconsistent, "the backup was written, and it is inconsistent"}},
	{backupJob.what, v50, noEnd, 1, Outcome{Doubtful, "the backup failed, or was written although some servers could not be reached: look for new files"}},
	{checkJob.what, v35, noEnd, 1, Outcome{Doubtful, uncertainCheck}},
	{checkJob.what, v50, noEnd, 70, Outcome{Doubtful, uncertainCheck}},

	{"", v40, v50, 2, Outcome{Misused, "its arguments are not understood"}},
	{"", v50, noEnd, 3, Outcome{Failed, "the database is not running"}},
	{"", v50, noEnd, 64, Outcome{Misused, "its arguments are not understood"}},
	{"", v50, noEnd, 70, Outcome{Failed, "it failed in a way that it did not expect"}},
}

const uncertainCheck = "the store is inconsistent, or could not be checked: only the first leaves a file inconsistencies-*.report"

// Outcome tells what an exit code of this run means. That of a run that was killed means nothing.
func (c AdminCommand) Outcome(code int) Outcome {
	if code == 0 {
		return Outcome{Done, "done"}
	}
	for _, known := range exitCodes {
		covered := c.version.since(known.from) && !c.version.since(known.till)
		if covered && known.code == code && (known.job == "" || known.job == c.job) {
			return known.outcome
		}
	}
	return Outcome{Failed, "it failed"}
}
