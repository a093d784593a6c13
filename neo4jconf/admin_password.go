package neo4jconf

import "strings"

// FirstPassword sets the password of the user neo4j before the server's first start. The password is in the command line
// for all on this machine to see, so Config.InitialPassword is better wherever the file can be written. The tool succeeds
// also where the server has users already, and the password then changes nothing (run of 4.4.48, 5.26.30 and 2026.08.1).
type FirstPassword struct{ Password string }

func (j FirstPassword) write(l *adminLine) {
	l.begin(passwordJob)
	if strings.HasPrefix(j.Password, "-") || strings.HasPrefix(j.Password, "@") {
		// To the tool the first is an option, and after -- still one in 4.4 (run); the second names a file of arguments
		// (picocli, "@-files").
		l.refuse("a password that begins with - or @ cannot be given to it")
	}
	l.secret = j.Password
	l.need(password, j.Password)
}
