package neo4jconf

import "errors"

// What the official images of the generations do differently.
var (
	// evaluation is whether NEO4J_ACCEPT_LICENSE_AGREEMENT=eval is an answer (image, "CHECK LICENSE AGREEMENT").
	evaluation = fact{head{v35, v50}, cells{"", "yes"}}
	// wholeConf is whether a folder mounted at /conf takes the place of the shipped one; before, its files are put over
	// those (image, "CHECK FILE PERMISSIONS ON MOUNTED FOLDERS").
	wholeConf = fact{head{v35, v42}, cells{"", "yes"}}
)

// LicenceAccepted returns nil when answer, the value of NEO4J_ACCEPT_LICENSE_AGREEMENT, lets this edition start.
func (d Dialect) LicenceAccepted(answer string) error {
	const refused = "cannot start Neo4j Enterprise: its licence is not accepted; set NEO4J_ACCEPT_LICENSE_AGREEMENT=yes if you have one"
	evaluates := d.fact(evaluation) != ""
	switch {
	case d.Edition != Enterprise, answer == "yes", answer == "eval" && evaluates:
		return nil
	case evaluates:
		return errors.New(refused + ", =eval to evaluate it under the terms at https://neo4j.com/terms/enterprise_us/")
	}
	return errors.New(refused)
}

// ConfMountIsWhole tells whether files that a mounted /conf lacks are lacking; else the shipped ones stand in.
func (d Dialect) ConfMountIsWhole() bool { return d.fact(wholeConf) != "" }
